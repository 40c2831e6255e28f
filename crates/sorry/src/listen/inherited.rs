//! Descriptors from a service manager: socket activation and the descriptor store (sd_listen_fds(3)). Both come the
//! same way, as open descriptors from number 3 on, described by `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`.
//!
//! Reading the description is apart from taking the descriptors, so that it can be tested without them. To be called
//! first thing in `main`: afterwards a number may belong to somebody else.

use std::env::VarError;
use std::io;

use super::passed::Passed;

/// The variables, which are meant for this process alone and never for its children.
pub const VARIABLES: [&str; 4] = [
    "LISTEN_PID",
    "LISTEN_PIDFDID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
];

/// More than any unit can configure; a wild number must not make us close half of our descriptors.
const DESCRIPTORS_MAX: usize = 4096;

/// Why nothing was inherited although something was announced.
#[derive(Debug, thiserror::Error)]
pub enum InheritedError {
    #[error("LISTEN_FDS is `{0}`, not a number from 0 to {DESCRIPTORS_MAX}")]
    Count(String),
    #[error("LISTEN_PID is `{0}`, not a process")]
    Process(String),
    #[error("LISTEN_FDNAMES has {names} names for {count} descriptors")]
    Names { names: usize, count: usize },
    #[error("{0} is not text")]
    NotText(&'static str),
    #[error("cannot take the passed descriptors")]
    Take(#[source] io::Error),
}

/// Takes what was passed to this process; empty if nothing was. The second call fails.
pub fn take() -> Result<Passed, InheritedError> {
    let names = announced(std::env::var, std::process::id())?;
    if names.is_empty() {
        return Ok(Passed::default());
    }
    let descriptors = sorry_sys::passed::take(names.len()).map_err(InheritedError::Take)?;
    Ok(Passed::new(names.into_iter().zip(descriptors).collect()))
}

/// Removes the description from the environment; possible only before the first thread is started.
pub fn forget() -> io::Result<()> {
    sorry_sys::environment::remove(&VARIABLES)
}

/// The name of each descriptor that is passed to process `own`.
fn announced(
    variable: impl Fn(&'static str) -> Result<String, VarError>,
    own: u32,
) -> Result<Vec<String>, InheritedError> {
    let read = |name| match variable(name) {
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(InheritedError::NotText(name)),
    };
    let (Some(process), Some(count)) = (read("LISTEN_PID")?, read("LISTEN_FDS")?) else {
        return Ok(Vec::new());
    };
    let process: u32 = process
        .parse()
        .map_err(|_| InheritedError::Process(process))?;
    if process != own {
        // Meant for a parent that did not clean up.
        return Ok(Vec::new());
    }
    let count = match count.parse() {
        Ok(number) if number <= DESCRIPTORS_MAX => number,
        _ => return Err(InheritedError::Count(count)),
    };
    let Some(names) = read("LISTEN_FDNAMES")? else {
        return Ok(vec!["unknown".to_owned(); count]);
    };
    let names: Vec<String> = names.split(':').map(str::to_owned).collect();
    match (names.len(), count) {
        // Splitting nothing gives one empty name.
        (1, 0) => Ok(Vec::new()),
        (names, count) if names != count => Err(InheritedError::Names { names, count }),
        _ => Ok(names),
    }
}

#[cfg(test)]
mod tests;
