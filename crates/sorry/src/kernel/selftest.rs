//! Asks the kernel what it would answer, and compares that with what the user-space server answers to the same request. The packets go nowhere
//! (`BPF_PROG_TEST_RUN`), and the addresses that they are for are answered for on trial only.

use std::net::SocketAddr;

use rustix::thread::CpuSet;
use sorry_bpf::layout::SEGMENTS;

use super::load::{LoadError, Place};
use super::packet::{GAP, OFFER, Packet, flag};
use super::responder::Responder;

/// Addresses for documentation (RFC 5737, RFC 3849), which no packet of a real client is for.
const PAIRS: [(&str, &str); 2] = [
    ("192.0.2.2:49152", "192.0.2.1:80"),
    ("[2001:db8::2]:49152", "[2001:db8::1]:80"),
];

/// What is asked, with words for it.
const REQUESTS: [(&str, &str); 3] = [
    (
        "the page",
        "GET / HTTP/1.1\r\nHost: a.invalid\r\nAccept: text/html\r\nConnection: close\r\n\r\n",
    ),
    (
        "HEAD",
        "HEAD / HTTP/1.1\r\nHost: a.invalid\r\nAccept: text/html\r\nConnection: close\r\n\r\n",
    ),
    (
        "JSON",
        "GET / HTTP/1.1\r\nHost: a.invalid\r\nAccept: application/json\r\nConnection: close\r\n\r\n",
    ),
];

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// At which place.
    pub place: Place,
    /// What.
    pub what: String,
    /// What is wrong; nothing where it is right.
    pub wrong: Option<String>,
}

/// Tries one site of a responder. `answer` is the user-space server's answer to a request for whatever host.
///
/// # Errors
/// Where the kernel runs nothing on trial.
pub fn run(
    responder: &mut Responder,
    site: &str,
    answer: &dyn Fn(&[u8]) -> Vec<u8>,
) -> Result<Vec<Trial>, LoadError> {
    let _here = Here::stay();
    let has_behind = responder.has_behind();
    // Each program by itself, also where one leaves to the other what it can do as well.
    responder.set_behind(false)?;
    let behind = has_behind.then_some(Place::Ingress);
    let mut trials = Ok(Vec::new());
    for place in [responder.place()].into_iter().chain(behind) {
        responder.set_on_trial(place);
        trials = trials.and_then(|mut all: Vec<Trial>| {
            all.extend(run_one(responder, site, answer)?);
            Ok(all)
        });
    }
    responder.set_on_trial(responder.place());
    responder.set_behind(has_behind)?;
    trials
}

/// The same of one program.
fn run_one(
    responder: &mut Responder,
    site: &str,
    answer: &dyn Fn(&[u8]) -> Vec<u8>,
) -> Result<Vec<Trial>, LoadError> {
    let mut trials = Vec::new();
    for (client, server) in PAIRS {
        let (Ok(client), Ok(server)) = (client.parse(), server.parse()) else {
            continue;
        };
        responder.begin_trial(site, server)?;
        let visit = Visit {
            responder,
            client,
            server,
        };
        let tried = visit.all(answer);
        responder.end_trial(server)?;
        trials.extend(tried?);
    }
    Ok(trials)
}

/// Keeps this thread on one processor for as long as it lives: what copies are made of is kept by the processor that made their template.
struct Here(Option<CpuSet>);

impl Here {
    fn stay() -> Here {
        let before = rustix::thread::sched_getaffinity(None).ok();
        let mut one = CpuSet::new();
        one.set(rustix::thread::sched_getcpu());
        let _not_allowed = rustix::thread::sched_setaffinity(None, &one);
        Here(before)
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _not_allowed = rustix::thread::sched_setaffinity(None, before);
        }
    }
}

/// A client that is not there.
struct Visit<'r> {
    responder: &'r mut Responder,
    client: SocketAddr,
    server: SocketAddr,
}

