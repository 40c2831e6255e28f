//! nginx, asked in every version of HTTP, with and without TLS.

use std::net::SocketAddr;
use std::path::Path;

use sorry_core::health::Reason;
use sorry_server::config::check::{BodyRule, Http, HttpVersion, Kind, TlsClient, Verify};

use super::asked::{LONG, SHORT, assert_ends, at, expecting, get, http, tls};
use super::authority::{Authority, Time};
use super::peer::{Peer, Way};
use crate::balancers::balancer::{Balancer, own_address};

const VERSIONS: [HttpVersion; 3] = [HttpVersion::Http10, HttpVersion::Http11, HttpVersion::Http2];

/// What every server of the test has.
fn locations(folder: &Path, mute: SocketAddr) -> String {
    std::fs::write(folder.join("slow"), "x".repeat(64 << 10)).expect("write a file");
    format!(
        "location = /ok {{ return 200 \"all is fine\"; }}\n\
         location = /moved {{ return 301 /ok; }}\n\
         location = /bad {{ return 500; }}\n\
         location = /slow {{ root {}; limit_rate 100; }}\n\
         location = /mute {{ proxy_pass http://{mute}; }}\n\
         location = /host {{ return 200 \"$host $http_x_key $request_method\"; }}\n",
        folder.display()
    )
}

fn secured(pair: &(std::path::PathBuf, std::path::PathBuf)) -> String {
    let (certificate, key) = (pair.0.display(), pair.1.display());
    format!("ssl_certificate {certificate}; ssl_certificate_key {key};")
}

/// nginx at five addresses: plain, plain HTTP/2, TLS, TLS whose time is over, TLS that wants to see a certificate.
struct World {
    _nginx: Balancer,
    _mute: Peer,
    _folder: tempfile::TempDir,
    authority: Authority,
    client: (std::path::PathBuf, std::path::PathBuf),
    plain: SocketAddr,
    two: SocketAddr,
    secure: SocketAddr,
    expired: SocketAddr,
    demanding: SocketAddr,
}

impl World {
    fn start() -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new(folder.path(), "authority");
        let mute = Peer::start(Way::Mute);
        let same = locations(folder.path(), mute.address);
        let good = secured(&authority.sign("a.example", Time::Good));
        let over = secured(&authority.sign("a.example", Time::Over));
        let client = authority.sign("watch.example", Time::Good);
        let [plain, two, secure, expired, demanding] = std::array::from_fn(|_| own_address());
        let wanted = authority.file.display();
        let blocks = format!(
            "server {{ listen {plain}; {same} }}\n\
             server {{ listen {two} http2; {same} }}\n\
             server {{ listen {secure} ssl http2; {good} {same} }}\n\
             server {{ listen {expired} ssl; {over} {same} }}\n\
             server {{ listen {demanding} ssl http2; {good} ssl_client_certificate {wanted}; ssl_verify_client on; {same} }}\n"
        );
        World {
            _nginx: Balancer::nginx(&blocks, plain),
            _mute: mute,
            _folder: folder,
            authority,
            client,
            plain,
            two,
            secure,
            expired,
            demanding,
        }
    }

    /// Where a version is spoken in the clear.
    fn clear(&self, version: HttpVersion) -> SocketAddr {
        match version {
            HttpVersion::Http2 => self.two,
            _ => self.plain,
        }
    }

    fn trusting(&self, name: &str) -> TlsClient {
        tls(name, Verify::Authority(self.authority.file.clone()))
    }
}

#[test]
fn answers_are_judged_in_every_version() {
    let world = World::start();
    let digest = ring::digest::digest(&ring::digest::SHA256, b"all is fine");
    let digest: [u8; 32] = digest.as_ref().try_into().expect("32 bytes");
    let with = |body: BodyRule| Http {
        body: vec![body],
        ..get("/ok")
    };
    let contains = |text: &str| with(BodyRule::Contains(text.as_bytes().into()));
    let good = (Reason::Ok, "status 200");
    let lacking = (Reason::Body, "the body");
    let table = [
        ("ok", get("/ok"), LONG, good),
        ("bad", get("/bad"), LONG, (Reason::Status, "status 500")),
        (
            "absent",
            get("/absent"),
            LONG,
            (Reason::Status, "status 404"),
        ),
        ("moved", get("/moved"), LONG, (Reason::Status, "status 301")),
        (
            "moved, expected",
            Http {
                status: vec![200..=200, 300..=399],
                ..get("/moved")
            },
            LONG,
            (Reason::Ok, "status 301"),
        ),
        (
            "HEAD",
            Http {
                method: "HEAD".into(),
                ..get("/ok")
            },
            LONG,
            good,
        ),
        ("contains", contains("is fine"), LONG, good),
        ("contains not", contains("is bad"), LONG, lacking),
        (
            "regex",
            with(BodyRule::Regex("^all .* fine$".into())),
            LONG,
            good,
        ),
        (
            "not regex",
            with(BodyRule::NotRegex("fine".into())),
            LONG,
            lacking,
        ),
        ("digest", with(BodyRule::Digest(digest)), LONG, good),
        (
            "all of them",
            Http {
                body: vec![
                    BodyRule::Contains(b"all is".as_slice().into()),
                    BodyRule::Regex("fine$".into()),
                    BodyRule::NotRegex("(?i)error".into()),
                    BodyRule::Digest(digest),
                ],
                ..get("/ok")
            },
            LONG,
            good,
        ),
        (
            "all but one",
            Http {
                body: vec![
                    BodyRule::Contains(b"all is".as_slice().into()),
                    BodyRule::NotRegex("fine".into()),
                ],
                ..get("/ok")
            },
            LONG,
            (Reason::Body, "must not match"),
        ),
        (
            "other digest",
            with(BodyRule::Digest([0; 32])),
            LONG,
            lacking,
        ),
        (
            "too long",
            Http {
                body_bytes: 4,
                ..contains("fine")
            },
            LONG,
            (Reason::TooLong, "`body-bytes`"),
        ),
        (
            "host, header and method",
            Http {
                host: Some("shop.example".into()),
                headers: vec![("X-Key".into(), "sesame".into())],
                method: "POST".into(),
                body: vec![BodyRule::Contains(
                    b"shop.example sesame POST".as_slice().into(),
                )],
                ..get("/host")
            },
            LONG,
            good,
        ),
        (
            "mute",
            get("/mute"),
            SHORT,
            (Reason::AnswerTimeout, "no answer within"),
        ),
        (
            "slow",
            get("/slow"),
            SHORT,
            // Over HTTP/2 nginx keeps the head back, too.
            (Reason::AnswerTimeout, "within 300 ms"),
        ),
    ];
    for version in VERSIONS {
        for (name, asked, timeout, expected) in &table {
            let kind = http(Http {
                version,
                ..asked.clone()
            });
            let name = format!("{name} in {version:?}");
            assert_ends(&name, &kind, at(world.clear(version)), *timeout, *expected);
        }
    }
}

