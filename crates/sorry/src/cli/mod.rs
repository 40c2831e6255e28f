//! The command line: one definition that feeds parsing, help, completions and man pages; one file per verb.

mod admin_socket;
mod alert;
mod approve;
mod asking;
mod audit;
mod check_config;
mod complete;
mod config_keys;
mod down;
mod drain;
mod explain;
mod extend;
mod giving;
mod history;
mod kernel;
mod logging;
mod man;
mod output;
mod privileges;
mod reload;
mod run;
mod runner;
mod say;
mod schedule;
mod serve;
mod site_names;
mod status;
mod terminal;
mod token;
mod typed;
mod up;

use std::process::ExitCode;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{Parser, Subcommand};

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
    #[command(hide = true)]
    Runner(runner::Runner),
    Status(status::Status),
    Explain(explain::Explain),
    History(history::History),
    Down(down::Down),
    Up(up::Up),
    Extend(extend::Extend),
    Say(say::Say),
    Drain(drain::Drain),
    Schedule(Box<schedule::Schedule>),
    Approve(approve::Approve),
    #[command(subcommand)]
    Kernel(kernel::KernelVerb),
    Audit(audit::Audit),
    #[command(subcommand)]
    Alert(alert::AlertVerb),
    Reload(reload::Reload),
    Token(token::Token),
    CheckConfig(check_config::CheckConfig),
    #[command(subcommand)]
    Config(config_keys::ConfigVerb),
    Complete(complete::Complete),
    Man(man::Man),
}

impl Arguments {
    /// Reads the command line; ends the process where it asks for help or cannot be understood, or where a shell asks what could
    /// stand next.
    pub fn read() -> Arguments {
        complete::answer();
        Arguments::try_parse().unwrap_or_else(|mut error| {
            advise(&mut error);
            error.exit()
        })
    }
}

/// Verbs of other programs, with what does it here.
const ELSEWHERE: [(&[&str], &str); 3] = [
    (
        &["stop", "quit", "kill"],
        "`systemctl stop sorry`, or send SIGTERM: `sorry status` says the pid",
    ),
    (
        &["restart"],
        "`systemctl restart sorry`, or `sorry run --takeover` beside it; `sorry reload` reads the configuration again",
    ),
    (
        &["start"],
        "`sorry serve`, `sorry run FILE`, or `systemctl start sorry`",
    ),
];

/// Adds what was meant to the error on a verb that there is not.
fn advise(error: &mut clap::Error) {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let known = ELSEWHERE
        .iter()
        .find(|(verbs, _)| verbs.contains(&typed.as_str()));
    if let Some((_, tip)) = known {
        let tip = vec![StyledStr::from(*tip)];
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tip));
    }
}

/// Does what the arguments say.
pub fn main(arguments: Arguments) -> ExitCode {
    match arguments.verb {
        Verb::Serve(verb) => verb.run(),
        Verb::Run(verb) => verb.run(),
        Verb::Runner(verb) => verb.run(),
        Verb::Status(verb) => verb.run(),
        Verb::Explain(verb) => verb.run(),
        Verb::History(verb) => verb.run(),
        Verb::Down(verb) => verb.run(),
        Verb::Up(verb) => verb.run(),
        Verb::Extend(verb) => verb.run(),
        Verb::Say(verb) => verb.run(),
        Verb::Drain(verb) => verb.run(),
        Verb::Schedule(verb) => verb.run(),
        Verb::Approve(verb) => verb.run(),
        Verb::Kernel(verb) => verb.run(),
        Verb::Audit(verb) => verb.run(),
        Verb::Alert(verb) => verb.run(),
        Verb::Reload(verb) => verb.run(),
        Verb::Token(verb) => verb.run(),
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
