//! The checks of many real servers and nothing else, for `cargo xtask bench checks`: how much each costs, and how late it is.
//!
//! `checks COUNT PORT SECONDS` asks `http://127.10.x.y:PORT/` of that many addresses once a second for that many seconds, then prints
//! how many results there were, how many of them were bad, and how late probes began, in microseconds.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use sorry_core::health::{Reason, Thresholds};
use sorry_server::check::{Direct, Key, Prepared, Shared, Subject, Told, Watched, Watcher};
use sorry_server::config::Place;
use sorry_server::config::check::{Check, Http, HttpVersion, Kind, Timing};
use sorry_server::config::real_server::{Target, TargetHost};

const TIMING: Timing = Timing {
    every: Duration::from_secs(1),
    timeout: Duration::from_millis(500),
    suspect_every: Duration::from_millis(100),
    jitter: Duration::from_millis(100),
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<u32> = std::env::args()
        .skip(1)
        .map(|argument| argument.parse())
        .collect::<Result<_, _>>()?;
    let [count, port, seconds] = arguments[..] else {
        return Err("checks COUNT PORT SECONDS".into());
    };
    let port = u16::try_from(port)?;
    let shared = Shared::new(Arc::new(Direct));
    let watched: Result<Vec<Watched>, _> = (0..count)
        .map(|number| watched(number, port, &shared))
        .collect();
    let (sender, told) = channel();
    let watcher = Watcher::start(move |told: Told| drop(sender.send((told.outcome, told.late))))?;
    watcher.set(watched?);
    let end = Instant::now() + Duration::from_secs(u64::from(seconds));
    let mut late = Vec::new();
    let mut bad = 0_usize;
    let mut example = None;
    while Instant::now() < end {
        // Results are taken in heaps, so that the thread that makes them seldom wakes this one.
        std::thread::park_timeout(Duration::from_millis(100));
        for (outcome, by) in told.try_iter() {
            late.push(by);
            if outcome.reason != Reason::Ok {
                bad += 1;
                example = Some(outcome);
            }
        }
    }
    drop(watcher);
    report(late, bad);
    if let Some(outcome) = example {
        eprintln!("one that was bad: {outcome:?}");
    }
    Ok(())
}

fn watched(number: u32, port: u16, shared: &Shared) -> Result<Watched, Box<dyn std::error::Error>> {
    let [third, fourth] = [number / 250, number % 250 + 1].map(u8::try_from);
    let address = SocketAddr::from((Ipv4Addr::new(127, 10, third?, fourth?), port));
    let one = NonZeroU16::MIN;
    let check = Check {
        kind: Kind::Http(Box::new(Http {
            tls: None,
            method: "GET".into(),
            path: "/".into(),
            host: None,
            headers: Vec::new(),
            version: HttpVersion::Http11,
            status: vec![200..=299],
            body: None,
            body_bytes: 1 << 20,
        })),
        target: Target {
            host: TargetHost::Ip(address.ip()),
            port,
        },
        source: None,
        timing: TIMING,
        thresholds: Thresholds {
            rise: one,
            fall: one,
            forgive: one,
        },
        place: Place::File,
    };
    let name: Arc<str> = address.to_string().into();
    let subject = Subject {
        site: "bench".into(),
        real_server: Arc::clone(&name),
        address: Arc::clone(&name),
    };
    Ok(Watched {
        key: Key::Check {
            site: Arc::clone(&subject.site),
            real_server: name,
            kind: "http",
            ordinal: 0,
        },
        prepared: Arc::new(Prepared::new(&check, &subject, shared)?),
        timing: TIMING,
        fall: 2,
    })
}

fn report(mut late: Vec<Duration>, bad: usize) {
    late.sort_unstable();
    let at = |share: usize| {
        let index = (late.len() * share / 1000).min(late.len().saturating_sub(1));
        late.get(index).map_or(0, Duration::as_micros)
    };
    println!(
        "results {} bad {bad} late-p50 {} late-p99 {} late-most {}",
        late.len(),
        at(500),
        at(990),
        at(1000)
    );
}
