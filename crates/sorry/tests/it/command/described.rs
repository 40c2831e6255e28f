//! The description of the admin API, judged by somebody else: whether it is one, and whether answers are as it says.

use serde_json::json;

use super::api::curl;
use super::daemon::Daemon;
use crate::harness::{fixtures, run, text};

#[test]
fn answers_are_as_the_description_says() {
    let daemon = Daemon::new();
    let socket = daemon.path().display().to_string();
    let down = r#"{"order":{"do":"down","lasting":{"for_seconds":60}},"reason":"by hand"}"#;
    let order = "/v1/sites/{site}/orders";
    let lines = [
        ("GET", "/v1/status", "", "", 200),
        ("GET", "/v1/standing", "", "", 200),
        ("GET", "/v1/sites/{site}", "shop", "", 200),
        ("GET", "/v1/sites/{site}", "shpo", "", 404),
        ("GET", "/v1/sites/{site}/explain", "shop", "", 200),
        ("POST", order, "shop", down, 200),
        ("POST", order, "shop", "{}", 400),
        ("POST", order, "shop", r#"{"order":{"do":"approve"}}"#, 409),
        ("GET", "/v1/history", "", "", 200),
        ("GET", "/v1/audit", "", "", 200),
        ("POST", "/v1/reload", "", "", 503),
        ("GET", "/v1/openapi.json", "", "", 200),
    ]
    .map(|(method, path, site, sent, expected)| {
        let url = format!("http://localhost{}", path.replace("{site}", site));
        let asked = ["--unix-socket", &socket, "-X", method, &url];
        let body = ["-d", sent];
        let more = if sent.is_empty() { &body[..0] } else { &body };
        let (status, body) = curl(&[&asked, more].concat());
        assert_eq!(status, expected, "{method} {url}: {body}");
        let answer = json!({ "method": method, "path": path, "status": status, "body": body });
        format!("{answer}\n")
    });
    let answers = daemon.secret("answers", &lines.concat());
    let script = fixtures()
        .join("command/described.py")
        .display()
        .to_string();
    let document = fixtures().join("../../../../docs/openapi.json");
    let (document, answers) = (
        document.display().to_string(),
        answers.display().to_string(),
    );
    let judged = run("/usr/bin/python3", &["-I", &script, &document, &answers]);
    assert!(judged.status.success(), "{}", text(&judged.stderr));
    assert_eq!(text(&judged.stdout), "10 operations, 12 answers\n");
}
