//! Prepared answers on HTTP/2: the same choice, the same bodies, the head as a prepared block.

use sorry_core::answer::cors::Preflight;
use sorry_core::answer::{Ask, Dialect, Method, path};
use sorry_core::host::{self, Authority};

use super::desk::{Extra, Found, Refused, Visit};
use super::{fault, redirect};
use crate::count::{Kind, Limit, Protocol};
use crate::http1::Fault;
use crate::http2::{Answer, Body, Noticed, Reply, Request, Unfinished, hpack};
use crate::page::prepared;

impl Answer for Visit<'_> {
    fn answer(&mut self, request: &Request<'_>, block: &mut Vec<u8>) -> Reply<'_> {
        let ask = ask(request);
        let authority = request.authority.map_or(Authority::Anonymous, host::parse);
        if matches!(authority, Authority::Malformed) {
            return self.refuse(
                &Refused {
                    method: ask.method_token,
                    target: ask.target,
                    ..Refused::new(Fault::Host, Protocol::Http2, 0)
                },
                block,
            );
        }
        let found = self.find(&ask, &authority, Protocol::Http2);
        push_head(&found, block);
        let unfinished = unfinished(found.kind);
        let body = match &found.prepared.body {
            prepared::Body::Empty => Body::None,
            _ if ask.method == Method::Head => Body::None,
            prepared::Body::Solid(bytes) => Body::Shared(bytes),
            prepared::Body::Holes(template) => {
                let filled = self.filled();
                filled.clear();
                template.fill(&found.filling, filled);
                Body::Filled(filled)
            }
        };
        Reply { body, unfinished }
    }

    fn too_large(&mut self, block: &mut Vec<u8>) -> Reply<'_> {
        self.counts().limit(Limit::Http2HeaderBytes).bump();
        self.refuse(&Refused::new(Fault::HeadTooLong, Protocol::Http2, 0), block)
    }

    fn malformed(&mut self, noticed: Noticed) {
        self.counts().fault(Fault::Http2Request).bump();
        // One that has been answered has its line in the log.
        if noticed == Noticed::AtOnce {
            let filling = self.filling();
            let refused = Refused::new(Fault::Http2Request, Protocol::Http2, 0);
            self.log_fault(&filling, &refused);
        }
    }
}

impl Visit<'_> {
    /// A fault for an answer; in HTTP/2 the connection goes on.
    fn refuse(&mut self, refused: &Refused<'_>, block: &mut Vec<u8>) -> Reply<'_> {
        self.counts().fault(refused.fault).bump();
        let filling = self.filling();
        fault::push_http2(refused.fault, &filling, block);
        self.log_fault(&filling, refused);
        Reply::from(Body::None)
    }
}

/// gRPC clients want to be told that they may stop sending; everybody else sees their answer best when they may finish.
fn unfinished(kind: Kind) -> Unfinished {
    match kind {
        Kind::Refusal(Dialect::Grpc | Dialect::GrpcWeb | Dialect::GrpcWebText) => Unfinished::Reset,
        _ => Unfinished::Drain,
    }
}

/// What of a request decides its answer.
fn ask<'q>(request: &Request<'q>) -> Ask<'q> {
    let mut ask = Ask {
        target: request.path,
        ..Ask::new(request.method, path::of_target(request.path))
    };
    // RFC 8441: a WebSocket over HTTP/2 is an extended CONNECT.
    ask.websocket = request.protocol == Some(b"websocket");
    for (name, value) in request.fields() {
        ask.take_field(name, value);
    }
    ask
}

fn push_head(found: &Found<'_, '_>, block: &mut Vec<u8>) {
    found.prepared.block.fill(&found.filling, block);
    block.extend_from_slice(&found.cors.block);
    match found.extra {
        Extra::None => {}
        Extra::Preflight(preflight) => push_preflight(&preflight, block),
        Extra::Location(page, target) => {
            let mut location = Vec::new();
            redirect::push_location(page, target, &mut location);
            push_field(b"location", &location, block);
        }
    }
    if found.alt_svc.is_some() {
        push_field(b"alt-svc", b"clear", block);
    }
}

fn push_preflight(preflight: &Preflight<'_>, block: &mut Vec<u8>) {
    push_field(b"access-control-allow-methods", preflight.method, block);
    if let Some(headers) = preflight.headers {
        push_field(b"access-control-allow-headers", headers, block);
    }
}

fn push_field(name: &[u8], value: &[u8], block: &mut Vec<u8>) {
    hpack::encode_field_start(name, block);
    hpack::encode_raw_value(value, block);
}
