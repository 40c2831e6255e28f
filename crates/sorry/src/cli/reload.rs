//! `sorry reload`: the running daemon reads its configuration, pages and certificates again.

use std::process::ExitCode;

use clap::Args;

use super::admin_socket::AdminSocket;
use super::asking::told;
use super::exit;
use super::output::{print, print_json};
use crate::admin::ReloadReport;

/// Read configuration, pages and certificates again. What is broken is told, and the old stays in force.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the new configuration is in force; 1 the daemon could not be asked, or refused; 2 the new one has \
                  mistakes, and the old one stays in force."
)]
pub(super) struct Reload {
    #[command(flatten)]
    admin: AdminSocket,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Reload {
    pub(super) fn run(self) -> ExitCode {
        let api = match self.admin.api(self.json) {
            Ok(api) => api,
            Err(told) => return told,
        };
        let asked = api.reload();
        match asked {
            Ok(report) => self.show(&report),
            Err(error) => told(error, self.json),
        }
    }

    fn show(&self, report: &ReloadReport) -> ExitCode {
        let printed = if self.json {
            print_json(report)
        } else {
            print(&said(report))
        };
        let refused = !report.mistakes.is_empty();
        if refused && !self.json {
            eprint!("{}", report.shown);
            eprintln!(
                "sorry: the old configuration {} stays in force",
                report.generation
            );
        }
        if refused {
            ExitCode::from(exit::USAGE)
        } else {
            printed
        }
    }
}

/// What a person is told of a reload on standard output.
fn said(report: &ReloadReport) -> String {
    let warnings = report
        .warnings
        .iter()
        .map(|warning| format!("warning: {warning}\n"));
    let changes = report.changes.iter().map(|change| format!("{change}\n"));
    let pending = report.pending.iter().map(|what| format!("{what}\n"));
    let mut said: String = warnings.chain(changes).chain(pending).collect();
    if report.mistakes.is_empty() {
        if report.changes.is_empty() {
            said.push_str("nothing has changed\n");
        }
        said.push_str(&format!(
            "configuration {} is in force\n",
            report.generation
        ));
    }
    said
}
