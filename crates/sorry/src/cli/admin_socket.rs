//! Where the running daemon is asked: at a socket that is named, at the one in a configuration file, or at the usual one.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output::{failed_as_json, print_json};
use super::{exit, refused};
use crate::config;

/// Where it is unless the configuration says otherwise.
const USUAL: &str = "/run/sorry/admin.sock";

/// Where the running daemon is asked.
#[derive(Debug, Args)]
pub(super) struct AdminSocket {
    /// The admin socket of the daemon, as `[admin] socket` in its configuration [default: /run/sorry/admin.sock]
    #[arg(long, value_name = "PATH")]
    admin: Option<PathBuf>,
    /// The configuration file of the daemon, which says where its admin socket is
    #[arg(short, long, value_name = "FILE", conflicts_with = "admin")]
    config: Option<PathBuf>,
}

impl AdminSocket {
    /// Its path; or why there is none, which has been told.
    pub(super) fn find(&self, json: bool) -> Result<PathBuf, ExitCode> {
        let Some(file) = &self.config else {
            return Ok(self.admin.clone().unwrap_or_else(|| USUAL.into()));
        };
        match config::load(file).map(|config| config.admin) {
            Ok(Some(path)) => Ok(path),
            Ok(None) => {
                let why = format!(
                    "{} says `socket = \"none\"` in [admin], so its daemon cannot be asked",
                    file.display()
                );
                if json {
                    return Err(failed_as_json(&why, exit::USAGE));
                }
                eprintln!("sorry: {why}");
                Err(ExitCode::from(exit::USAGE))
            }
            Err(report) if json => {
                print_json(&report.to_json());
                Err(ExitCode::from(exit::USAGE))
            }
            Err(report) => {
                let told = refused(&report);
                eprintln!("sorry: with --admin PATH the daemon can be asked all the same");
                Err(told)
            }
        }
    }
}
