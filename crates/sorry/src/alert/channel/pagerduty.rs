//! PagerDuty's Events API v2: `trigger` and `resolve`, held together by the incident's key. Notes page nobody.

use std::path::Path;

use serde_json::json;

use crate::alert::fault::Fault;
use crate::alert::http::{Post, resolve, secret};
use crate::alert::message::{Message, PhaseWord};
use crate::config::alert::Url;

/// The longest summary that PagerDuty takes, in characters.
const SUMMARY: usize = 1024;

pub(super) fn post(url: &Url, key: &Path, message: &Message) -> Result<Option<Post>, Fault> {
    let action = match message.phase {
        // Another trigger with the same key is put to the same incident.
        PhaseWord::Firing | PhaseWord::Update => "trigger",
        PhaseWord::Resolved => "resolve",
        PhaseWord::Note if message.kind == "test" => "trigger",
        PhaseWord::Note => return Ok(None),
    };
    let summary: String = message.subject.chars().take(SUMMARY).collect();
    let details = serde_json::to_value(message).unwrap_or_default();
    let body = json!({
        "routing_key": secret(key)?,
        "event_action": action,
        "dedup_key": format!("{}/{}", message.host, message.key),
        "payload": {
            "summary": summary,
            "source": message.host,
            "severity": message.severity.label(),
            "timestamp": message.at,
            "component": message.site,
            "class": message.kind,
            "custom_details": details,
        },
    });
    Ok(Some(super::json(resolve(url)?, &body)))
}
