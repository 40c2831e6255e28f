//! Three dialects cannot say 503, three paths are ours to answer, and there is nothing else: a walk over many thousand
//! combinations of what can decide an answer.

use super::transport::{Request, Transport, ask_all};
use super::transports::promises;
use super::world::World;
use crate::harness::Answer;

/// The generator of PCG-XSH-RR (O'Neill 2014), so that a walk is the same each time.
struct Walk(u64);

impl Walk {
    fn next(&mut self) -> usize {
        let state = self.0;
        self.0 = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = ((state >> 18) ^ state) >> 27;
        usize::try_from(mixed.rotate_right(u32::try_from(state >> 59).unwrap_or(0)) & 0xffff_ffff)
            .unwrap_or(0)
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.next() % list.len()]
    }

    /// A value, or nothing, with equal chances.
    fn maybe<'a>(&mut self, list: &[&'a str]) -> Option<&'a str> {
        self.next().is_multiple_of(2).then(|| self.pick(list))
    }
}

const METHODS: [&str; 14] = [
    "GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OPTIONS", "TRACE",
    "PROPFIND", "REPORT", "BREW",
];
const PATHS: [&str; 22] = [
    "/",
    "/index.html",
    "/page.html",
    "/.sorry/alive",
    "/.sorry/alive?x",
    "/.sorry/Alive",
    "/.sorry/alive/..",
    "/.sorry",
    "/.sorry/page",
    "/robots.txt",
    "/robots.txt?a",
    "/a.js",
    "/a.css",
    "/logo.svg",
    "/favicon.ico",
    "/x.json",
    "/feed.xml",
    "/.sorry/0123456789abcdef/style.css",
    "/healthz",
    "/ping",
    "/status",
    "/.well-known/security.txt",
];
const ACCEPTS: [&str; 12] = [
    "*/*",
    "text/html",
    "application/json",
    "application/problem+json",
    "application/xml",
    "text/plain",
    "text/event-stream",
    "text/event-stream;q=0",
    "image/*",
    "text/css",
    "application/grpc",
    ",;,",
];
const TYPES: [&str; 9] = [
    "application/json",
    "application/grpc",
    "application/grpc+json",
    "application/grpc-web",
    "application/grpc-web-text+proto",
    "application/grpcs",
    "text/event-stream",
    "multipart/form-data; boundary=x",
    "APPLICATION/GRPC",
];
const DESTS: [&str; 8] = [
    "document", "image", "script", "style", "empty", "worker", "manifest", "nonsense",
];
const CONDITIONS: [(&str, &str); 6] = [
    ("range", "bytes=0-1"),
    ("if-none-match", "*"),
    ("if-modified-since", "Fri, 20 Nov 2026 12:00:00 GMT"),
    ("x-http-method-override", "GET"),
    ("upgrade-insecure-requests", "1"),
    ("x-forwarded-proto", "https"),
];

fn step(walk: &mut Walk) -> Request {
    let mut request = Request::new(walk.pick(&METHODS), walk.pick(&PATHS));
    let optional = [
        ("accept", walk.maybe(&ACCEPTS)),
        (
            "content-type",
            walk.maybe(&TYPES).filter(|_| request.method != "GET"),
        ),
        ("sec-fetch-dest", walk.maybe(&DESTS)),
        ("origin", walk.maybe(&["https://a.example", "null"])),
        (
            "access-control-request-method",
            walk.maybe(&["PUT", "GET", "bad method"]),
        ),
        (
            "access-control-request-headers",
            walk.maybe(&["x-a", "x a"]),
        ),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            request = request.with(name, value);
        }
    }
    if walk.next().is_multiple_of(4) {
        let (name, value) = CONDITIONS[walk.next() % CONDITIONS.len()];
        request = request.with(name, value);
    }
    if walk.next().is_multiple_of(8) && !matches!(request.method.as_str(), "GET" | "HEAD" | "TRACE")
    {
        request = request.sending(b"a body");
    }
    request
}

/// The exception that a request is by its own words, in the words of rules, section 2.
fn exception(request: &Request, asset: &str) -> Option<&'static str> {
    let field = |name: &str| {
        let found = request.fields.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    };
    let path = request.target.split('?').next().unwrap_or_default();
    let reads = matches!(request.method.as_str(), "GET" | "HEAD");
    let token = |text: &str| !text.is_empty() && !text.contains(' ');
    let lower = field("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let grpc = [
        "application/grpc",
        "application/grpc-web",
        "application/grpc-web-text",
    ];
    match () {
        () if reads && path == "/.sorry/alive" => Some("alive"),
        () if reads && path == "/robots.txt" => Some("robots"),
        () if request.method == "OPTIONS"
            && field("origin").is_some()
            && field("access-control-request-method").is_some_and(token)
            && field("access-control-request-headers").is_none_or(token) =>
        {
            Some("preflight")
        }
        () if reads && path == asset => Some("own"),
        () if grpc
            .iter()
            .any(|kind| lower == *kind || lower.starts_with(&format!("{kind}+"))) =>
        {
            Some("grpc")
        }
        // Only who reads is told by a stream: a write that is answered 200 would pass for done.
        () if reads && field("accept") == Some("text/event-stream") => Some("event-stream"),
        () => None,
    }
}

/// The exception that an answer is by its own words.
fn shown(answer: &Answer) -> Option<&'static str> {
    let kind = answer.field("content-type").unwrap_or_default();
    match answer.status() {
        204 if answer.field("access-control-allow-methods").is_some() => Some("preflight"),
        200 if answer.field("grpc-status") == Some("14") => Some("grpc"),
        200 if kind == "text/event-stream" => Some("event-stream"),
        200 if answer
            .field("cache-control")
            .is_some_and(|c| c.contains("max-age=300")) =>
        {
            Some("own")
        }
        200 if answer.field("content-length") == Some("6") => Some("alive"),
        200 if kind.starts_with("text/plain") => Some("robots"),
        503 => None,
        _ => panic!("an answer that nobody has promised: {answer:?}"),
    }
}

