//! Reloads from within the sandbox: what is within reach is in force, what is not is refused, and what waits for a restart waits.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{Two, configuration, first_free_port, low_port, sorry};
use crate::harness::{SORRY, Server, text};

const PAGE: &str = "<!doctype html><title>Sorry</title><p>Soon.";
const GET: &[u8] = b"GET / HTTP/1.0\r\nAccept: text/html\r\n\r\n";

/// The configuration of [`Two::start`], with a line for its site.
fn with(two: &Two, line: &str) -> String {
    configuration(two.folder.path(), "\"127.0.0.1:0\"", "") + line
}

fn with_page(two: &Two, page: &Path) -> String {
    with(two, &format!("sorry.page = \"{}\"\n", page.display()))
}

#[test]
fn a_reload_within_reach_is_in_force_and_one_beyond_is_refused() {
    let beyond = tempfile::tempdir().expect("another folder");
    let two = Two::start("");
    fs::create_dir(two.at("pages")).expect("a folder");
    fs::write(two.at("pages/page.html"), PAGE).expect("a page");
    fs::write(beyond.path().join("page.html"), PAGE).expect("a page");
    let (code, told) = two.reload(&with_page(&two, &two.at("pages/page.html")));
    assert_eq!(code, Some(0), "{told}");
    assert!(two.server.exchange(GET).ends_with(b"Soon."));
    let (code, told) = two.reload(&with_page(&two, &beyond.path().join("page.html")));
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("is out of reach of the sandbox"), "{told}");
    assert!(told.contains("restart sorry"), "{told}");
    // What is not there at all is told as that: no restart would bring it.
    let (code, told) = two.reload(&with_page(&two, &beyond.path().join("other.html")));
    assert_eq!(code, Some(2), "{told}");
    assert!(!told.contains("sandbox"), "{told}");
}

/// A port that root could have opened at the start cannot be opened later: the capability is gone.
#[test]
fn a_reload_that_needs_a_capability_is_refused() {
    let Some(low) = low_port() else {
        // Where every port is free there is nothing to give up.
        assert!(first_free_port() <= 1);
        return;
    };
    let two = Two::start("");
    let listen = format!("\"127.0.0.1:0\", \"{low}\"");
    let (code, told) = two.reload(&configuration(two.folder.path(), &listen, ""));
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("CAP_NET_BIND_SERVICE was given up"), "{told}");
    assert!(told.contains(low), "{told}");
}

/// Another state folder, and what else waits for a restart, is no reason to refuse the rest, wherever it is.
#[test]
fn what_waits_for_a_restart_holds_nothing_back() {
    let elsewhere = tempfile::tempdir().expect("another folder");
    let two = Two::start("");
    let low = low_port().unwrap_or("127.0.0.1:0");
    let elsewhere = elsewhere.path().display();
    let above = format!("state = \"{elsewhere}/state\"\n[metrics]\nlisten = \"{low}\"\n");
    let text = configuration(two.folder.path(), "\"127.0.0.1:0\"", &above);
    let own = two.folder.path().display().to_string();
    let text = text.replace(&format!("{own}/admin"), &format!("{elsewhere}/admin"));
    let text = text.replace(&format!("{own}/log"), &format!("{elsewhere}/log"));
    let (code, told) = two.reload(&(text + "sorry.say = \"We know.\"\n"));
    assert_eq!(code, Some(0), "{told}");
    let (_, status) = two.ask(&["status"]);
    for key in [
        "`state`",
        "`[metrics] listen`",
        "`[admin] socket`",
        "`[log] access-file`",
    ] {
        let pending = format!("{key}: in force after the next restart");
        assert!(told.contains(&pending), "{key}: {told}");
        assert!(status.contains(&pending), "{key}: {status}");
    }
    let page = String::from_utf8_lossy(&two.server.exchange(GET)).into_owned();
    assert!(page.contains("We know."), "{page}");
    // Orders are still kept where they were.
    let (code, told) = two.ask(&["down", "shop", "--for", "1h"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(two.at("state/journal").exists());
    let (code, told) = two.reload(&with(&two, "sorry.say = \"We know.\"\n"));
    assert_eq!(code, Some(0), "{told}");
    assert!(!told.contains("restart"), "{told}");
}

/// A number in a file that is not there yet: once it is, nobody within the sandbox could read it.
#[test]
fn a_file_to_be_read_later_is_within_reach_or_refused() {
    let beyond = tempfile::tempdir().expect("another folder");
    let two = Two::start("");
    let check = |file: &Path, down: &str| {
        let file = file.display();
        let check = format!("check.file = {{ path = \"{file}\", down-when = \"{down}\" }}\n");
        let real = "[[site.real-server]]\naddress = \"127.0.0.1:9\"\n";
        two.reload(&with(&two, &format!("{real}{check}")))
    };
    let far = beyond.path().join("load");
    for (file, down, expected) in [
        (two.at("load"), "nonzero", 0),
        (far.clone(), "missing", 0),
        (far.clone(), "nonzero", 2),
    ] {
        let (code, told) = check(&file, down);
        assert_eq!(code, Some(expected), "{down} {}: {told}", file.display());
        assert_eq!(told.contains("out of reach"), expected == 2, "{told}");
    }
}

/// What a service manager has put down for us (systemd.exec(5), credentials) is within reach before the configuration names it.
#[test]
fn a_reload_may_begin_to_use_a_credential() {
    const SECRET: &str = "[[alert]]\nname = \"ops\"\nwebhook.url-file = \"FILE\"\n";
    let credentials = tempfile::tempdir().expect("another folder");
    let file = credentials.path().join("hook-url");
    fs::write(&file, "http://127.0.0.1:1/\n").expect("a secret");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).expect("keep it");
    let secret = SECRET.replace("FILE", &file.display().to_string());
    for (name, expected) in [("CREDENTIALS_DIRECTORY", 0), ("ANOTHER_DIRECTORY", 2)] {
        let folder = tempfile::tempdir().expect("a folder");
        let plain = configuration(folder.path(), "\"127.0.0.1:0\"", "");
        let path = folder.path().join("sorry.toml");
        fs::write(&path, &plain).expect("a configuration");
        let mut command = Command::new(SORRY);
        command.env("STATE_DIRECTORY", folder.path().join("state"));
        command.env(name, credentials.path());
        command.arg("run").arg(&path);
        let _server = Server::spawn(command);
        fs::write(&path, plain + &secret).expect("a configuration");
        let reload = sorry(
            &["reload", "--admin"],
            &folder.path().join("admin/admin.sock"),
        );
        let told = text(&reload.stderr);
        assert_eq!(reload.status.code(), Some(expected), "{name}: {told}");
        let beyond = told.contains("is out of reach of the sandbox");
        assert_eq!(beyond, expected == 2, "{name}: {told}");
    }
}
