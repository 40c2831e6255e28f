//! Where the running daemon is asked: at a socket that is named, at the one in a configuration file, at the usual one, or over TCP.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output::{failed_as_json, print_json};
use super::{exit, refused};
use crate::admin::api::{Api, Place};
use crate::admin::remote_place::RemotePlace;
use crate::config;

/// Where it is unless the configuration says otherwise.
pub(super) const USUAL: &str = "/run/sorry/admin.sock";

/// Where the running daemon is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which daemon")]
pub(super) struct AdminSocket {
    /// The admin socket of the daemon, as `[admin] socket` in its configuration [default: /run/sorry/admin.sock]
    #[arg(long, value_name = "PATH")]
    admin: Option<PathBuf>,
    /// The configuration file of the daemon, which says where its admin socket is
    #[arg(short, long, value_name = "FILE", conflicts_with = "admin")]
    config: Option<PathBuf>,
    /// A daemon elsewhere, as `[admin] listen` in its configuration: https://HOST:PORT
    #[arg(long, value_name = "URL", conflicts_with_all = ["admin", "config"], requires = "token_file")]
    server: Option<String>,
    /// A file with the token for that one, which nobody else may read
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
    /// A file with the authority of its certificate, in PEM [default: those of the system]
    #[arg(long, value_name = "FILE", requires = "server")]
    ca: Option<PathBuf>,
}

impl AdminSocket {
    /// The daemon; or why there is none, which has been told.
    pub(super) fn api(&self, json: bool) -> Result<Api, ExitCode> {
        self.find(json).map(Api::at)
    }

    fn find(&self, json: bool) -> Result<Place, ExitCode> {
        if let (Some(server), Some(token)) = (&self.server, &self.token_file) {
            let place = RemotePlace::new(server, token, self.ca.as_deref());
            return place
                .map(|place| Place::Remote(Box::new(place)))
                .map_err(|error| wrong(&error.to_string(), json));
        }
        let Some(file) = &self.config else {
            let path = self.admin.clone().unwrap_or_else(|| USUAL.into());
            return Ok(Place::Socket(path));
        };
        match config::load(file).map(|config| config.admin) {
            Ok(Some(path)) => Ok(Place::Socket(path)),
            Ok(None) => {
                let why = format!(
                    "{} says `socket = \"none\"` in [admin], so its daemon cannot be asked",
                    file.display()
                );
                Err(wrong(&why, json))
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

/// Tells what is wrong with what was typed.
pub(super) fn wrong(why: &str, json: bool) -> ExitCode {
    if json {
        return failed_as_json(&why, exit::USAGE);
    }
    eprintln!("sorry: {why}");
    ExitCode::from(exit::USAGE)
}
