//! Prepared answers: what every refusal says, whatever its dialect.

use super::*;
use sorry_core::answer::Lines;
use sorry_core::answer::template::Filling;
use sorry_core::date;

fn page() -> Page {
    let document = |language: &str| Document {
        language: language.into(),
        body: Bytes::from(format!("<html lang={language}>")),
        csp: "default-src 'none'".into(),
        encoded: super::super::Encoded {
            gzip: Some(Bytes::from_static(b"gz")),
            ..Default::default()
        },
    };
    Page {
        html: vec![document("en"), document("de")],
        problem_json: Template::new()
            .text("{\"retry_after\":")
            .hole(Hole::RetryAfter)
            .text("}"),
        xml: Template::new().text("<problem/>"),
        text: vec![("en".into(), Template::new().text("down\n"))],
        event_stream: Template::new().text("event: sorry\n\n"),
        assets: vec![Asset {
            path: "/.sorry/0/a.css".into(),
            content_type: "text/css",
            body: Bytes::from_static(b"a{}"),
            encoded: Default::default(),
        }],
        warnings: vec![],
        digest: "".into(),
    }
}

fn answers() -> Answers {
    let settings = Settings {
        said: Said::parse("50 % done").ok(),
        origins: Box::new(["https://app.example".into()]),
        ..Settings::default()
    };
    Answers::new(&page(), &settings)
}

use sorry_core::answer::template::Hole;

fn shown(prepared: &Prepared) -> String {
    let filling = Filling {
        date: date::imf_fixdate(0),
        now: 0,
        id: *b"0123456789abcdef",
        retry_after: 120,
    };
    let mut out = Vec::new();
    prepared.head.fill(&filling, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn every_refusal_says_when_to_return_and_is_never_stored() {
    for prepared in answers().all_refusals() {
        let head = shown(prepared);
        for line in [
            "Retry-After:     120\r\n",
            "Cache-Control: no-store\r\n",
            "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
            "X-Request-Id: 0123456789abcdef\r\n",
            "Server-Timing: sorry;",
            "Content-Length: ",
        ] {
            assert_eq!(head.matches(line).count(), 1, "{line} in {head}");
        }
    }
}

#[test]
fn exactly_the_excepted_dialects_do_not_say_503() {
    let answers = answers();
    let ask = Ask::new(b"GET", b"/");
    for dialect in Dialect::ALL {
        let head = shown(answers.refusal(dialect, &ask));
        let expected = if dialect.cannot_say_503() {
            "HTTP/1.1 200 OK\r\n"
        } else {
            "HTTP/1.1 503 Service Unavailable\r\n"
        };
        assert!(head.starts_with(expected), "{dialect:?}: {head}");
    }
}

#[test]
fn grpc_is_answered_by_trailers_only() {
    let answers = answers();
    let head = shown(answers.refusal(Dialect::Grpc, &Ask::new(b"POST", b"/s/M")));
    for line in [
        "grpc-status: 14\r\n",
        "grpc-message: 50 %25 done\r\n",
        "grpc-retry-pushback-ms:     120000\r\n",
        "Content-Type: application/grpc\r\n",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
}

#[test]
fn language_and_coding_are_the_requests() {
    let answers = answers();
    let mut ask = Ask::new(b"GET", b"/");
    ask.accept_language = Lines::one(b"de-AT");
    ask.accept_encoding = Lines::one(b"gzip, br");
    let head = shown(answers.refusal(Dialect::Html, &ask));
    assert!(
        head.contains("Content-Language: de\r\n") && head.contains("Content-Encoding: gzip\r\n"),
        "{head}"
    );
    assert!(
        head.contains("Content-Length: 2\r\n")
            && head.contains("Content-Security-Policy: default-src 'none'\r\n")
    );
}

#[test]
fn own_files_are_the_only_thing_that_may_be_kept() {
    let answers = answers();
    let ask = Ask::new(b"GET", b"/.sorry/0/a.css");
    let head = shown(answers.own(ask.path, &ask).unwrap());
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n")
            && head.contains("max-age=300")
            && head.contains("text/css")
    );
    assert!(answers.own(b"/.sorry/0/b.css", &ask).is_none());
}

#[test]
fn credentials_are_only_for_the_listed() {
    let answers = answers();
    assert_eq!(
        &*answers.cors_any.head,
        b"Access-Control-Allow-Origin: *\r\n"
    );
    let listed = String::from_utf8_lossy(&answers.cors_listed[0].head);
    assert_eq!(
        listed,
        "Access-Control-Allow-Origin: https://app.example\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n"
    );
}