#[test]
fn there_is_no_fourth() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page");
    std::fs::create_dir(&page).unwrap();
    let html = "<!doctype html><title>Sorry</title><link rel=stylesheet href=style.css><img src=cat.png alt=\"\"><p>Back soon.";
    std::fs::write(page.join("page.html"), html).unwrap();
    std::fs::write(
        page.join("style.css"),
        format!("p{{color:#123456}}/*{}*/", "x".repeat(20_000)),
    )
    .unwrap();
    std::fs::write(page.join("cat.png"), [0x89, b'P', b'N', b'G'].repeat(8000)).unwrap();
    std::fs::write(
        folder.path().join("robots.txt"),
        "User-agent: *\nAllow: /\n",
    )
    .unwrap();
    let world = World::in_folder(folder, "", "page = \"page\"\nrobots = \"robots.txt\"");
    let asset = own_asset(&world);
    for (transport, steps, seed) in [
        (Transport::Http11, 6000, 1),
        (Transport::Http10, 1500, 2),
        (Transport::H2c, 3000, 3),
        (Transport::H2Tls, 1500, 4),
    ] {
        let mut walk = Walk(seed);
        let requests: Vec<_> = (0..steps)
            .map(|number| match number % 50 {
                // The walk does not know the asset's name.
                0 => Request {
                    target: asset.clone(),
                    ..step(&mut walk)
                },
                _ => step(&mut walk),
            })
            .collect();
        let answers = ask_all(&world, transport, &requests);
        let mut seen = std::collections::BTreeMap::new();
        for (request, answer) in requests.iter().zip(&answers) {
            let shown = shown(answer);
            assert_eq!(
                shown,
                exception(request, &asset),
                "{transport:?} {request:?}: {answer:?}"
            );
            assert!(answer.field("date").is_some(), "{request:?}: {answer:?}");
            if shown.is_none() {
                promises(&format!("{request:?}"), answer);
            }
            *seen.entry(shown).or_insert(0) += 1;
        }
        // The walk has met everything there is.
        assert_eq!(seen.len(), 7, "{transport:?}: {seen:?}");
        assert!(seen[&None] > steps / 4, "{transport:?}: {seen:?}");
    }
}

/// The path under which the page's picture lives.
fn own_asset(world: &World) -> String {
    let page = super::transport::ask(
        world,
        Transport::Http11,
        &Request::get("/deep/under/a/path").with("accept", "text/html"),
    );
    let html = page.text();
    let start = html
        .find("/.sorry/")
        .unwrap_or_else(|| panic!("no asset in {html}"));
    let end = html[start..]
        .find(['"', '\'', '>', ' ', ')'])
        .expect("its end");
    html[start..start + end].to_owned()
}

#[test]
fn own_files_are_kept_for_five_minutes_and_index_html_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page");
    std::fs::create_dir(&page).unwrap();
    std::fs::write(
        page.join("index.html"),
        "<!doctype html><title>x</title><img src=cat.png alt=\"\">",
    )
    .unwrap();
    std::fs::write(page.join("cat.png"), [1, 2, 3, 4].repeat(10_000)).unwrap();
    let world = World::in_folder(folder, "", "page = \"page\"");
    let asset = own_asset(&world);
    for transport in Transport::ALL {
        let of = |request: Request| super::transport::ask(&world, transport, &request);
        let answer = of(Request::get(&asset));
        assert_eq!(answer.status(), 200, "{transport:?} {asset}");
        assert_eq!(answer.body, [1, 2, 3, 4].repeat(10_000));
        assert_eq!(answer.field("content-type"), Some("image/png"));
        assert!(
            answer
                .field("cache-control")
                .is_some_and(|c| c.contains("max-age=300")),
            "{answer:?}"
        );
        assert_eq!(of(Request::new("POST", &asset)).status(), 503);
        for name in ["/index.html", "/page.html", "/cat.png", "/"] {
            assert_eq!(of(Request::get(name)).status(), 503, "{transport:?} {name}");
        }
        let folder = asset.rsplit_once('/').map_or("", |(folder, _)| folder);
        for name in ["index.html", "page.html", "../../page/cat.png", ""] {
            assert_eq!(
                of(Request::get(&format!("{folder}/{name}"))).status(),
                503,
                "{name}"
            );
        }
    }
}

#[test]
fn robots_txt_is_refused_unless_there_is_one() {
    let world = World::new("");
    for transport in Transport::ALL {
        let answer = super::transport::ask(&world, transport, &Request::get("/robots.txt"));
        assert_eq!(answer.status(), 503, "{transport:?}");
        assert!(!answer.text().to_ascii_lowercase().contains("disallow"));
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("r.txt"),
        "User-agent: *\nDisallow: /cart\n",
    )
    .unwrap();
    let world = World::in_folder(folder, "", "robots = \"r.txt\"");
    for transport in Transport::ALL {
        let answer = super::transport::ask(&world, transport, &Request::get("/robots.txt"));
        assert_eq!(
            (answer.status(), answer.text().as_str()),
            (200, "User-agent: *\nDisallow: /cart\n")
        );
        assert!(answer.field("date").is_some());
        let answer =
            super::transport::ask(&world, transport, &Request::new("DELETE", "/robots.txt"));
        assert_eq!(answer.status(), 503);
    }
}
