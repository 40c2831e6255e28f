//! SIGHUP and `sorry reload`: the new is in force whole, or the old stays.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::harness::{Answer, PATIENCE, SORRY, Server, exchange, run, text, until};

fn configuration(folder: &Path, more: &str) -> String {
    let folder = folder.display();
    format!(
        "[admin]\nsocket = \"{folder}/admin.sock\"\n[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:0\"]\npage = \"page\"\n{more}"
    )
}

/// A page of two files that must agree: the asset's name stands in the page, and its bytes are the page's word.
fn write_page(folder: &Path, word: &str) {
    let page = folder.join("page");
    std::fs::create_dir_all(&page).expect("a folder");
    let large = format!("{word}\n").repeat(4000);
    std::fs::write(page.join("word.bin"), large).expect("write the asset");
    let html = format!(
        "<!doctype html><title>{word}</title><img src=word.bin alt=\"\"><p>{}",
        "x".repeat(30_000)
    );
    std::fs::write(page.join("page.html"), html).expect("write the page");
}

/// Tells the visitors to go home, also when the test has failed.
struct Closing<'a>(&'a AtomicBool);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn get(server: &Server, target: &str) -> Answer {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    );
    let bytes = exchange(server.address(), request.as_bytes());
    Answer::parse(&bytes, "GET").expect("a whole answer").0
}

fn word(server: &Server) -> String {
    let html = get(server, "/").text();
    let (_, rest) = html.split_once("<title>").expect("a title");
    rest.split_once("</title>").expect("its end").0.to_owned()
}

fn await_word(server: &Server, wanted: &str) {
    let shown = || (word(server) == wanted).then_some(());
    until(Instant::now() + PATIENCE, shown, wanted);
}

#[test]
fn pages_change_whole_under_load() {
    let folder = tempfile::tempdir().unwrap();
    write_page(folder.path(), "word-0");
    let mut server = Server::run(folder.path(), &configuration(folder.path(), ""));
    let stop = AtomicBool::new(false);
    let address = server.address();
    std::thread::scope(|scope| {
        let visitors: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut visits = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let bytes = exchange(address, b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
                        let (answer, rest) = Answer::parse(&bytes, "GET").expect("a whole answer");
                        assert_eq!((answer.status(), rest), (503, Vec::new()));
                        assert!(answer.text().contains("<title>word-") && answer.body.len() > 30_000);
                        visits += 1;
                    }
                    visits
                })
            })
            .collect();
        let closing = Closing(&stop);
        for number in 1..=5 {
            let word = format!("word-{number}");
            write_page(folder.path(), &word);
            server.signal("HUP");
            await_word(&server, &word);
            // The page's own file has changed with it.
            let html = get(&server, "/").text();
            let start = html.find("/.sorry/").expect("an asset");
            let end = html[start..].find(['"', ' ', '>', '\'']).expect("its end");
            let asset = get(&server, &html[start..start + end]);
            assert_eq!(asset.status(), 200);
            assert!(asset.text().starts_with(&word), "{}", &asset.text()[..20]);
        }
        drop(closing);
        for visitor in visitors {
            assert!(visitor.join().expect("a visitor") > 10);
        }
    });
    server.wait_for("configuration 6 is in force");
}

#[test]
fn what_is_broken_is_told_and_the_old_stays() {
    let folder = tempfile::tempdir().unwrap();
    write_page(folder.path(), "good");
    let mut server = Server::run(folder.path(), &configuration(folder.path(), ""));
    let page = folder.path().join("page/page.html");
    let file = folder.path().join("sorry.toml");
    let good_page = std::fs::read(&page).unwrap();
    let good_file = std::fs::read(&file).unwrap();

    std::fs::write(&page, "<!doctype html>\n<p>{{ reason }</p>\n").unwrap();
    server.signal("HUP");
    server.wait_for("the old configuration stays in force");
    server.wait_for("page.html:2");
    assert_eq!(word(&server), "good");
    std::fs::write(&page, good_page).unwrap();

    std::fs::write(&file, [&good_file, &b"status = 200\n"[..]].concat()).unwrap();
    server.signal("HUP");
    server.wait_for("the old configuration stays in force");
    server.wait_for("status: 200 does not say");
    assert_eq!(
        (get(&server, "/").status(), word(&server).as_str()),
        (503, "good")
    );

    std::fs::write(&file, [&good_file, &b"status = 502\n"[..]].concat()).unwrap();
    server.signal("HUP");
    server.wait_for("is in force");
    let answered = || (get(&server, "/").status() == 502).then_some(());
    until(
        Instant::now() + PATIENCE,
        answered,
        "the new status is said",
    );
}

