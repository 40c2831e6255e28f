//! The access log: one line per answer, in JSON or in the combined format, written by a thread of its own.
//!
//! A worker never waits for a disk: lines go through a bounded queue, and what does not fit is dropped and counted.
//! Off unless the operator turns it on; whoever opens files and starts threads is `daemon`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use sorry_core::answer::template::ID_WIDTH;

use super::worker::Protocol;

/// Lines that wait to be written; more are dropped.
const QUEUE: usize = 4096;

/// Lines that are written before wishes are looked at and errors told.
const BATCH: usize = 256;

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
    /// The name that was asked for in its one form: a stranger's text, but short and of a host name's characters
    pub host: Option<&'a str>,
    /// The name of the site that answered
    pub site: &'a str,
    /// Whether the name, or having none, is a site's; metrics count all others under one label. None where no site answered
    pub host_known: Option<bool>,
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
    /// What was answered: a kind's label, or a fault's
    pub answer: &'a str,
    /// Seconds in Retry-After, where the answer has it
    pub retry_after: Option<u32>,
}

/// A worker's end of the log.
#[derive(Debug, Clone)]
pub struct Log {
    format: Format,
    lines: SyncSender<Vec<u8>>,
    dropped: Arc<AtomicU64>,
    wishes: Arc<Wishes>,
}

/// What the writer is asked for besides lines, and whether it has ended. Kept beside the queue, so that a full one
/// loses no wish; an empty line wakes the writer.
#[derive(Debug, Default)]
struct Wishes {
    reopen: AtomicBool,
    end: AtomicBool,
    ended: Mutex<bool>,
    told: Condvar,
}

/// The writing end.
#[derive(Debug)]
pub struct Writer {
    lines: Receiver<Vec<u8>>,
    wishes: Arc<Wishes>,
}

