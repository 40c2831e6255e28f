//! Tests of the admin socket over real sockets, with a daemon of a few lines; and of the clients at its other end.

use std::collections::BTreeMap;
use std::fs;
use std::io::{IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream as Stream};
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread::JoinHandle;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use tokio::sync::{mpsc, oneshot};

use super::super::api::{Api, Place};
use super::super::audit::{AuditLog, Outcome, Recent};
use super::super::client::{self, ClientError};
use super::super::message::{Command, Pong, ReloadOutcome, ReloadReport};
use super::super::moment::Moment;
use super::super::role::by_credentials;
use super::super::standing::Standing;
use super::super::status::Status;
use super::*;

/// Longer than anything takes; a test that waits for it has failed.
pub(in super::super) const NEVER: Duration = Duration::from_secs(20);
/// Longer still, for the limits that a test is not about.
pub(in super::super) const FOREVER: Duration = Duration::from_secs(60);
/// A limit that a test waits for.
pub(in super::super) const SOON: Duration = Duration::from_millis(40);
/// A limit that a test waits for, and within which it has to do something first.
pub(in super::super) const LATER: Duration = Duration::from_millis(500);

pub(in super::super) fn patient() -> Settings {
    Settings {
        request_time: FOREVER,
        idle_time: FOREVER,
        write_time: FOREVER,
        drain_time: FOREVER,
        ..Settings::default()
    }
}

pub(in super::super) fn everybody() -> Judge {
    Arc::new(|_, _| Some(Role::Operator))
}

fn status() -> Status {
    Status {
        version: "1.2.3".to_owned(),
        pid: 7,
        now: Moment(10),
        started: Moment(3),
        uptime_seconds: 7,
        configuration: None,
        generation: 2,
        sites: Vec::new(),
        other_answers: 0,
        standing: standing(),
        listeners: Vec::new(),
        workers: Vec::new(),
        limits_reached: BTreeMap::new(),
        certificates: Vec::new(),
        kernel: None,
        programs: None,
        last_reload: None,
    }
}

fn standing() -> Standing {
    Standing {
        unkept: Some("no space".to_owned()),
        ..Standing::default()
    }
}

fn report() -> ReloadReport {
    ReloadReport {
        outcome: ReloadOutcome::Applied,
        at: Moment(5),
        generation: 3,
        changes: vec!["site `shop`: page".to_owned()],
        pending: Vec::new(),
        mistakes: Vec::new(),
        shown: String::new(),
        warnings: vec!["two\nlines".to_owned()],
    }
}

/// What a daemon does with a command.
pub(in super::super) type Daemon = Box<dyn FnMut(Command) + Send>;

/// Says what it was asked, and what is expected of it.
fn obedient(heard: &Arc<Mutex<Vec<String>>>) -> Daemon {
    let heard = Arc::clone(heard);
    Box::new(move |command| {
        let word = match command {
            Command::Status(reply) => {
                // The desk asks for the rest.
                let standing = Standing::default();
                reply
                    .send(Status {
                        standing,
                        ..status()
                    })
                    .unwrap();
                "status".to_owned()
            }
            Command::Reload { by, reply } => {
                reply.send(report()).unwrap();
                format!("reload by {by}")
            }
            Command::Takeover(takeover) => {
                let word = format!("takeover by {}", takeover.from_version);
                heard.lock().unwrap().push(word);
                return takeover.refuse("not today");
            }
            Command::Standing(reply) => return reply.send(standing()).unwrap(),
            other => format!("{other:?}"),
        };
        heard.lock().unwrap().push(word);
    })
}

