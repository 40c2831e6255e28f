//! `sorry check-config`: everything that is wrong with a configuration, at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::output::{print, print_json};
use super::{exit, privileges, refused};
use crate::config::{self, Config, Detection, Report};
use crate::daemon;

/// Check a configuration file, and the files that it names; nothing is started. Of each site with checks it says how long a dead
/// real server can stay unnoticed.
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
    /// Print the mistakes as JSON, with file, line and column; or the promises, in milliseconds
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
        let checked = config::load(file)
            .map_err(daemon::with_files)
            .and_then(|config| {
                let warnings = daemon::check(&config)?;
                Ok((config, warnings))
            });
        if self.json {
            return as_json(file, &checked);
        }
        match checked {
            Ok((config, warnings)) => {
                let warnings: String = warnings
                    .iter()
                    .map(|warning| format!("warning: {warning}\n"))
                    .collect();
                let promises: String = detections(&config)
                    .map(|(site, detection)| format!("{site}: {detection}\n"))
                    .collect();
                print(&format!("{warnings}{promises}{}: fine\n", file.display()))
            }
            Err(report) => refused(&report),
        }
    }
}

/// How fast each site that has checks finds out that a real server is dead.
fn detections(config: &Config) -> impl Iterator<Item = (&str, Detection)> {
    let sites = config.sites.iter();
    sites.filter_map(|site| Some((&*site.name, site.detection()?)))
}

fn as_json(file: &Path, checked: &Result<(Config, Vec<String>), Report>) -> ExitCode {
    let (value, code) = match checked {
        Ok((config, warnings)) => {
            let detections: Vec<Value> = detections(config)
                .map(|(site, detection)| {
                    json!({
                        "site": site,
                        "refused_ms": milliseconds(detection.refused),
                        "silent_ms": detection.silent.map(milliseconds),
                    })
                })
                .collect();
            let file = file.display().to_string();
            (
                json!({ "file": file, "mistakes": [], "warnings": warnings, "detection": detections }),
                ExitCode::SUCCESS,
            )
        }
        Err(report) => (report.to_json(), ExitCode::from(exit::USAGE)),
    };
    let printed = print_json(&value);
    if printed == ExitCode::SUCCESS {
        code
    } else {
        printed
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
