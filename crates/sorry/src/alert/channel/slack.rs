//! Slack's incoming webhook: a text. `&`, `<` and `>` are the three characters that mean something in it.

use serde_json::json;

use crate::alert::fault::Fault;
use crate::alert::http::{Post, resolve};
use crate::alert::message::{Message, PhaseWord};
use crate::config::alert::Url;

pub(super) fn post(url: &Url, message: &Message) -> Result<Post, Fault> {
    let mark = match message.phase {
        PhaseWord::Firing => ":red_circle:",
        PhaseWord::Update => ":large_orange_circle:",
        PhaseWord::Resolved => ":large_green_circle:",
        PhaseWord::Note => ":information_source:",
    };
    let (subject, text) = (escape(&message.subject), escape(&message.text));
    let body = json!({ "text": format!("{mark} *{subject}*\n{text}_{}_", escape(&message.host)) });
    Ok(super::json(resolve(url)?, &body))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
