//! Giving orders: to one site or to several, each told what came of it. The verbs that order something end here.

use std::collections::HashSet;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::admin_socket::{AdminSocket, wrong};
use super::asking::{code_of, told};
use super::exit;
use super::output::{print, print_json};
use super::site_names;
use crate::admin::FaultKind;
use crate::admin::api::Api;
use crate::admin::client::ClientError;
use crate::admin::order::{Done, Order};

/// What every order takes.
#[derive(Debug, Args)]
pub(super) struct Giving {
    /// Why, for other operators: in status, history and audit, and in alerts about the order
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print what came of it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminSocket,
}

/// Which sites.
#[derive(Debug, Args)]
pub(super) struct Sites {
    /// The sites
    #[arg(value_name = "SITE", required_unless_present = "all", add = site_names::completer())]
    sites: Vec<String>,
    /// All sites
    #[arg(long, conflicts_with = "sites")]
    all: bool,
}

impl Giving {
    /// Tells what is wrong with what was typed.
    pub(super) fn wrong(&self, why: &str) -> ExitCode {
        wrong(why, self.json)
    }

    /// Gives an order to some sites.
    pub(super) fn to_all(&self, sites: &Sites, order: &Order) -> ExitCode {
        let api = match self.admin.api(self.json) {
            Ok(api) => api,
            Err(told) => return told,
        };
        if !sites.all {
            return self.give(&api, &sites.sites, order);
        }
        match api.standing() {
            Ok(standing) if standing.sites.is_empty() => {
                wrong("this daemon watches no sites", self.json)
            }
            Ok(standing) => {
                let names = standing.sites.into_iter().map(|site| site.name);
                self.give(&api, &names.collect::<Vec<_>>(), order)
            }
            Err(error) => told(error, self.json),
        }
    }

    /// Gives an order to one site.
    pub(super) fn to(&self, site: &str, order: &Order) -> ExitCode {
        match self.admin.api(self.json) {
            Ok(api) => self.give(&api, &[site.to_owned()], order),
            Err(told) => told,
        }
    }

    fn give(&self, api: &Api, sites: &[String], order: &Order) -> ExitCode {
        let mut worst = 0;
        let mut out = String::new();
        let mut results = Vec::new();
        let mut seen = HashSet::new();
        // Whoever types a name twice means it once.
        for site in sites.iter().filter(|site| seen.insert(*site)) {
            match api.order(site, order.clone(), self.reason.clone()) {
                Ok(done) => {
                    if done.unkept.is_some() {
                        worst = worst.max(exit::FAILED);
                    }
                    out.push_str(&said(site, &done));
                    results.push(json!({ "site": site, "done": done }));
                }
                Err(error) => {
                    worst = worst.max(code_of(&error));
                    if !self.json {
                        eprintln!("sorry: {site}: {error}");
                    }
                    results.push(json!({ "site": site, "error": refused(&error) }));
                    // Nobody answers for the others either.
                    if !matches!(error, ClientError::Fault(_)) {
                        break;
                    }
                }
            }
        }
        let printed = match self.json {
            true => print_json(&json!({ "orders": results })),
            false => print(&out),
        };
        match worst {
            0 => printed,
            code => ExitCode::from(code),
        }
    }
}

fn refused(error: &ClientError) -> Value {
    match error {
        ClientError::Fault(fault) => json!(fault),
        other => json!({ "kind": "unreachable", "message": other.to_string() }),
    }
}

/// What a person is told: each line begins with the site, whether the daemon has said so or not.
fn said(site: &str, done: &Done) -> String {
    let prefix = format!("{site}: ");
    let line = |line: &String| match line.starts_with(&prefix) {
        true => format!("{line}\n"),
        false => format!("{prefix}{line}\n"),
    };
    match done.told.is_empty() {
        true => format!("{prefix}done\n"),
        false => done.told.iter().map(line).collect(),
    }
}

/// What was typed is wrong, or it could not be done.
pub(super) fn code_of_kind(kind: FaultKind) -> u8 {
    match kind {
        FaultKind::Unknown | FaultKind::Malformed | FaultKind::TooLong => exit::USAGE,
        _ => exit::FAILED,
    }
}
