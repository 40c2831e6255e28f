//! Reads what libtest printed, and judges a group by it. A group that cannot prove that all of its tests ran has failed.

/// How a group ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Why the group failed, if it did.
    pub(crate) complaint: Option<String>,
}

/// What must be in the output.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// One result line that accounts for so many tests.
    Tests(usize),
    /// Any number of result lines: examples of the documentation, run in several processes.
    Any,
    /// Nothing: a verb of ours, which says by its exit code how it ended.
    Ending,
}

/// Counts of one `test result:` line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
    ignored: usize,
}

/// Judges by the output and by how the process ended (`Err` in words).
pub(crate) fn judge(expected: Expected, output: &str, ending: Result<(), String>) -> Tally {
    let lines: Vec<Counts> = output.lines().filter_map(result_line).collect();
    match expected {
        Expected::Tests(listed) => match lines.last() {
            Some(counts) => complete(*counts, Some(listed), ending),
            None => broken_off(listed, output, ending),
        },
        Expected::Any if lines.is_empty() => broken_off(1, output, ending),
        Expected::Any => complete(sum(&lines), None, ending),
        Expected::Ending => Tally {
            passed: usize::from(ending.is_ok()),
            failed: usize::from(ending.is_err()),
            complaint: ending.err(),
        },
    }
}

fn sum(lines: &[Counts]) -> Counts {
    lines.iter().fold(Counts::default(), |a, b| Counts {
        passed: a.passed + b.passed,
        failed: a.failed + b.failed,
        ignored: a.ignored + b.ignored,
    })
}

fn complete(counts: Counts, listed: Option<usize>, ending: Result<(), String>) -> Tally {
    let ran = counts.passed + counts.failed + counts.ignored;
    let complaint = if counts.failed > 0 {
        Some(format!("{} failed", counts.failed))
    } else if counts.ignored > 0 {
        Some(format!(
            "{} ignored: a test runs or is deleted",
            counts.ignored
        ))
    } else if let Some(listed) = listed.filter(|listed| *listed != ran) {
        Some(format!("{ran} of {listed} tests ran"))
    } else {
        ending.err()
    };
    Tally {
        passed: counts.passed,
        failed: counts.failed,
        complaint,
    }
}

/// The process ended before libtest could sum up: what is not known to have passed has failed.
fn broken_off(listed: usize, output: &str, ending: Result<(), String>) -> Tally {
    let passed = |line: &&str| line.starts_with("test ") && line.ends_with(" ... ok");
    let passed = output.lines().filter(passed).count().min(listed);
    let why = ending.err();
    Tally {
        passed,
        failed: (listed - passed).max(1),
        complaint: Some(why.unwrap_or_else(|| "it ended before its tests did".to_owned())),
    }
}

/// `test result: ok. 12 passed; 0 failed; 0 ignored; ...`, which may follow what a test printed without a line's end.
fn result_line(line: &str) -> Option<Counts> {
    let (_, rest) = line.split_once("test result: ")?;
    let (_, rest) = rest.split_once(". ")?;
    let count = |word: &str| {
        let field = rest.split(';').find_map(|f| f.trim().strip_suffix(word))?;
        field.trim().parse().ok()
    };
    Some(Counts {
        passed: count("passed")?,
        failed: count("failed")?,
        ignored: count("ignored")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Expected, Tally, judge};

    const OK: &str = "test a ... ok\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.01s\n";

    fn tally(passed: usize, failed: usize, complaint: &str) -> Tally {
        Tally {
            passed,
            failed,
            complaint: (!complaint.is_empty()).then(|| complaint.to_owned()),
        }
    }

    #[test]
    fn groups_are_judged_by_what_they_prove() {
        let failed = "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured";
        let ignored = "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured";
        let code = || Err("exit code 101".to_owned());
        let table = [
            (Expected::Tests(3), OK, Ok(()), tally(3, 0, "")),
            (
                Expected::Tests(5),
                OK,
                Ok(()),
                tally(3, 0, "3 of 5 tests ran"),
            ),
            (Expected::Tests(3), OK, code(), tally(3, 0, "exit code 101")),
            (Expected::Tests(3), failed, code(), tally(2, 1, "1 failed")),
            (
                Expected::Tests(3),
                ignored,
                Ok(()),
                tally(2, 0, "1 ignored: a test runs or is deleted"),
            ),
        ];
        for (expected, output, ending, tally) in table {
            assert_eq!(judge(expected, output, ending), tally, "{output}");
        }
    }

    #[test]
    fn a_verb_is_judged_by_its_ending() {
        assert_eq!(judge(Expected::Ending, "", Ok(())), tally(1, 0, ""));
        let bad = judge(Expected::Ending, OK, Err("exit code 1".to_owned()));
        assert_eq!(bad, tally(0, 1, "exit code 1"));
    }

    #[test]
    fn what_broke_off_has_failed() {
        let killed = Err("killed by SIGSEGV (signal 11)".to_owned());
        let output = "running 3 tests\ntest a ... ok\ntest b ... ";
        assert_eq!(
            judge(Expected::Tests(3), output, killed),
            tally(1, 2, "killed by SIGSEGV (signal 11)")
        );
        let silent = judge(Expected::Tests(1), "test a ... ok\n", Ok(()));
        assert_eq!(silent, tally(1, 1, "it ended before its tests did"));
        let docs = judge(
            Expected::Any,
            "error: could not compile",
            Err("exit code 101".into()),
        );
        assert_eq!(docs, tally(0, 1, "exit code 101"));
    }

    #[test]
    fn documentation_may_have_several_results() {
        let twice = format!("{OK}{OK}");
        assert_eq!(judge(Expected::Any, &twice, Ok(())), tally(6, 0, ""));
        // A test of ours that fails prints lines like these; only the last is the group's own.
        assert_eq!(judge(Expected::Tests(3), &twice, Ok(())), tally(3, 0, ""));
    }
}
