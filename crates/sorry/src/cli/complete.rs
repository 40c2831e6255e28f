//! `sorry complete`: completions for shells, from the one definition of the command line. The script asks this program at each key, so
//! that it knows the sites of the running daemon, too (`site_names`).

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use super::output::print;
use super::{Arguments, failed};

/// The variable by which the script asks. A name of our own: whoever sets it for another program does not ask us.
const ASKED: &str = "SORRY_COMPLETE";

/// zsh reads a file `_sorry` of its search path only when it is needed (zshcompsys(1), Autoloaded files), and then what it only
/// registers would come too late for the key that was pressed.
const AT_ONCE: &str = r#"
if [ "$funcstack[1]" = "_sorry" ]; then
    _clap_dynamic_completer_sorry "$@"
fi
"#;

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(
    after_help = "The names of sites are asked of the daemon at the usual admin socket, or where --admin or --config of the line say; whoever may not ask \
it gets none.

Examples:
  sorry complete bash > /etc/bash_completion.d/sorry

Exit codes: 0 done; 1 it could not be printed; 2 what was typed is wrong."
)]
pub(super) struct Complete {
    /// The shell
    shell: Shell,
}

impl Complete {
    pub(super) fn run(self) -> ExitCode {
        let shells = Shells::builtins();
        let Some(shell) = shells.completer(&self.shell.to_string()) else {
            return failed(&anyhow::anyhow!("no completions for {}", self.shell));
        };
        let mut script = Vec::new();
        if let Err(error) = shell.write_registration(ASKED, "sorry", "sorry", "sorry", &mut script)
        {
            return failed(&error.into());
        }
        let script = String::from_utf8_lossy(&script);
        match self.shell {
            Shell::Zsh => print(&format!("{}\n{AT_ONCE}", script.trim_end())),
            _ => print(&script),
        }
    }
}

/// Answers a shell that asks what could stand next, and ends; does nothing where none asks.
pub(super) fn answer() {
    CompleteEnv::with_factory(Arguments::command)
        .var(ASKED)
        .bin("sorry")
        .complete();
}
