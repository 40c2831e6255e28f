//! `sorry reload`: the running daemon reads its configuration, pages and certificates again.

use std::process::ExitCode;

use clap::Args;

use super::{AdminSocket, exit, failed};
use crate::admin::ReloadReport;
use crate::admin::client::{RELOAD_PATIENCE, connect};

/// Read configuration, pages and certificates again. What is broken is told, and the old stays in force.
#[derive(Debug, Args)]
pub(super) struct Reload {
    #[command(flatten)]
    admin: AdminSocket,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Reload {
    pub(super) fn run(self) -> ExitCode {
        let asked =
            connect(&self.admin.admin, RELOAD_PATIENCE).and_then(|mut client| client.reload());
        match asked {
            Ok(report) => self.show(&report),
            Err(error) => failed(&error.into()),
        }
    }

    fn show(&self, report: &ReloadReport) -> ExitCode {
        if self.json {
            match serde_json::to_string_pretty(report) {
                Ok(text) => println!("{text}"),
                Err(error) => return failed(&error.into()),
            }
        } else {
            for mistake in &report.mistakes {
                eprint!("{mistake}");
            }
            for line in report
                .warnings
                .iter()
                .map(|warning| format!("warning: {warning}"))
                .chain(report.changes.clone())
            {
                println!("{line}");
            }
            if report.mistakes.is_empty() {
                println!("configuration {} is in force", report.generation);
            } else {
                eprintln!(
                    "sorry: the old configuration {} stays in force",
                    report.generation
                );
            }
        }
        if report.mistakes.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(exit::USAGE)
        }
    }
}
