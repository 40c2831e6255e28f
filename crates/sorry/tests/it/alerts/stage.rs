//! A desk on a runtime of its own, a store that outlives it, and a receiver over HTTP that answers from a script.

use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustls::RootCertStore;
use serde_json::Value;
use sorry_core::health::Reason;
use sorry_core::incident::{Audience, Kind, Phase, Step, Telling, What};
use sorry_core::moment::Wall;
use sorry_core::quorum::Weights;
use sorry_server::alert::{Desk, Direct, Done, Entry, Grown, ReceiverStatus, Setting, Store};
use sorry_server::config::Place;
use sorry_server::config::alert::{Channel, Receiver, Url};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::harness::PATIENCE;

/// Runs a test in a runtime of its own, in its time.
pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let in_time = tokio::time::timeout(PATIENCE * 2, test);
        in_time.await.expect("the test ends in time")
    })
}

/// Keeps lines in memory, as a disk would; asks for a compaction now and then.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Vec<Entry>>);

impl Kept {
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.0.lock().expect("nobody panicked").clone()
    }
}

impl Store for Kept {
    fn append(&self, batch: Vec<Entry>, done: Done) {
        let mut lines = self.0.lock().expect("nobody panicked");
        lines.extend(batch);
        let grown = if lines.len() > 8 {
            Grown::Yes
        } else {
            Grown::No
        };
        done(Ok(grown));
    }

    fn compact(&self, all: Vec<Entry>, done: Done) {
        *self.0.lock().expect("nobody panicked") = all;
        done(Ok(Grown::No));
    }
}

/// A desk with these receivers, over what the store has.
pub(super) fn desk(receivers: Vec<Receiver>, store: &Arc<Kept>) -> Desk {
    trusting(receivers, store, None)
}

pub(super) fn trusting(
    receivers: Vec<Receiver>,
    store: &Arc<Kept>,
    roots: Option<RootCertStore>,
) -> Desk {
    let setting = Setting {
        runtime: Handle::current(),
        host: "mon1.example".to_owned(),
        store: Arc::clone(store) as Arc<dyn Store>,
        entries: store.entries(),
        spawner: Arc::new(Direct),
        roots: roots.map(Arc::new),
    };
    Desk::start(receivers, setting)
}

pub(super) fn receiver(name: &str, channel: Channel) -> Receiver {
    Receiver {
        name: name.into(),
        sites: Vec::new(),
        reals: false,
        channel,
        timeout: Duration::from_millis(300),
        give_up: Duration::from_secs(3600),
        place: Place::File,
    }
}

pub(super) fn webhook(name: &str, url: String) -> Receiver {
    let url = Url::Given(url.into());
    receiver(name, Channel::Webhook { url, secret: None })
}

fn now() -> Wall {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    Wall(u64::try_from(since.as_millis()).expect("a date"))
}

fn telling(incident: u64, step: Step, phase: Phase, what: What) -> Telling {
    Telling {
        number: 0,
        incident,
        kind: Kind::Outage,
        site: Some("shop".into()),
        about: None,
        by: None,
        reason: None,
        planned: false,
        observed: false,
        began: now(),
        at: now(),
        step,
        phase,
        audience: Audience::Everybody,
        what,
        which: None,
        awaits: None,
    }
}

/// The shop goes down.
pub(super) fn firing(incident: u64) -> Telling {
    let weights = Weights {
        up: 0,
        unknown: 0,
        down: 1,
    };
    let reals = [("10.0.0.1:80".into(), Reason::Refused)];
    let what = What::Down(weights, Box::new(reals));
    telling(incident, Step::Begins, Phase::Firing, what)
}

/// It is up again.
pub(super) fn resolved(incident: u64) -> Telling {
    telling(incident, Step::Ends, Phase::Resolved, What::Up)
}

/// How a receiver answers.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// With this, whole.
    Says(String),
    /// Not at all, and keeps the connection.
    Hangs,
    /// It closes when the request has come.
    Closes,
}

