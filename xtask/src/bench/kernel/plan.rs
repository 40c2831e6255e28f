//! What one call of `cargo xtask bench kernel` is to measure, as the benchmark is told it.

use std::time::Duration;

use super::super::plan::{chosen, number};
use crate::options::{self, Takes};

const OPTIONS: [(&str, Takes); 10] = [
    ("--only", Takes::Value),
    ("--servers", Takes::Value),
    ("--flights", Takes::Value),
    ("--runs", Takes::Value),
    ("--seconds", Takes::Value),
    ("--binary", Takes::Value),
    ("--profile", Takes::Value),
    ("--json", Takes::Nothing),
    ("--write", Takes::Nothing),
    ("--smoke", Takes::Nothing),
];

/// Options that take some of these, and what each of them is.
const LISTS: [(&str, &str, &[&str]); 2] = [
    ("--only", "kind", &["connection", "flood", "packet"]),
    (
        "--servers",
        "server",
        &["xdp", "auto", "tc", "sorry", "nginx"],
    ),
];

/// What one call is to measure.
pub(super) struct Plan {
    /// What the benchmark is told.
    pub(super) arguments: Vec<String>,
    pub(super) profile: String,
    pub(super) runs: u32,
    pub(super) seconds: u32,
    /// Whether it only has to work.
    pub(super) smoke: bool,
    pub(super) json: bool,
    pub(super) writes: bool,
}

impl Plan {
    pub(super) fn read(arguments: &[String]) -> Result<Plan, String> {
        let options = options::split(arguments, &OPTIONS)?;
        options.nothing_else()?;
        let smoke = options.has("--smoke");
        let runs = number(&options, "--runs", if smoke { 1 } else { 5 }, 25)?;
        let seconds = number(&options, "--seconds", 2, 60)?;
        let mut words = vec!["--runs".to_owned(), runs.to_string()];
        let mut say = |name: &str, value: String| words.extend([name.to_owned(), value]);
        if smoke {
            say("--milliseconds", "100".into());
            say("--repeat", "1000".into());
            say("--flights", "128".into());
            // Whoever runs it need not have nginx.
            say("--servers", "xdp,tc,sorry".into());
        } else {
            say("--milliseconds", (seconds * 1000).to_string());
            say("--patience", Duration::from_secs(300).as_secs().to_string());
        }
        for (name, what, known) in LISTS {
            if let Some(list) = options.value(name) {
                let names = chosen(Some(list), what, known.iter().copied(), |name| name)?;
                say(name, names.join(","));
            }
        }
        if let Some(list) = options.value("--flights") {
            let right = |word: &str| {
                word.parse()
                    .is_ok_and(|number: u32| (1..=200).contains(&number))
            };
            if !list.split(',').all(right) {
                return Err(
                    "`--flights` takes numbers from 1 to 200: a cable holds 256 packets".to_owned(),
                );
            }
            say("--flights", list.to_owned());
        }
        if let Some(binary) = options.value("--binary") {
            say("--sorry", binary.to_owned());
        }
        let usual = if smoke { "release" } else { "dist" };
        Ok(Plan {
            arguments: words,
            profile: options.value("--profile").unwrap_or(usual).to_owned(),
            runs,
            seconds,
            smoke,
            json: options.has("--json"),
            writes: options.has("--write"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    fn plan(line: &str) -> Result<Plan, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Plan::read(&words)
    }

    #[test]
    fn options_become_what_the_benchmark_is_told() {
        let usual = plan("").unwrap();
        assert_eq!(
            usual.arguments.join(" "),
            "--runs 5 --milliseconds 2000 --patience 300"
        );
        assert_eq!(usual.profile, "dist");
        let few =
            plan("--only packet --servers xdp,nginx --runs 3 --seconds 1 --flights 200").unwrap();
        assert_eq!(
            few.arguments.join(" "),
            "--runs 3 --milliseconds 1000 --patience 300 --only packet --servers xdp,nginx --flights 200"
        );
        assert!(
            plan("--smoke")
                .unwrap()
                .arguments
                .contains(&"100".to_owned())
        );
    }

    #[test]
    fn mistakes_are_named() {
        for (line, expected) in [
            (
                "--only packets",
                "there is no kind `packets`; did you mean `packet`?",
            ),
            ("--runs 0", "`--runs` takes a number from 1 to 25"),
            (
                "--flights 16,512",
                "`--flights` takes numbers from 1 to 200: a cable holds 256 packets",
            ),
            ("more", "unexpected argument `more`"),
        ] {
            assert_eq!(plan(line).map(|_| ()), Err(expected.to_owned()), "{line}");
        }
    }
}
