//! What one call is to try: typed options become a plan in which only sensible things exist.

use std::path::PathBuf;
use std::time::Duration;

use super::dice;
use super::scenario::{SCENARIOS, Scenario};
use crate::options::{self, Options, Takes};
use crate::suggest;

/// How results leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Table,
    Json,
}

/// When a scenario ends: with whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) times: u64,
    pub(crate) time: Duration,
}

/// What ends nothing by itself: the other bound does.
pub(crate) const NO_END: u64 = u64::MAX;
pub(crate) const A_DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) style: Style,
    pub(crate) seed: u64,
    pub(crate) scenarios: Vec<(&'static Scenario, Extent)>,
    /// A program to try instead of one that is built for it.
    pub(crate) binary: Option<PathBuf>,
}

const KNOWN: [(&str, Takes); 6] = [
    ("--for", Takes::Value),
    ("--times", Takes::Value),
    ("--seed", Takes::Value),
    ("--binary", Takes::Value),
    ("--json", Takes::Nothing),
    ("--slice", Takes::Nothing),
];

/// The seed of the slice that is part of the tests: what fails there fails for everybody.
const SLICE_SEED: u64 = 503;

impl Plan {
    pub(crate) fn read(arguments: &[String]) -> Result<Self, String> {
        let options = options::split(arguments, &KNOWN)?;
        let slice = options.has("--slice");
        if slice && (options.value("--for").is_some() || options.value("--times").is_some()) {
            return Err("`--slice` has its own times: leave out `--for` and `--times`".to_owned());
        }
        let seed = match options.value("--seed") {
            Some(text) => whole(text, "--seed")?,
            None if slice => SLICE_SEED,
            None => dice::fresh_seed(),
        };
        let mut scenarios = Vec::new();
        for scenario in chosen(&options.rest)? {
            scenarios.push((scenario, extent(scenario, &options)?));
        }
        let style = match options.has("--json") {
            true => Style::Json,
            false => Style::Table,
        };
        Ok(Self {
            style,
            seed,
            scenarios,
            binary: options.value("--binary").map(PathBuf::from),
        })
    }
}

/// Those that are named, in the table's order; all if none is.
fn chosen(words: &[String]) -> Result<Vec<&'static Scenario>, String> {
    let names: Vec<&str> = SCENARIOS.iter().map(|s| s.name).collect();
    for word in words {
        if !names.contains(&word.as_str()) {
            return Err(match suggest::nearest(word, &names) {
                Some(near) => format!("there is no scenario `{word}`; did you mean `{near}`?"),
                None => format!(
                    "there is no scenario `{word}`; there are {}",
                    names.join(", ")
                ),
            });
        }
    }
    let wanted = |s: &&Scenario| words.is_empty() || words.iter().any(|word| word == s.name);
    Ok(SCENARIOS.iter().filter(wanted).collect())
}

/// What is asked for; a bound that is given replaces both of the scenario's own.
fn extent(scenario: &Scenario, options: &Options) -> Result<Extent, String> {
    let times = options
        .value("--times")
        .map(|text| match whole(text, "--times")? {
            0 => Err("`--times 0` would try nothing".to_owned()),
            times => Ok(times),
        });
    let time = options.value("--for").map(duration);
    Ok(match (times.transpose()?, time.transpose()?) {
        (None, None) if options.has("--slice") => scenario.slice,
        (None, None) => scenario.usual,
        (times, time) => Extent {
            times: times.unwrap_or(NO_END),
            time: time.unwrap_or(A_DAY),
        },
    })
}

fn whole(text: &str, option: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("`{option} {text}` is no whole number"))
}

/// `90s`, `10m`, `8h`: at least a second, at most a week.
fn duration(text: &str) -> Result<Duration, String> {
    const LONGEST: u64 = 7 * 86_400;
    let complaint =
        || format!("`--for {text}` is no duration such as 90s, 10m or 8h, up to a week");
    let split = text.len() - text.chars().next_back().map_or(0, char::len_utf8);
    let (number, unit) = text.split_at(split);
    let unit: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(complaint()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
    match seconds {
        Some(seconds) if (1..=LONGEST).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(complaint()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{A_DAY, Extent, NO_END, Plan, SLICE_SEED, Style};

    fn plan(line: &str) -> Result<Plan, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Plan::read(&words)
    }

    fn extent(line: &str) -> Extent {
        plan(line).unwrap().scenarios[0].1
    }

    #[test]
    fn scenarios_and_bounds_are_chosen() {
        let names = |line| -> Vec<&str> {
            let plan = plan(line).unwrap();
            plan.scenarios.iter().map(|(s, _)| s.name).collect()
        };
        let all = ["takeovers", "reloads", "kills", "orders", "abuse", "uptime"];
        assert_eq!(names(""), all);
        assert_eq!(names("kills takeovers"), ["takeovers", "kills"]);
        let times = |times, time| Extent { times, time };
        assert_eq!(extent("kills --times 7"), times(7, A_DAY));
        let ten = Duration::from_secs(600);
        assert_eq!(extent("kills --for 10m"), times(NO_END, ten));
        assert_eq!(extent("kills --for=10m --times=7"), times(7, ten));
        let read = plan("--seed 9 --json --slice --binary x").unwrap();
        assert_eq!((read.seed, read.style), (9, Style::Json));
        assert_eq!(plan("--slice").unwrap().seed, SLICE_SEED);
    }

    #[test]
    fn the_slice_is_short() {
        let all = plan("--slice").unwrap().scenarios;
        let seconds: u64 = all.iter().map(|(_, extent)| extent.time.as_secs()).sum();
        assert!(seconds <= 12, "{seconds}");
    }

    #[test]
    fn mistakes_are_named() {
        let table = [
            (
                "takeover",
                "there is no scenario `takeover`; did you mean `takeovers`?",
            ),
            (
                "elephants",
                "there is no scenario `elephants`; there are takeovers, reloads, kills, orders, abuse, uptime",
            ),
            ("--times 0", "`--times 0` would try nothing"),
            ("--times many", "`--times many` is no whole number"),
            ("--seed -1", "`--seed -1` is no whole number"),
            (
                "--for long",
                "`--for long` is no duration such as 90s, 10m or 8h, up to a week",
            ),
            (
                "--for 9999h",
                "`--for 9999h` is no duration such as 90s, 10m or 8h, up to a week",
            ),
            (
                "--slice --for 9s",
                "`--slice` has its own times: leave out `--for` and `--times`",
            ),
        ];
        for (line, expected) in table {
            assert_eq!(plan(line).unwrap_err(), expected, "{line}");
        }
    }
}
