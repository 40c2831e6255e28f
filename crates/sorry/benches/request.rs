//! What one request costs outside the kernel: reading its head, choosing its answer, writing it, without sockets. A magnifying glass for
//! whoever changes that path; `cargo xtask bench answer` is what counts. Run with `cargo bench -p sorry-server --profile dist`.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use sorry_core::answer::{EventStream, Mode, Policy, Robots, decide};
use sorry_core::retry_after::{Promise, salt};
use sorry_server::answer::{AltSvc, Desk, Guest, Hosts, ListenerId, Security, Site, Sites};
use sorry_server::config::HostMap;
use sorry_server::count::{self, WorkerCounts};
use sorry_server::http1::{Bounds, Out, Parsed, Session, parse};
use sorry_server::page::prepared::{Answers, Settings};
use sorry_server::page::{self, Source, Words};

/// Repetitions in one measurement, and measurements. The least of them is what the code costs; others met somebody else.
const BATCH: u32 = 2_000;
const BATCHES: u32 = 300;

fn main() {
    let site = site();
    let policy = site.policy.clone();
    let hosts = Hosts {
        names: HostMap::new(),
        default: 0,
    };
    let Some(sites) = Sites::new(
        vec![site],
        HashMap::from([(ListenerId(0), hosts)]),
        HashMap::new(),
    ) else {
        return;
    };
    println!(
        "{:<24} {:>6} {:>9} {:>9} {:>9}",
        "request", "bytes", "head ns", "choice ns", "all ns"
    );
    for (name, request) in requests() {
        let request = request.as_bytes();
        let head = least(|| {
            black_box(parse(black_box(request)));
        });
        let Parsed::Whole(whole, _) = parse(request) else {
            println!("{name}: cannot be read");
            continue;
        };
        let choice = least(|| {
            black_box(decide(black_box(&whole.ask), &policy));
        });
        let all = all(&sites, request);
        let bytes = request.len();
        println!("{name:<24} {bytes:>6} {head:>9.0} {choice:>9.0} {all:>9.0}");
    }
}

/// From bytes to bytes.
fn all(sites: &Sites, request: &[u8]) -> f64 {
    const BOUNDS: Bounds = Bounds {
        head_bytes: 32 * 1024,
        requests: u64::MAX,
        body_bytes: 1 << 20,
    };
    let guest = Guest {
        listener: ListenerId(0),
        client: Some(IpAddr::from([192, 0, 2, 7])),
        security: Security::Plain,
    };
    let mut desk = Desk::new(0, 7, Arc::new(WorkerCounts::default()), None);
    let (mut session, mut out) = (Session::new(), Out::default());
    least(|| {
        out.bytes.clear();
        let mut visit = desk.visit(sites, guest);
        black_box(session.receive(black_box(request), &BOUNDS, &mut visit, &mut out));
        black_box(&out.bytes);
    })
}

/// Nanoseconds for one call.
fn least(mut work: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..BATCHES {
        let start = Instant::now();
        for _ in 0..BATCH {
            work();
        }
        least = least.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH));
    }
    least
}

fn requests() -> Vec<(&'static str, String)> {
    let browser = "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\n\
        sec-ch-ua-platform: \"Linux\"\r\nupgrade-insecure-requests: 1\r\nuser-agent: Mozilla/5.0 (X11; Linux x86_64) \
        AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\naccept: text/html,application/xhtml+xml,\
        application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nsec-fetch-site: none\r\nsec-fetch-mode: navigate\r\n\
        sec-fetch-user: ?1\r\nsec-fetch-dest: document\r\naccept-encoding: gzip, deflate, br, zstd\r\n\
        accept-language: en-GB,en;q=0.9\r\n";
    let of = |fields: &str| {
        format!(
            "GET /collections/shoes/blue-suede?size=42&page=3 HTTP/1.1\r\nHost: shop.example\r\n{fields}\r\n"
        )
    };
    vec![
        ("bare", of("")),
        ("curl", of("User-Agent: curl/8.0\r\nAccept: */*\r\n")),
        ("browser", of(browser)),
        (
            "browser, uncompressed",
            of(&browser.replace("gzip, deflate, br, zstd", "identity")),
        ),
    ]
}

fn site() -> Site {
    let counts = count::Sites::new(1);
    let words = Words {
        site: "shop.example".into(),
        ..Words::default()
    };
    let page = page::load(&Source::BuiltIn, &words, &page::Bounds::default());
    let page = page.unwrap_or_else(|_| unreachable!("the built-in page can be loaded"));
    Site {
        name: "shop".into(),
        policy: Policy {
            mode: Mode::InPlace,
            redirect_path: "/.sorry/page".into(),
            alive: "/.sorry/alive".into(),
            robots: Robots::Refused,
            event_stream: EventStream::Answer,
            origins: Box::default(),
        },
        promise: Promise {
            default: 120,
            until: None,
            salt: salt("shop", 1),
        },
        answers: Answers::new(&page.compress(), &Settings::default()),
        alt_svc: AltSvc::Auto,
        counts: counts.named("shop"),
        strangers: counts.named("shop"),
    }
}