impl Visit<'_> {
    fn all(mut self, answer: &dyn Fn(&[u8]) -> Vec<u8>) -> Result<Vec<Trial>, LoadError> {
        let mut trials = Vec::new();
        let place = self.responder.on_trial();
        let family = if self.client.is_ipv4() {
            "IPv4"
        } else {
            "IPv6"
        };
        for (name, request) in REQUESTS {
            if let Some(wrong) = self.compare(name, request.as_bytes(), answer)? {
                trials.push(Trial {
                    place,
                    what: format!("{name} over {family}"),
                    wrong,
                });
            }
        }
        let foreign = self.foreign()?;
        trials.push(Trial {
            place,
            what: format!("connections of others over {family}"),
            wrong: foreign,
        });
        Ok(trials)
    }

    /// What is wrong with the answer to a request, if anything; `None` where the kernel has no such answer for this page.
    fn compare(
        &mut self,
        name: &str,
        request: &[u8],
        answer: &dyn Fn(&[u8]) -> Vec<u8>,
    ) -> Result<Option<Option<String>>, LoadError> {
        let syn = Packet {
            options: OFFER.to_vec(),
            ..Packet::new(self.client, self.server, flag::SYN)
        };
        let Some(greeting) = self.ask(&syn)? else {
            return Ok(Some(Some("a SYN is not answered".to_owned())));
        };
        let isn = greeting.seq;
        let question = Packet {
            data: request.to_vec(),
            ack: isn.wrapping_add(1),
            ..Packet::new(self.client, self.server, flag::ACK | flag::PSH)
        };
        let Some(first) = self.ask(&question)? else {
            return Ok(Some(Some("a request is not answered".to_owned())));
        };
        let mut bytes = first.data;
        let is_many = first.flags & flag::FIN == 0 || first.seq != isn.wrapping_add(1);
        if name == "JSON" && is_many {
            return Ok(None);
        }
        if is_many {
            let copied = self.copies(&question)?;
            bytes = match self.again(isn)? {
                Ok(bytes) => bytes,
                Err(wrong) => return Ok(Some(Some(wrong))),
            };
            if copied.is_some_and(|copied| normal(&copied) != normal(&bytes)) {
                return Ok(Some(Some(
                    "copies of the packet do not come to the same".to_owned(),
                )));
            }
        }
        Ok(Some(difference(&normal(&answer(request)), &normal(&bytes))))
    }

    /// All segments of a page, each asked for as if it had been lost, since a trial shows one packet; or what is wrong.
    fn again(&mut self, isn: u32) -> Result<Result<Vec<u8>, String>, LoadError> {
        let mut bytes = Vec::new();
        for number in 0..SEGMENTS {
            let off = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let gap = Packet {
                options: GAP.to_vec(),
                ack: isn.wrapping_add(1).wrapping_add(off),
                ..Packet::new(self.client, self.server, flag::ACK)
            };
            let Some(segment) = self.ask(&gap)? else {
                return Ok(Err(format!("segment {number} is not sent again")));
            };
            bytes.extend_from_slice(&segment.data);
            if segment.flags & flag::FIN != 0 {
                return Ok(Ok(bytes));
            }
        }
        Ok(Err(format!(
            "the page has no end within {SEGMENTS} segments"
        )))
    }

    /// What the copies carry that the driver would be sent, one after the other; nothing where it is sent none.
    fn copies(&mut self, question: &Packet) -> Result<Option<Vec<u8>>, LoadError> {
        let tried = self.responder.try_on(&question.to_frame())?;
        if (self.responder.on_trial(), tried.action) != (Place::Driver, 4) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        // One more than there can be, for it is the copy that is not sent that ends them.
        for _ in 0..=SEGMENTS {
            let copy = self.responder.try_segment_on(&tried.packet)?;
            match Packet::read(&copy.packet) {
                Ok(segment) if copy.action == 2 => bytes.extend_from_slice(&segment.data),
                _ => break,
            }
        }
        Ok(Some(bytes))
    }

    /// A packet that proves nothing must pass as it is.
    fn foreign(&mut self) -> Result<Option<String>, LoadError> {
        let packet = Packet {
            ack: 1,
            data: b"GET".to_vec(),
            ..Packet::new(self.client, self.server, flag::ACK)
        };
        let frame = packet.to_frame();
        let tried = self.responder.try_on(&frame)?;
        let passed = match self.responder.on_trial() {
            Place::Driver => tried.action == 2,
            Place::Ingress => tried.action == u32::MAX,
        };
        Ok((!passed || tried.packet != frame).then(|| "they do not pass untouched".to_owned()))
    }

    /// The packet that comes back, if one does and its checksums are right.
    fn ask(&mut self, packet: &Packet) -> Result<Option<Packet>, LoadError> {
        let tried = self.responder.try_on(&packet.to_frame())?;
        let sent = match self.responder.on_trial() {
            Place::Driver => [3, 4],
            Place::Ingress => [7, 7],
        };
        Ok(sent
            .contains(&tried.action)
            .then(|| Packet::read(&tried.packet).ok())
            .flatten())
    }
}

/// An answer without what only one of both can know, and without numbers that time changes.
fn normal(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut out = String::new();
    for line in head.split("\r\n") {
        let name = line.split(':').next().unwrap_or_default();
        match name {
            "Date" | "X-Request-Id" | "X-Pad" => continue,
            "Retry-After" | "Server-Timing" => out.push_str(&masked(&without_id(line))),
            // A blank behind a value keeps answers of the kernel apart.
            _ => out.push_str(line.trim_end_matches(' ')),
        }
        out.push('\n');
    }
    out.push('\n');
    // Only the bodies of programs have holes.
    match body.starts_with('{') {
        true => out.push_str(&masked(&without_request(body))),
        false => out.push_str(body),
    }
    out
}

/// `;desc="ID"` of Server-Timing, taken out.
pub(super) fn without_id(line: &str) -> String {
    match line
        .split_once(";desc=\"")
        .and_then(|(before, rest)| Some((before, rest.split_once('"')?.1)))
    {
        Some((before, after)) => format!("{before}{after}"),
        None => line.to_owned(),
    }
}

/// The request's id in JSON, taken out.
pub(super) fn without_request(body: &str) -> String {
    const KEY: &str = "\"request_id\":\"";
    match body
        .split_once(KEY)
        .and_then(|(before, rest)| Some((before, rest.split_once('"')?.1)))
    {
        Some((before, after)) => format!("{before}{KEY}\"{after}"),
        None => body.to_owned(),
    }
}

/// Digits and blanks before them are holes of a fixed width.
pub(super) fn masked(text: &str) -> String {
    let mut out = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_digit() && c != ' ') {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        if rest.len() < part.len() {
            out.push('#');
        }
        out.push_str(rest);
    }
    out
}

/// Where two texts differ, in words.
fn difference(wanted: &str, found: &str) -> Option<String> {
    if wanted == found {
        return None;
    }
    let mut lines = wanted.lines().zip(found.lines());
    let line = lines.find(|(wanted, found)| wanted != found);
    Some(match line {
        Some((wanted, found)) => format!("user space answers {wanted:?}, the kernel {found:?}"),
        None => format!(
            "user space answers {} bytes, the kernel {}",
            wanted.len(),
            found.len()
        ),
    })
}
