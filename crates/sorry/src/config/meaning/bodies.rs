//! What checks send, and what they expect: requests and their answers, payloads and replies.

use super::Builder;
use crate::config::check::{
    BodyRule, Dialogue, Dns, Exec, FileCheck, FileWeight, Http, Smtp, TlsClient, Udp, UdpReply,
};
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::payload::{Hex, HexPattern, Payload, exactly};
use crate::config::reader::At;
use crate::config::value::Line;
use crate::config::{Purpose, spec};
use std::ops::RangeInclusive;

/// Bytes as typed in one of two ways.
struct Two {
    text: Option<At<Payload>>,
    hex: Option<At<Hex>>,
}

impl Builder<'_> {
    /// A request and what its answer must be.
    pub(super) fn request(
        &mut self,
        typed: spec::OwnRequest,
        tls: Option<TlsClient>,
    ) -> Option<Http> {
        self.no_body_of_head(&typed);
        if let Some(status) = &typed.status
            && status.value.is_empty()
            && !self.is_inside(status.place)
        {
            let mistake = Mistake::new(
                Code::Invalid,
                status.place,
                "status: no status would be good",
            );
            self.tell(mistake.hint("for example: status = [\"200-299\"]"));
        }
        let fields = typed.headers?.value.into_iter();
        Some(Http {
            tls,
            method: typed.method?.value.0,
            path: typed.path?.value.0,
            host: typed.host.map(|host| host.value.0),
            headers: fields
                .map(|field| (field.value.name, field.value.value))
                .collect(),
            version: typed.version?.value,
            status: typed
                .status?
                .value
                .into_iter()
                .map(|range| range.value.0)
                .collect(),
            body: [
                typed.contains.map(|at| BodyRule::Contains(at.value.0)),
                typed.regex.map(|at| BodyRule::Regex(at.value.0)),
                typed.not_regex.map(|at| BodyRule::NotRegex(at.value.0)),
                typed.digest.map(|at| BodyRule::Digest(at.value.0)),
            ]
            .into_iter()
            .flatten()
            .collect(),
            body_bytes: typed.body_bytes?.value.0,
        })
    }

    /// What is asked of a body where none comes.
    fn no_body_of_head(&mut self, typed: &spec::OwnRequest) {
        let Some(method) = typed.method.as_ref().filter(|at| *at.value.0 == *"HEAD") else {
            return;
        };
        let rules = [
            ("contains", typed.contains.as_ref().map(|at| at.place)),
            ("regex", typed.regex.as_ref().map(|at| at.place)),
            ("not-regex", typed.not_regex.as_ref().map(|at| at.place)),
            ("digest", typed.digest.as_ref().map(|at| at.place)),
        ];
        for (key, place) in rules {
            let Some(place) = place else { continue };
            let message = format!("{key}: an answer to HEAD has no body");
            let mistake = Mistake::new(Code::Conflict, place, message);
            self.tell(mistake.also(method.place, "the method is here"));
        }
    }

    fn bytes(&mut self, keys: [&'static str; 2], typed: Two) -> Option<Box<[u8]>> {
        let places = [
            (keys[0], typed.text.as_ref().map(|at| at.place)),
            (keys[1], typed.hex.as_ref().map(|at| at.place)),
        ];
        self.at_most_one(&places);
        let text = typed.text.map(|text| text.value.0);
        text.or(typed.hex.map(|hex| hex.value.0))
    }

    fn sent(&mut self, text: Option<At<Payload>>, hex: Option<At<Hex>>) -> Option<Box<[u8]>> {
        self.bytes(["send", "send-hex"], Two { text, hex })
    }

    fn expected(&mut self, text: Option<At<Payload>>, hex: Option<At<Hex>>) -> Option<Box<[u8]>> {
        self.bytes(["expect", "expect-hex"], Two { text, hex })
    }

    /// What is said on a connection, and what must come.
    pub(super) fn dialogue(&mut self, typed: spec::OwnDialogue) -> Dialogue {
        Dialogue {
            send: self.sent(typed.send, typed.send_hex),
            expect: self.expected(typed.expect, typed.expect_hex),
        }
    }

    pub(super) fn udp(&mut self, typed: spec::UdpCheck) -> Option<Udp> {
        let places = [
            ("expect", typed.expect.as_ref().map(|at| at.place)),
            ("expect-hex", typed.expect_hex.as_ref().map(|at| at.place)),
        ];
        self.at_most_one(&places);
        let text = typed.expect.map(|at| exactly(&at.value.0));
        let hex = typed.expect_hex.map(|at| {
            let HexPattern(pattern) = at.value;
            pattern
        });
        let begins = text.or(hex);
        let length = (typed.min_length, typed.max_length);
        let is_required = typed.require_reply?.value
            || begins.is_some()
            || length.0.is_some()
            || length.1.is_some();
        let reply = UdpReply {
            length: self.reply_length(length, begins.as_deref().unwrap_or_default().len())?,
            begins: begins.unwrap_or_default(),
        };
        Some(Udp {
            send: self.sent(typed.send, typed.send_hex).unwrap_or_default(),
            reply: is_required.then_some(reply),
        })
    }

    /// How long a reply may be that begins with so many bytes.
    fn reply_length(
        &mut self,
        (min, max): (Option<At<spec::ReplyLength>>, Option<At<spec::ReplyLength>>),
        begins: usize,
    ) -> Option<RangeInclusive<usize>> {
        let number = |at: &At<spec::ReplyLength>| usize::try_from(at.value.0).ok();
        let least = min.as_ref().and_then(number).unwrap_or(0);
        let most = max
            .as_ref()
            .and_then(number)
            .unwrap_or(usize::from(u16::MAX));
        if let Some(max) = max.filter(|_| most < least.max(begins)) {
            let message = match most < least {
                true => "max-length: it is less than `min-length`",
                false => "max-length: what is expected is longer",
            };
            self.tell(Mistake::new(Code::Conflict, max.place, message));
            return None;
        }
        Some(least..=most)
    }

    pub(super) fn dns(&mut self, typed: spec::DnsCheck) -> Option<Dns> {
        if let Some(codes) = &typed.codes
            && codes.value.is_empty()
            && !self.is_inside(codes.place)
        {
            let mistake = Mistake::new(
                Code::Invalid,
                codes.place,
                "codes: no response code would be good",
            );
            self.tell(mistake.hint("for example: codes = [\"NOERROR\"]"));
        }
        Some(Dns {
            name: typed.name?.value.0,
            record: typed.record?.value.0,
            tcp: typed.tcp?.value,
            codes: typed
                .codes?
                .value
                .into_iter()
                .map(|code| code.value.0)
                .collect(),
            answer: typed.answer.map(|answer| answer.value.0),
        })
    }

    pub(super) fn smtp(&mut self, typed: spec::SmtpCheck, tls: Option<TlsClient>) -> Option<Smtp> {
        Some(Smtp {
            helo: typed.helo?.value.0,
            tls: tls.map(Box::new),
        })
    }

    pub(super) fn exec(&mut self, typed: spec::ExecCheck) -> Option<Exec> {
        let command = typed.command?;
        Some(Exec {
            argv: self.argv("command", command)?,
            weight: typed.weight_by_exit_code?.value,
        })
    }

    pub(super) fn file(&mut self, typed: spec::FileCheck, table: Place) -> Option<FileCheck> {
        let (down, factor) = (typed.down_when?, typed.weight_by_number);
        // What was not typed is at the place of its table.
        if let Some(factor) = factor.as_ref().filter(|_| down.place != table) {
            let message = "weight-by-number: it stands instead of `down-when`, which is there, too";
            let mistake = Mistake::new(Code::Conflict, factor.place, message);
            self.tell(mistake.also(down.place, "the other one is here"));
        }
        Some(FileCheck {
            path: self.world.base.join(typed.path?.value.0),
            down: down.value,
            weight: factor.map(|factor| FileWeight {
                factor: factor.value.0,
                // What is checked says it when it is pointed at.
                configured: 0,
            }),
        })
    }

    /// A program and its arguments.
    pub(super) fn argv(
        &mut self,
        key: &'static str,
        typed: At<Vec<At<Line>>>,
    ) -> Option<Vec<Box<str>>> {
        let Some(program) = typed.value.first() else {
            // Unless its entries were all mistaken, which has been told.
            if !self.is_inside(typed.place) {
                let message = format!("{key}: an empty array runs nothing");
                let mistake = Mistake::new(Code::Invalid, typed.place, message);
                self.tell(mistake.hint(format!(
                    "for example: {key} = [\"/usr/local/lib/sorry/mine\"]"
                )));
            }
            return None;
        };
        if !program.value.0.starts_with('/') {
            let shown = crate::config::fault::quoted(&program.value.0);
            let message = format!("{key}: {shown} is not an absolute path");
            let hint = match program.value.0.contains(' ') {
                true => {
                    "the program and each of its arguments are entries of their own: no shell takes them apart"
                }
                false => "programs are not looked for: give the full path",
            };
            self.tell(Mistake::new(Code::Invalid, program.place, message).hint(hint));
            return None;
        }
        self.files.push(crate::config::FileUse {
            path: (*program.value.0).into(),
            place: program.place,
            purpose: Purpose::Program,
        });
        Some(typed.value.into_iter().map(|text| text.value.0).collect())
    }

    /// Whether a mistake within this place has been told.
    pub(super) fn is_inside(&self, place: Place) -> bool {
        let inside = |mistake: &Mistake| match (mistake.place, place) {
            (Place::Span(inner), Place::Span(outer)) => {
                outer.start <= inner.start && inner.end <= outer.end
            }
            _ => false,
        };
        self.mistakes.iter().any(inside)
    }
}