#[test]
fn certificates_are_judged_and_their_end_is_told() {
    let world = World::start();
    let folder = tempfile::tempdir().expect("a folder");
    let stranger = Authority::new(folder.path(), "stranger");
    let untrusted = tls("a.example", Verify::Authority(stranger.file.clone()));
    let off = |name| tls(name, Verify::Off);
    let identified = TlsClient {
        identity: Some(world.client.clone()),
        ..world.trusting("a.example")
    };
    let good = (Reason::Ok, "");
    let bad = |words| (Reason::TlsCertificate, words);
    let over = bad("certificate has expired");
    let table = [
        ("good", world.secure, world.trusting("a.example"), good),
        (
            "wrong name",
            world.secure,
            world.trusting("b.example"),
            bad("certificate is for \"a.example\""),
        ),
        (
            "untrusted",
            world.secure,
            untrusted,
            bad("certificate is of an unknown authority"),
        ),
        (
            "the system's authorities",
            world.secure,
            tls("a.example", Verify::System),
            bad("certificate is of an unknown authority"),
        ),
        (
            "wrong name, nobody cares",
            world.secure,
            off("b.example"),
            good,
        ),
        ("expired", world.expired, world.trusting("a.example"), over),
        (
            "expired, nobody cares",
            world.expired,
            off("a.example"),
            good,
        ),
        (
            "with our own certificate",
            world.demanding,
            identified,
            good,
        ),
    ];
    for (name, address, client, expected) in table {
        let dialogue = expecting("GET /ok HTTP/1.0\r\n\r\n", "all is fine");
        let by_tls = Kind::Tls(Box::new(client.clone()), dialogue);
        let mut kinds = vec![(by_tls, "tls".to_owned())];
        for version in VERSIONS {
            // nginx was not told to speak it there.
            if version == HttpVersion::Http2 && address == world.expired {
                continue;
            }
            let kind = http(Http {
                tls: Some(client.clone()),
                version,
                ..get("/ok")
            });
            kinds.push((kind, format!("{version:?}")));
        }
        for (kind, how) in kinds {
            let outcome = assert_ends(
                &format!("{name}, {how}"),
                &kind,
                at(address),
                LONG,
                expected,
            );
            let year_2100 = std::time::Duration::from_secs(4_102_444_800);
            let year_2020 = std::time::Duration::from_secs(1_577_836_800);
            let end = match (address == world.expired, expected.0) {
                (true, _) => Some(year_2020),
                (false, Reason::Ok) => Some(year_2100),
                (false, _) => None,
            };
            let end = end.map(|since| std::time::SystemTime::UNIX_EPOCH + since);
            assert_eq!(outcome.expires, end, "{name}, {how}");
        }
    }
}

#[test]
fn what_a_server_says_of_tls_is_told() {
    let world = World::start();
    let asked = |tls| {
        http(Http {
            tls: Some(tls),
            ..get("/ok")
        })
    };
    let without = asked(world.trusting("a.example"));
    let expected = (Reason::Status, "status 400");
    assert_ends(
        "no certificate",
        &without,
        at(world.demanding),
        LONG,
        expected,
    );
    let to_plain = (Reason::TlsHandshake, "what came is not TLS");
    assert_ends("plain", &without, at(world.plain), LONG, to_plain);
    let two = http(Http {
        tls: Some(tls("a.example", Verify::Off)),
        version: HttpVersion::Http2,
        ..get("/ok")
    });
    // Debian's nginx ends the handshake where there is no protocol in common; others choose none.
    let outcome = super::asked::probe(&two, at(world.expired), LONG);
    let reasons = [Reason::TlsHandshake, Reason::Protocol];
    assert!(reasons.contains(&outcome.reason), "{outcome:?}");
    let plain_two = http(Http {
        version: HttpVersion::Http2,
        ..get("/ok")
    });
    let expected = (Reason::Protocol, "what came is not HTTP/2");
    assert_ends("HTTP/1 only", &plain_two, at(world.plain), LONG, expected);
}
