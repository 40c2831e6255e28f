//! Opens the access log and starts the thread that writes it. What a line looks like is `count::access`'s.

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
    let sink: Box<dyn io::Write + Send> = match &config.log.access_target {
        AccessTarget::Stdout => Box::new(io::stdout()),
        AccessTarget::File(path) => {
            let file = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(path);
            Box::new(file.map_err(|error| RunError::System("open the access log", error))?)
        }
    };
    let (log, writer) = access::log(format);
    let write = move || {
        writer.run(sink, |error| {
            log::warn!("the access log cannot be written: {error}");
        });
    };
    std::thread::Builder::new()
        .name("sorry-log".into())
        .spawn(write)
        .map_err(|error| RunError::System("start the access log", error))?;
    Ok(Some(log))
}
