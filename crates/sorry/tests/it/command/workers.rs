//! Where workers run.

use std::process::Command;
use std::time::Instant;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::harness::{PATIENCE, SORRY, Server, until};

/// The cores that each worker may run on, in the order of their numbers, as the kernel tells (proc_pid_status(5)).
fn allowed(server: &Server) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).expect("the server runs");
    let mut workers: Vec<(String, String)> = tasks
        .filter_map(|task| {
            let task = task.expect("a thread").path();
            let name = std::fs::read_to_string(task.join("comm")).ok()?;
            let number = name.trim().strip_prefix("sorry-")?.to_owned();
            number.parse::<u8>().ok()?;
            let status = std::fs::read_to_string(task.join("status")).ok()?;
            let list = status
                .lines()
                .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
            Some((number, list.trim().to_owned()))
        })
        .collect();
    workers.sort();
    workers.into_iter().map(|(_, list)| list).collect()
}

/// `sorry run` with three workers, on all cores of this machine that there are for us.
fn server(folder: &std::path::Path, more: &str) -> Server {
    let file = folder.join("sorry.toml");
    let configuration = format!(
        "workers = 3\n{more}\n[admin]\nsocket = \"none\"\n[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:0\"]\n"
    );
    std::fs::write(&file, configuration).expect("write the configuration");
    let mut command = Command::new(SORRY);
    command.args(["run", "--config"]).arg(file);
    Server::spawn(command)
}

#[test]
fn pinned_workers_stay_on_a_core_each_and_others_go_where_they_like() {
    // A runner may have put the test on one core; the kernel leaves out what is not there for us.
    let mut every = CpuSet::new();
    (0..CpuSet::MAX_CPU).for_each(|core| every.set(core));
    sched_setaffinity(None, &every).expect("more cores");
    let set = sched_getaffinity(None).expect("our own cores");
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU)
        .filter(|core| set.is_set(*core))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let pinned = server(folder.path(), "pin-workers = true");
    let expected: Vec<String> = (0..3)
        .map(|worker| cores[worker % cores.len()].to_string())
        .collect();
    // A thread is there before it has its name and its core.
    let as_expected = || (allowed(&pinned) == expected).then_some(());
    until(Instant::now() + PATIENCE, as_expected, "a core for each");
    let folder = tempfile::tempdir().expect("a folder");
    let unpinned = server(folder.path(), "");
    let all = || Some(allowed(&unpinned)).filter(|workers| workers.len() == 3);
    let free = until(Instant::now() + PATIENCE, all, "three workers");
    let several = free.iter().all(|list| list.contains(['-', ',']));
    assert_eq!(several, cores.len() > 1, "{free:?}");
}
