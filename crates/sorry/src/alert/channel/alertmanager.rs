//! Prometheus Alertmanager, API v2: an alert is known by its labels, stays while it is sent again, and is over when it is sent with
//! an end. What is sent again is the queue's business; grouping, silence and routes are Alertmanager's.

use serde_json::{Value, json};

use crate::alert::fault::Fault;
use crate::alert::http::{Post, resolve};
use crate::alert::message::{Message, PhaseWord};
use crate::config::alert::Url;

/// How long a note is shown: it has no end of its own. In seconds.
const NOTE_SECONDS: u64 = 300;

/// Nothing where Alertmanager has no form for it: it hears of what goes on by its being sent again.
pub(in crate::alert) fn post(url: &Url, messages: &[&Message]) -> Result<Option<Post>, Fault> {
    let alerts: Vec<Value> = messages
        .iter()
        .filter_map(|message| alert(message))
        .collect();
    if alerts.is_empty() {
        return Ok(None);
    }
    let url = format!("{}/api/v2/alerts", resolve(url)?.trim_end_matches('/'));
    Ok(Some(super::json(url, &Value::Array(alerts))))
}

fn alert(message: &Message) -> Option<Value> {
    let mut labels = json!({
        "alertname": name(message),
        "site": message.site.as_deref().unwrap_or("all"),
        "severity": message.severity.label(),
        "planned": message.planned.to_string(),
        "observed": message.observed.to_string(),
        "host": message.host,
    });
    if let (Some(about), Some(labels)) = (&message.about, labels.as_object_mut()) {
        labels.insert("about".to_owned(), json!(about));
    }
    let ends = match message.phase {
        PhaseWord::Firing => None,
        PhaseWord::Update => return None,
        PhaseWord::Resolved => Some(message.at.clone()),
        PhaseWord::Note => Some(after(message, NOTE_SECONDS)),
    };
    let starts = match message.phase {
        // It is late from now on, whenever the maintenance began.
        PhaseWord::Firing if message.kind == "maintenance" || message.kind == "forced-live" => {
            &message.at
        }
        PhaseWord::Note => &message.at,
        _ => &message.began,
    };
    let mut alert = json!({
        "labels": labels,
        "annotations": { "summary": message.subject, "description": message.text },
        "startsAt": starts,
    });
    if let (Some(ends), Some(alert)) = (ends, alert.as_object_mut()) {
        alert.insert("endsAt".to_owned(), json!(ends));
    }
    Some(alert)
}

fn name(message: &Message) -> &'static str {
    match &*message.kind {
        "outage" => "SorrySiteDown",
        "maintenance" | "forced-live" => match message.phase {
            PhaseWord::Note => "SorryMaintenanceNote",
            _ => "SorryMaintenanceLate",
        },
        "doubt" => "SorryDoubt",
        "switch" => "SorrySwitchTrouble",
        "real-server" => "SorryRealServerDown",
        "certificate" => "SorryCertificateEnds",
        _ => "SorryTest",
    }
}

fn after(message: &Message, seconds: u64) -> String {
    let millis = message
        .at_seconds
        .saturating_add(seconds)
        .saturating_mul(1000);
    crate::alert::words::moment(sorry_core::moment::Wall(millis))
}
