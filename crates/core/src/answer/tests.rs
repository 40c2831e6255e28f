//! Which answer whom: the table of decisions, witness by witness.

use super::*;
use proptest::prelude::*;

fn policy() -> Policy {
    Policy {
        mode: Mode::InPlace,
        redirect_path: "/.sorry/page".into(),
        alive: "/.sorry/alive".into(),
        robots: Robots::Refused,
        event_stream: EventStream::Answer,
        origins: Box::new([]),
    }
}

/// A request line and fields in short: `GET /a accept=text/html dest=document`.
fn ask(text: &str) -> Ask<'_> {
    let mut words = text.split('|');
    let (method, target) = words.next().and_then(|line| line.split_once(' ')).unwrap();
    let mut ask = Ask::new(method.as_bytes(), path::of_target(target.as_bytes()));
    for word in words {
        let (name, value) = word.split_once('=').unwrap();
        let value = value.as_bytes();
        match name {
            "accept" => ask.accept.push(value),
            "type" => ask.content_type = Some(value),
            "dest" => ask.fetch_dest = Some(value),
            "ws" => ask.websocket = true,
            "origin" => ask.origin = Some(value),
            "acrm" => ask.preflight_method = Some(value),
            other => panic!("no such word: {other}"),
        }
    }
    ask
}

