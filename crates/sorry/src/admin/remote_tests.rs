//! Tests of whom the door over TCP believes; over real connections, with real clients, it is tested by `it::command::api`.

use http::Request;
use tokio::sync::mpsc;

use super::super::audit::{AuditLog, Recent};
use super::super::role::Role;
use super::super::token;
use super::*;

fn certificate() -> certificate::Certificate {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["sorry.test".to_owned()]).unwrap();
    let files = certificate::Files {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let now = std::time::SystemTime::now();
    certificate::Certificate::load(&files, now, certificate::OutOfTime::Served).unwrap()
}

fn tokens(lines: &[&token::Made]) -> Tokens {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let lines: String = lines
        .iter()
        .map(|made| format!("{}\n", made.line))
        .collect();
    std::fs::write(&path, lines).unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    Tokens::read(&path).unwrap()
}

struct World {
    shown: Shown,
    audit: Arc<dyn AuditLog>,
    reader: token::Made,
    operator: token::Made,
}

impl World {
    fn new() -> World {
        let reader = token::make("look", Role::Reader).unwrap();
        let operator = token::make("deploy", Role::Operator).unwrap();
        let tokens = tokens(&[&reader, &operator]);
        let remote = Remote::new(certificate(), tokens, &["Sorry.Test".into()]).unwrap();
        let audit: Arc<dyn AuditLog> = Arc::new(Recent::default());
        let doors = Arc::new(Doors::default());
        let (commands, _) = mpsc::channel(1);
        let time = Duration::from_secs(60);
        let desk = Desk::new(commands, Arc::clone(&audit), Arc::clone(&doors), time);
        let shown = Shown {
            remote: Arc::new(remote),
            local: "10.0.0.1:9504".parse().unwrap(),
            peer: "10.0.0.9:4711".parse().unwrap(),
            desk: Arc::new(desk),
            doors,
        };
        World {
            shown,
            audit,
            reader,
            operator,
        }
    }

