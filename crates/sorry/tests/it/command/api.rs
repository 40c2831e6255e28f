//! The admin API with real clients: curl at the socket and over TCP, and our own command line from far away.

use serde_json::Value;

use super::daemon::{Daemon, Shows};
use crate::harness::{SORRY, run, text};

/// The status and the body that curl got.
pub(super) fn curl(arguments: &[&str]) -> (u16, Value) {
    let fixed = ["-s", "--max-time", "20", "-w", "\n%{http_code}"];
    let output = run("curl", &[&fixed, arguments].concat());
    let told = text(&output.stdout);
    let (body, status) = told.rsplit_once('\n').expect("a status");
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    (status.parse().expect("a number"), body)
}

#[test]
fn curl_asks_and_orders_at_the_socket() {
    let daemon = Daemon::new();
    let path = daemon.path();
    let path = path.to_str().unwrap();
    let at = |target: &str, more: &[&str]| {
        let url = format!("http://localhost{target}");
        curl(&[&["--unix-socket", path, &url], more].concat())
    };
    let (status, standing) = at("/v1/standing", &[]);
    assert_eq!(
        (status, standing["sites"][0]["name"].as_str()),
        (200, Some("shop"))
    );
    let order = r#"{"order":{"do":"down","lasting":{"for_seconds":60}},"reason":"by hand"}"#;
    let (status, done) = at("/v1/sites/shop/orders", &["-d", order]);
    assert_eq!(
        (status, done["told"][0].as_str()),
        (200, Some("down is done"))
    );
    assert_eq!(daemon.heard()[0]["why"], "by hand");
    let (status, fault) = at("/v1/sites/sh%6Fp/orders", &["-d", "{}"]);
    assert_eq!((status, fault["kind"].as_str()), (400, Some("malformed")));
    let (_, audit) = at("/v1/audit?limit=1", &[]);
    assert_eq!(audit["entries"][0]["reason"], "by hand");
    let (status, document) = at("/v1/openapi.json", &[]);
    assert_eq!((status, document["openapi"].as_str()), (200, Some("3.1.0")));
}

#[test]
fn over_tcp_a_token_is_needed_and_its_role_counts() {
    let daemon = Daemon::new();
    let cert = daemon.file("cert.pem");
    let port = daemon.address.port();
    let resolve = format!("sorry.test:{port}:127.0.0.1");
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    let (reader, operator) = (bearer(&daemon.reader.token), bearer(&daemon.operator.token));
    let ask = |host: &str, target: &str, more: &[&str]| {
        let url = format!("https://{host}:{port}{target}");
        curl(&[&["--cacert", &cert, "--resolve", &resolve, &url], more].concat()).0
    };
    let up = r#"{"order":{"do":"up"}}"#;
    for (host, target, more, expected) in [
        ("sorry.test", "/v1/standing", &["-H", &reader][..], 200),
        ("127.0.0.1", "/v1/standing", &["-H", &reader], 200),
        (
            "sorry.test",
            "/v1/sites/shop/orders",
            &["-H", &reader, "-d", up],
            403,
        ),
        (
            "sorry.test",
            "/v1/sites/shop/orders",
            &["-H", &operator, "-d", up],
            200,
        ),
        ("sorry.test", "/v1/standing", &[], 401),
        (
            "sorry.test",
            "/v1/standing",
            &["-H", "Authorization: Bearer sorry_1"],
            401,
        ),
        (
            "sorry.test",
            "/v1/standing",
            &["-H", &reader, "-H", "Host: evil.test"],
            403,
        ),
        (
            "sorry.test",
            "/v1/standing",
            &["-H", &reader, "-H", "Origin: https://sorry.test"],
            403,
        ),
        (
            "sorry.test",
            "/v1/standing",
            &["-H", &reader, "-b", "a=b"],
            403,
        ),
    ] {
        assert_eq!(
            ask(host, target, more),
            expected,
            "{host} {target} {more:?}"
        );
    }
    let heard = daemon.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0]["by"], "deploy");
    let long = daemon.secret("long", &"x".repeat(1024 * 1024 + 1));
    let long = format!("@{}", long.display());
    let posted = ["-H", &operator, "--data-binary", &long];
    assert_eq!(ask("sorry.test", "/v1/sites/shop/orders", &posted), 413);
    let plain = curl(&[&format!("http://127.0.0.1:{port}/v1/standing")]);
    assert_eq!(plain.0, 400);
    assert!(
        plain.1["message"].as_str().unwrap().contains("https://"),
        "{}",
        plain.1
    );
}

