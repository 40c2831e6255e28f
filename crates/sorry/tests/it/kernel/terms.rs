//! For whom the kernel answers, and when: lists, overload, keys that two nodes share, and what it tells of requests.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::clients::{Asks, curl};
use super::responder::{LONG, Responder, listens_on, page};
use super::world::{Family, World};
use crate::harness::{PATIENCE, text, until};

const SHORT: usize = 400;

fn http(world: &World, family: Family) -> SocketAddr {
    SocketAddr::new(world.address(family), 80)
}

fn connect(world: &World, family: Family, patience: Duration) -> std::io::Result<TcpStream> {
    let address = http(world, family);
    world
        .client()
        .within(|| TcpStream::connect_timeout(&address, patience))
}

#[test]
fn who_is_denied_hears_nothing_and_who_is_allowed_is_answered_by_user_space() {
    let world = World::direct();
    let lists = "deny = [\"192.0.2.1\", \"203.0.113.0/24\"]\nallow = [\"2001:db8:1::/64\"]";
    let responder = Responder::with_terms(&world, &page(SHORT), &listens_on(&world, 80), lists, "");
    responder.wait_for_mode("on");

    let refused = connect(&world, Family::V4, Duration::from_millis(500));
    let error = refused.expect_err("its SYNs are dropped");
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    let visit = curl(&world, Family::V6, Asks::Get);
    assert_eq!(
        (visit.status, &visit.error),
        (Some(503), &None),
        "{visit:?}"
    );
    assert_eq!(responder.in_user_space(), 1);
    responder.wait_for_count("denied", 1);
    responder.wait_for_count("allowed", 1);
    assert_eq!((responder.count("syn"), responder.count("page")), (0, 0));

    // The lists are read again with the rest.
    let file = responder.folder().join("sorry.toml");
    let typed = std::fs::read_to_string(&file).expect("read it");
    let typed = typed.replace(lists, "deny = [\"203.0.113.0/24\"]");
    std::fs::write(&file, typed).expect("write it");
    let output = responder.verb(&["reload"]).output().expect("run sorry");
    assert!(output.status.success(), "{}", text(&output.stderr));
    for family in Family::BOTH {
        let visit = curl(&world, family, Asks::Get);
        assert_eq!(
            (visit.status, &visit.error),
            (Some(503), &None),
            "{visit:?}"
        );
    }
    responder.wait_for_count("page", 2);
    assert_eq!(responder.in_user_space(), 1);
}

/// Its client is nobody, so lists of networks that nobody comes from must not make it fail.
#[test]
fn lists_and_limits_are_not_for_the_self_test() {
    let world = World::direct();
    let terms = "deny = [\"0.0.0.0/0\"]\nallow = [\"::/0\"]";
    let responder = Responder::with_terms(&world, &page(7600), &listens_on(&world, 80), terms, "");
    responder.wait_for_mode("on");
    let test = responder.status()["kernel"]["interfaces"][0]["selftest"].clone();
    assert_eq!(test["wrong"].as_array().map(Vec::len), Some(0), "{test}");
    let refused = connect(&world, Family::V4, Duration::from_millis(500));
    let error = refused.expect_err("its SYNs are dropped");
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert_eq!(curl(&world, Family::V6, Asks::Get).status, Some(503));
    assert_eq!(responder.in_user_space(), 1, "allowed");
}