    fn admit(&self, target: &str, fields: &[(&str, &str)]) -> Result<Who, Fault> {
        let mut request = Request::get(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        self.shown.admit(&request.body(()).unwrap().into_parts().0)
    }

    /// The name and role of whoever is believed, or the kind of the fault.
    fn who(&self, target: &str, fields: &[(&str, &str)]) -> String {
        match self.admit(target, fields) {
            Ok(who) => format!("{} {}", who.by, who.role.label()),
            Err(fault) => format!("{:?}", fault.kind),
        }
    }
}

#[test]
fn only_who_shows_a_token_asks_and_by_a_name_that_is_ours() {
    let world = World::new();
    let reader = format!("Bearer {}", world.reader.token);
    let operator = format!("bearer  {}", world.operator.token);
    let basic = format!("Basic {}", world.operator.token);
    let (host, token) = (
        ("host", "sorry.test:9504"),
        ("authorization", reader.as_str()),
    );
    for (target, fields, expected) in [
        ("/", &[host, token][..], "look reader"),
        (
            "/",
            &[host, ("authorization", &operator)],
            "deploy operator",
        ),
        ("/", &[("host", "SORRY.test"), token], "look reader"),
        ("/", &[("host", "10.0.0.1"), token], "look reader"),
        ("/", &[("host", "10.0.0.1:1"), token], "look reader"),
        (
            "/",
            &[("host", "[::ffff:10.0.0.1]:1"), token],
            "look reader",
        ),
        ("https://sorry.test/", &[host, token], "look reader"),
        ("https://evil.test/", &[host, token], "Refused"),
        ("/", &[token], "Refused"),
        ("/", &[("host", "10.0.0.2"), token], "Refused"),
        ("/", &[("host", "evil.test"), token], "Refused"),
        ("/", &[("host", "sorry.test.evil"), token], "Refused"),
        ("/", &[("host", ""), token], "Refused"),
        ("/", &[host, host, token], "Malformed"),
        (
            "/",
            &[host, token, ("origin", "https://sorry.test")],
            "Refused",
        ),
        ("/", &[host, token, ("origin", "null")], "Refused"),
        ("/", &[host, token, ("cookie", "a=b")], "Refused"),
        ("/", &[host], "Unidentified"),
        ("/", &[host, token, token], "Malformed"),
        ("/", &[host, ("authorization", &basic)], "Unidentified"),
        ("/", &[host, ("authorization", "Bearer")], "Unidentified"),
        ("/", &[host, ("authorization", "Bearer ")], "Unidentified"),
        (
            "/",
            &[host, ("authorization", "Bearer sorry_00")],
            "Unidentified",
        ),
    ] {
        assert_eq!(world.who(target, fields), expected, "{target} {fields:?}");
    }
    let known = world.admit("/", &[host, token]).unwrap().known;
    assert_eq!(known, "token look from 10.0.0.9:4711");
    let noted = world.audit.last(9);
    assert_eq!(noted.len(), 2, "wrong tokens are: {noted:?}");
    assert!(
        noted[0].by.starts_with("unknown token from 10.0.0.9"),
        "{noted:?}"
    );
}

#[test]
fn an_address_with_many_wrong_tokens_is_not_listened_to() {
    let mut world = World::new();
    let right = format!("Bearer {}", world.reader.token);
    let host = ("host", "sorry.test");
    for _ in 0..WRONG_TOKENS {
        assert_eq!(
            world.who("/", &[host, ("authorization", &right)]),
            "look reader"
        );
        assert_eq!(
            world.who("/", &[host, ("authorization", "Bearer x")]),
            "Unidentified"
        );
    }
    assert_eq!(
        world.who("/", &[host, ("authorization", &right)]),
        "TooMany"
    );
    let count = world.shown.doors.count(Door::Remote, Bound::WrongTokens);
    assert_eq!(count, u64::from(WRONG_TOKENS) + 1);
    world.shown.peer = "10.0.0.8:4711".parse().unwrap();
    assert_eq!(
        world.who("/", &[host, ("authorization", &right)]),
        "look reader"
    );
}

#[test]
fn wrong_tokens_are_forgotten_after_a_while_and_never_fill_memory() {
    let wrong = Wrong::default();
    let now = Instant::now();
    let address = |number: u32| IpAddr::from(std::net::Ipv4Addr::from(number));
    for _ in 0..WRONG_TOKENS {
        wrong.note(address(1), now);
    }
    assert!(wrong.are_too_many(address(1), now));
    assert!(wrong.are_too_many(address(1), now + WINDOW / 2));
    assert!(!wrong.are_too_many(address(1), now + WINDOW));
    wrong.note(address(1), now + WINDOW);
    assert!(
        !wrong.are_too_many(address(1), now + WINDOW),
        "it begins anew"
    );
    for number in 0..2048 {
        wrong.note(address(number), now + WINDOW);
    }
    assert_eq!(wrong.0.lock().unwrap().len(), ADDRESSES);
}

#[test]
fn a_network_of_ipv6_counts_as_one() {
    let network = |text: &str| network(text.parse().unwrap()).to_string();
    assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(network("::ffff:10.0.0.1"), "10.0.0.1");
    assert_eq!(network("10.0.0.1"), "10.0.0.1");
}

#[test]
fn new_tokens_take_the_place_of_the_old() {
    let world = World::new();
    let fresh = token::make("fresh", Role::Reader).unwrap();
    world.shown.remote.renew_tokens(tokens(&[&fresh]));
    let host = ("host", "sorry.test");
    let old = format!("Bearer {}", world.operator.token);
    let new = format!("Bearer {}", fresh.token);
    assert_eq!(
        world.who("/", &[host, ("authorization", &old)]),
        "Unidentified"
    );
    assert_eq!(
        world.who("/", &[host, ("authorization", &new)]),
        "fresh reader"
    );
}
