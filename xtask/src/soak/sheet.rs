//! What came of it: one line a scenario, as a table for people and as JSON for programs.

use crate::json;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) scenario: &'static str,
    pub(crate) rounds: u64,
    pub(crate) requests: u64,
    /// Visits that failed while the process was away on purpose.
    pub(crate) lost: u64,
    pub(crate) errors: u64,
    /// Bytes.
    pub(crate) peak: u64,
    pub(crate) seconds: f64,
    /// The promise that was broken, if one was.
    pub(crate) broken: Option<String>,
}

impl Line {
    fn peak_mib(&self) -> f64 {
        self.peak as f64 / f64::from(1 << 20)
    }

    fn verdict(&self) -> &str {
        self.broken.as_deref().unwrap_or("held")
    }
}

pub(crate) fn table(seed: u64, lines: &[Line]) -> String {
    let mut text = format!(
        "\n{:<10} {:>8} {:>10} {:>8} {:>7} {:>9} {:>8}  verdict (seed {seed})\n",
        "scenario", "rounds", "requests", "lost", "errors", "peak MiB", "seconds"
    );
    for line in lines {
        text.push_str(&format!(
            "{:<10} {:>8} {:>10} {:>8} {:>7} {:>9.1} {:>8.1}  {}\n",
            line.scenario,
            line.rounds,
            line.requests,
            line.lost,
            line.errors,
            line.peak_mib(),
            line.seconds,
            line.verdict()
        ));
    }
    text
}

pub(crate) fn json(seed: u64, lines: &[Line]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| {
            format!(
                "{{\"scenario\":{},\"rounds\":{},\"requests\":{},\"lost\":{},\"errors\":{},\"peak_rss_bytes\":{},\"seconds\":{:.1},\"verdict\":{}}}",
                json::quoted(line.scenario),
                line.rounds,
                line.requests,
                line.lost,
                line.errors,
                line.peak,
                line.seconds,
                json::quoted(line.verdict())
            )
        })
        .collect();
    format!("{{\"seed\":{seed},\"scenarios\":[{}]}}", lines.join(",\n "))
}

#[cfg(test)]
mod tests {
    use super::{Line, json, table};
    use crate::json::parse;

    #[test]
    fn a_broken_promise_is_told_in_both_forms() {
        let line = |broken: Option<&str>| Line {
            scenario: "kills",
            rounds: 5,
            requests: 1234,
            lost: 7,
            errors: 0,
            peak: 3 << 19,
            seconds: 2.04,
            broken: broken.map(str::to_owned),
        };
        let lines = [line(None), line(Some("the \"door\" was closed"))];
        let text = table(9, &lines);
        assert!(text.contains("(seed 9)"), "{text}");
        let row = "kills             5       1234        7       0       1.5      2.0  ";
        assert!(text.contains(&format!("{row}held\n")), "{text}");
        assert!(
            text.contains(&format!("{row}the \"door\" was closed\n")),
            "{text}"
        );
        let read = parse(&json(9, &lines)).unwrap();
        let verdict = read.at("scenarios").list()[1].at("verdict").text();
        assert_eq!(verdict, Some("the \"door\" was closed"));
    }
}
