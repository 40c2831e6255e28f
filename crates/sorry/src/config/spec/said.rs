//! What checks of two kinds say alike: the request of http and https, and the dialogue of tcp and tls. Both are written once here.
//!
//! The tables themselves are in `kinds.rs`; what they mean is found by `meaning/bodies.rs`.

use crate::config::check::HttpVersion;
use crate::config::http_text::{Authority, Field, Method, PathQuery, Pattern, Statuses};
use crate::config::payload::{Digest, Hex, Payload};
use crate::config::reader::At;
use crate::config::size::Bytes;

/// The longest body that is read.
pub(in crate::config) type BodyBytes = Bytes<1, 16_777_216>;

/// What was typed in a check about its request and the answer.
#[derive(Debug)]
pub(in crate::config) struct OwnRequest {
    pub(in crate::config) path: Option<At<PathQuery>>,
    pub(in crate::config) method: Option<At<Method>>,
    pub(in crate::config) host: Option<At<Authority>>,
    pub(in crate::config) headers: Option<At<Vec<At<Field>>>>,
    pub(in crate::config) version: Option<At<HttpVersion>>,
    pub(in crate::config) status: Option<At<Vec<At<Statuses>>>>,
    pub(in crate::config) contains: Option<At<Payload>>,
    pub(in crate::config) regex: Option<At<Pattern>>,
    pub(in crate::config) not_regex: Option<At<Pattern>>,
    pub(in crate::config) digest: Option<At<Digest>>,
    pub(in crate::config) body_bytes: Option<At<BodyBytes>>,
}

/// What was typed in a check about what is said on its connection.
#[derive(Debug)]
pub(in crate::config) struct OwnDialogue {
    pub(in crate::config) send: Option<At<Payload>>,
    pub(in crate::config) send_hex: Option<At<Hex>>,
    pub(in crate::config) expect: Option<At<Payload>>,
    pub(in crate::config) expect_hex: Option<At<Hex>>,
}

/// Declares the table of a check that asks over HTTP.
macro_rules! asking_table {
    (
        $(#[doc = $about:literal])+
        struct $name:ident is $kind:ident { $($own:tt)* }
    ) => {
        check_table! {
            $(#[doc = $about])+
            struct $name is $kind {
                /// The path that is asked for, with its query if need be.
                #[key = "path"]
                #[default = "\"/\""]
                #[example = "\"/healthz\""]
                path: PathQuery,

                /// The method.
                #[key = "method"]
                #[default = "\"GET\""]
                #[example = "\"HEAD\""]
                method: Method,

                /// The Host field. Without it that is the host of the real server, with its port where that is not the usual one.
                #[key = "host"]
                #[optional]
                #[example = "\"shop.example.com\""]
                host: Authority,

                /// More header fields.
                #[key = "headers"]
                #[default = "[]"]
                #[example = "[\"X-Probe: sorry\"]"]
                headers: Vec<At<Field>>,

                /// The version of HTTP. `"2"` is HTTP/2, without TLS by prior knowledge.
                #[key = "version"]
                #[default = "\"1.1\""]
                #[example = "\"2\""]
                version: HttpVersion,

                /// The statuses that are good, each a number or a range. That redirects are good, too, keeps a site up whose `/` sends
                /// people to `/en/`; keepalived takes `["200-299"]`.
                #[key = "status"]
                #[default = "[\"200-399\"]"]
                #[example = "[\"200-299\", 304]"]
                status: Vec<At<Statuses>>,

                /// What the body must contain. Where `contains`, `regex`, `not-regex` and `digest` stand together, all must hold.
                #[key = "contains"]
                #[optional]
                #[example = "\"ready\""]
                contains: Payload,

                /// A regular expression that must match somewhere in the body.
                #[key = "regex"]
                #[optional]
                #[example = "\"ready|ok\""]
                regex: Pattern,

                /// A regular expression that must match nowhere in the body.
                #[key = "not-regex"]
                #[optional]
                #[example = "\"(?i)database error\""]
                not_regex: Pattern,

                /// The SHA-256 of the body, in hexadecimal: `curl -s URL | sha256sum` prints it.
                #[key = "digest"]
                #[optional]
                #[example = "\"2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df\""]
                digest: Digest,

                /// The longest body that is read to judge it; a longer one is bad. One that nothing is asked of is read and
                /// forgotten, as far as this.
                #[key = "body-bytes"]
                #[default = "\"64 KiB\""]
                #[example = "\"1 MiB\""]
                body_bytes: BodyBytes,

                $($own)*
            }
        }

        impl $name {
            /// What is said about the request, taken out.
            pub(in crate::config) fn take_request(&mut self) -> OwnRequest {
                OwnRequest {
                    path: self.path.take(),
                    method: self.method.take(),
                    host: self.host.take(),
                    headers: self.headers.take(),
                    version: self.version.take(),
                    status: self.status.take(),
                    contains: self.contains.take(),
                    regex: self.regex.take(),
                    not_regex: self.not_regex.take(),
                    digest: self.digest.take(),
                    body_bytes: self.body_bytes.take(),
                }
            }
        }
    };
}

/// Declares the table of a check that says something on a connection, and hears something.
macro_rules! talking_table {
    (
        $(#[doc = $about:literal])+
        struct $name:ident is $kind:ident { $($own:tt)* }
    ) => {
        check_table! {
            $(#[doc = $about])+
            struct $name is $kind {
                /// What is sent first, as it is: lines end where `\r\n` says so.
                #[key = "send"]
                #[optional]
                #[example = "\"PING\\r\\n\""]
                send: Payload,

                /// What is sent first, in hexadecimal.
                #[key = "send-hex"]
                #[instead = "send"]
                #[example = "\"00 ff\""]
                send_hex: Hex,

                /// What must come somewhere in the answer.
                #[key = "expect"]
                #[optional]
                #[example = "\"+PONG\""]
                expect: Payload,

                /// The same in hexadecimal.
                #[key = "expect-hex"]
                #[instead = "expect"]
                #[example = "\"00 ff\""]
                expect_hex: Hex,

                $($own)*
            }
        }

        impl $name {
            /// What is said on the connection, taken out.
            pub(in crate::config) fn take_dialogue(&mut self) -> OwnDialogue {
                OwnDialogue {
                    send: self.send.take(),
                    send_hex: self.send_hex.take(),
                    expect: self.expect.take(),
                    expect_hex: self.expect_hex.take(),
                }
            }
        }
    };
}

pub(super) use {asking_table, talking_table};
