//! A daemon of a few lines behind the real doors: the admin socket, and the admin API over TCP. It knows two sites, notes what is ordered,
//! and does whatever it is told.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use sorry_server::admin::audit::Recent;
use sorry_server::admin::history::History;
use sorry_server::admin::order::Done;
use sorry_server::admin::standing::{Explanation, SiteStanding, Standing};
use sorry_server::admin::token::{self, Made, Tokens};
use sorry_server::admin::{
    Command, Desk, Doors, Fault, FaultKind, Ordered, Role, by_credentials, remote, socket,
    unknown_site,
};
use sorry_server::listen::certificate::{Certificate, Files, OutOfTime};
use tokio::sync::{mpsc, oneshot};

/// The daemon, until it is dropped.
pub(super) struct Daemon {
    folder: tempfile::TempDir,
    pub(super) address: SocketAddr,
    pub(super) reader: Made,
    pub(super) operator: Made,
    heard: Arc<Mutex<Vec<Value>>>,
    stop: Vec<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

/// What its certificate is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    /// One of its own, as it should be.
    Own,
    /// That of an authority.
    Authority,
    /// One whose time is over.
    Expired,
}

impl Daemon {
    pub(super) fn new() -> Daemon {
        Daemon::showing(Shows::Own)
    }

    pub(super) fn showing(shows: Shows) -> Daemon {
        let folder = tempfile::tempdir().expect("the daemon of the test");
        let reader = token::make("look", Role::Reader).expect("the daemon of the test");
        let operator = token::make("deploy", Role::Operator).expect("the daemon of the test");
        let heard: Arc<Mutex<Vec<Value>>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").expect("the daemon of the test");
        let address = listener.local_addr().expect("the daemon of the test");
        let mut daemon = Daemon {
            folder,
            address,
            reader,
            operator,
            heard: Arc::clone(&heard),
            stop: Vec::new(),
            server: None,
        };
        let tokens = format!("{}\n{}\n", daemon.reader.line, daemon.operator.line);
        let tokens =
            Tokens::read(&daemon.secret("tokens", &tokens)).expect("the daemon of the test");
        daemon.secret("look", &daemon.reader.token);
        daemon.secret("deploy", &daemon.operator.token);
        let door = remote::Remote::new(daemon.certificate(shows), tokens, &["sorry.test".into()]);
        let admin = socket::bind(&daemon.path()).expect("the daemon of the test");
        let (stop_socket, socket_stopped) = oneshot::channel::<()>();
        let (stop_remote, remote_stopped) = oneshot::channel::<()>();
        daemon.stop = vec![stop_socket, stop_remote];
        let door = Arc::new(door.expect("the daemon of the test"));
        daemon.server = Some(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("the daemon of the test");
            runtime.block_on(async {
                let (sender, mut commands) = mpsc::channel(1);
                tokio::spawn(async move {
                    while let Some(command) = commands.recv().await {
                        obey(command, &heard);
                    }
                });
                let doors = Arc::new(Doors::default());
                let audit = Arc::new(Recent::default());
                let time = Duration::from_secs(60);
                let desk = Arc::new(Desk::new(sender, audit, Arc::clone(&doors), time));
                let uid = rustix_id();
                let local = socket::serve(
                    admin,
                    Arc::clone(&desk),
                    by_credentials(uid.0, uid.1),
                    Arc::clone(&doors),
                    socket::Settings::default(),
                    async { drop(socket_stopped.await) },
                );
                let far = remote::serve(
                    listener.into(),
                    desk,
                    door,
                    doors,
                    remote::Settings::default(),
                    async { drop(remote_stopped.await) },
                );
                let (local, far) = tokio::join!(local, far);
                local.expect("the daemon of the test");
                far.expect("the daemon of the test");
            });
        }));
        daemon
    }

    /// A file that nobody else may read.
    pub(super) fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("the daemon of the test");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
            .expect("the daemon of the test");
        path
    }

    fn certificate(&self, shows: Shows) -> Certificate {
        let names = vec!["sorry.test".to_owned(), "127.0.0.1".to_owned()];
        let mut wanted = rcgen::CertificateParams::new(names).expect("the daemon of the test");
        match shows {
            Shows::Own => {}
            Shows::Authority => {
                wanted.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            }
            Shows::Expired => wanted.not_after = rcgen::date_time_ymd(2020, 1, 1),
        }
        let key = rcgen::KeyPair::generate().expect("the daemon of the test");
        let made = wanted.self_signed(&key).expect("the daemon of the test");
        let files = Files {
            certificate: self.secret("cert.pem", &made.pem()),
            key: self.secret("key.pem", &key.serialize_pem()),
        };
        Certificate::load(&files, SystemTime::now(), OutOfTime::Served)
            .expect("the daemon of the test")
    }

    /// The admin socket.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("run/admin.sock")
    }

    /// A file of its folder, as text.
    pub(super) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// What was ordered since this was last asked: site, order, who, why.
    pub(super) fn heard(&self) -> Vec<Value> {
        std::mem::take(&mut *self.heard.lock().expect("the daemon of the test"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        for stop in self.stop.drain(..) {
            let _already_gone = stop.send(());
        }
        if let Some(server) = self.server.take() {
            let ended = server.join();
            assert!(
                std::thread::panicking() || ended.is_ok(),
                "the daemon failed"
            );
        }
    }
}

/// User and group of this process.
fn rustix_id() -> (u32, u32) {
    use std::os::unix::fs::MetadataExt as _;
    let own = std::fs::metadata("/proc/self").expect("the daemon of the test");
    (own.uid(), own.gid())
}

fn site(name: &str, route: &str, why: &str) -> SiteStanding {
    let value = json!({
        "name": name, "route": route, "why": why, "since": "2026-01-01T00:00:00Z", "generation": 3,
        "quorum": { "at_least": 1, "hysteresis": 0, "held": true, "up": 1, "unknown": 0, "down": 1 },
        "flaps": 0, "turned": { "live": 1, "sorry": 0 },
        "real_servers": [{
            "name": "10.0.0.1:80", "weight": 1, "state": "up", "believed": "up", "drained": false,
            "since": "2026-01-01T00:00:00Z",
            "checks": [{
                "kind": "http", "state": "up", "history": "0111", "reason": "ok", "rtt_us": 2000, "good": 3, "bad": 0,
                "rise": 2, "fall": 3, "total": { "good": 3, "bad": 1, "void": 0 },
            }],
        }],
        "switches": [],
        "windows": [{
            "name": "nightly", "when": "daily 02:00 for 1h UTC", "origin": "configured",
            "opens": "2099-01-01T02:00:00Z", "closes": "2099-01-01T03:00:00Z", "open": false,
        }],
    });
    serde_json::from_value(value).expect("the daemon of the test")
}

fn standing() -> Standing {
    Standing {
        sites: vec![
            site("shop", "live", "quorum"),
            site("blog", "sorry", "no-quorum"),
        ],
        ..Standing::default()
    }
}

fn find(name: &str) -> Result<SiteStanding, Fault> {
    let sites = standing().sites;
    let names = sites.iter().map(|site| site.name.clone()).collect();
    let found = sites.into_iter().find(|site| site.name == name);
    found.ok_or_else(|| unknown_site(name, names))
}

fn obey(command: Command, heard: &Mutex<Vec<Value>>) {
    match command {
        Command::Standing(reply) => reply.send(standing()).expect("the daemon of the test"),
        Command::Explain { site, reply } => {
            let explained = find(&site).map(|site| {
                let steps = json!([{ "depth": 0, "what": format!("{} is {}", site.name, site.route) },
                    { "depth": 1, "what": "it has its quorum" }]);
                Explanation {
                    site,
                    steps: serde_json::from_value(steps).expect("the daemon of the test"),
                    kernel: Vec::new(),
                    inputs: Vec::new(),
                }
            });
            reply.send(explained).expect("the daemon of the test");
        }
        Command::History(reply) => reply.send(history()).expect("the daemon of the test"),
        Command::Order(ordered) => order(ordered, heard),
        Command::Status(reply) => {
            let status = json!({
                "version": "1", "pid": 7, "now": "2026-01-01T00:01:00Z", "started": "2026-01-01T00:00:00Z",
                "uptime_seconds": 60, "generation": 1, "sites": [], "standing": standing(), "listeners": [],
                "workers": [], "limits_reached": {}, "certificates": [],
            });
            reply
                .send(serde_json::from_value(status).expect("the daemon of the test"))
                .expect("the daemon of the test");
        }
        // Dropped: whoever waits hears that it is stopping.
        Command::Reload { .. } | Command::Takeover(_) | Command::TestAlert { .. } => {}
    }
}

fn order(ordered: Ordered, heard: &Mutex<Vec<Value>>) {
    let Ordered {
        site,
        order,
        by,
        reason,
        reply,
    } = ordered;
    let done = find(&site).and_then(|standing| {
        let value = serde_json::to_value(&order).expect("the daemon of the test");
        if value["do"] == "approve" {
            return Err(Fault::new(FaultKind::Impossible, "nothing waits for leave"));
        }
        heard
            .lock()
            .expect("the daemon of the test")
            .push(json!({ "site": site, "order": value, "by": by, "why": reason }));
        Ok(Done {
            told: vec![format!("{} is done", order.word())],
            unkept: (value["text"] == "on a full disk").then(|| "no space".to_owned()),
            site: standing,
        })
    });
    reply.send(done).expect("the daemon of the test");
}

fn history() -> History {
    let incident = |id: u64, site: &str, observed: bool, events: Value| {
        json!({
            "id": id, "site": site, "kind": "outage", "cause": "no quorum", "planned": false,
            "began": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:10:00Z", "seconds": 600, "observed": observed,
            "events": events,
        })
    };
    let events = json!([
        { "at": "2026-01-01T00:00:01Z", "what": "the switch nginx would have sent visitors to the sorry server", "would": true },
        { "at": "2026-01-01T00:00:06Z", "what": "the switch nginx has failed" },
    ]);
    let incidents = json!([
        incident(2, "shop", false, json!([])),
        incident(1, "blog", true, events),
    ]);
    serde_json::from_value(json!({ "incidents": incidents })).expect("the daemon of the test")
}
