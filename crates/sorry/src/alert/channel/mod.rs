//! The ways to tell somebody, a file each. All take a message whole and say whether the receiver has it; when that is tried, and
//! what follows from a fault, is `deliver`'s business.

pub(super) mod alertmanager;
pub(super) mod email;
pub(super) mod exec;
mod ntfy;
mod pagerduty;
mod slack;
mod teams;
pub(super) mod webhook;

use std::sync::Arc;

use super::fault::Fault;
use super::http::{self, Post, Trust};
use super::queue::{Parcel, Repeats};
use crate::config::alert::{Channel, Receiver};
use exec::Spawner;

/// What channels need besides the receiver and the message.
pub(super) struct Tools {
    pub(super) trust: Trust,
    pub(super) spawner: Arc<dyn Spawner>,
}

/// Whether a receiver hears again and again of what is wrong.
pub(super) fn repeats(channel: &Channel) -> Repeats {
    match channel {
        Channel::Alertmanager { .. } => Repeats::WhileFiring,
        _ => Repeats::Never,
    }
}

/// Tells it, once. How long that may take is the caller's to say; what is dropped half-way leaves nothing behind.
pub(super) async fn send(
    receiver: &Receiver,
    parcel: &mut Parcel,
    tools: &Tools,
) -> Result<(), Fault> {
    let message = Arc::clone(&parcel.message);
    let message = &*message;
    let post = match &receiver.channel {
        Channel::Email(email) => {
            return email::send(email, message, &mut parcel.got, receiver.timeout).await;
        }
        Channel::Exec { argv } => {
            return exec::send(argv, message, receiver.timeout, &*tools.spawner).await;
        }
        Channel::Webhook { url, secret } => Some(webhook::post(url, secret.as_deref(), message)?),
        Channel::Alertmanager { url } => alertmanager::post(url, &[message])?,
        Channel::Slack(url) => Some(slack::post(url, message)?),
        Channel::Teams(url) => Some(teams::post(url, message)?),
        Channel::PagerDuty { url, key } => pagerduty::post(url, key, message)?,
        Channel::Ntfy { url, token } => Some(ntfy::post(url, token.as_deref(), message)?),
    };
    match post {
        Some(post) => http::post(post, &tools.trust).await,
        // This channel has no form for it.
        None => Ok(()),
    }
}

/// A POST of JSON to a URL.
fn json(url: String, body: &serde_json::Value) -> Post {
    Post {
        url,
        headers: Vec::new(),
        content_type: "application/json",
        body: body.to_string().into_bytes(),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
