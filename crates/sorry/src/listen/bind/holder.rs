//! Who listens on a port: for the message of a bind that failed, so best effort and never an error. What another
//! user's processes hold is seen by root alone (proc(5)).

use std::collections::BTreeSet;
use std::fs;

/// Processes to look through at most; a machine with more gets the hint to use `ss`.
const PROCESSES_MAX: usize = 4096;

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub name: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

/// Each process that holds a listening socket on `port`.
pub(super) fn of_port(port: u16) -> Vec<Holder> {
    let mut sockets = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        if let Ok(text) = fs::read_to_string(table) {
            sockets.extend(listening_inodes(&text, port));
        }
    }
    if sockets.is_empty() {
        return Vec::new();
    }
    let links: Vec<String> = sockets
        .iter()
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .take(PROCESSES_MAX)
        .filter(|pid| holds(*pid, &links))
        .map(describe)
        .collect()
}

/// The inode numbers in a table of proc_net_tcp(5) that are in state 0A, LISTEN, on `port`.
fn listening_inodes(table: &str, port: u16) -> Vec<u64> {
    let port = format!(":{port:04X}");
    let inode = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let listening = fields.get(3) == Some(&"0A") && fields.get(1)?.ends_with(&port);
        if listening {
            fields.get(9)?.parse().ok()
        } else {
            None
        }
    };
    table.lines().filter_map(inode).collect()
}

fn holds(pid: u32, links: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    descriptors.flatten().any(|entry| {
        fs::read_link(entry.path())
            .is_ok_and(|target| links.iter().any(|link| target.as_os_str() == link.as_str()))
    })
}

pub(super) fn describe(pid: u32) -> Holder {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = name
        .trim()
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    Holder { pid, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_listening_sockets_of_one_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1\n\
             1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 222 1\n\
             2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1\n\
             short line\n";
        assert_eq!(listening_inodes(table, 8080), [111]);
        assert_eq!(listening_inodes(table, 8081), [333]);
        assert_eq!(listening_inodes(table, 80), [0u64; 0]);
    }

    #[test]
    fn finds_this_very_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let holders = of_port(port);
        let pids: Vec<u32> = holders.iter().map(|holder| holder.pid).collect();
        assert!(pids.contains(&std::process::id()), "{holders:?}");
    }
}
