//! What the kernel says of processes (proc(5)): CPU time, memory, switches, children. Only reads; called between and around runs.

use std::fs;
use std::path::Path;

/// The process and everything below it. Servers do not fork while they are measured, so this is asked once.
pub(crate) fn family(root: u32) -> Vec<u32> {
    let mut family = vec![root];
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
            continue;
        };
        if let Some(parent) = field(&entry.path().join("status"), "PPid") {
            parents.push((pid, parent));
        }
    }
    let mut at = 0;
    while at < family.len() {
        let parent = u64::from(family[at]);
        family.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(c, _)| c));
        at += 1;
    }
    family
}

/// CPU time of some processes since they started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cpu {
    /// User and system together, exact: the scheduler's own account.
    pub(crate) ns: u64,
    /// User alone, sampled by the timer, in its ticks.
    pub(crate) user_ticks: u64,
    pub(crate) system_ticks: u64,
}

impl Cpu {
    pub(crate) fn of(pids: &[u32]) -> Result<Self, String> {
        let mut sum = Self::default();
        for pid in pids {
            let ticks = read(&format!("/proc/{pid}/stat"))?;
            let (user, system) = stat_ticks(&ticks).ok_or("cannot read /proc/PID/stat")?;
            sum.user_ticks += user;
            sum.system_ticks += system;
            for account in of_each_thread(*pid, "schedstat")? {
                let ns = account
                    .split(' ')
                    .next()
                    .and_then(|n| n.parse::<u64>().ok());
                sum.ns += ns.ok_or("cannot make sense of schedstat")?;
            }
        }
        Ok(sum)
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            ns: self.ns.saturating_sub(before.ns),
            user_ticks: self.user_ticks.saturating_sub(before.user_ticks),
            system_ticks: self.system_ticks.saturating_sub(before.system_ticks),
        }
    }

    /// The part of it that was spent outside the kernel; none if it was too short for the timer to see.
    pub(crate) fn user_share(self) -> Option<f64> {
        let all = self.user_ticks + self.system_ticks;
        (all > 0).then(|| self.user_ticks as f64 / all as f64)
    }
}

/// Fields 14 and 15 of /proc/PID/stat. The second field is the program's name, which may hold anything.
fn stat_ticks(stat: &str) -> Option<(u64, u64)> {
    let (_, behind) = stat.rsplit_once(')')?;
    let mut fields = behind.split_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// How long a core was busy since the machine started, with whatever it was, in seconds.
pub(crate) fn busy_seconds(core: usize) -> Option<f64> {
    busy(&fs::read_to_string("/proc/stat").ok()?, core)
}

fn busy(stat: &str, core: usize) -> Option<f64> {
    let name = format!("cpu{core} ");
    let line = stat.lines().find_map(|line| line.strip_prefix(&name))?;
    let fields: Vec<u64> = line.split_whitespace().flat_map(str::parse).collect();
    // user, nice, system, then idle and waiting, which do not count, then interrupts, and what the host took away.
    let ticks: u64 = fields
        .iter()
        .take(3)
        .chain(fields.iter().skip(5).take(3))
        .sum();
    // Always a hundredth of a second for user space, whatever the kernel's own timer does (proc(5)).
    Some(ticks as f64 / 100.0)
}

/// Memory of some processes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Memory {
    /// Resident, each process for itself.
    pub(crate) rss: u64,
    /// Resident, with each shared page counted once.
    pub(crate) pss: u64,
    /// The part of `pss` that is no page of a file: what the program has written.
    pub(crate) own: u64,
}

impl Memory {
    pub(crate) fn of(pids: &[u32]) -> Result<Self, String> {
        let mut sum = Self::default();
        for pid in pids {
            let path = format!("/proc/{pid}/smaps_rollup");
            let value = |name| field(Path::new(&path), name).ok_or(format!("cannot read {path}"));
            sum.rss += value("Rss")? * 1024;
            sum.pss += value("Pss")? * 1024;
            sum.own += (value("Pss_Anon")? + value("Pss_Shmem")?) * 1024;
        }
        Ok(sum)
    }
}

/// How many files and sockets the process has open.
pub(crate) fn descriptors(pid: u32) -> Result<u64, String> {
    let path = format!("/proc/{pid}/fd");
    let entries = fs::read_dir(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    Ok(entries.count() as u64)
}

/// How often any thread of the processes went to sleep by itself, since it started.
pub(crate) fn sleeps(pids: &[u32]) -> Result<u64, String> {
    let mut sum = 0;
    for pid in pids {
        for status in of_each_thread(*pid, "status")? {
            let switches = value(&status, "voluntary_ctxt_switches");
            sum += switches.ok_or("cannot make sense of /proc/PID/task/TID/status")?;
        }
    }
    Ok(sum)
}

/// The file of that name of each thread. A thread that ends between being listed and being read has none.
fn of_each_thread(pid: u32, name: &str) -> Result<Vec<String>, String> {
    let path = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let mut texts = Vec::new();
    for folder in entries.flatten().map(|entry| entry.path()) {
        let file = folder.join(name);
        match fs::read_to_string(&file) {
            Ok(text) => texts.push(text),
            Err(_) if !folder.exists() => {}
            Err(error) => return Err(format!("cannot read {}: {error}", file.display())),
        }
    }
    Ok(texts)
}

/// The number behind `NAME:` in a file of such lines.
fn field(path: &Path, name: &str) -> Option<u64> {
    value(&fs::read_to_string(path).ok()?, name)
}

fn value(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
    line?.split_whitespace().next()?.parse().ok()
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{Cpu, Memory, busy, descriptors, family, sleeps, stat_ticks};

    #[test]
    fn the_name_of_a_program_may_hold_anything() {
        let stat = "42 (a b) c) S 1 42 42 0 -1 4194304 1 2 3 4 55 66 7 8 20 0 1 0 100 1 1";
        assert_eq!(stat_ticks(stat), Some((55, 66)));
        assert_eq!(stat_ticks("42 (a) S 1"), None);
    }

    #[test]
    fn a_core_is_busy_unless_it_is_idle_or_waits() {
        let stat = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 100 10 200 5000 4000 1 2 3 7 7\ncpu1 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(busy(stat, 0), Some(3.16));
        assert_eq!(busy(stat, 7), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let own = std::process::id();
        let child = std::process::Command::new("sh")
            .args(["-c", "read wait"])
            .stdin(std::process::Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        assert!(family(own).contains(&child.id()));
        drop(child.stdin.take());
        child.wait().unwrap();
        let before = Cpu::of(&[own]).unwrap();
        let mut x = 1_u64;
        while Cpu::of(&[own]).unwrap().since(before).ns < 1_000_000 {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        let memory = Memory::of(&[own]).unwrap();
        assert!(
            memory.rss >= memory.pss && memory.pss > memory.own && memory.own > 50_000,
            "{memory:?}"
        );
        sleeps(&[own]).unwrap();
        assert!(descriptors(own).unwrap() >= 3);
    }
}
