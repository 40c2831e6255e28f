//! Requests for names that are nobody's: the access log, the status and the metrics say the same of them.

use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::abuse::meter::metric;
use crate::harness::{Answer, PATIENCE, SORRY, Server, run, text, until};

fn configuration(folder: &Path, hosts: &str) -> String {
    let socket = folder.join("admin.sock").display().to_string();
    format!(
        "workers = 2\n[admin]\nsocket = \"{socket}\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n[log]\naccess = \"json\"\n\
         access-file = \"access.log\"\n[[site]]\nname = \"shop\"\n{hosts}[site.sorry]\nlisten = [\"127.0.0.1:0\"]\n"
    )
}

/// Asks once; returns the line of the access log.
fn ask(server: &Server, folder: &Path, head: &str) -> Value {
    let (answer, _) = Answer::parse(&server.exchange(head.as_bytes()), "GET").expect("an answer");
    let id = answer.field("x-request-id").expect("an id");
    let look = || {
        let log = text(&std::fs::read(folder.join("access.log")).unwrap_or_default());
        let line = log.lines().find(|line| line.contains(id))?;
        serde_json::from_str(line).ok()
    };
    until(Instant::now() + PATIENCE, look, "its line is written")
}

/// What metrics and status count: for the site, and for nobody.
fn counted(server: &Server, folder: &Path) -> [(f64, u64); 2] {
    let socket = folder.join("admin.sock");
    let output = run(
        SORRY,
        &[
            "status",
            "--json",
            "--admin",
            socket.to_str().expect("a path in UTF-8"),
        ],
    );
    let status: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let metric = |site: &str| {
        let labels = "answer=\"text\",protocol=\"http/1.1\",method=\"GET\"";
        metric(
            server,
            &format!("sorry_answers_total{{site=\"{site}\",{labels}}}"),
        )
    };
    let number = |value: &Value| value.as_u64().expect("a number");
    [
        (metric("shop"), number(&status["sites"][0]["answers"])),
        (metric("other"), number(&status["other_answers"])),
    ]
}

#[test]
fn log_status_and_metrics_agree_on_whose_a_name_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::run(
        folder.path(),
        &configuration(folder.path(), "hosts = [\"shop.example\"]\n"),
    );
    for (host, known) in [
        ("shop.example", true),
        ("127.0.0.1", false),
        ("evil.example", false),
    ] {
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let line = ask(&server, folder.path(), &head);
        assert_eq!(
            (&line["site"], &line["host"]),
            (&"shop".into(), &host.into())
        );
        assert_eq!(line["host_known"], known, "{host}");
    }
    let malformed = ask(&server, folder.path(), "GET / HTTP/1.1\r\n\r\n");
    assert_eq!(malformed["host_known"], Value::Null);
    assert_eq!(counted(&server, folder.path()), [(1.0, 1), (2.0, 2)]);
}

#[test]
fn a_site_without_names_is_meant_by_every_name() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::run(folder.path(), &configuration(folder.path(), ""));
    let head = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    assert_eq!(ask(&server, folder.path(), head)["host_known"], true);
    assert_eq!(counted(&server, folder.path()), [(1.0, 1), (0.0, 0)]);
}
