//! `cargo xtask bench checks`: what a check costs, ours beside keepalived, with the same real servers: one nginx on a core of its own
//! that answers at thousands of loopback addresses and counts who asked. `scene` sets that up, `watcher` is who is measured.

mod lateness;
mod scene;
mod watcher;

use std::path::PathBuf;
use std::time::Duration;

use super::proc_fs::Cpu;
use super::quiet;
use crate::cargo;
use crate::options::{self, Takes};
use crate::steps;
use crate::verb::End;
use lateness::Lateness;
use scene::Scene;
use watcher::{Kind, Watcher};

const OPTIONS: [(&str, Takes); 4] = [
    ("--counts", Takes::Value),
    ("--runs", Takes::Value),
    ("--seconds", Takes::Value),
    ("--binary", Takes::Value),
];

/// Until every check was made a few times, and the spread of the first ones is over.
const WARM_UP: Duration = Duration::from_secs(4);

/// What is to be measured.
struct Plan {
    counts: Vec<u32>,
    runs: u32,
    seconds: u64,
    binary: Option<PathBuf>,
}

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    /// CPU time of each check, in microseconds.
    cpu_us: f64,
    /// Checks in a second, for each real server.
    rate: f64,
    /// How late probes began; only ours tells.
    late: Option<Lateness>,
}

/// The runs of one watcher with so many real servers.
struct Row {
    kind: Kind,
    count: u32,
    samples: Vec<Sample>,
}

pub(super) fn run(arguments: &[String]) -> Result<End, String> {
    let plan = Plan::read(arguments)?;
    let ours = program(&plan)?;
    let scene = Scene::set(ours)?;
    let mut rows = Vec::new();
    for count in &plan.counts {
        eprintln!("-- {count} real servers, each asked once a second");
        let mut both = Kind::ALL.map(|kind| Row {
            kind,
            count: *count,
            samples: Vec::new(),
        });
        for _ in 0..plan.runs {
            for row in &mut both {
                row.samples
                    .push(measure(&scene, row.kind, *count, plan.seconds)?);
            }
        }
        rows.extend(both);
    }
    print!("{}", table(&rows));
    Ok(verdict(&rows))
}

impl Plan {
    fn read(arguments: &[String]) -> Result<Plan, String> {
        let options = options::split(arguments, &OPTIONS)?;
        options.nothing_else()?;
        let number = |name: &str, usual: u32| match options.value(name) {
            None => Ok(usual),
            Some(text) => match text.parse() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(format!("`{name} {text}` is no number above 0")),
            },
        };
        let counts = options.value("--counts").unwrap_or("1000,10000").split(',');
        let counts = counts.map(|text| match text.parse() {
            Ok(count @ 1..=60_000) => Ok(count),
            _ => Err(format!("`--counts {text}` is no number from 1 to 60000")),
        });
        Ok(Plan {
            counts: counts.collect::<Result<_, _>>()?,
            runs: number("--runs", 3)?,
            seconds: u64::from(number("--seconds", 10)?),
            binary: options.value("--binary").map(PathBuf::from),
        })
    }
}

/// Ours, as packages are built.
fn program(plan: &Plan) -> Result<PathBuf, String> {
    if let Some(binary) = &plan.binary {
        let found = binary.canonicalize();
        return found.map_err(|error| format!("cannot find {}: {error}", binary.display()));
    }
    eprintln!("-- build: profile dist");
    let arguments = ["build", "--package", "sorry-server", "--profile", "dist"];
    steps::succeed(&mut cargo::cargo(&arguments))?;
    Ok(cargo::target().join("dist/sorry"))
}

fn measure(scene: &Scene, kind: Kind, count: u32, seconds: u64) -> Result<Sample, String> {
    let window = Duration::from_secs(seconds);
    let watcher = Watcher::start(scene, kind, count)?;
    quiet::pass(WARM_UP);
    let pids = watcher.pids();
    let told = watcher.told()?;
    let (asked, cpu) = (scene.requests()?, Cpu::of(&pids)?);
    quiet::pass(window);
    let cpu = Cpu::of(&pids)?.since(cpu);
    // One of them is this question.
    let asked = scene.requests()?.saturating_sub(asked + 1);
    let late = watcher.told()?.map(|now| now.since(told.as_ref()));
    watcher.end()?;
    if let Some(bad) = late.as_ref().map(|late| late.bad).filter(|bad| *bad > 0) {
        eprintln!("-- {bad} of ours were bad: who is watched cannot keep up");
    }
    if asked == 0 {
        return Err(format!("{} asked nobody anything", kind.name()));
    }
    Ok(Sample {
        cpu_us: cpu.ns as f64 / 1e3 / asked as f64,
        rate: asked as f64 / seconds as f64 / f64::from(count),
        late,
    })
}

