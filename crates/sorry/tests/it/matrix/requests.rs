//! The requests of the matrix, each with what it must get.

use super::transport::Request;

/// What a request gets, as far as a table can say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    /// The media type without parameters; none for an answer without a body.
    pub(crate) kind: Option<&'static str>,
}

/// The media types of bodies.
pub(crate) const HTML: Option<&str> = Some("text/html");
pub(crate) const TEXT: Option<&str> = Some("text/plain");
pub(crate) const JSON: Option<&str> = Some("application/json");
pub(crate) const PROBLEM: Option<&str> = Some("application/problem+json");
pub(crate) const XML: Option<&str> = Some("application/xml");
pub(crate) const STREAM: Option<&str> = Some("text/event-stream");

/// What browsers send for a page.
pub(crate) const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

/// Methods that mean nothing special; HEAD, CONNECT and TRACE are among the exchanges of their own.
pub(crate) const METHODS: [&str; 11] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW", "get",
];

/// Everything that every transport can say, with a name for each.
pub(crate) fn all() -> Vec<(String, Request, Expected)> {
    let mut all = by_method();
    all.extend(by_target());
    all.extend(by_witness());
    all.extend(that_change_nothing());
    all
}

fn refused(kind: Option<&'static str>) -> Expected {
    Expected { status: 503, kind }
}

fn by_method() -> Vec<(String, Request, Expected)> {
    let mut list = Vec::new();
    for method in METHODS {
        for (accept, kind) in [(BROWSER, HTML), ("application/json", JSON), ("*/*", TEXT)] {
            let request = Request::new(method, "/a/page?q=1").with("accept", accept);
            list.push((format!("{method} {accept}"), request, refused(kind)));
        }
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "BREW"] {
        let request = Request::new(method, "/form").sending(&[b'x'; 3000]);
        list.push((format!("{method} with a body"), request, refused(TEXT)));
    }
    let connect = Request::new("CONNECT", "shop.example:443");
    list.push(("CONNECT".to_owned(), connect, refused(TEXT)));
    let star = Request::new("OPTIONS", "*");
    list.push(("OPTIONS *".to_owned(), star, refused(TEXT)));
    list
}

fn by_target() -> Vec<(String, Request, Expected)> {
    let long = format!("/{}", "a".repeat(8191));
    let long_query = format!("/?{}", "b".repeat(8190));
    let targets = [
        ("/", TEXT),
        ("/index.html", HTML),
        ("/%2e%2e/%2e%2e/etc/passwd", TEXT),
        ("/a%20b%00%ff?x=%0d%0a", TEXT),
        ("//double/slash", TEXT),
        ("/.sorry/", TEXT),
        ("/.sorry/no-such-file", TEXT),
        ("/.sorry/alive/", TEXT),
        ("/.sorry/alive.html", HTML),
        ("/robots.txt", TEXT),
        ("/favicon.ico", None),
        ("/.well-known/acme-challenge/x", TEXT),
        (long.as_str(), TEXT),
        (long_query.as_str(), TEXT),
    ];
    let request = |(target, kind): (&str, _)| {
        let name: String = format!("GET {target}").chars().take(60).collect();
        (name, Request::get(target), refused(kind))
    };
    targets.into_iter().map(request).collect()
}

