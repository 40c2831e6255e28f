//! One timed step of `check`, `test` or `ci`: says when it starts and ends, and keeps its seconds for the closing table.

use std::process::{Command, ExitStatus};
use std::time::Instant;

use crate::budget::Budget;

/// A step that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) seconds: f64,
    /// None: it may take as long as it likes.
    pub(crate) budget: Option<f64>,
    /// `Err` says what went wrong. Taking too long is not in here: see `complaint`.
    pub(crate) result: Result<(), String>,
}

impl Step {
    /// A step that took `seconds`, with its budget.
    pub(crate) fn ended(
        name: &'static str,
        seconds: f64,
        result: Result<(), String>,
        budget: &Budget,
    ) -> Self {
        Self {
            name,
            seconds,
            budget: budget.step(name),
            result,
        }
    }

    /// Why this step makes the whole run fail, if it does.
    pub(crate) fn complaint(&self) -> Option<String> {
        match (&self.result, self.budget) {
            (Err(why), _) => Some(why.clone()),
            (Ok(()), Some(budget)) => over(self.seconds, budget),
            (Ok(()), None) => None,
        }
    }

    /// Says on standard error how it ended.
    pub(crate) fn tell(&self) {
        match self.complaint() {
            None => eprintln!("-- {}: ok, {:.1} s", self.name, self.seconds),
            Some(why) => eprintln!("-- {}: FAILED, {:.1} s: {why}", self.name, self.seconds),
        }
    }
}

/// A complaint if `seconds` is above the budget.
pub(crate) fn over(seconds: f64, budget: f64) -> Option<String> {
    (seconds > budget).then(|| format!("over budget: {seconds:.1} s of {budget:.0} s"))
}

/// Runs one step, and says so on standard error.
pub(crate) fn timed(
    name: &'static str,
    budget: &Budget,
    work: impl FnOnce() -> Result<(), String>,
) -> Step {
    eprintln!("-- {name}");
    let start = Instant::now();
    let result = work();
    let step = Step::ended(name, start.elapsed().as_secs_f64(), result, budget);
    step.tell();
    step
}

/// Runs a command to its end; anything but success is an error that says how it ended.
pub(crate) fn succeed(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(ending(status))
    }
}

/// How a process ended, in words; a signal is named.
pub(crate) fn ending(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("killed by {}", signal_name(signal)),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}

/// signal(7), the numbers of x86 and arm.
fn signal_name(number: i32) -> String {
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return format!("signal {number}"),
    };
    format!("{name} (signal {number})")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Step, succeed};
    use crate::budget::Budget;

    fn shell(script: &str) -> Result<(), String> {
        succeed(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn an_end_is_told_in_words() {
        assert_eq!(shell("exit 0"), Ok(()));
        assert_eq!(shell("exit 7"), Err("exit code 7".into()));
        assert_eq!(
            shell("kill -SEGV $$"),
            Err("killed by SIGSEGV (signal 11)".into())
        );
        let missing = succeed(&mut Command::new("/nonexistent")).unwrap_err();
        assert!(missing.starts_with("cannot start /nonexistent: "));
    }

    #[test]
    fn a_step_over_its_budget_fails() {
        let budget = Budget::read(&crate::cargo::root()).unwrap();
        let limit = budget.step("fmt").unwrap();
        let complaint = |seconds, result| Step::ended("fmt", seconds, result, &budget).complaint();
        assert_eq!(complaint(limit, Ok(())), None);
        let late = complaint(limit + 1.0, Ok(())).unwrap();
        assert!(late.starts_with("over budget"), "{late}");
        assert_eq!(complaint(0.0, Err("why".into())), Some("why".into()));
    }
}
