//! Python's clients, Debian's builds of them. Each script prints what its library reported, as JSON on the last line.

use std::process::Output;

use serde_json::Value;

use super::front::{Behind, Front};
use crate::harness::{Server, fixtures, run, text};

/// `-I`: neither the environment nor the script's folder changes what is imported.
fn python(script: &str, arguments: &[&str]) -> Value {
    let file = fixtures().join("clients").join(script);
    let file = file.display().to_string();
    let mut all = vec!["-I", &file];
    all.extend(arguments);
    let Output {
        status,
        stdout,
        stderr,
    } = run("/usr/bin/python3", &all);
    assert!(status.success(), "{script}: {}", text(&stderr));
    let printed = text(&stdout);
    let last = printed.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{script}: {error} in {printed}"))
}

fn seconds(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn urllib_raises_the_status() {
    let server = Server::serve(&["--retry-after", "90s", "--say", "new shelves"]);
    let report = python("via_urllib.py", &[&server.url("/deep?x=1")]);
    for method in ["GET", "HEAD", "POST"] {
        let error = &report[method];
        assert_eq!(error["code"], 503, "{method}: {error}");
        assert_eq!(error["reason"], "Service Unavailable", "{method}");
        let told = seconds(&error["retry_after"]);
        assert!((90.0..=108.0).contains(&told), "{method}: {told}");
        assert_eq!(error["type"], "text/plain", "{method}");
        let body = error["body"].as_str().unwrap_or_default();
        assert_eq!(body.contains("new shelves"), method != "HEAD", "{body}");
    }
}

#[test]
fn requests_sleeps_what_it_was_told_and_succeeds() {
    let server = Server::serve(&["--retry-after", "1s"]);
    let front = Front::new(Behind::Server(server.address()));
    let url = front.url("/orders?id=7");
    let client = std::thread::spawn(move || python("via_requests.py", &[&url]));
    front.wait(|seen| seen.answers == 2, "the refusal that is retried");
    front.switch(Behind::Says("200 OK", "welcome back".into()));
    let report = client.join().expect("python ran");
    assert_eq!(report["refused"], 503);
    assert_eq!(report["reason"], "Service Unavailable");
    assert_eq!(report["type"], "application/problem+json");
    assert_eq!(report["problem"]["status"], 503);
    assert_eq!(report["problem"]["retry_after"], report["told"]);
    assert_eq!(seconds(&report["told"]), 1.0);
    assert_eq!(report["slept"], serde_json::json!([report["told"]]));
    assert_eq!(report["history"], serde_json::json!([503]));
    assert_eq!(report["returned"], 200);
    assert_eq!(report["body"], "welcome back");
    assert_eq!(front.requests(), ["GET /orders?id=7"; 3]);
}

#[test]
fn aiohttp_reads_the_problem_and_the_refused_handshake() {
    let server = Server::serve(&["--retry-after", "90s"]);
    let report = python("via_aiohttp.py", &[&server.url("/socket")]);
    assert_eq!(report["status"], 503);
    assert_eq!(report["reason"], "Service Unavailable");
    assert_eq!(report["json"]["status"], 503);
    assert_eq!(report["json"]["retry_after"], report["retry_after"]);
    assert_eq!(report["json"]["request_id"], report["id"]);
    assert_eq!(report["raised"], 503);
    assert_eq!(report["handshake"], 503);
    assert!(seconds(&report["handshake_retry_after"]) >= 90.0);
    assert_eq!(report["put"], serde_json::json!(vec![503; 20]));
}

#[test]
fn websockets_reads_the_refused_handshake() {
    let server = Server::serve(&["--retry-after", "90s"]);
    let url = format!("ws://{}/socket", server.address());
    let report = python("via_websockets.py", &[&url]);
    assert_eq!(report["handshake"], 503);
    assert!(seconds(&report["retry_after"]) >= 90.0);
}

#[test]
fn grpc_is_unavailable_and_waits_as_long_as_it_was_told() {
    let server = Server::serve(&["--retry-after", "1s", "--say", "größere Regale, 100 %"]);
    let report = python("via_grpc.py", &[&server.address().to_string()]);
    for call in ["unary", "large", "upload", "download", "retried"] {
        let error = &report[call];
        assert_eq!(error["code"], "UNAVAILABLE", "{call}: {error}");
        let details = error["details"].as_str().unwrap_or_default();
        assert!(
            details.contains("größere Regale, 100 %"),
            "{call}: {details}"
        );
        assert_eq!(
            error["trailers"]["grpc-retry-pushback-ms"], "1000",
            "{call}"
        );
    }
    let took = seconds(&report["seconds"]);
    assert!((1.0..10.0).contains(&took), "the retry came after {took} s");
}