/// Each dialect by each witness, in the order in which they are heard (rules, section 2).
fn by_witness() -> Vec<(String, Request, Expected)> {
    type Fields = &'static [(&'static str, &'static str)];
    let grpc = |kind| Expected {
        status: 200,
        kind: Some(kind),
    };
    let stream = Expected {
        status: 200,
        kind: STREAM,
    };
    let table: [(&str, Fields, Expected); 55] = [
        // gRPC content types, before everything else
        (
            "POST /p.S/M",
            &[("content-type", "application/grpc")],
            grpc("application/grpc"),
        ),
        (
            "POST /p.S/M",
            &[("content-type", "application/grpc+proto")],
            grpc("application/grpc"),
        ),
        (
            "POST /p.S/M",
            &[("content-type", "application/grpc-web+proto")],
            grpc("application/grpc-web+proto"),
        ),
        (
            "POST /p.S/M",
            &[("content-type", "application/grpc-web-text")],
            grpc("application/grpc-web-text+proto"),
        ),
        (
            "POST /p.S/M",
            &[
                ("content-type", "application/grpc"),
                ("accept", "text/event-stream"),
            ],
            grpc("application/grpc"),
        ),
        (
            "POST /p.S/M",
            &[("content-type", "application/grpcx")],
            refused(TEXT),
        ),
        // event streams
        ("GET /events", &[("accept", "text/event-stream")], stream),
        (
            "GET /events",
            &[
                ("accept", "text/event-stream, */*;q=0.1"),
                ("sec-fetch-dest", "empty"),
            ],
            stream,
        ),
        (
            "GET /events",
            &[("accept", "text/event-stream;q=0")],
            refused(TEXT),
        ),
        // Sec-Fetch-Dest
        ("GET /x", &[("sec-fetch-dest", "document")], refused(HTML)),
        (
            "GET /x",
            &[("sec-fetch-dest", "iframe"), ("accept", "application/json")],
            refused(HTML),
        ),
        (
            "GET /x",
            &[("sec-fetch-dest", "image"), ("accept", "text/html")],
            refused(None),
        ),
        ("GET /x", &[("sec-fetch-dest", "font")], refused(None)),
        ("GET /x", &[("sec-fetch-dest", "audio")], refused(None)),
        ("GET /x", &[("sec-fetch-dest", "video")], refused(None)),
        ("GET /x", &[("sec-fetch-dest", "track")], refused(None)),
        (
            "GET /x.html",
            &[("sec-fetch-dest", "script")],
            refused(None),
        ),
        ("GET /x", &[("sec-fetch-dest", "style")], refused(None)),
        ("GET /x", &[("sec-fetch-dest", "worker")], refused(None)),
        (
            "GET /x",
            &[("sec-fetch-dest", "empty"), ("accept", "*/*")],
            refused(PROBLEM),
        ),
        (
            "GET /x",
            &[("sec-fetch-dest", "empty"), ("accept", "application/json")],
            refused(JSON),
        ),
        (
            "GET /x",
            &[("sec-fetch-dest", "empty"), ("accept", "text/html")],
            refused(TEXT),
        ),
        (
            "GET /x",
            &[("sec-fetch-dest", "moon"), ("accept", "text/html")],
            refused(HTML),
        ),
        // explicit Accept
        ("GET /x", &[("accept", "text/html")], refused(HTML)),
        ("GET /x.json", &[("accept", "text/html")], refused(HTML)),
        (
            "GET /x",
            &[("accept", "application/xhtml+xml")],
            refused(HTML),
        ),
        ("GET /x", &[("accept", "application/json")], refused(JSON)),
        (
            "GET /x",
            &[("accept", "application/problem+json")],
            refused(PROBLEM),
        ),
        (
            "GET /x",
            &[("accept", "application/problem+json, application/json")],
            refused(PROBLEM),
        ),
        (
            "GET /x",
            &[("accept", "application/vnd.api+json")],
            refused(JSON),
        ),
        ("GET /x", &[("accept", "text/plain")], refused(TEXT)),
        ("GET /x", &[("accept", "application/xml")], refused(XML)),
        ("GET /x", &[("accept", "text/xml")], refused(XML)),
        (
            "GET /x",
            &[("accept", "application/atom+xml")],
            refused(XML),
        ),
        (
            "GET /x",
            &[("accept", "text/html, application/json")],
            refused(HTML),
        ),
        (
            "GET /x",
            &[("accept", "application/json, text/plain")],
            refused(JSON),
        ),
        (
            "GET /x",
            &[("accept", "text/plain, application/xml")],
            refused(TEXT),
        ),
        (
            "GET /x",
            &[("accept", "text/html;q=0.5, application/json")],
            refused(JSON),
        ),
        ("GET /x", &[("accept", "text/html;q=0, */*")], refused(TEXT)),
        (
            "GET /x",
            &[("accept", "image/avif,image/webp,*/*;q=0.8")],
            refused(None),
        ),
        // malformed Accept is as none, and never echoed
        (
            "GET /x",
            &[("accept", "text/html;;;q=<script>alert(1)</script>")],
            refused(TEXT),
        ),
        ("GET /x.json", &[("accept", "/;/,,;q=9")], refused(PROBLEM)),
        ("GET /x", &[("accept", "text/html;q=1.0001")], refused(TEXT)),
        // the path
        ("GET /x.json", &[], refused(PROBLEM)),
        ("GET /x.json", &[("accept", "*/*")], refused(PROBLEM)),
        ("GET /feed.xml", &[], refused(XML)),
        ("GET /x.html", &[("accept", "*/*")], refused(HTML)),
        ("GET /app.js", &[("accept", "*/*")], refused(None)),
        ("GET /app.css", &[], refused(None)),
        ("GET /logo.png", &[("accept", "*/*")], refused(None)),
        (
            "GET /x.txt",
            &[("content-type", "application/json")],
            refused(TEXT),
        ),
        // the request's own body
        (
            "POST /api",
            &[("content-type", "application/json; charset=utf-8")],
            refused(PROBLEM),
        ),
        (
            "POST /api",
            &[("content-type", "application/soap+xml")],
            refused(XML),
        ),
        (
            "POST /api",
            &[("content-type", "application/x-www-form-urlencoded")],
            refused(TEXT),
        ),
        // nothing at all
        ("GET /x", &[], refused(TEXT)),
    ];
    let row = |(line, fields, expected): (&str, Fields, Expected)| {
        let (method, target) = line.split_once(' ').expect("a method and a target");
        let mut request = Request::new(method, target);
        for (name, value) in fields {
            request = request.with(name, value);
        }
        (format!("{line} {fields:?}"), request, expected)
    };
    table.into_iter().map(row).collect()
}

/// Fields that ask for less than the whole answer, or for another one: ignored, since nothing but 200 is conditional
/// (RFC 9110, sections 13.2.1 and 14.2).
pub(crate) const WITHOUT_EFFECT: [(&str, &str); 14] = [
    ("range", "bytes=0-0"),
    ("range", "bytes=1-2,4-5"),
    ("if-range", "\"x\""),
    ("if-match", "\"x\""),
    ("if-match", "*"),
    ("if-none-match", "*"),
    ("if-none-match", "\"x\", W/\"y\""),
    ("if-modified-since", "Fri, 20 Nov 2026 12:00:00 GMT"),
    ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("cache-control", "only-if-cached, max-stale"),
    ("max-forwards", "0"),
    ("x-http-method-override", "DELETE"),
    ("authorization", "Basic eDp5"),
    ("cookie", "session=1"),
];

fn that_change_nothing() -> Vec<(String, Request, Expected)> {
    let mut list = Vec::new();
    for (name, value) in WITHOUT_EFFECT {
        for (accept, kind) in [("text/html", HTML), ("application/json", JSON)] {
            let request = Request::get("/a/page?q=1")
                .with("accept", accept)
                .with(name, value);
            list.push((format!("{name}: {value}, {accept}"), request, refused(kind)));
        }
    }
    list
}
