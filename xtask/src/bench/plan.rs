//! What one call is to measure: typed options become a plan in which only sensible things exist.

use std::path::PathBuf;

use super::case::{CASES, Case};
use super::peer::Peer;
use crate::options::{self, Options, Takes};
use crate::suggest;

/// What the figures are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Measure,
    /// Only to see that everything works.
    Smoke,
}

/// How results leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Tables,
    Json,
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) purpose: Purpose,
    pub(crate) style: Style,
    /// Whether docs/performance.md gets the results.
    pub(crate) writes: bool,
    pub(crate) cases: Vec<&'static Case>,
    pub(crate) peers: Vec<Peer>,
    pub(crate) runs: u32,
    pub(crate) seconds: u64,
    /// A program to measure instead of one that is built for it.
    pub(crate) binary: Option<PathBuf>,
}

const KNOWN: [(&str, Takes); 8] = [
    ("--only", Takes::Value),
    ("--servers", Takes::Value),
    ("--runs", Takes::Value),
    ("--seconds", Takes::Value),
    ("--binary", Takes::Value),
    ("--json", Takes::Nothing),
    ("--write", Takes::Nothing),
    ("--smoke", Takes::Nothing),
];

impl Plan {
    pub(crate) fn read(arguments: &[String]) -> Result<Self, String> {
        let options = options::split(arguments, &KNOWN)?;
        options.nothing_else()?;
        let purpose = match options.has("--smoke") {
            true => Purpose::Smoke,
            false => Purpose::Measure,
        };
        let style = match options.has("--json") {
            true => Style::Json,
            false => Style::Tables,
        };
        let (runs, seconds) = match purpose {
            Purpose::Measure => (5, 5),
            Purpose::Smoke => (1, 1),
        };
        let cases = chosen(options.value("--only"), "case", CASES.iter(), |c| c.name)?;
        let peers = chosen(
            options.value("--servers"),
            "server",
            Peer::ALL.into_iter(),
            Peer::name,
        )?;
        Ok(Self {
            purpose,
            style,
            writes: options.has("--write"),
            cases,
            peers,
            runs: number(&options, "--runs", runs, 25)?,
            seconds: number(&options, "--seconds", seconds, 60)?.into(),
            binary: options.value("--binary").map(PathBuf::from),
        })
    }
}

/// Those whose names stand in the list, in the table's order; all without a list.
pub(super) fn chosen<T: Copy>(
    list: Option<&str>,
    what: &str,
    all: impl Iterator<Item = T>,
    name: fn(T) -> &'static str,
) -> Result<Vec<T>, String> {
    let all: Vec<T> = all.collect();
    let Some(list) = list else {
        return Ok(all);
    };
    let names: Vec<&str> = all.iter().map(|item| name(*item)).collect();
    for word in list.split(',') {
        if !names.contains(&word) {
            return Err(match suggest::nearest(word, &names) {
                Some(near) => format!("there is no {what} `{word}`; did you mean `{near}`?"),
                None => format!(
                    "there is no {what} `{word}`; there are {}",
                    names.join(", ")
                ),
            });
        }
    }
    let wanted = |item: &T| list.split(',').any(|word| word == name(*item));
    Ok(all.into_iter().filter(wanted).collect())
}

/// The value of an option that takes a number, or the usual one.
pub(super) fn number(options: &Options, name: &str, usual: u32, most: u32) -> Result<u32, String> {
    match options.value(name).map(str::parse) {
        None => Ok(usual),
        Some(Ok(number @ 1..)) if number <= most => Ok(number),
        Some(_) => Err(format!("`{name}` takes a number from 1 to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, Purpose};

    fn plan(line: &str) -> Result<Plan, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Plan::read(&words)
    }

    #[test]
    fn options_choose() {
        let all = plan("").unwrap();
        assert_eq!((all.runs, all.seconds, all.peers.len()), (5, 5, 3));
        assert!(all.cases.len() > 5);
        let few = plan("--only h2c,close --servers nginx --runs 3 --seconds=2").unwrap();
        let names: Vec<&str> = few.cases.iter().map(|c| c.name).collect();
        assert_eq!(names, ["close", "h2c"]);
        assert_eq!((few.runs, few.seconds, few.peers.len()), (3, 2, 1));
        let smoke = plan("--smoke").unwrap();
        assert_eq!(
            (smoke.purpose, smoke.runs, smoke.seconds),
            (Purpose::Smoke, 1, 1)
        );
    }

    #[test]
    fn mistakes_are_named() {
        let table = [
            (
                "--only clsoe",
                "there is no case `clsoe`; did you mean `close`?",
            ),
            (
                "--servers apache2",
                "there is no server `apache2`; there are sorry, nginx, haproxy",
            ),
            ("--runs 0", "`--runs` takes a number from 1 to 25"),
            ("--seconds long", "`--seconds` takes a number from 1 to 60"),
            ("more", "unexpected argument `more`"),
        ];
        for (line, expected) in table {
            assert_eq!(plan(line).unwrap_err(), expected, "{line}");
        }
    }
}
