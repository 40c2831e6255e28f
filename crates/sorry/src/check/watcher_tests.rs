//! Real probes of real listeners.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

use super::super::prepared::Shared;
use super::super::spawner::Direct;
use super::super::subject::Subject;
use super::*;
use crate::config::Place as Typed;
use crate::config::check::{Check, Dialogue, Egress, Exec, Kind};
use crate::config::real_server::{Target, TargetHost};
use sorry_core::health::{Reason, Thresholds};

const PATIENCE: Duration = Duration::from_secs(20);

const RARELY: Timing = Timing {
    every: Duration::from_secs(600),
    timeout: Duration::from_secs(10),
    suspect_every: Duration::from_millis(5),
    jitter: Duration::ZERO,
};

fn key(name: &str) -> Key {
    Key::Check {
        site: "shop".into(),
        real_server: name.into(),
        check: "tcp".into(),
    }
}

fn watched(name: &str, kind: Kind, to: SocketAddr, timing: Timing) -> Watched {
    let one = std::num::NonZeroU16::MIN;
    let check = Check {
        name: kind.label().into(),
        kind,
        target: Target {
            host: TargetHost::Ip(to.ip()),
            port: to.port(),
        },
        egress: Egress::default(),
        timing,
        thresholds: Thresholds {
            rise: one,
            fall: one,
            forgive: one,
        },
        place: Typed::File,
    };
    let subject = Subject {
        site: "shop".into(),
        real_server: name.into(),
        address: to.to_string().into(),
    };
    Watched {
        key: key(name),
        prepared: Arc::new(
            Prepared::new(&check, &subject, &Shared::new(Arc::new(Direct))).unwrap(),
        ),
        timing,
        fall: 2,
    }
}

fn expecting(text: &str) -> Kind {
    Kind::Tcp(Dialogue {
        send: None,
        expect: Some(text.as_bytes().into()),
    })
}

fn connecting() -> Kind {
    Kind::Tcp(Dialogue::default())
}

fn started() -> (Watcher, Receiver<Told>) {
    let (sender, told) = channel();
    let tell = move |told| drop(sender.send(told));
    (Watcher::start(tell).unwrap(), told)
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn next(told: &Receiver<Told>) -> (Key, Reason) {
    let told = told.recv_timeout(PATIENCE).unwrap();
    (told.key, told.outcome.reason)
}

#[test]
fn a_change_leaves_alone_what_is_the_same() {
    let (watcher, told) = started();
    let (_listener, to) = listener();
    let refusing = listener().1;
    let one = || watched("one", connecting(), to, RARELY);
    watcher.set(vec![one(), watched("two", connecting(), to, RARELY)]);
    let mut first =
        [next(&told), next(&told)].map(|(key, reason)| (key == self::key("one"), reason));
    first.sort_by_key(|(is_one, _)| *is_one);
    assert_eq!(first, [(false, Reason::Ok), (true, Reason::Ok)]);
    watcher.set(vec![one(), watched("two", connecting(), refusing, RARELY)]);
    assert_eq!(next(&told), (key("two"), Reason::Refused));
    watcher.set(vec![one(), watched("three", connecting(), to, RARELY)]);
    assert_eq!(next(&told), (key("three"), Reason::Ok));
    drop(watcher);
    assert!(
        told.recv().is_err(),
        "nothing else was told: one was not disturbed"
    );
}

#[test]
fn suspects_are_asked_again_before_they_have_answered() {
    let (watcher, told) = started();
    let (listener, to) = listener();
    watcher.set(vec![watched("mute", expecting("never"), to, RARELY)]);
    let _first = listener.accept().unwrap();
    watcher.pace(&key("mute"), Pace::Suspect);
    let more: Vec<_> = (0..3).map(|_| listener.accept().unwrap()).collect();
    assert!(told.try_recv().is_err(), "no result yet: {more:?}");
    drop(more);
    assert_eq!(next(&told).1, Reason::Closed);
}

#[test]
fn who_is_not_watched_any_more_is_let_go() {
    use std::io::Read as _;
    let (watcher, told) = started();
    let (listener, to) = listener();
    watcher.set(vec![watched("mute", expecting("never"), to, RARELY)]);
    let (mut stream, _) = listener.accept().unwrap();
    watcher.set(Vec::new());
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "the probe was ended");
    drop(watcher);
    assert!(told.recv().is_err(), "and not told of");
}

#[test]
fn programs_die_with_their_watcher() {
    let (watcher, _told) = started();
    let (_listener, to) = listener();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pid");
    let script = format!(
        "echo $$ > {0}.new; mv {0}.new {0}; sleep 60",
        path.display()
    );
    let exec = Kind::Exec(Exec {
        argv: ["/bin/sh", "-c", &script].map(Into::into).into(),
        weight: false,
    });
    watcher.set(vec![watched("program", exec, to, RARELY)]);
    let begun = Instant::now();
    let pid = loop {
        if let Ok(text) = std::fs::read_to_string(&path) {
            break text.trim().to_owned();
        }
        assert!(begun.elapsed() < PATIENCE);
        std::thread::yield_now();
    };
    drop(watcher);
    let path = format!("/proc/{pid}/stat");
    loop {
        let stat = std::fs::read_to_string(&path).unwrap_or_default();
        let state = stat.rsplit_once(") ").map_or("", |(_, rest)| &rest[..1]);
        if matches!(state, "" | "Z" | "X") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{stat}");
        std::thread::yield_now();
    }
}

#[test]
fn references_are_watched_alike() {
    let (watcher, told) = started();
    let refusing = listener().1;
    let target = Target {
        host: TargetHost::Ip(refusing.ip()),
        port: refusing.port(),
    };
    watcher.set(vec![Watched {
        key: Key::Reference(3),
        prepared: Arc::new(Prepared::reference(&target, Duration::from_secs(10))),
        timing: RARELY,
        fall: 2,
    }]);
    let told = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(told.key, Key::Reference(3));
    assert_eq!(told.outcome.reason, Reason::Refused);
    assert!(told.outcome.answered(), "somebody is there");
}

#[test]
fn a_thread_that_ends_by_itself_is_noticed() {
    let (_listener, to) = listener();
    let (sender, noticed) = channel();
    let tell = |told: Told| panic!("{told:?} as this test wants it");
    let watcher =
        Watcher::start_or(tell, move || sender.send(()).expect("somebody waits")).unwrap();
    watcher.set(vec![watched("one", connecting(), to, RARELY)]);
    assert_eq!(noticed.recv_timeout(PATIENCE), Ok(()));
    drop(watcher);
    let (sender, noticed) = channel::<()>();
    let watcher =
        Watcher::start_or(drop, move || sender.send(()).expect("somebody waits")).unwrap();
    drop(watcher);
    assert!(noticed.recv().is_err(), "who is asked to end may");
}
