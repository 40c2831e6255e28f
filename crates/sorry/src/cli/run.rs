//! `sorry run`: many sites from a configuration file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{exit, failed, logging, refused};
use crate::config;
use crate::daemon::{self, Ended, Hands, RunError, Start, Succession};

/// Run what a configuration file says: many sites, by host name.
///
/// SIGHUP (or `sorry reload`) reads the file, the pages and the certificates again; what is broken is told and the old
/// stays in force. SIGTERM lets everybody finish; a second one does not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sorry config example > sorry.toml
  sorry check-config sorry.toml
  sorry run sorry.toml
  sorry run -c sorry.toml --takeover

Exit codes: 0 ended, at the latest after `drain-time`; 1 it could not be done; 2 the configuration is wrong, or a file or an \
address that it \
names; 3 a second signal cut open connections.")]
pub(super) struct Run {
    /// The same, without a flag
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The configuration file [default: /etc/sorry/sorry.toml]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take the listening sockets over from the process that runs now, so that no connection is refused; it finishes
    /// what it has begun and ends. Where nobody runs, this is a first start. SOCKET is its admin socket, where that is not
    /// the one in the configuration file
    #[arg(long, value_name = "SOCKET", num_args = 0..=1, require_equals = true)]
    takeover: Option<Option<PathBuf>>,
    /// Watch and decide as configured, and switch nothing: what each switch would have done is told, in the log and the
    /// history, as if it were configured with `act = "observe"`. No switch can be configured yet: they come with a later release
    #[arg(long)]
    observe: bool,
}

impl Run {
    pub(super) fn run(self) -> ExitCode {
        let path = match self.path() {
            Ok(path) => path,
            Err(why) => {
                eprintln!("sorry: {why}");
                return ExitCode::from(exit::USAGE);
            }
        };
        // Told to whoever asks for the status, from whatever folder.
        let file = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
        let succession = match self.takeover {
            None => Succession::First,
            Some(socket) => Succession::Takeover(socket),
        };
        let hands = match self.observe {
            true => Hands::Bound,
            false => Hands::Free,
        };
        let read = move || config::load(&path);
        match read() {
            Ok(config) => {
                logging::start(config.log.level);
                serve(Start {
                    config,
                    read: Box::new(read),
                    file: Some(file),
                    succession,
                    hands,
                })
            }
            Err(report) => refused(&daemon::with_files(report)),
        }
    }
}

/// Where it is unless it is named.
const USUAL: &str = "/etc/sorry/sorry.toml";

impl Run {
    /// The file that is meant; or why nobody can tell.
    fn path(&self) -> Result<PathBuf, String> {
        match (&self.file, &self.config) {
            (Some(file), config)
                if self.takeover == Some(None) && (config.is_some() || !file.is_file()) =>
            {
                let file = file.display();
                Err(format!("a socket is given with `=`: --takeover={file}"))
            }
            (Some(_), Some(_)) => {
                Err("the configuration file is given twice, alone and with --config".to_owned())
            }
            (Some(file), None) | (None, Some(file)) => Ok(file.clone()),
            (None, None) => Ok(USUAL.into()),
        }
    }
}

/// Runs to the end, for `serve` too.
pub(super) fn serve(start: Start) -> ExitCode {
    match daemon::run(start) {
        Ok(Ended::Drained) => ExitCode::SUCCESS,
        Ok(Ended::Cut) => ExitCode::from(exit::CUT),
        Err(RunError::Refused(report)) => refused(&report),
        Err(error) => failed(&error.into()),
    }
}
