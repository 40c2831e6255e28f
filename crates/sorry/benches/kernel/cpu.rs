//! CPU time of a server: its processes and the thread of the kernel that receives for it, by the scheduler's own account
//! (`/proc/PID/task/TID/schedstat`).

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// The process and everything below it.
pub(crate) fn family(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = processes()
        .filter_map(|pid| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
            Some((pid, parent.trim().parse().ok()?))
        })
        .collect();
    let mut family = vec![root];
    let mut at = 0;
    while at < family.len() {
        let children = parents.iter().filter(|(_, parent)| *parent == family[at]);
        let children: Vec<u32> = children.map(|(child, _)| *child).collect();
        family.extend(children);
        at += 1;
    }
    family
}

/// The kernel's thread that receives what comes to a device, where it has one for that.
pub(crate) fn receiver(device: &str) -> Option<u32> {
    let name = format!("napi/{device}-");
    processes().find(|pid| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.starts_with(&name))
    })
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Nanoseconds that all their threads have run.
pub(crate) fn run_ns(pids: &[u32]) -> anyhow::Result<u64> {
    let mut sum = 0;
    for pid in pids {
        for task in fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
            sum += of_task(&task.path()).with_context(|| format!("schedstat of {pid}"))?;
        }
    }
    Ok(sum)
}

fn of_task(task: &Path) -> Option<u64> {
    let account = fs::read_to_string(task.join("schedstat")).ok()?;
    account.split(' ').next()?.parse().ok()
}

/// How long a core was busy since the machine started, with whatever it was, in seconds.
pub(crate) fn busy_seconds(core: usize) -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let name = format!("cpu{core} ");
    let line = stat.lines().find_map(|line| line.strip_prefix(&name))?;
    let fields: Vec<f64> = line.split_whitespace().flat_map(str::parse).collect();
    // All but idle and waiting, the fourth and fifth, and guests, which are counted as user already (proc(5)).
    let busy: f64 = fields.iter().take(8).sum::<f64>() - fields.get(3)? - fields.get(4)?;
    Some(busy / 100.0)
}
