//! The log of what the program does: one line per event to standard error, as a person or the journal reads it.

use std::io::{IsTerminal as _, Write as _};

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::config::LogLevel;

struct Lines {
    style: Style,
}

/// Who reads the lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `sorry: warning: ...`
    Person,
    /// `<4>...`, as sd-daemon(3) has it.
    Journal,
}

/// Starts logging; only the first call counts.
pub(super) fn start(level: LogLevel) {
    let journal = std::env::var_os("JOURNAL_STREAM").is_some() && !std::io::stderr().is_terminal();
    let lines = Lines {
        style: if journal {
            Style::Journal
        } else {
            Style::Person
        },
    };
    if log::set_boxed_logger(Box::new(lines)).is_ok() {
        log::set_max_level(filter(level));
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::Off,
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
        LogLevel::Trace => LevelFilter::Trace,
    }
}

impl Log for Lines {
    /// Other people's crates are heard only when something is wrong with them.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("sorry") || metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = match self.style {
            Style::Person => format!("sorry: {}{}\n", word(record.level()), record.args()),
            Style::Journal => format!("<{}>{}\n", priority(record.level()), record.args()),
        };
        // There is nowhere left to say that standard error cannot be written.
        let _nobody_reads = std::io::stderr().lock().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error: ",
        Level::Warn => "warning: ",
        Level::Info => "",
        Level::Debug => "debug: ",
        Level::Trace => "trace: ",
    }
}

fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}
