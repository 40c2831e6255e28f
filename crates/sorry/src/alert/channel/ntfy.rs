//! ntfy: the text is the body; title, priority and tags are header fields, so they are printable ASCII.

use std::path::Path;

use crate::alert::fault::Fault;
use crate::alert::http::{Post, resolve, secret};
use crate::alert::message::{Message, PhaseWord, SeverityWord, header_safe};
use crate::config::alert::Url;

/// The longest title, in characters.
const TITLE: usize = 200;

pub(super) fn post(url: &Url, token: Option<&Path>, message: &Message) -> Result<Post, Fault> {
    let priority = match (message.phase, message.severity) {
        (PhaseWord::Resolved | PhaseWord::Note, _) | (_, SeverityWord::Info) => "3",
        (_, SeverityWord::Warning) => "4",
        (_, SeverityWord::Critical) => "5",
    };
    let tag = match message.phase {
        PhaseWord::Firing => "rotating_light",
        PhaseWord::Update => "warning",
        PhaseWord::Resolved => "white_check_mark",
        PhaseWord::Note => "information_source",
    };
    let mut headers = vec![
        ("title", header_safe(&message.subject, TITLE)),
        ("priority", priority.to_owned()),
        ("tags", tag.to_owned()),
        ("x-sorry-id", message.id.clone()),
    ];
    if let Some(token) = token {
        headers.push(("authorization", format!("Bearer {}", secret(token)?)));
    }
    Ok(Post {
        url: resolve(url)?,
        headers,
        content_type: "text/plain; charset=utf-8",
        body: message.text.clone().into_bytes(),
    })
}
