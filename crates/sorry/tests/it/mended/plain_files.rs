//! Whatever stands where a plain file is expected is refused at the place that names it, and nobody is held by it.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::harness::{PATIENCE, SORRY, Server, connect, run, text, until};
use crate::matrix::world::certificate;

/// The files that a configuration names, by key.
const KEYS: [&str; 4] = ["page", "robots", "certificate", "key"];

/// A configuration in which `key` names `path`, and all other keys name good files.
fn configuration(folder: &Path, key: &str, path: &str) -> String {
    std::fs::write(
        folder.join("page.html"),
        "<!doctype html><p>{{ auto_return }}",
    )
    .expect("write");
    std::fs::write(folder.join("robots.txt"), "User-agent: *\n").expect("write");
    let good = ["page.html", "robots.txt", "shop.crt", "shop.key"];
    let [page, robots, certificate, secret] = std::array::from_fn(|index| match KEYS[index] {
        own if own == key => path,
        _ => good[index],
    });
    format!(
        "[admin]\nsocket = \"none\"\n[[tls]]\ncertificate = \"{certificate}\"\nkey = \"{secret}\"\n\
         [[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [{{ address = \"127.0.0.1:0\", tls = true }}]\n\
         page = \"{page}\"\nrobots = \"{robots}\"\n"
    )
}

/// One of each kind that there is, with the words it is refused with.
fn kinds(folder: &Path) -> [(String, &'static str); 5] {
    let at = |name: &str| folder.join(name).display().to_string();
    assert!(run("mkfifo", &[&at("fifo")]).status.success());
    let _dead = UnixListener::bind(folder.join("socket")).expect("a socket");
    std::fs::create_dir(folder.join("folder")).expect("make a folder");
    let long = std::fs::File::create(folder.join("long")).expect("a file");
    long.set_len(1 << 27).expect("a long file");
    [
        (at("fifo"), "is a FIFO"),
        (at("socket"), "is a socket"),
        ("/dev/zero".to_owned(), "is a device"),
        (at("folder"), "folder"),
        (at("long"), "is longer than"),
    ]
}

#[test]
fn what_is_no_plain_file_is_refused_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let file = folder.path().join("sorry.toml");
    let name = file.display().to_string();
    for (path, words) in kinds(folder.path()) {
        for key in KEYS {
            let text_of_it = configuration(folder.path(), key, &path);
            let line = text_of_it
                .lines()
                .position(|line| line.starts_with(&format!("{key} =")))
                .expect("its line")
                + 1;
            std::fs::write(&file, text_of_it).unwrap();
            let output = run(SORRY, &["check-config", &name]);
            let told = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{key} = {path}: {told}");
            let place = format!("sorry.toml:{line}:");
            assert!(
                told.contains(&place) && told.contains(words),
                "{key} = {path}: {told}"
            );
        }
        let output = run(SORRY, &["check-config", &path]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{path}: {told}");
        assert!(told.contains(words), "{path}: {told}");
    }
}

#[test]
fn a_folder_without_end_is_no_page() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let file = folder.path().join("sorry.toml");
    std::fs::write(&file, configuration(folder.path(), "page", "/proc")).unwrap();
    let output = run(SORRY, &["check-config", file.to_str().unwrap()]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("/proc"), "{told}");
}

#[test]
fn a_running_process_is_not_held_by_what_a_file_was_exchanged_for() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let mut server = Server::run(folder.path(), &configuration(folder.path(), "", ""));
    let exchange = |name: &str| {
        let path = folder.path().join(name);
        std::fs::remove_file(&path).unwrap();
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo").success());
    };
    // Seen by the watch over the files, without being asked.
    exchange("shop.crt");
    server.wait_for("shop.crt: is a FIFO");
    for (name, told) in [
        ("robots.txt", "robots.txt: it is a FIFO"),
        ("page.html", "page.html: cannot read the page: it is a FIFO"),
        ("sorry.toml", "cannot read the configuration: it is a FIFO"),
    ] {
        exchange(name);
        server.signal("HUP");
        server.wait_for(told);
    }
    let accepted = || Some(connect(server.address()));
    until(Instant::now() + PATIENCE, accepted, "it listens");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}
