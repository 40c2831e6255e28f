//! Prepared answers on HTTP/1: fill the holes, add what only this request decides, end the head, add the body.

use sorry_core::answer::Method;
use sorry_core::answer::cors::Preflight;

use super::desk::{Extra, Found, Refused, Visit};
use super::{fault, redirect};
use crate::count::{Limit, Protocol};
use crate::http1::{Bound, Fault, Head, Out, Parsed, Respond, Turn, Version, method_of, parse};
use crate::page::prepared::Body;

impl Respond for Visit<'_> {
    fn respond(&mut self, head: &Head<'_>, turn: Turn, out: &mut Out) -> Turn {
        let protocol = match head.version {
            Version::Http10 => Protocol::Http10,
            Version::Http11 => Protocol::Http11,
        };
        let found = self.find(&head.ask, &head.authority, protocol);
        let turn = match found.extra {
            // The answer to a preflight must not outlive the outage in a kept connection.
            Extra::Preflight(_) => Turn::Close,
            _ => turn,
        };
        write(&found, head.ask.method, turn, out);
        turn
    }

    fn reached(&mut self, bound: Bound) {
        let limit = match bound {
            Bound::Requests => Limit::Requests,
            Bound::BodyBytes => Limit::BodyBytes,
        };
        self.counts().limit(limit).bump();
    }

    fn broken(&mut self, fault: Fault) {
        self.counts().fault(fault).bump();
    }

    fn fault(&mut self, fault: Fault, method: Method, out: &mut Out) {
        self.counts().fault(fault).bump();
        match fault {
            Fault::HeadTooLong | Fault::TargetTooLong => {
                self.counts().limit(Limit::HeadBytes).bump();
            }
            Fault::HeadTooSlow => self.counts().limit(Limit::HeadTime).bump(),
            _ => {}
        }
        let filling = self.filling();
        let length = fault::push_http1(fault, method, &filling, &mut out.bytes);
        self.log_fault(&filling, &Refused::new(fault, Protocol::Http11, length));
    }
}

impl Visit<'_> {
    /// Plain HTTP on a port that speaks TLS. With a `port`, a request for one of our names is sent to https there
    /// (308 keeps its method); everybody else hears what is wrong.
    pub fn plain_on_tls(&mut self, bytes: &[u8], port: Option<u16>, out: &mut Out) {
        if let (Parsed::Whole(head, _), Some(port)) = (parse(bytes), port)
            && let Some(name) = self.known_name(&head.authority)
        {
            let filling = self.filling();
            self.counts().fault(Fault::PlainOnTls).bump();
            fault::push_https(
                name,
                port,
                path_and_query(head.ask.target),
                &filling,
                &mut out.bytes,
            );
            let refused = Refused {
                method: head.ask.method_token,
                target: head.ask.target,
                status: 308,
                ..Refused::new(Fault::PlainOnTls, Protocol::Http11, 0)
            };
            self.log_fault(&filling, &refused);
            return;
        }
        self.fault(Fault::PlainOnTls, method_of(bytes), out);
    }
}

/// Of an origin-form target, as long as it is plain; anything else leads to the front page.
fn path_and_query(target: &[u8]) -> &[u8] {
    let plain = target.len() <= 2048
        && target
            .iter()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\'));
    if target.starts_with(b"/") && !target.starts_with(b"//") && plain {
        target
    } else {
        b"/"
    }
}

fn write(found: &Found<'_, '_>, method: Method, turn: Turn, out: &mut Out) {
    found.prepared.head.fill(&found.filling, &mut out.bytes);
    out.bytes.extend_from_slice(&found.cors.head);
    match found.extra {
        Extra::None => {}
        Extra::Preflight(preflight) => push_preflight(&preflight, &mut out.bytes),
        Extra::Location(page, target) => {
            out.bytes.extend_from_slice(b"Location: ");
            redirect::push_location(page, target, &mut out.bytes);
            out.bytes.extend_from_slice(b"\r\n");
        }
    }
    if found.alt_svc.is_some() {
        out.bytes.extend_from_slice(b"Alt-Svc: clear\r\n");
    }
    out.bytes.extend_from_slice(turn.ending());
    if method == Method::Head {
        return;
    }
    match &found.prepared.body {
        Body::Empty => {}
        Body::Solid(body) => out.push_body(body),
        Body::Holes(template) => template.fill(&found.filling, &mut out.bytes),
    }
}

fn push_preflight(preflight: &Preflight<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Access-Control-Allow-Methods: ");
    out.extend_from_slice(preflight.method);
    out.extend_from_slice(b"\r\n");
    if let Some(headers) = preflight.headers {
        out.extend_from_slice(b"Access-Control-Allow-Headers: ");
        out.extend_from_slice(headers);
        out.extend_from_slice(b"\r\n");
    }
}
