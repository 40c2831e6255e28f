//! Our own JSON to a URL, signed: an HMAC (RFC 2104) with SHA-256 over the time and the body, so that whoever has the key knows that
//! it is from us, whole, and not an old one sent again.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::hmac;

use crate::alert::fault::Fault;
use crate::alert::http::{Post, resolve, secret};
use crate::alert::message::Message;
use crate::config::alert::Url;

pub(in crate::alert) fn post(
    url: &Url,
    key: Option<&Path>,
    message: &Message,
) -> Result<Post, Fault> {
    let body = message.to_json();
    let mut headers = vec![("x-sorry-id", message.id.clone())];
    if let Some(key) = key {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = now.map_or(0, |since| since.as_secs());
        headers.push((
            "x-sorry-signature",
            signature(secret(key)?.as_bytes(), seconds, &body),
        ));
    }
    Ok(Post {
        url: resolve(url)?,
        headers,
        content_type: "application/json",
        body,
    })
}

/// `t=SECONDS,v1=HEX`: the HMAC is over the seconds, a dot, and the body.
pub(in crate::alert) fn signature(key: &[u8], seconds: u64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    context.update(seconds.to_string().as_bytes());
    context.update(b".");
    context.update(body);
    let mut out = format!("t={seconds},v1=");
    for byte in context.sign().as_ref() {
        let _infallible = write!(out, "{byte:02x}");
    }
    out
}