#[test]
fn reload_by_command_says_what_has_become_of_it() {
    let folder = tempfile::tempdir().unwrap();
    write_page(folder.path(), "good");
    let server = Server::run(folder.path(), &configuration(folder.path(), ""));
    let socket = folder.path().join("admin.sock");
    let file = folder.path().join("sorry.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    let reload = |arguments: &[&str]| {
        let fixed = ["reload", "--admin", socket.to_str().unwrap()];
        run(SORRY, &[&fixed, arguments].concat())
    };
    std::fs::write(&file, format!("{good}status = 502\n")).unwrap();
    let output = reload(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(
        told.ends_with("site shop has changed: `status`\nconfiguration 2 is in force\n"),
        "{told}"
    );
    // Once the command has ended, every answer is a new one.
    assert_eq!(get(&server, "/").status(), 502);
    std::fs::write(&file, format!("{good}status = 200\n")).unwrap();
    let output = reload(&[]);
    assert_ne!(output.status.code(), Some(0));
    let error = text(&output.stderr);
    assert!(
        error.contains("sorry.toml:8:10") && error.contains("stays in force"),
        "{error}"
    );
    assert_eq!(get(&server, "/").status(), 502);
    let report = reload(&["--json"]);
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("JSON");
    assert_eq!(report["generation"], 2);
    // What went wrong is told as check-config tells it, here and in the status.
    let checked = run(SORRY, &["check-config", "--json", file.to_str().unwrap()]);
    let checked: serde_json::Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    assert_eq!(checked["mistakes"][0]["line"], 8);
    assert_eq!(report["mistakes"], checked["mistakes"]);
    let status = ["status", "--json", "--admin", socket.to_str().unwrap()];
    let status = run(SORRY, &status);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    assert_eq!(status["last_reload"]["mistakes"], checked["mistakes"]);
}

#[test]
fn listeners_come_and_go_with_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    write_page(folder.path(), "good");
    let socket = folder.path().join("site.sock");
    let first = configuration(folder.path(), "");
    let mut server = Server::run(folder.path(), &first);
    let file = folder.path().join("sorry.toml");
    let both = format!("[\"127.0.0.1:0\", \"unix:{}\"]", socket.display());
    std::fs::write(&file, first.replace("[\"127.0.0.1:0\"]", &both)).unwrap();
    server.signal("HUP");
    let ask = || {
        use std::io::{Read, Write};
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).ok()?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok()?;
        Answer::parse(&bytes, "GET").map(|(answer, _)| answer.status())
    };
    let status = until(Instant::now() + PATIENCE, ask, "the new listener answers");
    assert_eq!(status, 503);
    assert_eq!(
        word(&server),
        "good",
        "the old one is still the same socket"
    );
    std::fs::write(&file, first).unwrap();
    server.signal("HUP");
    let gone = || {
        std::os::unix::net::UnixStream::connect(&socket)
            .is_err()
            .then_some(())
    };
    until(Instant::now() + PATIENCE, gone, "the listener has gone");
    server.wait_for("configuration 3 is in force");
    assert_eq!(word(&server), "good");
}

/// `sorry reload` of a server that runs in this folder, and what it said.
fn reloaded(folder: &Path) -> String {
    let socket = folder.join("admin.sock");
    let output = run(
        SORRY,
        &["reload", "--admin", socket.to_str().expect("a path")],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_page_that_has_changed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write_page(folder.path(), "old");
    let mut server = Server::run(folder.path(), &configuration(folder.path(), ""));
    let told = reloaded(folder.path());
    assert!(
        told.ends_with("nothing has changed\nconfiguration 2 is in force\n"),
        "{told}"
    );
    write_page(folder.path(), "new");
    let told = reloaded(folder.path());
    assert!(
        told.ends_with(
            "site shop has changed: the files of its page\nconfiguration 3 is in force\n"
        ),
        "{told}"
    );
    assert_eq!(word(&server), "new");
    let line = server.wait_for("configuration 3 is in force");
    assert!(
        line.ends_with("site shop has changed: the files of its page"),
        "{line}"
    );
    assert_eq!(
        server.times_said("listening on"),
        1,
        "at the start, and not again"
    );
}

#[test]
fn what_waits_for_a_restart_is_told_until_it_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    write_page(folder.path(), "good");
    let first = configuration(folder.path(), "");
    let _server = Server::run(folder.path(), &first);
    let file = folder.path().join("sorry.toml");
    let pending = "`[metrics] listen`: in force after the next restart\n";
    std::fs::write(
        &file,
        format!("{first}[metrics]\nlisten = \"127.0.0.1:0\"\n"),
    )
    .unwrap();
    for reload in 1..=2 {
        let told = reloaded(folder.path());
        assert!(told.contains(pending), "reload {reload}: {told}");
    }
    let socket = folder.path().join("admin.sock");
    let status = || text(&run(SORRY, &["status", "--admin", socket.to_str().unwrap()]).stdout);
    assert!(
        status().contains(&format!("pending: {pending}")),
        "{}",
        status()
    );
    std::fs::write(&file, &first).unwrap();
    let told = reloaded(folder.path());
    assert!(!told.contains("restart"), "{told}");
    assert!(!status().contains("pending"), "{}", status());
}