#[test]
fn witnesses_are_heard_in_order() {
    const CHROME: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";
    let chrome = format!("GET /|accept={CHROME}");
    let chrome_png = format!("GET /x.png|accept={CHROME}");
    for (request, expected) in [
        // gRPC before everything
        ("POST /s/M|type=application/grpc", Dialect::Grpc),
        (
            "POST /s/M|type=application/grpc+proto|accept=text/html",
            Dialect::Grpc,
        ),
        (
            "POST /s/M|type=application/grpc;charset=x|dest=document",
            Dialect::Grpc,
        ),
        (
            "POST /s/M|type=application/grpc-web+proto",
            Dialect::GrpcWeb,
        ),
        (
            "POST /s/M|type=application/grpc-web-text",
            Dialect::GrpcWebText,
        ),
        ("POST /s/M|type=application/grpcish", Dialect::Text),
        // then event streams, then WebSockets
        ("GET /e|accept=text/event-stream", Dialect::EventStream),
        (
            "GET /e|accept=text/event-stream|dest=empty",
            Dialect::EventStream,
        ),
        (
            "GET /e|accept=text/event-stream;q=0, text/html",
            Dialect::Html,
        ),
        ("GET /w|ws=1|accept=text/html", Dialect::WebSocket),
        // ... but nobody who writes is told 200, nor who would rather have something else
        (
            "POST /mcp|accept=application/json, text/event-stream",
            Dialect::Json,
        ),
        ("DELETE /o/1|accept=text/event-stream", Dialect::Text),
        (
            "GET /e|accept=application/json, text/event-stream;q=0.5",
            Dialect::Json,
        ),
        // then the browser's own word
        ("GET /|dest=document|accept=application/json", Dialect::Html),
        ("GET /|dest=iframe", Dialect::Html),
        ("GET /|dest=image|accept=text/html", Dialect::Empty),
        ("GET /|dest=font", Dialect::Empty),
        ("GET /|dest=track", Dialect::Empty),
        ("GET /|dest=script", Dialect::EmptyNosniff),
        ("GET /|dest=style", Dialect::EmptyNosniff),
        ("GET /|dest=worker", Dialect::EmptyNosniff),
        ("GET /|dest=empty", Dialect::ProblemJson),
        ("GET /|dest=empty|accept=*/*", Dialect::ProblemJson),
        ("GET /|dest=empty|accept=application/json", Dialect::Json),
        ("GET /|dest=empty|accept=text/html", Dialect::Text),
        ("GET /|dest=whatever|accept=text/html", Dialect::Html),
        // then Accept
        (&chrome, Dialect::Html),
        (&chrome_png, Dialect::Html),
        ("GET /|accept=application/json", Dialect::Json),
        (
            "GET /|accept=application/problem+json",
            Dialect::ProblemJson,
        ),
        (
            "GET /|accept=application/json, application/problem+json;q=0.5",
            Dialect::ProblemJson,
        ),
        (
            "GET /|accept=application/json, text/plain, */*",
            Dialect::ProblemJson,
        ),
        ("GET /|accept=application/vnd.api+json", Dialect::Json),
        ("GET /|accept=application/*", Dialect::ProblemJson),
        ("GET /|accept=text/*", Dialect::Html),
        ("GET /|accept=text/plain", Dialect::Text),
        ("GET /|accept=text/plain, text/html", Dialect::Html),
        ("GET /|accept=text/plain, text/html;q=0.9", Dialect::Text),
        ("GET /|accept=application/xml", Dialect::Xml),
        (
            "GET /|accept=application/rss+xml, application/xml;q=0.9, */*;q=0.8",
            Dialect::Xml,
        ),
        ("GET /|accept=application/xhtml+xml", Dialect::Html),
        (
            "GET /|accept=image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8",
            Dialect::Empty,
        ),
        ("GET /|accept=text/css,*/*;q=0.1", Dialect::EmptyNosniff),
        (
            "GET /|accept=text/html;q=0, application/json;q=0.1",
            Dialect::Json,
        ),
        ("GET /|accept=APPLICATION/JSON", Dialect::Json),
        // A wish that cannot be met, and a malformed one, are none
        ("GET /|accept=application/x-tar", Dialect::Text),
        ("GET /a.json|accept=text/html;q=2", Dialect::ProblemJson),
        ("GET /a.json|accept=<script>", Dialect::ProblemJson),
        ("GET /a.json|accept=*/html", Dialect::ProblemJson),
        // then the path
        ("GET /a.json|accept=*/*", Dialect::ProblemJson),
        (
            "GET /a.json|accept=*/*, application/problem+json;q=0",
            Dialect::Json,
        ),
        ("GET /feed.xml", Dialect::Xml),
        ("GET /a.js|accept=*/*", Dialect::EmptyNosniff),
        ("GET /a.png?x=.json", Dialect::Empty),
        ("GET /a.html", Dialect::Html),
        // then what it sends itself
        (
            "POST /api|type=application/json|accept=*/*",
            Dialect::ProblemJson,
        ),
        (
            "POST /api|type=application/ld+json; charset=utf-8",
            Dialect::ProblemJson,
        ),
        ("POST /soap|type=text/xml; charset=utf-8", Dialect::Xml),
        ("POST /img|type=image/svg+xml", Dialect::Text),
        (
            "POST /f|type=multipart/form-data; boundary=x",
            Dialect::Text,
        ),
        // then nothing
        ("GET /", Dialect::Text),
        ("GET /|accept=*/*", Dialect::Text),
        ("OPTIONS *", Dialect::Text),
        ("CONNECT shop.example:443", Dialect::Text),
    ] {
        assert_eq!(
            dialect_of(&ask(request), EventStream::Answer),
            expected,
            "{request}"
        );
    }
    let stream = ask("GET /e|accept=text/event-stream|dest=empty");
    assert_eq!(dialect_of(&stream, EventStream::Status), Dialect::Text);
}

#[test]
fn only_the_documented_exceptions_are_not_refusals() {
    let given = Policy {
        robots: Robots::Given,
        ..policy()
    };
    for (request, policy, expected) in [
        ("GET /.sorry/alive", &policy(), Choice::Alive),
        ("HEAD /.sorry/alive?x", &policy(), Choice::Alive),
        (
            "POST /.sorry/alive",
            &policy(),
            Choice::Refuse(Dialect::Text),
        ),
        ("GET /.sorry/alive/", &policy(), Choice::Own(Dialect::Text)),
        (
            "GET /.sorry/0a1b/logo.svg",
            &policy(),
            Choice::Own(Dialect::Empty),
        ),
        (
            "POST /.sorry/0a1b/logo.svg",
            &policy(),
            Choice::Refuse(Dialect::Empty),
        ),
        ("GET /robots.txt", &policy(), Choice::Refuse(Dialect::Text)),
        ("GET /robots.txt", &given, Choice::Robots),
        ("HEAD /robots.txt", &given, Choice::Robots),
        ("PUT /robots.txt", &given, Choice::Refuse(Dialect::Text)),
        (
            "OPTIONS /|origin=https://a.example",
            &policy(),
            Choice::Refuse(Dialect::Text),
        ),
        ("OPTIONS *", &policy(), Choice::Refuse(Dialect::Text)),
        (
            "GET /|accept=text/html",
            &policy(),
            Choice::Refuse(Dialect::Html),
        ),
    ] {
        assert_eq!(decide(&ask(request), policy), expected, "{request}");
    }
    let preflight = ask("OPTIONS /|origin=https://a.example|acrm=PUT");
    assert!(matches!(
        decide(&preflight, &policy()),
        Choice::Preflight(_)
    ));
}

