//! Opens the access log and starts the thread that writes it. What a line looks like is `count::access`'s.
//!
//! The log is opened anew by `access::Log::reopen`, and ended by `access::Log::finish`.

use std::io;

use super::run::RunError;
use crate::config::{AccessFormat, AccessTarget, Config};
use crate::count::access;

/// Opens the access log, where one is wanted, and starts the thread that writes it.
pub(super) fn open(config: &Config) -> Result<Option<access::Log>, RunError> {
    let format = match config.log.access {
        AccessFormat::None => return Ok(None),
        AccessFormat::Json => access::Format::Json,
        AccessFormat::Combined => access::Format::Combined,
    };
    let target = config.log.access_target.clone();
    let sink =
        open_sink(&target).map_err(|error| RunError::System("open the access log", error))?;
    let (log, writer) = access::log(format);
    let write = move || {
        let reopen = || open_sink(&target);
        writer.run(sink, reopen, |error| {
            log::warn!("the access log cannot be written: {error}");
        });
    };
    std::thread::Builder::new()
        .name("sorry-log".into())
        .spawn(write)
        .map_err(|error| RunError::System("start the access log", error))?;
    Ok(Some(log))
}

/// At the start, and again when the file was rotated.
fn open_sink(target: &AccessTarget) -> io::Result<Box<dyn io::Write + Send>> {
    Ok(match target {
        AccessTarget::Stdout => Box::new(io::stdout()),
        AccessTarget::File(path) => Box::new(
            std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(path)?,
        ),
    })
}
