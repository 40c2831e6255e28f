//! Sorts the tests of all executables into groups: an integration-test binary is split by the first module of its tests' names, any
//! other executable is one group. Beside them stand the documentation's examples, and verbs of xtask that try the program by themselves.
//! Filters take tests away here, before anything runs.

use std::collections::BTreeMap;
use std::process::Command;

use super::build::Executable;
use super::habits::{self, Habit};
use crate::steps;

/// Tests that run together, in one process.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) habit: Habit,
    pub(crate) work: Work,
}

#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// Tests of an executable, by their full names.
    Tests {
        executable: Executable,
        tests: Vec<String>,
    },
    /// The examples in the documentation of all libraries, which only cargo can build.
    Docs,
    /// One of our own verbs, which is one test: it passes if the verb ends well.
    Verb { arguments: Vec<String> },
}

/// The group of the documentation's examples.
const DOCS: &str = "doc-tests";

/// Groups that are verbs of xtask, and their arguments but for the program that they try.
const VERBS: [(&str, &[&str]); 3] = [
    // Before a release it goes on for hours.
    ("soak", &["soak", "--slice"]),
    // Whether the benchmark works: one second, ours alone.
    (
        "bench",
        &[
            "bench",
            "answer",
            "--smoke",
            "--servers",
            "sorry",
            "--only",
            "keep-alive",
        ],
    ),
    // The same of the kernel's answers: a tenth of a second each.
    ("bench-kernel", &["bench", "kernel", "--smoke"]),
];

/// All groups that hold a test that the filters leave.
pub(crate) fn all(executables: &[Executable], filters: &[String]) -> Result<Vec<Group>, String> {
    let mut groups = Vec::new();
    for executable in executables {
        let tests = list(executable)?;
        for (name, tests) in split(&executable.label, tests, filters) {
            let executable = executable.clone();
            groups.push(group(name, Work::Tests { executable, tests }));
        }
    }
    if wanted(DOCS, filters) {
        groups.push(group(DOCS.to_owned(), Work::Docs));
    }
    groups.extend(verbs(executables, filters));
    Ok(groups)
}

/// The verbs that try the program which was built for the integration tests.
fn verbs(executables: &[Executable], filters: &[String]) -> Vec<Group> {
    let mut programs = executables.iter().flat_map(|e| &e.programs);
    let Some((_, program)) = programs.find(|(name, _)| name == "sorry") else {
        return Vec::new();
    };
    let verbs = VERBS.iter().filter(|(name, _)| wanted(name, filters));
    verbs
        .map(|(name, words)| {
            let mut arguments: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            arguments.extend(["--binary".to_owned(), program.display().to_string()]);
            group((*name).to_owned(), Work::Verb { arguments })
        })
        .collect()
}

fn group(name: String, work: Work) -> Group {
    Group {
        habit: habits::of(&name),
        name,
        work,
    }
}

/// The names of an executable's tests.
fn list(executable: &Executable) -> Result<Vec<String>, String> {
    let output = Command::new(&executable.path)
        .args(["--list", "--format", "terse"])
        .current_dir(&executable.folder)
        .output()
        .map_err(|error| format!("cannot start {}: {error}", executable.path.display()))?;
    if !output.status.success() {
        return Err(format!(
            "cannot list the tests of {}: {}",
            executable.label,
            steps::ending(output.status)
        ));
    }
    Ok(listed(&String::from_utf8_lossy(&output.stdout)))
}

fn listed(output: &str) -> Vec<String> {
    let names = output
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    names.map(str::to_owned).collect()
}

/// Which group each test of one executable belongs to, in the order of the names.
fn split(label: &str, tests: Vec<String>, filters: &[String]) -> BTreeMap<String, Vec<String>> {
    let is_integration = label == "it" || label.ends_with("-it");
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for test in tests {
        if !wanted(&format!("{label}::{test}"), filters) {
            continue;
        }
        let group = match test.split_once("::") {
            Some((module, _)) if is_integration => format!("{label}::{module}"),
            _ => label.to_owned(),
        };
        groups.entry(group).or_default().push(test);
    }
    groups
}

fn wanted(name: &str, filters: &[String]) -> bool {
    filters.is_empty() || filters.iter().any(|f| name.contains(f.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{Executable, Work, listed, split, verbs};

    fn groups(label: &str, filters: &[&str]) -> Vec<(String, usize)> {
        let tests = ["top", "matrix::h1::get", "matrix::h2::get", "clients::curl"];
        let tests = tests.map(str::to_owned).to_vec();
        let filters: Vec<String> = filters.iter().map(|f| (*f).to_owned()).collect();
        let split = split(label, tests, &filters);
        split
            .into_iter()
            .map(|(name, tests)| (name, tests.len()))
            .collect()
    }

    #[test]
    fn only_integration_tests_are_split() {
        assert_eq!(groups("core", &[]), [("core".to_owned(), 4)]);
        let expected = [("it", 1), ("it::clients", 1), ("it::matrix", 2)];
        assert_eq!(groups("it", &[]), expected.map(|(n, c)| (n.to_owned(), c)));
    }

    #[test]
    fn verbs_try_the_program_that_was_built() {
        let mut executable = Executable {
            label: "it".to_owned(),
            path: "/t/it".into(),
            folder: "/r".into(),
            programs: vec![("sorry".to_owned(), "/t/sorry".into())],
        };
        let filters = ["soak".to_owned()];
        let groups = verbs(std::slice::from_ref(&executable), &filters);
        let [group] = groups.as_slice() else {
            panic!("{groups:?}");
        };
        match &group.work {
            Work::Verb { arguments } => {
                assert_eq!(*arguments, ["soak", "--slice", "--binary", "/t/sorry"]);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(verbs(std::slice::from_ref(&executable), &[]).len(), 3);
        executable.programs.clear();
        assert!(verbs(&[executable], &[]).is_empty());
    }

    #[test]
    fn filters_see_the_group_and_the_test() {
        assert_eq!(groups("it", &["it::mat"]), [("it::matrix".to_owned(), 2)]);
        assert_eq!(groups("it", &["h2", "curl"]).len(), 2);
        assert_eq!(groups("core", &["core::top"]), [("core".to_owned(), 1)]);
        assert!(groups("core", &["nothing"]).is_empty());
    }

    #[test]
    fn only_tests_are_listed() {
        assert_eq!(listed("a::b: test\nc: benchmark\n\n2 tests\n"), ["a::b"]);
    }
}
