//! The state of a running daemon as `sorry status` shows it: a plain value, made by the daemon, sent as JSON, shown as
//! a table. Optional fields that are not there are left out of the JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kernel::KernelStanding;
use super::message::ReloadReport;
use super::moment::Moment;
use super::standing::Standing;

/// How things are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// Its process number.
    pub pid: u32,
    /// When this was said.
    pub now: Moment,
    /// When the process started.
    pub started: Moment,
    /// Seconds since then.
    pub uptime_seconds: u64,
    /// The configuration's file; none for `sorry serve` without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    /// Which configuration is in force; it grows with each reload that is applied.
    pub generation: u64,
    /// The sites, in the order of the configuration.
    pub sites: Vec<SiteStatus>,
    /// Answers given since the process started to host names that are nobody's; no site counts them.
    #[serde(default)]
    pub other_answers: u64,
    /// What is watched and decided.
    #[serde(default)]
    pub standing: Standing,
    /// Where it listens.
    pub listeners: Vec<ListenerStatus>,
    /// The workers, in the order of their numbers.
    pub workers: Vec<WorkerStatus>,
    /// How often each limit was reached, by the name of its setting; only those that were.
    pub limits_reached: BTreeMap<String, u64>,
    /// The certificates that are served.
    pub certificates: Vec<CertificateStatus>,
    /// What is answered in the kernel, where the configuration names an interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<KernelStanding>,
    /// Why no program of a check or an alert can be started now, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs: Option<String>,
    /// What came of the last reload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reload: Option<ReloadReport>,
}

/// One site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SiteStatus {
    /// Its name.
    pub name: String,
    /// The host names it answers for; none means every one.
    pub hosts: Vec<String>,
    /// How it refuses.
    pub mode: Mode,
    /// The HTTP status it refuses with.
    pub status: u16,
    /// When it is expected back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// What the operator said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// What Retry-After says now, before it is spread over the clients.
    pub retry_after_seconds: u32,
    /// Where the page comes from: a path, or `built-in`.
    pub page: String,
    /// What is worth a second look at the page and the settings.
    pub warnings: Vec<String>,
    /// Answers given since the process started.
    pub answers: u64,
}

/// How a site refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Every URL answers for itself.
    InPlace,
    /// People are sent to the page.
    Redirect,
}

/// One address that is listened on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListenerStatus {
    /// The address, with the port that the kernel chose where none was.
    pub address: String,
    /// What is spoken there: `http`, `https`, `metrics`, `admin`, ...
    pub protocol: String,
}

/// One worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerStatus {
    /// Its number, from 0.
    pub number: usize,
    /// The CPU it is pinned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<usize>,
    /// Connections that are open.
    pub connections: u64,
    /// Connections accepted since the process started.
    pub accepted: u64,
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CertificateStatus {
    /// The names it is for.
    pub names: Vec<String>,
    /// The file it came from.
    pub file: String,
    /// Its last second.
    pub not_after: Moment,
    /// Why its files could not be read again; the old one is served meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mistake: Option<String>,
}