#[test]
fn who_guesses_tokens_is_soon_not_listened_to() {
    let daemon = Daemon::new();
    let cert = daemon.file("cert.pem");
    let url = format!("https://127.0.0.1:{}/v1/standing", daemon.address.port());
    let ask = |token: &str| {
        let header = format!("Authorization: Bearer {token}");
        curl(&["--cacert", &cert, &url, "-H", &header]).0
    };
    for _ in 0..10 {
        assert_eq!(ask("sorry_guess"), 401);
    }
    assert_eq!(ask(&daemon.reader.token), 429);
}

#[test]
fn the_command_line_works_from_far_away() {
    let daemon = Daemon::new();
    let server = format!("https://{}", daemon.address);
    let sorry = |line: &[&str], token: &str| {
        let (token, cert) = (daemon.file(token), daemon.file("cert.pem"));
        let place = ["--server", &server, "--token-file", &token, "--ca", &cert];
        let output = run(SORRY, &[line, &place].concat());
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, out, err) = sorry(&["status"], "look");
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("shop") && out.contains("live"), "{out}");
    let (code, _, err) = sorry(&["up", "shop"], "look");
    assert_eq!(code, Some(1));
    assert!(
        err.contains("the token `look` may ask and not order"),
        "{err}"
    );
    let (code, out, _) = sorry(&["up", "shop"], "deploy");
    assert_eq!((code, out.as_str()), (Some(0), "shop: up is done\n"));
    let (code, _, err) = sorry(&["status"], "nothing");
    assert_eq!(code, Some(2));
    assert!(err.contains("cannot read"), "{err}");
    let token = daemon.file("look");
    let untrusting = run(
        SORRY,
        &["status", "--server", &server, "--token-file", &token],
    );
    assert_eq!(untrusting.status.code(), Some(1));
    assert!(
        text(&untrusting.stderr).contains("--ca FILE"),
        "{}",
        text(&untrusting.stderr)
    );
}

/// What the library of TLS says used to be printed, and twice.
#[test]
fn why_a_daemon_far_away_is_not_believed_is_told_once_and_in_words() {
    let own = Daemon::new();
    let authority = Daemon::showing(Shows::Authority);
    let expired = Daemon::showing(Shows::Expired);
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = deaf.local_addr().unwrap();
    drop(deaf);
    let at = |daemon: &Daemon, host: &str| format!("https://{host}:{}", daemon.address.port());
    for (daemon, server, expected) in [
        (
            &own,
            at(&own, "localhost"),
            "is not for `localhost`; ask by a name that it is for, such as `sorry.test`",
        ),
        (
            &authority,
            at(&authority, "127.0.0.1"),
            "(CA:TRUE), which no server may show",
        ),
        (
            &expired,
            at(&expired, "127.0.0.1"),
            "has expired; its daemon needs a new one",
        ),
        (
            &authority,
            at(&own, "127.0.0.1"),
            "was not signed by the authority that it names; is --ca the right FILE?",
        ),
        (&own, format!("https://{closed}"), "nobody listens there; "),
        (
            &own,
            "https://nowhere.invalid".to_owned(),
            "no address is known for `nowhere.invalid`; ",
        ),
    ] {
        let (token, cert) = (daemon.file("look"), daemon.file("cert.pem"));
        let place = ["--server", &server, "--token-file", &token, "--ca", &cert];
        let output = run(SORRY, &[&["status"][..], &place].concat());
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains(expected), "{server}: {err}");
        assert_eq!(err.matches(expected).count(), 1, "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

#[test]
fn a_token_is_printed_once_with_the_line_for_the_daemon() {
    let made = run(SORRY, &["token", "ci", "--role", "reader", "--json"]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let (token, line) = (
        made["token"].as_str().unwrap(),
        made["line"].as_str().unwrap(),
    );
    assert!(token.starts_with("sorry_") && token.len() == 70, "{token}");
    let hash = line.strip_prefix("reader ci ").unwrap();
    let summed = run("sh", &["-c", &format!("printf %s {token} | sha256sum")]);
    assert!(text(&summed.stdout).starts_with(hash));
    assert_eq!(
        run(SORRY, &["token", "a b", "--role", "reader"])
            .status
            .code(),
        Some(2)
    );
    assert_eq!(run(SORRY, &["token", "a"]).status.code(), Some(2));
}