#[test]
fn redirect_mode_moves_readers_of_html_and_nobody_else() {
    let redirect = Policy {
        mode: Mode::Redirect,
        ..policy()
    };
    for (request, expected) in [
        ("GET /a|accept=text/html", Choice::Redirect),
        ("HEAD /a|dest=document", Choice::Redirect),
        ("POST /a|accept=text/html", Choice::Refuse(Dialect::Html)),
        (
            "GET /a|accept=application/json",
            Choice::Refuse(Dialect::Json),
        ),
        ("GET /a.html|accept=text/html", Choice::Redirect),
        ("GET /a.html|dest=iframe", Choice::Redirect),
        // Only the path's ending says HTML, and the page's script asks so where browsers do not say Sec-Fetch-Dest.
        ("HEAD /a.html|accept=*/*", Choice::Refuse(Dialect::Html)),
        ("GET /a.html", Choice::Refuse(Dialect::Html)),
        (
            "HEAD /a.html|accept=application/json",
            Choice::Refuse(Dialect::Json),
        ),
        (
            "GET /a.html|accept=text/html;q=2",
            Choice::Refuse(Dialect::Html),
        ),
        ("GET /a", Choice::Refuse(Dialect::Text)),
        ("GET /a.png", Choice::Refuse(Dialect::Empty)),
        (
            "GET /.sorry/page|accept=text/html",
            Choice::Refuse(Dialect::Html),
        ),
        (
            "GET /.sorry/page?from=/a|accept=text/html",
            Choice::Refuse(Dialect::Html),
        ),
        ("GET /.sorry/alive|accept=text/html", Choice::Alive),
    ] {
        assert_eq!(decide(&ask(request), &redirect), expected, "{request}");
    }
}

/// Any path, and often one of those that mean something: chance alone does not find them.
fn paths() -> impl Strategy<Value = String> {
    let known = [
        "/.sorry/alive",
        "/.sorry/page",
        "/.sorry/0a1b/logo.svg",
        "/robots.txt",
    ];
    prop_oneof![
        "/[a-z./]{0,12}",
        proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn head_is_decided_like_get(
        path in paths(), accept in proptest::option::of("[ -~]{0,40}"), dest in proptest::option::of("[a-z]{0,8}"),
        content_type in proptest::option::of("[ -~]{0,30}"), redirect in any::<bool>(), given in any::<bool>(),
    ) {
        let build = |method: &'static [u8]| {
            let mut ask = Ask::new(method, path.as_bytes());
            if let Some(accept) = &accept {
                ask.accept.push(accept.as_bytes());
            }
            ask.fetch_dest = dest.as_deref().map(str::as_bytes);
            ask.content_type = content_type.as_deref().map(str::as_bytes);
            ask
        };
        let mode = if redirect { Mode::Redirect } else { Mode::InPlace };
        let robots = if given { Robots::Given } else { Robots::Refused };
        let policy = Policy { mode, robots, ..policy() };
        prop_assert_eq!(decide(&build(b"GET"), &policy), decide(&build(b"HEAD"), &policy));
    }

    #[test]
    fn no_bytes_of_accept_ever_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let lines = Lines::one(&bytes);
        let mut ask = Ask::new(b"GET", b"/");
        ask.accept = lines;
        dialect_of(&ask, EventStream::Answer);
        language::choose(&lines, &["en", "de"]);
        encoding::choose(&lines);
    }
}
