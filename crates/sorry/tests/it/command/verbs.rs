//! The verbs that start nothing: help, completions, man pages, explanations; and `status` of a running one.

use std::process::Command;

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

const VERBS: [&str; 20] = [
    "serve",
    "run",
    "status",
    "explain",
    "history",
    "down",
    "up",
    "extend",
    "say",
    "drain",
    "schedule",
    "approve",
    "audit",
    "alert",
    "reload",
    "token",
    "check-config",
    "config",
    "complete",
    "man",
];

/// Its help says how it is used, and ends with what its exit codes mean.
fn tells_its_exit_codes(verbs: &[&str]) {
    let help = out(&[verbs, &["--help"]].concat());
    assert!(help.contains("Usage: sorry "), "{verbs:?}: {help}");
    let last = help.trim_end().rsplit("\n\n").next().unwrap_or_default();
    let told = last.starts_with("Exit codes: 0 ") && last.ends_with('.');
    assert!(told && last.contains("; 2 "), "{verbs:?}: {help}");
}

#[test]
fn every_verb_explains_itself() {
    let help = out(&["--help"]);
    assert!(help.contains("Exit codes: 0 done; 1 "), "{help}");
    for verb in VERBS {
        assert!(help.contains(&format!("\n  {verb} ")), "{help}");
        tells_its_exit_codes(&[verb]);
    }
    for verbs in [
        ["alert", "test"],
        ["config", "explain"],
        ["config", "keys"],
        ["config", "example"],
        ["config", "manual"],
        ["schedule", "list"],
        ["schedule", "remove"],
    ] {
        tells_its_exit_codes(&verbs);
    }
    assert!(out(&["--version"]).starts_with("sorry "));
}

/// What a shell is told that could stand at the end of a line.
pub(super) fn completed(shell: &str, line: &[&str]) -> String {
    let output = Command::new(SORRY)
        .env("SORRY_COMPLETE", shell)
        .env("_CLAP_COMPLETE_INDEX", (line.len() - 1).to_string())
        .env("_CLAP_IFS", "\n")
        .arg("--")
        .args(line)
        .output()
        .expect("the program");
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn completions_and_man_pages_know_every_verb() {
    for shell in ["bash", "zsh", "fish"] {
        let script = out(&["complete", shell]);
        assert!(script.contains("SORRY_COMPLETE"), "{shell}: {script}");
        let verbs = completed(shell, &["sorry", ""]);
        for verb in VERBS {
            assert!(verbs.contains(verb), "{shell}: {verb}");
        }
        let flags = completed(shell, &["sorry", "serve", "--re"]);
        assert!(flags.contains("--retry-after"), "{shell}: {flags}");
    }
    // As a file of zsh's search path it answers the first key, too: the function that it calls is the one that it makes.
    let zsh = out(&["complete", "zsh"]);
    assert!(zsh.starts_with("#compdef sorry\n"), "{zsh}");
    assert_eq!(
        zsh.matches("_clap_dynamic_completer_sorry").count(),
        3,
        "{zsh}"
    );
    let folder = tempfile::tempdir().unwrap();
    out(&["man", folder.path().to_str().unwrap()]);
    for verb in VERBS {
        let page = folder.path().join(format!("sorry-{verb}.1"));
        let page = std::fs::read_to_string(&page)
            .unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        assert!(page.contains(".TH"), "{verb}");
        assert!(!page.contains("SH EXTRA"), "{verb}");
        for section in ["EXIT STATUS", "FILES", "SEE ALSO"] {
            assert!(
                page.contains(&format!(".SH \"{section}\""))
                    || page.contains(&format!(".SH {section}")),
                "{verb}: no {section} in\n{page}"
            );
        }
    }
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a page");
    let run = page("sorry-run.1").replace('\\', "");
    let version = env!("CARGO_PKG_VERSION");
    for part in [
        &format!("\"sorry {version}\""),
        "[-c|--config FILE] [--takeover[=SOCKET]] [--observe] [FILE]",
        "SH SIGNALS",
        "SH EXAMPLES",
        "a second signal cut open connections",
    ] {
        assert!(run.contains(part), "no {part:?} in\n{run}");
    }
    assert!(!page("sorry-status.1").contains("SIGNALS"));
    assert!(page("sorry.1").contains("sorry"));
}

#[test]
fn verbs_and_flags_of_other_programs_are_told_what_does_it_here() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin.sock");
    let _old = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let socket = socket.to_str().unwrap();
    let tip = format!("--takeover={socket}");
    let table: [(&[&str], &str); 7] = [
        (&["run", "--takeover", "/gone"], "--takeover=/gone"),
        (&["stop"], "tip: `systemctl stop sorry`"),
        (&["restart"], "tip: `systemctl restart sorry`"),
        (&["start"], "`sorry run FILE`"),
        (&["run", "--takeover", socket], &tip),
        (&["run", "-c", "a.toml", "--takeover", socket], &tip),
        (&["run", "-c", "a.toml", "b.toml"], "is given twice"),
    ];
    for (arguments, expected) in table {
        let output = run(SORRY, arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    let help = out(&["run", "--help"]);
    assert!(
        !help.contains("that it\nnames"),
        "a line broken by hand\n{help}"
    );
}

#[test]
fn a_file_is_enough_to_run_to_look_and_to_reload() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin.sock");
    let configuration = format!(
        "[admin]\nsocket = \"{}\"\n[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:0\"]\n",
        socket.display()
    );
    let _server = Server::run(folder.path(), &configuration);
    let file = folder.path().join("sorry.toml");
    let file = file.to_str().unwrap();
    assert!(out(&["status", "-c", file]).contains("shop"));
    assert!(out(&["reload", "-c", file]).contains("configuration 2 is in force"));
    // Nothing else listens there: the living process is found, which shows that the file was read.
    let output = run(SORRY, &["run", file]);
    assert!(
        text(&output.stderr).contains("a living process"),
        "{}",
        text(&output.stderr)
    );
    let none = configuration.replace(&socket.display().to_string(), "none");
    std::fs::write(file, none).unwrap();
    let output = run(SORRY, &["status", "--json", "-c", file]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).contains("cannot be asked"));
    std::fs::write(file, "x").unwrap();
    let output = run(SORRY, &["reload", "-c", file]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--admin PATH"));
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
