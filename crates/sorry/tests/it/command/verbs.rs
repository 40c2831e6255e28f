//! The verbs that start nothing: help, completions, man pages, explanations; and `status` of a running one.

use crate::harness::{SORRY, Server, run, text};

fn out(arguments: &[&str]) -> String {
    let output = run(SORRY, arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

const VERBS: [&str; 8] = [
    "serve",
    "run",
    "reload",
    "status",
    "check-config",
    "config",
    "complete",
    "man",
];

#[test]
fn every_verb_explains_itself() {
    let help = out(&["--help"]);
    assert!(help.contains("Exit codes: 0 done; 1 "), "{help}");
    for verb in VERBS {
        assert!(help.contains(&format!("\n  {verb} ")), "{help}");
        assert!(out(&[verb, "--help"]).contains("Usage: sorry "), "{verb}");
    }
    assert!(out(&["--version"]).starts_with("sorry "));
}

#[test]
fn completions_and_man_pages_know_every_verb() {
    for shell in ["bash", "zsh", "fish"] {
        let script = out(&["complete", shell]);
        for verb in VERBS {
            assert!(script.contains(verb), "{shell}: {verb}");
        }
        assert!(script.contains("retry-after"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    out(&["man", folder.path().to_str().unwrap()]);
    for verb in VERBS {
        let page = folder.path().join(format!("sorry-{verb}.1"));
        let page = std::fs::read_to_string(&page)
            .unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        assert!(page.contains(".TH"), "{verb}");
    }
    assert!(folder.path().join("sorry.1").exists());
}

#[test]
fn every_key_is_explained() {
    let keys = out(&["config", "keys"]);
    assert!(keys.lines().count() > 40, "{keys}");
    for key in keys.lines() {
        assert!(out(&["config", "explain", key]).len() > 20, "{key}");
    }
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&out(arguments)).expect("JSON")
    };
    let all = json(&["config", "keys", "--json"]);
    assert_eq!(all.as_array().map(Vec::len), Some(keys.lines().count()));
    let one = json(&["config", "explain", "--json", "head-bytes"]);
    assert_eq!(one[0]["key"], "limits.head-bytes");
    assert_eq!(one[0]["presence"], "default \"32 KiB\"");
    let output = run(SORRY, &["config", "explain", "limits.head-byte"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("head-bytes"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn what_fails_is_told_to_programs_where_they_read() {
    let table: [(&[&str], i32); 3] = [
        (&["config", "explain", "--json", "xyz"], 2),
        (&["status", "--json", "--admin", "/nonexistent"], 1),
        (&["reload", "--json", "--admin", "/nonexistent"], 1),
    ];
    for (arguments, code) in table {
        let output = run(SORRY, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(told["error"].is_string(), "{arguments:?}: {told}");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn status_shows_the_running_one() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin.sock");
    let configuration = format!(
        "[admin]\nsocket = \"{}\"\n[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:0\"]\n",
        socket.display()
    );
    let server = Server::run(folder.path(), &configuration);
    let socket = socket.to_str().unwrap();
    let status = out(&["status", "--admin", socket]);
    assert!(
        status.contains("shop") && status.contains(&server.address().to_string()),
        "{status}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&out(&["status", "--json", "--admin", socket])).expect("JSON");
    assert!(
        json.to_string().contains(&server.address().to_string()),
        "{json}"
    );
    drop(server);
    let output = run(SORRY, &["status", "--admin", socket]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("admin.sock"),
        "{}",
        text(&output.stderr)
    );
}
