//! A Teams workflow ("post to a channel when a webhook request is received"): an adaptive card. Text stands in runs, in which no
//! character means anything.

use serde_json::json;

use crate::alert::fault::Fault;
use crate::alert::http::{Post, resolve};
use crate::alert::message::{Message, PhaseWord};
use crate::config::alert::Url;

pub(super) fn post(url: &Url, message: &Message) -> Result<Post, Fault> {
    let color = match message.phase {
        PhaseWord::Firing => "Attention",
        PhaseWord::Update => "Warning",
        PhaseWord::Resolved => "Good",
        PhaseWord::Note => "Default",
    };
    let text = |text: &str, weight: &str, color: &str| {
        let run = json!({ "type": "TextRun", "text": text, "weight": weight, "color": color });
        json!({ "type": "RichTextBlock", "inlines": [run] })
    };
    let card = json!({
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": [
            text(&message.subject, "Bolder", color),
            text(message.text.trim_end(), "Default", "Default"),
            text(&message.host, "Lighter", "Default"),
        ],
    });
    let body = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": card,
        }],
    });
    Ok(super::json(resolve(url)?, &body))
}
