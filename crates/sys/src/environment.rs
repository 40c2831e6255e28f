//! Removing what was meant for this process alone from its environment, so that no child inherits it.

use std::io;

/// Removes variables. It refuses, and removes nothing, while the process has more than one thread, since another
/// thread may be reading the environment through the C library (environ(7)).
pub fn remove(names: &[&str]) -> io::Result<()> {
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    if threads != 1 {
        return Err(io::Error::other(
            "the environment can only be changed before the first thread is started",
        ));
    }
    for name in names {
        // SAFETY: this thread is the only one, as was just counted, and it starts no other here; so nobody reads or
        // writes the environment at the same time.
        unsafe { std::env::remove_var(name) };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_while_there_are_threads() {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || ended.recv());
        assert!(remove(&["PATH"]).is_err());
        assert!(std::env::var_os("PATH").is_some());
        drop(end);
        assert!(thread.join().unwrap().is_err());
    }
}
