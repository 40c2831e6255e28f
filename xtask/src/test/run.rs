//! Runs one group: in its own process, pinned to its lane's core, its output in a file, ended when it takes far too long. What it leaves
//! running is found by a mark in its environment, and ended.

use std::fmt;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::groups::{Group, Work};
use super::habits::Lane;
use super::report::Row;
use super::tally::{self, Expected, Tally};
use crate::budget::Budget;
use crate::cargo;
use crate::signal;
use crate::steps;

/// Marks every process of a group, by inheritance.
const MARK: &str = "SORRY_TEST_GROUP";

/// Runs a group to its end. `start` is when the lanes started.
pub(crate) fn run(
    group: &Group,
    lane: Lane,
    cores: &Cores,
    budget: &Budget,
    start: Instant,
) -> Row {
    let clock = || {
        format!(
            "[{:6.1} s] lane {}",
            start.elapsed().as_secs_f64(),
            lane.number()
        )
    };
    eprintln!("{} start  {}", clock(), group.name);
    let began = Instant::now();
    let (tally, output) = attempt(group, lane, cores, budget.patience(&group.name));
    let row = Row::new(group, lane, &tally, began.elapsed().as_secs_f64(), budget);
    let counts = format!(
        "{} passed, {} failed, {:.1} s",
        row.passed, row.failed, row.seconds
    );
    match &row.complaint {
        None => eprintln!("{} ok     {}: {counts}", clock(), group.name),
        Some(why) => {
            eprintln!("{} FAILED {}: {counts}: {why}", clock(), group.name);
            // One call, so that the other lane's lines do not come between.
            eprintln!(
                "==== output of {} ====\n{output}\n==== end of {} ====",
                group.name, group.name
            );
        }
    }
    row
}

fn attempt(group: &Group, lane: Lane, cores: &Cores, patience: Duration) -> (Tally, String) {
    let path = cargo::logs()
        .join("test")
        .join(format!("{}.log", group.name.replace("::", "-")));
    let mark = format!("{}:{}", std::process::id(), group.name);
    let command = command(group, cores.of(lane));
    let ending = command.and_then(|mut command| {
        command.env(MARK, &mark);
        let child = logged(&mut command, &path)?;
        wait(child, patience, &mark)
    });
    let output = fs::read(&path).unwrap_or_default();
    let output = String::from_utf8_lossy(&output).into_owned();
    for left in end_marked(&mark) {
        eprintln!("-- tests: {} left {left} running; ended it", group.name);
    }
    let expected = match &group.work {
        Work::Tests { tests, .. } => Expected::Tests(tests.len()),
        Work::Docs => Expected::Any,
        Work::Verb { .. } => Expected::Ending,
    };
    (tally::judge(expected, &output, ending), output)
}

fn command(group: &Group, core: Option<usize>) -> Result<Command, String> {
    let threads = format!("--test-threads={}", group.habit.threads);
    Ok(match &group.work {
        Work::Tests { executable, tests } => {
            let mut command = pinned(Command::new(&executable.path), core);
            cargo::forget_xtask(&mut command);
            // What cargo would have told it; expect-test and proptest find their files by it.
            command.current_dir(&executable.folder);
            command.env("CARGO_MANIFEST_DIR", &executable.folder);
            for (name, path) in &executable.programs {
                command.env(format!("CARGO_BIN_EXE_{name}"), path);
            }
            command.args([threads.as_str(), "--exact"]).args(tests);
            command
        }
        Work::Docs => {
            // The whole workspace, since one package alone would have its dependencies built again with fewer features.
            let arguments = [
                "test",
                "--workspace",
                "--doc",
                "--release",
                "--",
                threads.as_str(),
            ];
            let mut command = pinned(cargo::cargo(&arguments), core);
            cargo::forget_xtask(&mut command);
            command.current_dir(cargo::root());
            command
        }
        Work::Verb { arguments } => {
            let own = std::env::current_exe();
            let own = own.map_err(|error| format!("cannot find xtask: {error}"))?;
            let mut command = Command::new(own);
            command.args(arguments);
            pinned(command, core)
        }
    })
}

/// The same program and arguments on one core.
fn pinned(command: Command, core: Option<usize>) -> Command {
    let Some(core) = core else {
        return command;
    };
    let mut taskset = Command::new("taskset");
    taskset.args(["--cpu-list", &core.to_string()]);
    taskset.arg(command.get_program()).args(command.get_args());
    taskset
}