pub(in super::super) struct World {
    folder: tempfile::TempDir,
    doors: Arc<Doors>,
    heard: Arc<Mutex<Vec<String>>>,
    audit: Arc<dyn AuditLog>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl World {
    pub(in super::super) fn new(settings: Settings) -> World {
        let heard = Arc::default();
        let daemon = obedient(&heard);
        let mut world = World::with(settings, FOREVER, everybody(), daemon);
        world.heard = heard;
        world
    }

    pub(in super::super) fn with(
        settings: Settings,
        reply_time: Duration,
        judge: Judge,
        mut daemon: Daemon,
    ) -> World {
        let folder = tempfile::tempdir().unwrap();
        let socket = bind(&folder.path().join("run/admin.sock")).unwrap();
        let doors = Arc::new(Doors::default());
        let shared = Arc::clone(&doors);
        let audit: Arc<dyn AuditLog> = Arc::new(Recent::default());
        let kept = Arc::clone(&audit);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let (sender, mut commands) = mpsc::channel(1);
                let stopped = async { drop(stopped.await) };
                tokio::spawn(async move {
                    while let Some(command) = commands.recv().await {
                        daemon(command);
                    }
                });
                let desk = Desk::new(sender, kept, Arc::clone(&shared), reply_time);
                serve(socket, Arc::new(desk), judge, shared, settings, stopped)
                    .await
                    .unwrap();
            });
        });
        World {
            folder,
            doors,
            heard: Arc::default(),
            audit,
            stop: Some(stop),
            server: Some(server),
        }
    }

    pub(in super::super) fn path(&self) -> PathBuf {
        self.folder.path().join("run/admin.sock")
    }

    pub(in super::super) fn client(&self) -> client::Client {
        client::connect(&self.path(), NEVER).unwrap()
    }

    pub(in super::super) fn api(&self) -> Api {
        Api::at(Place::Socket(self.path())).with_patience(NEVER)
    }

    /// A connection for raw bytes.
    pub(in super::super) fn raw(&self) -> Stream {
        let stream = Stream::connect(self.path()).unwrap();
        stream.set_read_timeout(Some(NEVER)).unwrap();
        stream
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub(in super::super) fn count(&self, bound: Bound) -> u64 {
        self.doors.count(Door::Admin, bound)
    }

    pub(in super::super) fn stop(&mut self) {
        if let (Some(stop), Some(server)) = (self.stop.take(), self.server.take()) {
            let _ = stop.send(());
            server.join().unwrap();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

/// One reply: `ok`, or the error's kind.
fn reply(stream: &mut Stream) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "ended in a reply");
        line.push(byte[0]);
    }
    let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
    match value.get("error") {
        None => {
            assert!(value["ok"].is_object(), "{value}");
            "ok".to_owned()
        }
        Some(error) => {
            assert!(error["message"].as_str().unwrap().len() > 10, "{value}");
            error["kind"].as_str().unwrap().to_owned()
        }
    }
}

pub(in super::super) fn is_over(stream: &mut Stream) -> bool {
    match stream.read(&mut [0]) {
        Ok(count) => count == 0,
        // The server hung up on bytes that it had not read.
        Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn requests_reach_the_daemon_and_replies_come_back() {
    let world = World::new(patient());
    let mut client = world.client();
    assert_eq!(client.ping().unwrap(), Pong::ours());
    let told = world.api().status().unwrap();
    assert_eq!((&told.standing, &told), (&standing(), &status()));
    assert_eq!(world.api().reload().unwrap(), report());
    let uid = rustix::process::getuid().as_raw();
    assert_eq!(
        world.heard(),
        ["status".to_owned(), format!("reload by uid {uid}")]
    );
}

#[test]
fn only_owner_and_group_can_reach_the_socket() {
    let world = World::new(patient());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&world.path()), 0o660);
    assert_eq!(mode(world.path().parent().unwrap()), 0o750);
}