impl Row {
    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        let mut values: Vec<f64> = self.samples.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn cpu_us(&self) -> f64 {
        self.median(|sample| sample.cpu_us)
    }

    /// So many of a thousand probes began at most so late, in milliseconds.
    fn late(&self, permille: u64) -> String {
        match self.samples.iter().all(|sample| sample.late.is_some()) {
            true => {
                let late = |sample: &Sample| Some(sample.late.as_ref()?.at_most(permille));
                let late = |sample: &Sample| late(sample).unwrap_or(f64::NAN);
                format!("{}", self.median(late))
            }
            false => String::new(),
        }
    }
}

/// The other watcher's figure with as many real servers.
fn peer<'a>(rows: &'a [Row], row: &Row) -> Option<&'a Row> {
    rows.iter()
        .find(|other| other.count == row.count && other.kind != row.kind)
}

fn table(rows: &[Row]) -> String {
    let mut text = "| real servers | who | CPU us/check | ours : it | checks/s each | core % | late p50 <= ms | late p99 <= ms |\n\
                    | -----------: | --- | -----------: | --------: | ------------: | -----: | -------------: | -------------: |\n"
        .to_owned();
    for row in rows {
        let ratio = match (row.kind, peer(rows, row)) {
            (Kind::Keepalived, Some(ours)) => format!("{:.2}", ours.cpu_us() / row.cpu_us()),
            _ => String::new(),
        };
        let rate = row.median(|sample| sample.rate);
        let core = row.cpu_us() * rate * f64::from(row.count) / 1e4;
        text.push_str(&format!(
            "| {} | {} | {:.2} | {ratio} | {rate:.2} | {core:.1} | {} | {} |\n",
            row.count,
            row.kind.name(),
            row.cpu_us(),
            row.late(500),
            row.late(990),
        ));
    }
    text
}

/// Good if ours costs less than keepalived with every number of real servers.
fn verdict(rows: &[Row]) -> End {
    let ours = rows.iter().filter(|row| row.kind == Kind::Ours);
    let mut beside = ours.filter_map(|row| Some((row, peer(rows, row)?)));
    match beside.all(|(ours, other)| ours.cpu_us() < other.cpu_us()) {
        true => End::Good,
        false => End::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: Kind, cpu_us: &[f64], late: Option<&str>) -> Row {
        let sample = |cpu_us: &f64| Sample {
            cpu_us: *cpu_us,
            rate: 1.0,
            late: late.map(Lateness::read),
        };
        Row {
            kind,
            count: 1000,
            samples: cpu_us.iter().map(sample).collect(),
        }
    }

    #[test]
    fn medians_stand_beside_each_other() {
        let rows = [
            row(
                Kind::Ours,
                &[10.0, 90.0, 20.0],
                Some(
                    "sorry_check_late_seconds_bucket{le=\"0.001\"} 60\n\
                     sorry_check_late_seconds_bucket{le=\"0.005\"} 99\n\
                     sorry_check_late_seconds_bucket{le=\"+Inf\"} 100\n",
                ),
            ),
            row(Kind::Keepalived, &[40.0, 30.0, 50.0], None),
        ];
        let lines: Vec<String> = table(&rows).lines().skip(2).map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "| 1000 | sorry | 20.00 |  | 1.00 | 2.0 | 1 | 5 |",
                "| 1000 | keepalived | 40.00 | 0.50 | 1.00 | 4.0 |  |  |"
            ]
        );
        assert_eq!(verdict(&rows), End::Good);
        let dearer = [
            row(Kind::Ours, &[41.0], None),
            row(Kind::Keepalived, &[40.0], None),
        ];
        assert_eq!(verdict(&dearer), End::Bad);
    }

    #[test]
    fn plans_are_read() {
        let read = |text: &str| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            Plan::read(&words).map(|plan| (plan.counts, plan.runs, plan.seconds))
        };
        assert_eq!(read(""), Ok((vec![1000, 10_000], 3, 10)));
        assert_eq!(
            read("--counts 5,60000 --runs 1 --seconds 2"),
            Ok((vec![5, 60_000], 1, 2))
        );
        assert!(read("--counts 60001").is_err());
        assert!(read("--runs 0").is_err());
        assert!(read("more").is_err());
    }
}
