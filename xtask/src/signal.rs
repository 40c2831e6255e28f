//! Sends signals to processes by their numbers, never by a name: what somebody else started is none of our business.

use std::process::{Command, Stdio};

/// Sends each process the signal of that name (`TERM`, `HUP`). One that has ended meanwhile is no news.
pub(crate) fn send(name: &str, pids: &[u32]) {
    if pids.is_empty() {
        return;
    }
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -\"$@\"", "kill", name]);
    kill.args(pids.iter().map(ToString::to_string));
    kill.stderr(Stdio::null()).status().ok();
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::send;
    use crate::steps;

    #[test]
    fn a_signal_reaches_the_process_of_that_number() {
        let child = Command::new("sh")
            .args(["-c", "read wait"])
            .stdin(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        send("KILL", &[child.id()]);
        let ending = steps::ending(child.wait().unwrap());
        assert_eq!(ending, "killed by SIGKILL (signal 9)");
        // It is gone; so is the news.
        send("KILL", &[child.id()]);
        send("KILL", &[]);
    }
}
