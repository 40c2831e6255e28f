//! `cargo xtask bench engine`: what a result costs the engine that decides, and what ten thousand real servers take of memory.
//! There is no peer that could be asked the same; the gates stand alone.

use crate::cargo::cargo;
use crate::json::quoted;
use crate::verb::End;

/// What is measured, in words, and what it may be.
struct Measure {
    name: &'static str,
    what: &'static str,
    gate: f64,
    goal: f64,
}

const MEASURES: [Measure; 4] = [
    Measure {
        name: "steady",
        what: "a result that changes nothing",
        gate: 50.0,
        goal: 20.0,
    },
    Measure {
        name: "restless",
        what: "one real server in a hundred fails every other time",
        gate: 50.0,
        goal: 20.0,
    },
    Measure {
        name: "churn",
        what: "one in a hundred goes down and comes back",
        gate: 50.0,
        goal: 20.0,
    },
    Measure {
        name: "memory-10000",
        what: "10 000 real servers of 1000 sites",
        gate: 10.0,
        goal: 5.0,
    },
];

/// One line of the benchmark: a name, a value, a unit.
#[derive(Debug, PartialEq)]
struct Line {
    name: String,
    value: f64,
    unit: String,
}

pub(super) fn run(arguments: &[String]) -> Result<End, String> {
    let json = match arguments {
        [] => false,
        [only] if only == "--json" => true,
        [other, ..] => return Err(format!("`bench engine` knows `--json` only, not `{other}`")),
    };
    eprintln!("-- building and running the benchmark of sorry-core");
    let output = cargo(&["bench", "--quiet", "-p", "sorry-core", "--bench", "engine"])
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the benchmark failed: {said}"));
    }
    let lines = read(&String::from_utf8_lossy(&output.stdout))?;
    let verdicts: Vec<(&Measure, &Line, &str)> = MEASURES
        .iter()
        .map(|measure| judge(measure, &lines))
        .collect::<Result<_, _>>()?;
    if json {
        println!("{}", document(&verdicts));
    } else {
        print(&verdicts);
    }
    let missed = verdicts.iter().any(|(.., verdict)| *verdict == "missed");
    Ok(if missed { End::Bad } else { End::Good })
}

fn read(text: &str) -> Result<Vec<Line>, String> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let (name, value, unit) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
        Some(Line {
            name: name.to_owned(),
            value,
            unit: unit.to_owned(),
        })
    };
    let lines: Vec<Line> = text.lines().filter_map(line).collect();
    if lines.is_empty() {
        return Err(format!(
            "the benchmark said nothing that is understood: {text}"
        ));
    }
    Ok(lines)
}

fn judge<'a>(
    measure: &'a Measure,
    lines: &'a [Line],
) -> Result<(&'a Measure, &'a Line, &'static str), String> {
    let line = lines.iter().find(|line| line.name == measure.name);
    let line = line.ok_or_else(|| format!("the benchmark did not measure {}", measure.name))?;
    let verdict = match line.value {
        value if value <= measure.goal => "goal",
        value if value <= measure.gate => "gate",
        _ => "missed",
    };
    Ok((measure, line, verdict))
}

fn print(verdicts: &[(&Measure, &Line, &str)]) {
    println!("| what | measured | gate | goal | verdict |");
    println!("| ---- | -------: | ---: | ---: | ------- |");
    for (measure, line, verdict) in verdicts {
        let (what, gate, goal) = (measure.what, measure.gate, measure.goal);
        println!(
            "| {what} | {:.1} {} | {gate} | {goal} | {verdict} |",
            line.value, line.unit
        );
    }
}

fn document(verdicts: &[(&Measure, &Line, &str)]) -> String {
    let each = verdicts.iter().map(|(measure, line, verdict)| {
        format!(
            "{{\"name\": {}, \"what\": {}, \"value\": {}, \"unit\": {}, \"gate\": {}, \"goal\": {}, \"verdict\": {}}}",
            quoted(measure.name),
            quoted(measure.what),
            line.value,
            quoted(&line.unit),
            measure.gate,
            measure.goal,
            quoted(verdict)
        )
    });
    format!("[{}]", each.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_judged() {
        let lines = read("steady 16.4 ns\nnoise\nmemory-10000 12.5 MB\n").unwrap();
        assert_eq!(lines.len(), 2);
        let verdict = |index: usize| judge(&MEASURES[index], &lines).map(|(.., verdict)| verdict);
        assert_eq!(verdict(0), Ok("goal"));
        assert_eq!(verdict(3), Ok("missed"));
        assert!(verdict(1).is_err(), "what was not measured is told");
        assert!(read("nothing").is_err());
    }
}
