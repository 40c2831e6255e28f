//! Writing to standard output, where whoever reads may have gone: `sorry ... | head` is no mistake.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use serde_json::json;

use super::failed;

/// Prints a text. A reader that has gone is fine; anything else is told.
pub(super) fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => failed(&anyhow::Error::new(error).context("cannot write to standard output")),
    }
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> ExitCode {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(&(text + "\n")),
        Err(error) => failed(&error.into()),
    }
}

/// Tells programs what is wrong, where they read: on standard output, as `{"error": ".."}`.
pub(super) fn failed_as_json(error: &impl ToString, code: u8) -> ExitCode {
    match print_json(&json!({ "error": error.to_string() })) {
        ExitCode::SUCCESS => ExitCode::from(code),
        unprinted => unprinted,
    }
}
