//! Take-overs in which somebody falters: a rival, a signal, an operator in the middle of a question.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::successor;
use crate::harness::{PATIENCE, SORRY, Server, connect, run, text, until};
use crate::matrix::transport::read_answer;

const GET: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

/// The files of the sockets of [`started`].
fn files(folder: &Path) -> [PathBuf; 2] {
    [folder.join("run/admin.sock"), folder.join("site.sock")]
}

/// A server with a unix listener, too.
fn started(folder: &Path) -> Server {
    let [admin, site] = files(folder);
    let configuration = format!(
        "[admin]\nsocket = \"{}\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n[limits]\ndrain-time = \"20s\"\n[[site]]\nname = \"shop\"\n\
         [site.sorry]\nlisten = [\"127.0.0.1:0\", \"unix:{}\"]\n",
        admin.display(),
        site.display()
    );
    Server::run(folder, &configuration)
}

/// Says that it takes over, gets the sockets, and does what the test wants.
struct Rival(BufReader<UnixStream>);

impl Rival {
    fn ask(folder: &Path) -> Rival {
        let stream = UnixStream::connect(&files(folder)[0]).expect("the admin socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut rival = Rival(BufReader::new(stream));
        rival
            .0
            .get_mut()
            .write_all(b"{\"do\":\"takeover\",\"from_version\":\"test\"}\n")
            .expect("write");
        let mut reply = String::new();
        rival.0.read_line(&mut reply).expect("a reply");
        assert!(reply.contains("\"ok\""), "{reply}");
        rival
    }

    /// Confirms, and is told whether that was heard. What came before the answer is the hand-over itself.
    fn confirm(mut self) -> u8 {
        self.0.get_mut().write_all(b"+").expect("write");
        let mut all = Vec::new();
        self.0.read_to_end(&mut all).expect("an answer");
        *all.last().expect("an answer")
    }
}

#[test]
fn two_takeovers_at_once_exclude_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = started(folder.path());
    let rival = Rival::ask(folder.path());
    let file = folder.path().join("sorry.toml");
    let arguments = ["run", "--takeover", "--config", file.to_str().unwrap()];
    let output = run(SORRY, &arguments);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("another take-over is under way"), "{told}");
    let admin = files(folder.path())[0].display().to_string();
    let output = run(SORRY, &["reload", "--admin", &admin]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("a take-over is under way"), "{told}");
    assert!(old.exchange(GET).starts_with(b"HTTP/1.1 503"));
    drop(rival);
    old.wait_for("the take-over failed and this process goes on");
    let new = successor(folder.path());
    assert_eq!(old.wait().code(), Some(0));
    assert!(new.exchange(GET).starts_with(b"HTTP/1.1 503"));
}

#[test]
fn a_process_that_is_told_to_end_meanwhile_leaves_its_files_to_the_successor() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = started(folder.path());
    let rival = Rival::ask(folder.path());
    old.signal("TERM");
    old.wait_for("draining");
    assert_eq!(rival.confirm(), b'+');
    old.wait_for("another process has taken over");
    assert_eq!(old.wait().code(), Some(0));
    for file in files(folder.path()) {
        assert!(file.exists(), "{} is the successor's", file.display());
    }
}

#[test]
fn a_process_that_is_told_to_end_meanwhile_does_not_go_on_when_the_successor_fails() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = started(folder.path());
    let rival = Rival::ask(folder.path());
    old.signal("TERM");
    old.wait_for("draining");
    drop(rival);
    old.wait_for("the take-over failed and this process ends all the same");
    assert_eq!(old.wait().code(), Some(0));
    assert_eq!(old.said("goes on"), None);
    for file in files(folder.path()) {
        assert!(!file.exists(), "nobody listens on {}", file.display());
    }
}

#[test]
fn the_successor_removes_the_files_that_it_was_given_at_its_own_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = started(folder.path());
    let mut new = successor(folder.path());
    assert_eq!(old.wait().code(), Some(0));
    for file in files(folder.path()) {
        UnixStream::connect(&file).expect("somebody listens");
    }
    new.signal("TERM");
    assert_eq!(new.wait().code(), Some(0));
    for file in files(folder.path()) {
        assert!(!file.exists(), "nobody listens on {}", file.display());
    }
}

#[test]
fn the_successor_removes_the_file_of_a_listener_that_it_does_not_want() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = started(folder.path());
    let [_, site] = files(folder.path());
    let file = folder.path().join("sorry.toml");
    let configuration = std::fs::read_to_string(&file).unwrap();
    let without = configuration.replace(&format!(", \"unix:{}\"", site.display()), "");
    assert_ne!(without, configuration);
    std::fs::write(&file, without).unwrap();
    let _new = successor(folder.path());
    assert_eq!(old.wait().code(), Some(0));
    let gone = || (!site.exists()).then_some(());
    until(Instant::now() + PATIENCE, gone, "nobody listens there");
}

#[test]
fn operators_in_the_middle_of_a_question_are_answered_by_the_process_they_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = started(folder.path());
    let mut admin = UnixStream::connect(&files(folder.path())[0]).unwrap();
    admin.set_read_timeout(Some(PATIENCE)).unwrap();
    admin.write_all(b"{\"do\":\"ping\"}\n").unwrap();
    let mut lines = BufReader::new(admin.try_clone().unwrap());
    let mut reply = String::new();
    lines.read_line(&mut reply).unwrap();
    let line = old.said("metrics on http://").expect("its address");
    let (_, url) = line.split_once("http://").unwrap();
    let mut scraper = connect(url.trim_end_matches("/metrics").parse().unwrap());
    let question = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    scraper.write_all(question).unwrap();
    assert_eq!(read_answer(&mut scraper, "GET").status(), 200);
    let (half, rest) = question.split_at(20);
    scraper.write_all(half).unwrap();
    admin.write_all(b"{\"do\":\"pi").unwrap();
    let _new = successor(folder.path());
    old.wait_for("draining");
    admin.write_all(b"ng\"}\n").unwrap();
    reply.clear();
    lines.read_line(&mut reply).unwrap();
    let own = format!("\"pid\":{}", old.pid());
    assert!(
        reply.starts_with("{\"ok\"") && reply.contains(&own),
        "{reply}"
    );
    scraper.write_all(rest).unwrap();
    let answer = read_answer(&mut scraper, "GET");
    assert_eq!(
        (answer.status(), answer.field("connection")),
        (200, Some("close"))
    );
    assert_eq!(old.wait().code(), Some(0));
}

#[test]
fn the_old_process_may_be_asked_at_another_socket_than_the_new_one_will_have() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = started(folder.path());
    let [admin, _] = files(folder.path());
    let elsewhere = folder.path().join("run/elsewhere.sock");
    let file = folder.path().join("sorry.toml");
    let configuration = std::fs::read_to_string(&file).unwrap();
    let text_of = |path: &Path| path.display().to_string();
    let moved = configuration.replace(&text_of(&admin), &text_of(&elsewhere));
    std::fs::write(&file, moved).unwrap();
    let mut command = Command::new(SORRY);
    command
        .args([
            "run",
            &format!("--takeover={}", admin.display()),
            "--config",
        ])
        .arg(&file);
    let new = Server::spawn(command);
    assert_eq!(new.address(), old.address());
    assert_eq!(old.wait().code(), Some(0));
    let output = run(SORRY, &["status", "--admin", &text_of(&elsewhere)]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let gone = || (!admin.exists()).then_some(());
    until(Instant::now() + PATIENCE, gone, "nobody listens there");
}