impl Answer {
    pub(super) fn status(status: u16) -> Answer {
        Answer::with(status, "", "")
    }

    pub(super) fn with(status: u16, fields: &str, body: &str) -> Answer {
        let length = body.len();
        Answer::Says(format!(
            "HTTP/1.1 {status} X\r\n{fields}content-length: {length}\r\n\r\n{body}"
        ))
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    pub(super) at: Instant,
}

impl Seen {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// A field of its JSON.
    pub(super) fn word(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A receiver over HTTP. Its last answer is given again and again.
pub(super) struct Hook {
    pub(super) address: SocketAddr,
    requests: mpsc::UnboundedReceiver<Seen>,
    _task: tokio::task::JoinSet<()>,
}

impl Hook {
    pub(super) async fn new(script: Vec<Answer>) -> Hook {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Hook::on(listener, script, None)
    }

    pub(super) async fn tls(script: Vec<Answer>, config: Arc<rustls::ServerConfig>) -> Hook {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Hook::on(listener, script, Some(config))
    }

    pub(super) fn on(
        listener: TcpListener,
        script: Vec<Answer>,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Hook {
        let address = listener.local_addr().expect("an address");
        let (seen, requests) = mpsc::unbounded_channel();
        let mut task = tokio::task::JoinSet::new();
        task.spawn(accept(listener, script.into(), tls, seen));
        Hook {
            address,
            requests,
            _task: task,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The next request.
    pub(super) async fn next(&mut self) -> Seen {
        let next = tokio::time::timeout(PATIENCE, self.requests.recv());
        next.await
            .expect("a request in time")
            .expect("the receiver runs")
    }

    /// All requests that came already.
    pub(super) fn rest(&mut self) -> usize {
        std::iter::from_fn(|| self.requests.try_recv().ok()).count()
    }
}

async fn accept(
    listener: TcpListener,
    mut script: VecDeque<Answer>,
    tls: Option<Arc<rustls::ServerConfig>>,
    seen: mpsc::UnboundedSender<Seen>,
) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let answer = match script.len() {
            0 | 1 => script.front().cloned(),
            _ => script.pop_front(),
        };
        let answer = answer.unwrap_or(Answer::status(200));
        match &tls {
            None => connections.spawn(converse(stream, answer, seen.clone())),
            Some(config) => connections.spawn(converse_tls(
                stream,
                Arc::clone(config),
                answer,
                seen.clone(),
            )),
        };
    }
}

async fn converse_tls(
    stream: TcpStream,
    config: Arc<rustls::ServerConfig>,
    answer: Answer,
    seen: mpsc::UnboundedSender<Seen>,
) {
    if let Ok(stream) = tokio_rustls::TlsAcceptor::from(config).accept(stream).await {
        converse(stream, answer, seen).await;
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: Answer,
    seen: mpsc::UnboundedSender<Seen>,
) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    let _test_is_over = seen.send(request);
    match answer {
        Answer::Says(text) => {
            let _gone = stream.write_all(text.as_bytes()).await;
            let _gone = stream.shutdown().await;
        }
        Answer::Closes => {}
        Answer::Hangs => std::future::pending().await,
    }
}

/// A whole request with its Content-Length.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head
                .lines()
                .map(str::to_ascii_lowercase)
                .find_map(|line| Some(line.strip_prefix("content-length: ")?.to_owned()));
            let length: usize = length.map_or(0, |length| length.parse().expect("a length"));
            if bytes.len() >= end + 4 + length {
                let body = bytes[end + 4..].to_vec();
                let at = Instant::now();
                return Some(Seen { head, body, at });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Waits until a receiver's status is so.
pub(super) async fn until(
    desk: &Desk,
    name: &str,
    what: impl Fn(&ReceiverStatus) -> bool,
) -> ReceiverStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all = desk.status();
        let status = all
            .into_iter()
            .find(|status| status.name == name)
            .expect("the receiver");
        if what(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "in vain: {status:?}");
        // The desk and its receivers are tasks of this thread.
        tokio::task::yield_now().await;
    }
}
