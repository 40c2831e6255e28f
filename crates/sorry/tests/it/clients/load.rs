//! Load generators: each must count every request as answered, and none as failed on the wire.

use super::curl::Certificate;
use crate::harness::{Server, run, text};

fn h2load(arguments: &[&str]) -> String {
    let output = run("h2load", arguments);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn assert_all_refused(said: &str, count: usize) {
    // h2load counts a 5xx as failed, which is not errored: it was answered.
    let requests = format!(
        "requests: {count} total, {count} started, {count} done, 0 succeeded, {count} failed, 0 errored, 0 timeout"
    );
    assert!(said.contains(&requests), "{said}");
    let codes = format!("status codes: 0 2xx, 0 3xx, 0 4xx, {count} 5xx");
    assert!(said.contains(&codes), "{said}");
}

#[test]
fn h2load_is_answered_over_http2() {
    let server = Server::serve(&[]);
    let flags = ["-n", "2000", "-c", "8", "-m", "16", &server.url("/a")];
    let said = h2load(&flags);
    assert_all_refused(&said, 2000);
    assert!(said.contains("Application protocol: h2c"), "{said}");
}

#[test]
fn h2load_is_answered_over_http1_and_tls() {
    let server = Server::serve(&[]);
    let url = server.url("/a");
    assert_all_refused(&h2load(&["--h1", "-n", "2000", "-c", "8", &url]), 2000);
    let server = Certificate::new().serve();
    let url = format!("https://localhost:{}/", server.address().port());
    let said = h2load(&["-n", "500", "-c", "4", "-m", "8", &url]);
    assert_all_refused(&said, 500);
    assert!(said.contains("Application protocol: h2\n"), "{said}");
}

#[test]
fn h2load_uploads_are_answered() {
    let server = Server::serve(&[]);
    // More than one flow-control window (RFC 9113, section 6.9.2) for each request.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("body");
    std::fs::write(&file, vec![b'x'; 100_000]).expect("write");
    let file = file.display().to_string();
    let url = server.url("/a");
    let said = h2load(&["-n", "200", "-c", "4", "-m", "8", "-d", &file, &url]);
    assert_all_refused(&said, 200);
}

#[test]
fn wrk_counts_refusals_and_no_socket_errors() {
    let server = Server::serve(&[]);
    let output = run(
        "wrk",
        &["-d", "1s", "-t", "1", "-c", "16", &server.url("/a")],
    );
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let number = |before: &str, after: &str| -> Option<u64> {
        let (head, tail) = match before {
            "" => said.split_once(after)?,
            _ => said.split_once(before)?,
        };
        let word = match before {
            "" => head.split_whitespace().next_back()?,
            _ => tail.split_whitespace().next()?,
        };
        word.parse().ok()
    };
    let total = number("", " requests in ").unwrap_or_else(|| panic!("{said}"));
    let refused = number("Non-2xx or 3xx responses:", "").unwrap_or_else(|| panic!("{said}"));
    assert!(total > 100, "{said}");
    assert_eq!(total, refused, "{said}");
    assert!(!said.contains("Socket errors"), "{said}");
}