#[test]
fn a_live_socket_is_left_alone_and_a_dead_one_replaced() {
    let mut world = World::new(patient());
    let path = world.path();
    assert!(matches!(bind(&path), Err(BindError::Alive { .. })));
    assert_eq!(world.client().ping().unwrap(), Pong::ours());
    world.stop();
    assert!(path.exists(), "a dead socket stays behind");
    drop(bind(&path).unwrap());
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    assert!(matches!(bind(&path), Err(BindError::NotASocket(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn strangers_are_told_who_they_are() {
    let heard = Arc::default();
    let world = World::with(patient(), FOREVER, Arc::new(|_, _| None), obedient(&heard));
    for number in 0..20 {
        let refused = match number % 2 {
            0 => world.api().reload().map(|_| ()),
            _ => world.client().ping().map(|_| ()),
        };
        let Err(ClientError::Fault(fault)) = refused else {
            panic!("not refused: {refused:?}");
        };
        assert_eq!(fault.kind, FaultKind::Refused);
        let (uid, pid) = (rustix::process::getuid().as_raw(), std::process::id());
        assert!(fault.message.contains(&format!("uid {uid},")), "{fault}");
        assert!(fault.message.contains(&format!("pid {pid};")), "{fault}");
    }
    assert!(heard.lock().unwrap().is_empty());
    let noted = world.audit.last(99);
    assert_eq!(noted.len(), 10, "{noted:?}");
    assert_eq!(noted[0].what, "POST /v1/reload");
    assert_eq!(noted[0].outcome, Outcome::Refused);
}

#[test]
fn root_and_the_owner_are_operators_and_the_group_reads() {
    let judge = by_credentials(998, 997);
    let (operator, reader) = (Some(Role::Operator), Some(Role::Reader));
    for (uid, gid, groups, role) in [
        (0, 0, &[][..], operator),
        (998, 100, &[], operator),
        (1000, 997, &[], reader),
        (1000, 1000, &[4, 997], reader),
        (1000, 1000, &[4, 998], None),
        (1000, 0, &[0], None),
        (u32::MAX, u32::MAX, &[], None),
    ] {
        let caller = Caller {
            uid,
            gid,
            pid: None,
        };
        assert_eq!(judge(&caller, groups), role, "{caller} {groups:?}");
    }
}

#[test]
fn members_of_the_group_may_ask_and_not_order() {
    let heard = Arc::default();
    let judge: Judge = Arc::new(|_, _| Some(Role::Reader));
    let world = World::with(patient(), FOREVER, judge, obedient(&heard));
    world.api().status().unwrap();
    let Err(ClientError::Fault(fault)) = world.api().reload() else {
        panic!("not refused");
    };
    assert_eq!(fault.kind, FaultKind::Refused);
    assert!(fault.message.contains("use sudo"), "{fault}");
    let mut client = world.client();
    client.ping().unwrap();
    let Err(ClientError::Fault(fault)) = client.takeover("0") else {
        panic!("not refused");
    };
    assert_eq!(fault.kind, FaultKind::Refused);
    assert_eq!(*heard.lock().unwrap(), ["status"]);
    let noted = world.audit.last(9);
    let what: Vec<_> = noted.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(what, ["take-over", "POST /v1/reload"]);
}

#[test]
fn what_is_no_request_is_explained_and_forgiven() {
    let world = World::new(patient());
    let mut stream = world.raw();
    stream.write_all(b"{\n").unwrap();
    assert_eq!(reply(&mut stream), "malformed");
    let padded = format!("{{\"do\":\"ping\"{}}}", " ".repeat(64 * 1024 - 13));
    for (line, expected) in [
        ("", "malformed"),
        ("ping", "malformed"),
        ("\"ping\"", "malformed"),
        ("[]", "malformed"),
        ("{}", "malformed"),
        ("{\"do\":\"dance\"}", "malformed"),
        ("{\"do\":\"ping\",\"site\":\"shop\"}", "malformed"),
        ("{\"do\":\"status\"}", "malformed"),
        ("{\"do\":\"takeover\"}", "malformed"),
        ("{\"do\":\"ping\"} {\"do\":\"reload\"}", "malformed"),
        ("\u{0}\u{1}", "malformed"),
        (&"[".repeat(10_000), "malformed"),
        ("{\"do\":\"ping\"}\r", "ok"),
        (" { \"do\" : \"ping\" } ", "ok"),
        (&padded, "ok"),
    ] {
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        assert_eq!(reply(&mut stream), expected, "{line:.40}");
    }
    stream.write_all(b"\xff\xfe\n").unwrap();
    assert_eq!(reply(&mut stream), "malformed");
    assert!(world.heard().is_empty());
}

#[test]
fn requests_are_done_one_after_the_other() {
    let world = World::new(patient());
    let mut stream = world.raw();
    let lines = "{\"do\":\"ping\"}\n{\"do\":\"dance\"}\n{\"do\":\"ping\"}\n{\"do\"";
    stream.write_all(lines.as_bytes()).unwrap();
    let replies: Vec<String> = (0..3).map(|_| reply(&mut stream)).collect();
    assert_eq!(replies, ["ok", "malformed", "ok"]);
    stream.write_all(b":\"ping\"}\n").unwrap();
    assert_eq!(reply(&mut stream), "ok");
}

#[test]
fn an_oversized_line_ends_the_connection() {
    let world = World::new(patient());
    for end in ["", "\n"] {
        let mut stream = world.raw();
        // The server may hang up before all of it is written.
        let _ = stream.write_all(format!("{{{}{end}", "x".repeat(64 * 1024)).as_bytes());
        assert_eq!(reply(&mut stream), "too-long");
        assert!(is_over(&mut stream));
    }
    assert_eq!(world.count(Bound::RequestBytes), 2);
}

#[test]
fn slow_and_silent_callers_are_given_up() {
    let world = World::new(Settings {
        request_time: LATER,
        idle_time: SOON,
        ..patient()
    });
    let [mut silent, mut slow, mut idle] = [world.raw(), world.raw(), world.raw()];
    slow.write_all(b"{\"do\":\"ping\"}\n{\"do\"").unwrap();
    idle.write_all(b"{\"do\":\"ping\"}\n").unwrap();
    assert_eq!(reply(&mut idle), "ok");
    assert!(is_over(&mut idle));
    assert_eq!(reply(&mut slow), "ok");
    assert_eq!(reply(&mut slow), "timeout");
    assert!(is_over(&mut slow));
    assert!(is_over(&mut silent), "nobody knows what it speaks");
    assert_eq!(world.count(Bound::IdleTime), 1);
    assert_eq!(world.count(Bound::RequestTime), 2);
}

#[test]
fn a_daemon_that_does_not_reply_is_reported() {
    let mut held = Vec::new();
    let stuck = Box::new(move |command| held.push(command));
    let world = World::with(patient(), SOON, everybody(), stuck);
    let Err(ClientError::Fault(fault)) = world.api().status() else {
        panic!("a reply out of nowhere");
    };
    assert_eq!(fault.kind, FaultKind::Timeout);
    assert_eq!(world.count(Bound::ReplyTime), 1);
    assert_eq!(
        world.client().ping().unwrap(),
        Pong::ours(),
        "the socket itself lives"
    );
}

#[test]
fn a_daemon_that_is_stopping_is_reported() {
    let world = World::with(patient(), FOREVER, everybody(), Box::new(drop));
    let Err(ClientError::Fault(fault)) = world.api().reload() else {
        panic!("a reply out of nowhere");
    };
    assert_eq!(fault.kind, FaultKind::Stopping);
}

#[test]
fn idle_callers_make_room() {
    let world = World::new(Settings {
        connections: NonZeroUsize::MIN,
        ..patient()
    });
    let mut first = world.raw();
    first.write_all(b"{\"do\":\"ping\"}\n").unwrap();
    assert_eq!(reply(&mut first), "ok");
    assert_eq!(world.client().ping().unwrap(), Pong::ours());
    assert!(is_over(&mut first));
    assert_eq!(world.count(Bound::Connections), 1);
}

/// Sends one byte, and with it the far end of a pipe that says `text`.
fn send_descriptor(stream: &Stream, text: &[u8]) {
    let (keep, give) = Stream::pair().unwrap();
    (&keep).write_all(text).unwrap();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [give.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let byte = [IoSlice::new(b"x")];
    sendmsg(stream, &byte, &mut control, SendFlags::empty()).unwrap();
}

fn receive_descriptor(stream: &Stream) -> String {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut pieces = [IoSliceMut::new(&mut byte)];
    recvmsg(stream, &mut pieces, &mut control, RecvFlags::CMSG_CLOEXEC).unwrap();
    let mut received = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let mut text = String::new();
    let mut pipe = Stream::from(received.next().unwrap());
    pipe.read_to_string(&mut text).unwrap();
    assert_eq!(byte, *b"x");
    text
}

#[test]
fn a_take_over_gets_the_connection() {
    let daemon = Box::new(|command| {
        let Command::Takeover(takeover) = command else {
            panic!("{command:?}");
        };
        assert_eq!(takeover.from_version, "9.9");
        send_descriptor(&takeover.accept().unwrap(), b"a listener");
    });
    let world = World::with(patient(), FOREVER, everybody(), daemon);
    let (pong, stream) = world.client().takeover("9.9").unwrap();
    assert_eq!(pong, Pong::ours());
    assert_eq!(receive_descriptor(&stream), "a listener");
}

#[test]
fn a_client_that_takes_over_reads_nothing_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let client = client::connect(&path, NEVER).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server
        .write_all(&Reply::ok(&Pong::ours()).to_line())
        .unwrap();
    send_descriptor(&server, b"a listener");
    drop(server);
    // Reply and descriptor are both there before the client looks for the first.
    let (_, stream) = client.takeover("9.9").unwrap();
    assert_eq!(receive_descriptor(&stream), "a listener");
}

#[test]
fn a_take_over_can_be_refused() {
    let world = World::new(patient());
    let Err(ClientError::Fault(fault)) = world.client().takeover("9.9") else {
        panic!("not refused");
    };
    assert_eq!(
        (fault.kind, fault.message.as_str()),
        (FaultKind::Failed, "not today")
    );
    assert_eq!(world.heard(), ["takeover by 9.9"]);
}

#[test]
fn nothing_may_follow_a_take_over() {
    let world = World::new(patient());
    let mut stream = world.raw();
    stream
        .write_all(b"{\"do\":\"takeover\",\"from_version\":\"9\"}\n{\"do\":\"ping\"}\n")
        .unwrap();
    assert_eq!(
        [reply(&mut stream), reply(&mut stream)],
        ["malformed", "ok"]
    );
    assert!(world.heard().is_empty());
}

#[test]
fn stopping_ends_idle_callers() {
    let mut world = World::new(patient());
    let mut stream = world.raw();
    stream.write_all(b"{\"do\":\"ping\"}\n").unwrap();
    assert_eq!(reply(&mut stream), "ok");
    world.stop();
    assert!(is_over(&mut stream));
}