/// Both ends of a log.
pub fn log(format: Format) -> (Log, Writer) {
    let (sender, lines) = sync_channel(QUEUE);
    let wishes = Arc::<Wishes>::default();
    (
        Log {
            format,
            lines: sender,
            dropped: Arc::default(),
            wishes: Arc::clone(&wishes),
        },
        Writer { lines, wishes },
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

    /// Asks the writer to open its file anew, because the old one was renamed (logrotate(8)). Does not wait.
    pub fn reopen(&self) {
        self.wishes.reopen.store(true, Ordering::Release);
        self.wake();
    }

    /// Asks the writer to write what waits and end, and waits for that no longer than `within`. What is recorded
    /// afterwards is dropped and counted.
    pub fn finish(&self, within: Duration) -> Finish {
        self.wishes.end.store(true, Ordering::Release);
        self.wake();
        let ended = self.wishes.ended.lock();
        let ended = ended.unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .wishes
            .told
            .wait_timeout_while(ended, within, |ended| !*ended);
        let (ended, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *ended { Finish::Written } else { Finish::Cut }
    }

    /// A full queue needs no waking.
    fn wake(&self) {
        let _awake_or_gone = self.lines.try_send(Vec::new());
    }
}

/// How the log ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Every line that was recorded before has gone to the file, as far as it took them.
    Written,
    /// The writer still has lines; its file takes them too slowly.
    Cut,
}

impl Writer {
    /// Writes lines until it is told to end or every worker has gone. `open` gives a new sink when the file was
    /// rotated; while it cannot, the old one stays. A failing sink loses lines, not the server.
    pub fn run<S: Write>(
        self,
        mut sink: S,
        mut open: impl FnMut() -> io::Result<S>,
        mut on_error: impl FnMut(&io::Error),
    ) {
        while let Ok(first) = self.lines.recv() {
            if self.wishes.reopen.swap(false, Ordering::AcqRel) {
                match open() {
                    Ok(opened) => sink = opened,
                    Err(error) => on_error(&error),
                }
            }
            let (count, written) = self.write_batch(&first, &mut sink);
            if let Err(error) = written.and_then(|()| sink.flush()) {
                on_error(&error);
            }
            if count < BATCH && self.wishes.end.load(Ordering::Acquire) {
                return;
            }
        }
    }

    /// Writes a line and what waits behind it. Says how many there were: less than a batch means that no more wait.
    fn write_batch(&self, first: &[u8], sink: &mut impl Write) -> (usize, io::Result<()>) {
        let mut result = sink.write_all(first);
        let mut count = 1;
        for line in self.lines.try_iter().take(BATCH - 1) {
            result = result.and(sink.write_all(&line));
            count += 1;
        }
        (count, result)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let ended = self.wishes.ended.lock();
        *ended.unwrap_or_else(PoisonError::into_inner) = true;
        self.wishes.told.notify_all();
    }
}

fn json(entry: &Entry<'_>) -> String {
    let text =
        |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let value = serde_json::json!({
        "time": timestamp(entry.unix_seconds),
        "client": entry.client.map(|client| client.to_string()),
        "host": entry.host,
        "site": entry.site,
        "host_known": entry.host_known,
        "method": text(Some(entry.method)),
        "target": text(Some(entry.target)),
        "protocol": entry.protocol.label(),
        "status": entry.status,
        "bytes": entry.bytes,
        "answer": entry.answer,
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

    fn entry() -> Entry<'static> {
        Entry {
            unix_seconds: 784_111_777,
            client: Some(IpAddr::from([192, 0, 2, 1])),
            host: Some("shop.example"),
            site: "shop",
            host_known: Some(true),
            method: b"GET",
            target: b"/a\"\r\nb",
            protocol: Protocol::Http11,
            status: 503,
            bytes: 42,
            referer: None,
            user_agent: Some(b"curl\x1b[2J"),
            id: *b"0123456789abcdef",
            answer: "text",
            retry_after: Some(120),
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
        assert_eq!(value["host"], "shop.example");
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
        writer.run(&mut out, || panic!("nobody asked"), |_| {});
        assert_eq!(out.iter().filter(|b| **b == b'\n').count(), QUEUE);
    }

    /// A sink that the test can read while the writer has it.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Shared {
        fn lines(&self) -> usize {
            let bytes = self.0.lock().unwrap();
            bytes.iter().filter(|b| **b == b'\n').count()
        }
    }

    #[test]
    fn a_rotated_file_is_opened_anew_and_the_end_is_waited_for() {
        let (mut log, writer) = log(Format::Combined);
        let (old, new) = (Shared::default(), Shared::default());
        let (opened, next, first) = (std::sync::mpsc::channel(), new.clone(), old.clone());
        let (tell, told) = opened;
        let open = move || {
            tell.send(()).unwrap();
            Ok(next.clone())
        };
        let thread = std::thread::spawn(move || writer.run(first, open, |_| {}));
        log.reopen();
        told.recv().unwrap();
        for _ in 0..3 * BATCH {
            log.record(&entry());
        }
        // As many as one batch, and more, and every one of them before `finish` returns.
        assert_eq!(log.finish(Duration::from_secs(20)), Finish::Written);
        assert_eq!((old.lines(), new.lines()), (0, 3 * BATCH));
        thread.join().unwrap();
        log.record(&entry());
        assert_eq!(log.dropped(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_opened_anew_leaves_the_old_one() {
        let (mut log, writer) = log(Format::Combined);
        log.reopen();
        log.record(&entry());
        drop(log);
        let (sink, mut errors) = (Shared::default(), 0);
        let open = || Err(io::ErrorKind::PermissionDenied.into());
        writer.run(sink.clone(), open, |_| errors += 1);
        assert_eq!((sink.lines(), errors), (1, 1));
    }

    #[test]
    fn a_stuck_writer_is_not_waited_for_beyond_the_bound() {
        let (log, _never_run) = log(Format::Json);
        assert_eq!(log.finish(Duration::ZERO), Finish::Cut);
    }
}
