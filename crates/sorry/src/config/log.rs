//! How the process is watched and commanded: log, access log, admin socket. Plain values; nothing is opened here.

use super::fault::Fault;
use super::listen_address::unix_path;
use super::reader::FromText;
use super::table::words;
use super::value::FilePath;
use std::path::PathBuf;

words! {
    /// How much is said about events.
    pub enum LogLevel {
        /// nothing
        Off = "off",
        /// what stops something from working
        Error = "error",
        /// what somebody should look at
        Warn = "warn",
        /// what happens rarely: start, reload, stop, limits reached
        Info = "info",
        /// what helps to find a mistake in the set-up
        Debug = "debug",
        /// everything
        Trace = "trace",
    }
}

impl From<LogLevel> for ::log::LevelFilter {
    fn from(level: LogLevel) -> ::log::LevelFilter {
        match level {
            LogLevel::Off => ::log::LevelFilter::Off,
            LogLevel::Error => ::log::LevelFilter::Error,
            LogLevel::Warn => ::log::LevelFilter::Warn,
            LogLevel::Info => ::log::LevelFilter::Info,
            LogLevel::Debug => ::log::LevelFilter::Debug,
            LogLevel::Trace => ::log::LevelFilter::Trace,
        }
    }
}

words! {
    /// Whether and how each request is written down.
    pub enum AccessFormat {
        /// not at all
        None = "none",
        /// one JSON object a line
        Json = "json",
        /// the combined log format of Apache and nginx
        Combined = "combined",
    }
}

/// Where requests are written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessTarget {
    /// Standard output.
    Stdout,
    /// This file, to be appended to.
    File(PathBuf),
}

impl FromText for AccessTarget {
    fn form() -> String {
        "a path, or \"-\" for standard output".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        match text {
            "-" => Ok(AccessTarget::Stdout),
            _ => FilePath::from_text(text).map(|path| AccessTarget::File(path.0)),
        }
    }
}

/// The admin socket of `[admin]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AdminSocket(pub(super) Option<PathBuf>);

impl FromText for AdminSocket {
    fn form() -> String {
        "the absolute path of a unix socket, or \"none\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        match text {
            "none" => Ok(AdminSocket(None)),
            _ => unix_path(text).map(|path| AdminSocket(Some(path))),
        }
    }
}

/// The log of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How much is said about events.
    pub level: LogLevel,
    /// Whether and how requests are written down.
    pub access: AccessFormat,
    /// Where they are.
    pub access_target: AccessTarget,
}
