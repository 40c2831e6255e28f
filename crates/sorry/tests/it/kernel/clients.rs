//! Real clients in the client's namespace, one request each. What came of it is a value: nothing is asserted here, but that the
//! client is installed.

use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::Value;

use super::world::{Family, World};
use crate::harness::{fixtures, text};

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What a client says of one request.
#[derive(Debug, Deserialize)]
pub(crate) struct Visit {
    /// None where no answer came.
    pub(crate) status: Option<u16>,
    /// Bytes of the body that came.
    pub(crate) length: usize,
    /// What Content-Length said, where the client tells.
    pub(crate) announced: Option<usize>,
    /// SHA-256 of the body, in hexadecimal.
    pub(crate) digest: String,
    /// From the first packet to the end.
    pub(crate) seconds: f64,
    /// What the client complains of.
    pub(crate) error: Option<String>,
}

/// How curl asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asks {
    Get,
    Head,
    /// 30 KB, sent at once.
    Post,
    /// 30 KB, with `Expect: 100-continue`.
    PostExpecting,
    Http10,
}

impl Asks {
    pub(crate) const ALL: [Asks; 5] = [
        Asks::Get,
        Asks::Head,
        Asks::Post,
        Asks::PostExpecting,
        Asks::Http10,
    ];

    fn flags(self) -> &'static [&'static str] {
        match self {
            Asks::Get => &[],
            // What curl would print as a body is the head.
            Asks::Head => &["--head", "--output", "/dev/null"],
            Asks::Post => &["--header", "Expect:"],
            Asks::PostExpecting => &["--header", "Expect: 100-continue"],
            Asks::Http10 => &["--http1.0"],
        }
    }
}

/// curl, by its own account (`--write-out`).
pub(crate) fn curl(world: &World, family: Family, asks: Asks) -> Visit {
    let url = world.url(family, "/some/page?id=1");
    let body = "x".repeat(30 << 10);
    let mut flags = vec!["-q", "--silent", "--globoff", "--noproxy", "*"];
    flags.extend(["--max-time", "50", "--write-out"]);
    flags.push("%{stderr}%{json}\n%{header_json}");
    flags.extend(asks.flags());
    if matches!(asks, Asks::Post | Asks::PostExpecting) {
        flags.extend(["--data-binary", &body]);
    }
    flags.push(&url);
    let output = world.client().run(LIMIT, "curl", &flags);
    let said = text(&output.stderr);
    let (facts, fields) = said.split_once('\n').unwrap_or((&said, ""));
    let facts: Value =
        serde_json::from_str(facts).unwrap_or_else(|error| panic!("{error}: curl said {said}"));
    let fields: Value = serde_json::from_str(fields).unwrap_or_default();
    let announced = fields["content-length"][0].as_str();
    let complaint = || facts["errormsg"].as_str().unwrap_or("no reason").to_owned();
    Visit {
        status: status(facts["http_code"].as_u64()),
        length: output.stdout.len(),
        announced: announced.and_then(|length| length.parse().ok()),
        digest: sha256(&output.stdout),
        seconds: facts["time_total"].as_f64().unwrap_or_default(),
        error: (!output.status.success()).then(complaint),
    }
}

/// wget. Exit code 8 is an answer (wget(1), EXIT STATUS).
pub(crate) fn wget(world: &World, family: Family) -> Visit {
    let url = world.url(family, "/file.tar.gz");
    let flags = ["--no-config", "--no-proxy", "--tries=1", "--timeout=50"];
    let more = ["--content-on-error", "--server-response", "-O", "-", &url];
    let began = Instant::now();
    let output = world
        .client()
        .run(LIMIT, "wget", &[&flags[..], &more].concat());
    let seconds = began.elapsed().as_secs_f64();
    let said = text(&output.stderr);
    let word = |after: &str, place: usize| {
        let mut lines = said.lines().map(str::trim_start);
        let line = lines.find(|line| line.starts_with(after))?;
        line.split(' ').nth(place)?.parse().ok()
    };
    let came = matches!(output.status.code(), Some(0 | 8));
    Visit {
        status: status(word("HTTP/1.", 1)),
        length: output.stdout.len(),
        announced: word("Content-Length:", 1).and_then(|length| usize::try_from(length).ok()),
        digest: sha256(&output.stdout),
        seconds,
        error: (!came).then(|| said.clone()),
    }
}

/// Python's http.client, with `Connection: close`.
pub(crate) fn http_client(world: &World, family: Family) -> Visit {
    let address = world.address(family).to_string();
    python(world, LIMIT, "via_http_client.py", &[&address, "80"])
}

/// How the bytes of a request go out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sends {
    /// Each byte in a segment of its own.
    ByteByByte,
    /// 4 KB of head in several segments.
    InSegments,
    /// At once, and then nothing more: `shutdown(SHUT_WR)`.
    ThenHalfCloses,
}

impl Sends {
    pub(crate) const ALL: [Sends; 3] =
        [Sends::ByteByByte, Sends::InSegments, Sends::ThenHalfCloses];

    fn word(self) -> &'static str {
        match self {
            Sends::ByteByByte => "bytes",
            Sends::InSegments => "segments",
            Sends::ThenHalfCloses => "half-close",
        }
    }
}

/// A bare socket, read to its end.
pub(crate) fn socket(world: &World, family: Family, sends: Sends) -> Visit {
    let address = world.address(family).to_string();
    let arguments = [sends.word(), &address, "80"];
    python(world, LIMIT, "via_sockets.py", &arguments)
}

/// Runs a script that lies beside this file, and reads the last line that it prints. `-I`: neither the environment nor the script's
/// folder changes what is imported.
pub(super) fn python<T: for<'a> Deserialize<'a>>(
    world: &World,
    limit: Duration,
    script: &str,
    arguments: &[&str],
) -> T {
    let file = fixtures().join("kernel").join(script).display().to_string();
    let all = [&["-I", &file], arguments].concat();
    let output = world.client().run(limit, "/usr/bin/python3", &all);
    let printed = text(&output.stdout);
    let last = printed.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| {
        let said = text(&output.stderr);
        panic!(
            "{script} ended with {}: {error} in {printed}\n{said}",
            output.status
        )
    })
}

/// In hexadecimal, as Python prints it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let sum = digest(&SHA256, bytes);
    sum.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn status(code: Option<u64>) -> Option<u16> {
    code.and_then(|code| u16::try_from(code).ok())
        .filter(|code| *code != 0)
}
