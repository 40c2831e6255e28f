//! Reads `ci/budget.toml`: how many seconds each step and each group of tests may take. The file is a few `name = seconds` lines in
//! two sections, so it is read here rather than by a library.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Where the budgets are kept, below the repository's root.
pub(crate) const FILE: &str = "ci/budget.toml";

/// Seconds allowed, by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Budget {
    /// Every budget is multiplied by this before it is compared: 1 on the machine that the file is written for.
    pub(crate) factor: f64,
    /// A group that takes this many times its budget is ended.
    pub(crate) stop: f64,
    /// For a group of which the file does not speak.
    pub(crate) default_group: f64,
    steps: BTreeMap<String, f64>,
    groups: BTreeMap<String, f64>,
}

impl Budget {
    /// Reads the file below `root`.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(root.join(FILE))
            .map_err(|error| format!("cannot read {FILE}: {error}"))?;
        parse(&text)
    }

    /// Seconds for a step, the factor included. No line, no limit.
    pub(crate) fn step(&self, name: &str) -> Option<f64> {
        self.steps.get(name).map(|seconds| seconds * self.factor)
    }

    /// Seconds for a group, the factor included.
    pub(crate) fn group(&self, name: &str) -> f64 {
        self.groups.get(name).copied().unwrap_or(self.default_group) * self.factor
    }

    /// How long a group may take before it is ended.
    pub(crate) fn patience(&self, name: &str) -> Duration {
        Duration::from_secs_f64((self.group(name) * self.stop).clamp(1.0, 86_400.0))
    }

    /// Lines that speak of no group that exists.
    pub(crate) fn strangers(&self, groups: &[&str]) -> Vec<&str> {
        let names = self.groups.keys().map(String::as_str);
        names.filter(|name| !groups.contains(name)).collect()
    }
}

fn parse(text: &str) -> Result<Budget, String> {
    let mut sections: BTreeMap<&str, BTreeMap<String, f64>> = BTreeMap::new();
    let mut section = "";
    for (index, line) in text.lines().enumerate() {
        let place = |what: &str| format!("{FILE}:{}: {what}", index + 1);
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            if !["steps", "groups"].contains(&name) {
                return Err(place(&format!(
                    "there is no section `{name}`: use [steps] or [groups]"
                )));
            }
            section = name;
        } else if !line.is_empty() {
            let (name, seconds) = entry(line).map_err(|what| place(&what))?;
            let old = sections
                .entry(section)
                .or_default()
                .insert(name.clone(), seconds);
            if old.is_some() {
                return Err(place(&format!("`{name}` is given twice: keep one")));
            }
        }
    }
    let mut top = sections.remove("").unwrap_or_default();
    let mut take = |name: &str| {
        top.remove(name)
            .ok_or_else(|| format!("{FILE}: `{name} = NUMBER` is missing before the sections"))
    };
    Ok(Budget {
        factor: take("factor")?,
        stop: take("stop")?,
        default_group: take("default-group")?,
        steps: sections.remove("steps").unwrap_or_default(),
        groups: sections.remove("groups").unwrap_or_default(),
    })
}

fn entry(line: &str) -> Result<(String, f64), String> {
    let (name, number) = line
        .split_once('=')
        .ok_or_else(|| format!("`{line}` is no `name = seconds`"))?;
    let number = number.trim();
    match number.parse() {
        Ok(seconds) if f64::is_finite(seconds) && seconds > 0.0 => {
            Ok((name.trim().trim_matches('"').to_owned(), seconds))
        }
        _ => Err(format!("`{number}` is no number above 0")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Budget, parse};

    const TEXT: &str = "
# why
factor = 2
stop = 3
default-group = 10
[steps]
build = 600   # cold
[groups]
core = 20
\"it::matrix\" = 60
";

    #[test]
    fn the_factor_applies_to_everything() {
        let budget = parse(TEXT).unwrap();
        assert_eq!(budget.step("build"), Some(1200.0));
        assert_eq!(budget.step("fmt"), None);
        assert_eq!(budget.group("it::matrix"), 120.0);
        assert_eq!(budget.group("it::new"), 20.0);
        assert_eq!(budget.patience("core"), Duration::from_secs(120));
        assert_eq!(budget.strangers(&["core"]), ["it::matrix"]);
    }

    #[test]
    fn mistakes_name_their_line() {
        let table = [
            ("[tests]", "ci/budget.toml:1: there is no section `tests`"),
            (
                "factor",
                "ci/budget.toml:1: `factor` is no `name = seconds`",
            ),
            (
                "\nfactor = -1",
                "ci/budget.toml:2: `-1` is no number above 0",
            ),
            (
                "factor = 1\nfactor = 1",
                "ci/budget.toml:2: `factor` is given twice",
            ),
            ("factor = 1", "`stop = NUMBER` is missing"),
        ];
        for (text, expected) in table {
            let complaint = parse(text).unwrap_err();
            assert!(complaint.contains(expected), "{complaint}");
        }
    }

    #[test]
    fn the_repository_has_a_budget() {
        Budget::read(&crate::cargo::root()).unwrap();
    }
}
