//! The access log: one line per answer, in JSON or in the combined format, written by a thread of its own.
//!
//! A worker never waits for a disk: lines go through a bounded queue, and what does not fit is dropped and counted.
//! Off unless the operator turns it on; whoever opens files and starts threads is `daemon`.

use std::fmt::Write as _;
use std::io::Write;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use sorry_core::answer::template::ID_WIDTH;

use super::site::Kind;
use super::worker::Protocol;

/// Lines that wait to be written; more are dropped.
const QUEUE: usize = 4096;

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    Json,
    /// Apache's combined format, with the request id at its end.
    Combined,
}

/// One answer.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Seconds since 1970
    pub unix_seconds: u64,
    /// The client's address
    pub client: Option<IpAddr>,
    /// The site's name
    pub site: &'a str,
    /// The method's token
    pub method: &'a [u8],
    /// The request target
    pub target: &'a [u8],
    /// The protocol
    pub protocol: Protocol,
    /// The status
    pub status: u16,
    /// Bytes of the body
    pub bytes: usize,
    /// `Referer`
    pub referer: Option<&'a [u8]>,
    /// `User-Agent`
    pub user_agent: Option<&'a [u8]>,
    /// The request's id
    pub id: [u8; ID_WIDTH],
    /// What was answered
    pub kind: Kind,
    /// Seconds in Retry-After
    pub retry_after: u32,
}

/// A worker's end of the log.
#[derive(Debug, Clone)]
pub struct Log {
    format: Format,
    lines: SyncSender<Vec<u8>>,
    dropped: Arc<AtomicU64>,
}

/// The writing end.
#[derive(Debug)]
pub struct Writer {
    lines: Receiver<Vec<u8>>,
}

/// Both ends of a log.
pub fn log(format: Format) -> (Log, Writer) {
    let (sender, lines) = sync_channel(QUEUE);
    (
        Log {
            format,
            lines: sender,
            dropped: Arc::default(),
        },
        Writer { lines },
    )
}

impl Log {
    /// Notes one answer.
    pub fn record(&mut self, entry: &Entry<'_>) {
        let line = match self.format {
            Format::Json => json(entry),
            Format::Combined => combined(entry),
        };
        if self.lines.try_send(line.into_bytes()).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines that found no room.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Writer {
    /// Writes lines until every worker has gone. A failing sink loses lines, not the server.
    pub fn run(self, mut sink: impl Write, mut on_error: impl FnMut(&std::io::Error)) {
        while let Ok(first) = self.lines.recv() {
            let mut result = sink.write_all(&first);
            while let (Ok(()), Ok(line)) = (&result, self.lines.try_recv()) {
                result = sink.write_all(&line);
            }
            if let Err(error) = result.and_then(|()| sink.flush()) {
                on_error(&error);
            }
        }
    }
}

fn json(entry: &Entry<'_>) -> String {
    let text =
        |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let value = serde_json::json!({
        "time": timestamp(entry.unix_seconds),
        "client": entry.client.map(|client| client.to_string()),
        "site": entry.site,
        "method": text(Some(entry.method)),
        "target": text(Some(entry.target)),
        "protocol": entry.protocol.label(),
        "status": entry.status,
        "bytes": entry.bytes,
        "answer": entry.kind.label(),
        "retry_after": entry.retry_after,
        "request_id": text(Some(&entry.id)),
        "referer": text(entry.referer),
        "user_agent": text(entry.user_agent),
    });
    format!("{value}\n")
}

fn timestamp(unix_seconds: u64) -> String {
    let seconds = i64::try_from(unix_seconds).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| unix_seconds.to_string(), |time| time.to_string())
}

fn combined(entry: &Entry<'_>) -> String {
    let client = entry
        .client
        .map_or_else(|| "-".to_owned(), |client| client.to_string());
    let seconds = i64::try_from(entry.unix_seconds).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(seconds).map_or_else(
        |_| "-".to_owned(),
        |time| time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
    );
    let protocol = entry.protocol.label().to_ascii_uppercase();
    format!(
        "{client} - - [{time}] \"{} {} {protocol}\" {} {} \"{}\" \"{}\" {}\n",
        quoted(entry.method),
        quoted(entry.target),
        entry.status,
        entry.bytes,
        entry.referer.map_or_else(|| "-".to_owned(), quoted),
        entry.user_agent.map_or_else(|| "-".to_owned(), quoted),
        quoted(&entry.id),
    )
}

/// Strangers' bytes inside quotation marks: printable ASCII stays, the rest becomes `\xNN`, so that nobody can write
/// a second line or move a reader's cursor.
fn quoted(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b' '..=b'~' => out.push(char::from(*byte)),
            other => {
                let _infallible = write!(out, "\\x{other:02x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use sorry_core::answer::Dialect;

    fn entry() -> Entry<'static> {
        Entry {
            unix_seconds: 784_111_777,
            client: Some(IpAddr::from([192, 0, 2, 1])),
            site: "shop",
            method: b"GET",
            target: b"/a\"\r\nb",
            protocol: Protocol::Http11,
            status: 503,
            bytes: 42,
            referer: None,
            user_agent: Some(b"curl\x1b[2J"),
            id: *b"0123456789abcdef",
            kind: Kind::Refusal(Dialect::Text),
            retry_after: 120,
        }
    }

    #[test]
    fn lines_cannot_be_forged() {
        let expected = "192.0.2.1 - - [06/Nov/1994:08:49:37 +0000] \"GET /a\\\"\\x0d\\x0ab HTTP/1.1\" 503 42 \"-\" \"curl\\x1b[2J\" 0123456789abcdef\n";
        assert_eq!(combined(&entry()), expected);
        let line = json(&entry());
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["target"], "/a\"\r\nb");
        assert_eq!(value["time"], "1994-11-06T08:49:37Z");
        assert_eq!(value["answer"], "text");
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let (mut log, writer) = log(Format::Combined);
        for _ in 0..QUEUE + 3 {
            log.record(&entry());
        }
        assert_eq!(log.dropped(), 3);
        drop(log);
        let mut out = Vec::new();
        writer.run(&mut out, |_| {});
        assert_eq!(out.iter().filter(|b| **b == b'\n').count(), QUEUE);
    }
}
