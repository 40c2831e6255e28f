//! A second daemon on the state folder of a first one, which nobody has asked to go.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{SORRY, Server, text};

const GET: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

fn configuration(folder: &Path, name: &str) -> String {
    let folder = folder.display();
    format!(
        "state = \"{folder}/state\"\n[admin]\nsocket = \"{folder}/{name}/admin.sock\"\n\
         [metrics]\nlisten = \"127.0.0.1:0\"\n[log]\naccess = \"json\"\naccess-file = \"{folder}/{name}-log/access.log\"\n\
         [[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\", \"unix:{folder}/{name}-site/site.sock\"]\n"
    )
}

/// `sorry run` to its end.
fn run(folder: &Path, name: &str, more: &[&str]) -> Output {
    let file = folder.join(format!("{name}.toml"));
    fs::write(&file, configuration(folder, name)).expect("write the configuration");
    let mut command = Command::new("timeout");
    command.args(["20", SORRY, "run"]).args(more).arg(file);
    command.output().expect("run sorry")
}

#[test]
fn a_second_daemon_on_one_state_folder_says_so_once_and_disturbs_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let first = Server::run(folder.path(), &configuration(folder.path(), "first"));
    let socket = || fs::metadata(at("first/admin.sock")).expect("it is there");
    let (before, id) = (socket().ino(), first.pid());
    let lock = fs::read_to_string(at("state/lock")).expect("it is there");
    for (name, more) in [
        ("first", &[][..]),
        ("second", &[]),
        // Nobody answers at that socket, so this is a first start like any other.
        ("third", &["--takeover"]),
    ] {
        let output = run(folder.path(), name, more);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        let busy = format!("another sorry (process {id}) uses the state folder");
        let first_start = |line: &&str| !line.contains("this is a first start");
        let lines: Vec<&str> = told.lines().filter(first_start).collect();
        assert!(lines.len() == 1 && lines[0].contains(&busy), "{told}");
        assert!(!told.contains("listening on"), "{told}");
    }
    for name in ["second", "third"] {
        for made in [
            name.to_owned(),
            format!("{name}-log"),
            format!("{name}-site"),
        ] {
            assert!(!at(&made).exists(), "{made} was made");
        }
    }
    assert_eq!(socket().ino(), before);
    assert_eq!(
        fs::read_to_string(at("state/lock")).expect("it is there"),
        lock
    );
    assert!(first.exchange(GET).starts_with(b"HTTP/1.1 503"));
}

/// A folder that cannot be used is a mistake at its place, with all others.
#[test]
fn a_state_folder_that_cannot_be_is_told_with_the_other_mistakes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sorry.toml");
    let typed = configuration(folder.path(), "first")
        .replace("/state\"", "/no/state\"")
        .replace("first-site", "no/site");
    fs::write(&file, typed).expect("write the configuration");
    let output = Command::new(SORRY).arg("run").arg(&file).output();
    let output = output.expect("run sorry");
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for words in ["nothing can be kept in", "no socket at"] {
        assert!(told.contains(words), "{told}");
    }
}