/// Whoever has the secret can answer for whoever had it.
#[test]
fn a_node_with_the_same_key_file_goes_on_where_another_has_begun() {
    let world = World::direct();
    let keys = tempfile::tempdir().expect("a folder");
    let key = |name: &str| {
        let file = keys.path().join(name);
        std::fs::write(
            &file,
            format!("a secret of the fleet, which is called {name}"),
        )
        .expect("write it");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("hide it");
        file
    };
    let node = |file: &Path| {
        let terms = format!("key-file = \"{}\"", file.display());
        let responder =
            Responder::with_terms(&world, &page(SHORT), &listens_on(&world, 80), &terms, "");
        responder.wait_for_mode("on");
        responder
    };
    let (ours, theirs) = (key("one"), key("other"));

    let first = node(&ours);
    let mut streams =
        Family::BOTH.map(|family| connect(&world, family, PATIENCE).expect("connect"));
    let [mut stranger, _] =
        Family::BOTH.map(|family| connect(&world, family, PATIENCE).expect("connect"));
    first.wait_for_count("syn", 4);
    drop(first);

    let second = node(&ours);
    for stream in &mut streams {
        let answer = ask(stream).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    second.wait_for_count("page", 2);
    assert_eq!((second.count("syn"), second.in_user_space()), (0, 0));
    drop(second);

    let third = node(&theirs);
    let error = ask(&mut stranger).expect_err("nobody knows it there");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    third.wait_for_count("foreign", 1);
}

fn ask(stream: &mut TcpStream) -> std::io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Connections that do nothing fill the server; the kernel answers everybody else until they have gone.
#[test]
fn the_kernel_helps_while_the_server_has_too_much_to_do() {
    let world = World::direct();
    let sorry = listens_on(&world, 80).replace("when down", "when overloaded");
    let responder = Responder::with_terms(
        &world,
        &page(SHORT),
        &sorry,
        "",
        "[limits]\nconnections = 10",
    );
    responder.wait_for_mode("off");
    let visit = curl(&world, Family::V4, Asks::Get);
    assert_eq!(visit.status, Some(503), "{visit:?}");
    assert_eq!(responder.in_user_space(), 1);

    let idle: Vec<_> = (0..9)
        .map(|_| connect(&world, Family::V6, PATIENCE).expect("connect"))
        .collect();
    responder.wait_for_mode("on");
    for family in Family::BOTH {
        let visit = curl(&world, family, Asks::Get);
        assert_eq!(
            (visit.status, &visit.error),
            (Some(503), &None),
            "{visit:?}"
        );
    }
    assert_eq!(responder.in_user_space(), 1, "the kernel answers");
    let output = responder
        .verb(&["kernel", "status"])
        .output()
        .expect("run sorry");
    let said = text(&output.stdout);
    assert!(said.contains("overloaded"), "{said}");

    drop(idle);
    let is_off = || {
        let vips = responder.status()["kernel"]["sites"][0]["vips"].clone();
        vips.as_array()?
            .iter()
            .all(|vip| vip["mode"] == "off")
            .then_some(())
    };
    until(Instant::now() + LONG, is_off, "the kernel is off");
    assert_eq!(curl(&world, Family::V6, Asks::Get).status, Some(503));
    assert_eq!(responder.in_user_space(), 2);
}

#[test]
fn the_kernel_tells_of_requests() {
    let world = World::direct();
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("access.log");
    let top = format!(
        "[log]\naccess = \"json\"\naccess-file = \"{}\"\n[metrics]\nlisten = \"127.0.0.1:9100\"",
        log.display()
    );
    let responder = Responder::with_terms(
        &world,
        &page(SHORT),
        &listens_on(&world, 80),
        "sample = 1",
        &top,
    );
    responder.wait_for_mode("on");
    let url = world.url(Family::V4, "/shoes");
    let bot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    // Of an upload nothing is told but its begin.
    let upload = folder.path().join("upload");
    std::fs::write(&upload, "SECRET".repeat(5000)).expect("write a file");
    let upload = format!("@{}", upload.display());
    world.client().must(
        "curl",
        &[
            "-s",
            "-o",
            "/dev/null",
            "--noproxy",
            "*",
            "-A",
            "me",
            "-H",
            "Expect:",
            "--data-binary",
            &upload,
            &url,
        ],
    );
    for _ in 0..6 {
        world.client().must(
            "curl",
            &["-s", "-o", "/dev/null", "--noproxy", "*", "-A", bot, &url],
        );
    }
    let written = || {
        let lines = std::fs::read_to_string(&log).unwrap_or_default();
        (lines.lines().count() >= 7).then_some(lines)
    };
    let lines = until(
        Instant::now() + PATIENCE,
        written,
        "the requests are written down",
    );
    assert_eq!(lines.lines().count(), 7, "{lines}");
    assert!(!lines.contains("SECRET"), "{lines}");
    for line in lines.lines().skip(1) {
        let told: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(told["target"], "/shoes", "{told}");
        assert_eq!(told["client"], "192.0.2.1", "{told}");
        assert_eq!(told["user_agent"], bot, "{told}");
        assert_eq!(told["answer"], "kernel", "{told}");
    }
    let counted = || {
        let url = "http://127.0.0.1:9100/metrics";
        let shown = world.server().must("curl", &["-s", "--noproxy", "*", url]);
        let name = "sorry_crawler_refusals_total{site=\"shop\",crawler=\"google\"} ";
        let count = shown.lines().find_map(|line| line.strip_prefix(name))?;
        (count == "6").then_some(())
    };
    until(
        Instant::now() + PATIENCE,
        counted,
        "six refusals of a crawler are counted",
    );
}
