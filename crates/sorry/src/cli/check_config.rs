//! `sorry check-config`: everything that is wrong with a configuration, at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::output::{print, print_json};
use super::{exit, privileges, refused};
use crate::config::{self, Report};
use crate::daemon;

/// Check a configuration file, and the pages and certificates that it names; nothing is started.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 it is fine, perhaps with warnings; 2 it has mistakes, which are all told."
)]
pub(super) struct CheckConfig {
    /// The configuration file
    #[arg(value_name = "FILE", default_value = "/etc/sorry/sorry.toml")]
    file: PathBuf,
    /// The same, as `sorry run` takes it
    #[arg(short, long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
    /// Print the mistakes as JSON, with file, line and column
    #[arg(long)]
    json: bool,
    /// Print instead which capabilities this configuration needs, and for what; the process keeps no others
    #[arg(long)]
    privileges: bool,
}

impl CheckConfig {
    pub(super) fn run(self) -> ExitCode {
        let file = self.config.as_ref().unwrap_or(&self.file);
        if self.privileges
            && let Ok(config) = config::load(file)
        {
            return privileges::show(&config, self.json);
        }
        let checked = config::load(file).and_then(|config| daemon::check(&config));
        if self.json {
            return as_json(file, &checked);
        }
        match checked {
            Ok(warnings) => {
                let warnings: String = warnings
                    .iter()
                    .map(|warning| format!("warning: {warning}\n"))
                    .collect();
                print(&format!("{warnings}{}: fine\n", file.display()))
            }
            Err(report) => refused(&report),
        }
    }
}

fn as_json(file: &Path, checked: &Result<Vec<String>, Report>) -> ExitCode {
    let (value, code) = match checked {
        Ok(warnings) => (
            serde_json::json!({ "file": file.display().to_string(), "mistakes": [], "warnings": warnings }),
            ExitCode::SUCCESS,
        ),
        Err(report) => (report.to_json(), ExitCode::from(exit::USAGE)),
    };
    let printed = print_json(&value);
    if printed == ExitCode::SUCCESS {
        code
    } else {
        printed
    }
}
