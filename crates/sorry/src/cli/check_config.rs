//! `sorry check-config`: everything that is wrong with a configuration, at once.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{exit, refused};
use crate::config::{self, Report};
use crate::daemon;

/// Check a configuration file, and the pages and certificates that it names; nothing is started.
#[derive(Debug, Args)]
pub(super) struct CheckConfig {
    /// The configuration file
    #[arg(value_name = "FILE", default_value = "/etc/sorry/sorry.toml")]
    file: PathBuf,
    /// Print the mistakes as JSON, with file, line and column
    #[arg(long)]
    json: bool,
}

impl CheckConfig {
    pub(super) fn run(self) -> ExitCode {
        let checked = config::load(&self.file).and_then(|config| daemon::check(&config));
        if self.json {
            return as_json(&checked);
        }
        match checked {
            Ok(warnings) => {
                for warning in warnings {
                    println!("warning: {warning}");
                }
                println!("{}: fine", self.file.display());
                ExitCode::SUCCESS
            }
            Err(report) => refused(&report),
        }
    }
}

fn as_json(checked: &Result<Vec<String>, Report>) -> ExitCode {
    let (value, code) = match checked {
        Ok(warnings) => (
            serde_json::json!({ "mistakes": [], "warnings": warnings }),
            ExitCode::SUCCESS,
        ),
        Err(report) => (report.to_json(), ExitCode::from(exit::USAGE)),
    };
    println!("{value:#}");
    code
}
