//! The command line: one definition that feeds parsing, help, completions and man pages; one file per verb.

mod check_config;
mod complete;
mod explain;
mod logging;
mod man;
mod output;
mod reload;
mod run;
mod serve;
mod status;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Exit codes, the same for every verb.
mod exit {
    /// It could not be done.
    pub(super) const FAILED: u8 = 1;
    /// What was typed, in flags or in the configuration, is wrong.
    pub(super) const USAGE: u8 = 2;
    /// A second signal cut connections that were still open.
    pub(super) const CUT: u8 = 3;
}

/// Keeps a web site polite while it is down.
///
/// Every visitor, crawler and API client gets a true answer at once: 503, come back in N seconds, in the dialect each of
/// them speaks. Try it: `sorry serve`, then open http://127.0.0.1:8080/
#[derive(Debug, Parser)]
#[command(
    name = "sorry",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done; 1 it could not be done; 2 what was typed is wrong; 3 a second signal cut open connections."
)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(serve::Serve),
    Run(run::Run),
    Reload(reload::Reload),
    Status(status::Status),
    CheckConfig(check_config::CheckConfig),
    #[command(subcommand)]
    Config(explain::ConfigVerb),
    Complete(complete::Complete),
    Man(man::Man),
}

/// Where the running daemon is asked.
#[derive(Debug, Args)]
struct AdminSocket {
    /// The admin socket of the daemon, as `[admin] socket` in its configuration
    #[arg(long, value_name = "PATH", default_value = "/run/sorry/admin.sock")]
    admin: PathBuf,
}

/// Does what the arguments say.
pub fn main(arguments: Arguments) -> ExitCode {
    match arguments.verb {
        Verb::Serve(verb) => verb.run(),
        Verb::Run(verb) => verb.run(),
        Verb::Reload(verb) => verb.run(),
        Verb::Status(verb) => verb.run(),
        Verb::CheckConfig(verb) => verb.run(),
        Verb::Config(verb) => verb.run(),
        Verb::Complete(verb) => verb.run(),
        Verb::Man(verb) => verb.run(),
    }
}

/// Tells what is wrong, with its causes.
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("sorry: {error:#}");
    ExitCode::from(exit::FAILED)
}

/// Shows a report with colours where a person looks.
fn refused(report: &crate::config::Report) -> ExitCode {
    use std::io::IsTerminal as _;
    let color = if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        crate::config::Color::Coloured
    } else {
        crate::config::Color::Plain
    };
    eprint!("{}", report.render(color));
    for warning in report.warnings() {
        eprintln!("warning: {warning}");
    }
    ExitCode::from(exit::USAGE)
}