/// Starts the command with its output in a file: a pipe would stay open for as long as anything that it leaves behind.
fn logged(command: &mut Command, path: &Path) -> Result<Child, String> {
    let cannot = |error| format!("cannot write {}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    let file = File::create(path).map_err(cannot)?;
    let errors = file.try_clone().map_err(cannot)?;
    command.stdin(Stdio::null()).stdout(file).stderr(errors);
    command
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", command.get_program().display()))
}

/// Waits; when patience runs out, ends every process of the group.
fn wait(mut child: Child, patience: Duration, mark: &str) -> Result<(), String> {
    let (sender, ended) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || sender.send(child.wait()));
        match ended.recv_timeout(patience) {
            Ok(status) => said(status),
            Err(RecvTimeoutError::Disconnected) => Err("nobody waited for it".to_owned()),
            Err(RecvTimeoutError::Timeout) => {
                end_marked(mark);
                ended.recv().ok();
                Err(format!(
                    "ended after {:.0} s: it did not end by itself",
                    patience.as_secs_f64()
                ))
            }
        }
    })
}

fn said(status: std::io::Result<ExitStatus>) -> Result<(), String> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(steps::ending(status)),
        Err(error) => Err(format!("cannot wait for it: {error}")),
    }
}

/// Kills every process that carries the mark, and returns what they were.
fn end_marked(mark: &str) -> Vec<String> {
    let found = marked(mark);
    let pids: Vec<u32> = found.iter().map(|(pid, _)| *pid).collect();
    signal::send("KILL", &pids);
    found
        .into_iter()
        .map(|(pid, name)| format!("{name} (process {pid})"))
        .collect()
}

/// Processes whose environment holds the mark: their number and name.
fn marked(mark: &str) -> Vec<(u32, String)> {
    let wanted = format!("{MARK}={mark}");
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let carries = |folder: &Path| {
        fs::read(folder.join("environ"))
            .is_ok_and(|environ| environ.split(|b| *b == 0).any(|v| v == wanted.as_bytes()))
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            carries(&entry.path()).then_some(())?;
            let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            Some((pid, name.trim().to_owned()))
        })
        .collect()
}

/// The cores that lanes are pinned to; none where there is nothing to pin to, or nothing to pin with.
pub(crate) struct Cores(Option<[usize; 2]>);

impl Cores {
    /// Two cores that this process may run on.
    pub(crate) fn allowed() -> Self {
        let taskset = Command::new("taskset").arg("--version").output();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let list = status
            .lines()
            .find_map(|l| l.strip_prefix("Cpus_allowed_list:"));
        match (taskset.is_ok(), first_two(list.unwrap_or_default())) {
            (true, two) => Self(two),
            (false, _) => Self(None),
        }
    }

    fn of(&self, lane: Lane) -> Option<usize> {
        self.0.map(|cores| cores[lane.number()])
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some([zero, one]) => write!(out, "lane 0 on core {zero}, lane 1 on core {one}"),
            None => write!(out, "lanes not pinned: no taskset, or fewer than two cores"),
        }
    }
}

/// The first two numbers of a kernel's list such as `0-3,7`.
fn first_two(list: &str) -> Option<[usize; 2]> {
    let ranges = list.trim().split(',').filter_map(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Some(from.parse().ok()?..=to.parse().ok()?)
    });
    let mut cores = ranges.flatten();
    Some([cores.next()?, cores.next()?])
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{MARK, end_marked, first_two, wait};

    #[test]
    fn two_cores_are_taken_from_the_kernels_list() {
        for (list, expected) in [
            ("\t0-3", Some([0, 1])),
            ("1,5-7", Some([1, 5])),
            ("2", None),
            ("", None),
        ] {
            assert_eq!(first_two(list), expected, "{list}");
        }
    }

    fn shell(script: &str, mark: &str) -> std::process::Child {
        Command::new("sh")
            .args(["-c", script])
            .env(MARK, mark)
            .spawn()
            .unwrap()
    }

    #[test]
    fn a_group_that_does_not_end_is_ended_with_all_it_started() {
        let mark = format!("{}:endless", std::process::id());
        let child = shell("tail -f /dev/null & tail -f /dev/null", &mark);
        let ending = wait(child, Duration::from_millis(100), &mark);
        assert!(ending.unwrap_err().contains("did not end by itself"));
        // A killed process takes a moment to be gone.
        let mut left = super::marked(&mark);
        for _ in 0..100_000 {
            if left.is_empty() {
                break;
            }
            std::thread::yield_now();
            left = super::marked(&mark);
        }
        assert_eq!(left, []);
    }

    #[test]
    fn what_a_group_leaves_running_is_found_and_ended() {
        let mark = format!("{}:leaves", std::process::id());
        let child = shell("tail -f /dev/null & exit 3", &mark);
        let ending = wait(child, Duration::from_secs(60), &mark);
        assert_eq!(ending, Err("exit code 3".into()));
        let left = end_marked(&mark);
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
