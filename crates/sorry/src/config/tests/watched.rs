//! Real servers, checks, quorum and damping: what they mean, and what is wrong with them.

use super::{check, read, valid};
use crate::config::check::{Check, Kind};
use crate::config::{Code, Config};
use expect_test::expect;
use std::fmt::Write as _;

const HEAD: &str = "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n";
const REAL: &str = "[[site.real-server]]\naddress = \"10.0.0.11:8080\"\n";

/// A site with these lines, and one real server.
fn site(lines: &str) -> String {
    format!("{HEAD}{lines}\n{REAL}")
}

fn checks(config: &Config) -> &[Check] {
    &config.sites[0].reals[0].checks
}

fn in_words(check: &Check) -> String {
    let timing = &check.timing;
    let thresholds = &check.thresholds;
    let from = check.egress.source.map(|source| format!(" from {source}"));
    format!(
        "{} {}{} every {:?} ±{:?} timeout {:?} suspect {:?} rise {} fall {} forgive {}",
        check.kind.label(),
        check.target,
        from.unwrap_or_default(),
        timing.every,
        timing.jitter,
        timing.timeout,
        timing.suspect_every,
        thresholds.rise,
        thresholds.fall,
        thresholds.forgive
    )
}

#[test]
fn the_pace_of_a_check_is_its_own_else_that_of_all() {
    for (lines, before, expected) in [
        (
            "check.tcp = {}",
            "",
            "tcp 10.0.0.11:8080 every 2s ±200ms timeout 1s suspect 200ms rise 2 fall 3 forgive 1",
        ),
        (
            "check.tcp = { every = \"500ms\" }",
            "",
            "tcp 10.0.0.11:8080 every 500ms ±50ms timeout 500ms suspect 100ms rise 2 fall 3 forgive 1",
        ),
        (
            "check.tcp = { every = \"100ms\" }",
            "",
            "tcp 10.0.0.11:8080 every 100ms ±10ms timeout 100ms suspect 100ms rise 2 fall 3 forgive 1",
        ),
        (
            "check.tcp = { fall = 5, address = \":9\" }",
            "[check]\nevery = \"1s\"\nrise = 1\nfall = 2\nforgive = 4\ntimeout = \"300ms\"\njitter = \"0s\"\nsuspect-every = \"250ms\"\nsource = \"10.0.0.2\"\n",
            "tcp 10.0.0.11:9 from 10.0.0.2 every 1s ±0ns timeout 300ms suspect 250ms rise 1 fall 5 forgive 4",
        ),
        // What was typed for all is made to fit a check that is made more often.
        (
            "check.tcp = { every = \"200ms\", timeout = \"100ms\" }",
            "[check]\nevery = \"10s\"\njitter = \"2s\"\nsuspect-every = \"5s\"\n",
            "tcp 10.0.0.11:8080 every 200ms ±100ms timeout 100ms suspect 200ms rise 2 fall 3 forgive 1",
        ),
        (
            "check.icmp = {}",
            "",
            "icmp 10.0.0.11:0 every 2s ±200ms timeout 1s suspect 200ms rise 2 fall 3 forgive 1",
        ),
        (
            "check.exec = { command = [\"/bin/true\"] }",
            "[check]\nsource = \"10.0.0.2\"\n",
            "exec 10.0.0.11:0 every 2s ±200ms timeout 1s suspect 200ms rise 2 fall 3 forgive 1",
        ),
    ] {
        let config = valid(&format!("{before}{}", site(lines)));
        let [check] = checks(&config) else {
            panic!("{lines}")
        };
        assert_eq!(in_words(check), expected, "{lines}");
        assert_eq!(config.warnings, [""; 0], "{lines}");
    }
}

#[test]
fn every_kind_means_what_it_says() {
    let lines = r#"
check.http = { path = "/healthz?deep=1", method = "HEAD", host = "shop.example.com", headers = ["X-Probe: sorry"], version = "1.0", status = ["200-299", 304] }
check.https = { server-name = "shop.example.com", ca = "ca.pem", certificate = "probe.crt", key = "probe.key", expiry-warning = "21d", regex = "ready|ok", body-bytes = "1 MiB", version = "2" }
check.tcp = { send = "PING\r\n", expect-hex = "2b 50" }
check.tls = { verify = false, send-hex = "00ff", expect = "é", expiry-warning = "none" }
check.grpc = { service = "shop.Cart", authority = "cart", tls = true }
check.dns = { name = "example.com", type = "a", tcp = true, codes = ["NXDOMAIN", 0], answer = "192.0.2.10" }
check.smtp = { helo = "Monitor.example.com", starttls = true }
check.icmp = { address = "10.0.1.11", source = "10.0.0.2" }
check.udp = [{ send = "PING", expect-hex = "0X ff" }, { require-reply = true }, { min-length = 4, max-length = 8 }]
check.exec = { command = ["/usr/lib/deep", "--shop", "a b"], weight-by-exit-code = false }
check.file = [{ path = "down", down-when = "nonzero" }, { path = "load", weight-by-number = -2 }]
"#;
    let config = valid(&site(lines));
    let mut told = String::new();
    for check in checks(&config) {
        let _ = writeln!(told, "{} {:?}", check.target, check.kind);
    }
    expect![[r#"
        10.0.0.11:8080 Http(Http { tls: None, method: "HEAD", path: "/healthz?deep=1", host: Some("shop.example.com"), headers: [("X-Probe", "sorry")], version: Http10, status: [200..=299, 304..=304], body: [], body_bytes: 65536 })
        10.0.0.11:8080 Http(Http { tls: Some(TlsClient { name: Some("shop.example.com"), verify: Authority("/etc/sorry/ca.pem"), identity: Some(("/etc/sorry/probe.crt", "/etc/sorry/probe.key")), expiry_warning: Some(1814400s) }), method: "GET", path: "/", host: None, headers: [], version: Http2, status: [200..=399], body: [Regex("ready|ok")], body_bytes: 1048576 })
        10.0.0.11:8080 Tcp(Dialogue { send: Some([80, 73, 78, 71, 13, 10]), expect: Some([43, 80]) })
        10.0.0.11:8080 Tls(TlsClient { name: None, verify: Off, identity: None, expiry_warning: None }, Dialogue { send: Some([0, 255]), expect: Some([195, 169]) })
        10.0.0.11:8080 Grpc(Grpc { service: "shop.Cart", authority: Some("cart"), tls: Some(TlsClient { name: None, verify: System, identity: None, expiry_warning: Some(604800s) }) })
        10.0.0.11:8080 Dns(Dns { name: "example.com", record: "A", tcp: true, codes: [3, 0], answer: Some("192.0.2.10") })
        10.0.0.11:8080 Smtp(Smtp { helo: "monitor.example.com", tls: Some(TlsClient { name: None, verify: System, identity: None, expiry_warning: Some(604800s) }) })
        10.0.1.11:0 Icmp
        10.0.0.11:8080 Udp(Udp { send: [80, 73, 78, 71], reply: Some(UdpReply { begins: [Nibbles { value: 0, mask: 240 }, Nibbles { value: 255, mask: 255 }], length: 0..=65535 }) })
        10.0.0.11:8080 Udp(Udp { send: [], reply: Some(UdpReply { begins: [], length: 0..=65535 }) })
        10.0.0.11:8080 Udp(Udp { send: [], reply: Some(UdpReply { begins: [], length: 4..=8 }) })
        10.0.0.11:0 Exec(Exec { argv: ["/usr/lib/deep", "--shop", "a b"], weight: false })
        10.0.0.11:0 File(FileCheck { path: "/etc/sorry/down", down: Nonzero, weight: None })
        10.0.0.11:0 File(FileCheck { path: "/etc/sorry/load", down: Exists, weight: Some(FileWeight { factor: -2, configured: 1 }) })
    "#]].assert_eq(&told);
    let mut files = String::new();
    for file in &config.files {
        let _ = writeln!(files, "{:?} {}", file.purpose, file.path.display());
    }
    expect![[r#"
        Authority /etc/sorry/ca.pem
        Certificate /etc/sorry/probe.crt
        PrivateKey /etc/sorry/probe.key
        Program /usr/lib/deep
    "#]]
    .assert_eq(&files);
}

#[test]
fn defaults_of_an_http_check() {
    let config = valid(&site(
        "check.https = {}\ncheck.http.digest = \"2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df\"",
    ));
    let [
        Check {
            kind: Kind::Http(plain),
            ..
        },
        Check {
            kind: Kind::Http(secured),
            ..
        },
    ] = checks(&config)
    else {
        panic!("two checks");
    };
    expect![[r#"
        Http { tls: None, method: "GET", path: "/", host: None, headers: [], version: Http11, status: [200..=399], body: [Digest([38, 137, 54, 123, 32, 92, 22, 206, 50, 237, 66, 0, 148, 43, 139, 139, 30, 38, 45, 252, 112, 217, 188, 159, 188, 119, 196, 150, 153, 164, 241, 223])], body_bytes: 65536 }
        Http { tls: Some(TlsClient { name: None, verify: System, identity: None, expiry_warning: Some(604800s) }), method: "GET", path: "/", host: None, headers: [], version: Http11, status: [200..=399], body: [], body_bytes: 65536 }
    "#]].assert_eq(&format!("{plain:?}\n{secured:?}\n"));
}

#[test]
fn real_servers_have_the_checks_of_their_site_or_their_own() {
    let config = valid(&format!(
        "{HEAD}check.tcp = {{}}\n{REAL}weight = 3\n[[site.real-server]]\naddress = \"App2:80\"\nweight = 0\nalpha = true\ncheck.icmp = {{}}\ncheck.http.address = \"[2001:db8::2]\"\n"
    ));
    let mut told = String::new();
    for real in &config.sites[0].reals {
        let checks: Vec<String> = real
            .checks
            .iter()
            .map(|check| format!("{} {}", check.kind.label(), check.target))
            .collect();
        let _ = writeln!(
            told,
            "{} {} weighs {} first {:?}: {}",
            real.name,
            real.address,
            real.weight,
            real.first,
            checks.join(", ")
        );
    }
    expect![[r#"
        10.0.0.11:8080 10.0.0.11:8080 weighs 3 first Unknown: tcp 10.0.0.11:8080
        App2:80 app2:80 weighs 0 first Down: http [2001:db8::2]:80, icmp app2:0
    "#]]
    .assert_eq(&told);
}

#[test]
fn what_cannot_be_checked() {
    check(
        &site(
            r#"check.http = { verify = false, contains = "a", regex = "b", method = "HEAD", status = [] }
check.https = { verify = false, ca = "ca.pem", certificate = "a.crt", timeout = "5s" }
check.tcp = { send = "a", send-hex = "00", jitter = "1500ms", suspect-every = "3s" }
check.tls = { key = "a.key" }
check.grpc = { server-name = "a" }
check.dns = { codes = [] }
check.smtp = { ca = "ca.pem" }
check.icmp = { address = "10.0.0.1:7", source = "::1" }
check.udp = [{ expect = "a", expect-hex = "00" }, { min-length = 5, max-length = 4 }, { expect = "pong", max-length = 3 }]
check.exec = { command = ["check shop"] }
check.file = [{ path = "" }, { path = "a", down-when = "missing", weight-by-number = 1 }, { path = "a", weight-by-number = 0 }]"#,
        ),
        expect![[r#"
            error[unknown-key]: unknown key `verify` in [site.check.http]
             --> sorry.toml:4:16
              |
            4 | check.http = { verify = false, contains = "a", regex = "b", method = "HEAD", status = [] }
              |                ^^^^^^
              |
              = help: `verify` is a key of `https`: `http` speaks no TLS

            error[conflict]: contains: an answer to HEAD has no body
             --> sorry.toml:4:43
              |
            4 | check.http = { verify = false, contains = "a", regex = "b", method = "HEAD", status = [] }
              |                                           ^^^                        ------ the method is here

            error[conflict]: regex: an answer to HEAD has no body
             --> sorry.toml:4:56
              |
            4 | check.http = { verify = false, contains = "a", regex = "b", method = "HEAD", status = [] }
              |                                                        ^^^           ------ the method is here

            error[invalid]: status: no status would be good
             --> sorry.toml:4:87
              |
            4 | check.http = { verify = false, contains = "a", regex = "b", method = "HEAD", status = [] }
              |                                                                                       ^^
              |
              = help: for example: status = ["200-299"]

            error[conflict]: ca: nothing is checked against it with `verify = false`
             --> sorry.toml:5:38
              |
            5 | check.https = { verify = false, ca = "ca.pem", certificate = "a.crt", timeout = "5s" }
              |                          -----       ^^^^^^^^
              |                          |
              |                          that is here
              |
              = help: leave one of them out

            error[missing]: certificate: it does nothing without `key`
             --> sorry.toml:5:62
              |
            5 | check.https = { verify = false, ca = "ca.pem", certificate = "a.crt", timeout = "5s" }
              |                                                              ^^^^^^^
              |
              = help: add `key`, or leave `certificate` out

            error[conflict]: send-hex: it stands instead of `send`, which is there, too
             --> sorry.toml:6:38
              |
            6 | check.tcp = { send = "a", send-hex = "00", jitter = "1500ms", suspect-every = "3s" }
              |                      ---             ^^^^
              |                      |
              |                      the other one is here

            error[out-of-range]: jitter: 1s500ms is more than half of `every`
             --> sorry.toml:6:53
              |
            6 | check.tcp = { send = "a", send-hex = "00", jitter = "1500ms", suspect-every = "3s" }
              |                                                     ^^^^^^^^
              |
              = help: it may be at most 1s

            error[out-of-range]: suspect-every: 3s is more than `every`
             --> sorry.toml:6:79
              |
            6 | check.tcp = { send = "a", send-hex = "00", jitter = "1500ms", suspect-every = "3s" }
              |                                                                               ^^^^
              |
              = help: it may be at most 2s

            error[missing]: key: it does nothing without `certificate`
             --> sorry.toml:7:21
              |
            7 | check.tls = { key = "a.key" }
              |                     ^^^^^^^
              |
              = help: add `certificate`, or leave `key` out

            error[conflict]: server-name: this check speaks no TLS
             --> sorry.toml:8:30
              |
            8 | check.grpc = { server-name = "a" }
              |                              ^^^
              |
              = help: add `tls = true`

            error[invalid]: codes: no response code would be good
             --> sorry.toml:9:23
              |
            9 | check.dns = { codes = [] }
              |                       ^^
              |
              = help: for example: codes = ["NOERROR"]

            error[conflict]: ca: this check speaks no TLS
              --> sorry.toml:10:21
               |
            10 | check.smtp = { ca = "ca.pem" }
               |                     ^^^^^^^^
               |
               = help: add `starttls = true`

            error[conflict]: address: an echo request goes to a host, not to a port
              --> sorry.toml:11:26
               |
            11 | check.icmp = { address = "10.0.0.1:7", source = "::1" }
               |                          ^^^^^^^^^^^^
               |
               = help: leave the port out

            error[conflict]: source: from ::1 there is no way to 10.0.0.1:0
              --> sorry.toml:11:49
               |
            11 | check.icmp = { address = "10.0.0.1:7", source = "::1" }
               |                                                 ^^^^^
               |
               = help: both must be IPv4, or both IPv6

            error[conflict]: expect-hex: it stands instead of `expect`, which is there, too
              --> sorry.toml:12:43
               |
            12 | check.udp = [{ expect = "a", expect-hex = "00" }, { min-length = 5, max-length = 4 }, { expect = "pong", max-length = 3 }]
               |                         ---               ^^^^
               |                         |
               |                         the other one is here

            error[conflict]: max-length: it is less than `min-length`
              --> sorry.toml:12:82
               |
            12 | check.udp = [{ expect = "a", expect-hex = "00" }, { min-length = 5, max-length = 4 }, { expect = "pong", max-length = 3 }]
               |                                                                                  ^

            error[conflict]: max-length: what is expected is longer
              --> sorry.toml:12:119
               |
            12 | check.udp = [{ expect = "a", expect-hex = "00" }, { min-length = 5, max-length = 4 }, { expect = "pong", max-length = 3 }]
               |                                                                                                                       ^

            error[invalid]: command: `check shop` is not an absolute path
              --> sorry.toml:13:27
               |
            13 | check.exec = { command = ["check shop"] }
               |                           ^^^^^^^^^^^^
               |
               = help: the program and each of its arguments are entries of their own: no shell takes them apart

            error[invalid]: path: an empty text is not a path
              --> sorry.toml:14:24
               |
            14 | check.file = [{ path = "" }, { path = "a", down-when = "missing", weight-by-number = 1 }, { path = "a", weight-by-number = 0 }]
               |                        ^^
               |
               = help: for example: path = "/run/maintenance"

            error[conflict]: weight-by-number: it stands instead of `down-when`, which is there, too
              --> sorry.toml:14:86
               |
            14 | check.file = [{ path = "" }, { path = "a", down-when = "missing", weight-by-number = 1 }, { path = "a", weight-by-number = 0 }]
               |                                                        ---------                     ^
               |                                                        |
               |                                                        the other one is here

            error[out-of-range]: weight-by-number: `0` is out of range
              --> sorry.toml:14:124
               |
            14 | check.file = [{ path = "" }, { path = "a", down-when = "missing", weight-by-number = 1 }, { path = "a", weight-by-number = 0 }]
               |                                                                                                                            ^
               |
               = help: it may be -65535 to 65535, but for 0
        "#]],
    );
}

#[test]
fn values_of_checks_that_mean_nothing() {
    check(
        &site(
            r#"check.http = { regex = "ok(ready", path = "healthz", status = ["2xx"], headers = ["X"], digest = "abc", version = "3", evry = "1s" }
check.udp = { expect-hex = "0g" }
check.dns = { type = "NOPE", name = "a..b", codes = ["WHAT"] }
check.exec = { command = [] }
check.icmp = { source = "10.0.0.2:80" }"#,
        ),
        expect![[r#"
            error[invalid]: regex: `ok(ready` is not a regular expression: unclosed group
             --> sorry.toml:4:27
              |
            4 | check.http = { regex = "ok(ready", path = "healthz", status = ["2xx"], headers = ["X"], digest = "abc", version = "3", evry = "1s" }
              |                           ^
              |
              = help: the syntax is that of the crate regex (docs.rs/regex): no look-around, no back-references

            error[invalid]: path: `healthz` does not begin with `/`
             --> sorry.toml:4:43
              |
            4 | check.http = { regex = "ok(ready", path = "healthz", status = ["2xx"], headers = ["X"], digest = "abc", version = "3", evry = "1s" }
              |                                           ^^^^^^^^^
              |
              = help: give the path alone, such as "/healthz"

            error[invalid]: status: `2xx` is no status
             --> sorry.toml:4:64
              |
            4 | check.http = { regex = "ok(ready", path = "healthz", status = ["2xx"], headers = ["X"], digest = "abc", version = "3", evry = "1s" }
              |                                                                ^^^^^
              |
              = help: a status is 100 to 999; a range is written "200-299"

            error[invalid]: headers: `X` is not a header field
             --> sorry.toml:4:83
              |
            4 | check.http = { regex = "ok(ready", path = "healthz", status = ["2xx"], headers = ["X"], digest = "abc", version = "3", evry = "1s" }
              |                                                                                   ^^^
              |
              = help: for example: headers = ["X-Probe: sorry"]

            error[invalid]: digest: half a byte is left over
             --> sorry.toml:4:98
              |
            4 | check.http = { regex = "ok(ready", path = "healthz", status = ["2xx"], headers = ["X"], digest = "abc", version = "3", evry = "1s" }
              |                                                                                                  ^^^^^
              |
              = help: two digits for each byte

            error[invalid]: version: `3` is not a version of HTTP that is spoken
             --> sorry.toml:4:115
              |
            4 | check.http = { regex = "ok(ready", path = "healthz", status = ["2xx"], headers = ["X"], digest = "abc", version = "3", evry = "1s" }
              |                                                                                                                   ^^^
              |
              = help: it may be "1.0", "1.1" or "2"

            error[unknown-key]: unknown key `evry` in [site.check.http]
             --> sorry.toml:4:120
              |
            4 | check.http = { regex = "ok(ready", path = "healthz", status = ["2xx"], headers = ["X"], digest = "abc", version = "3", evry = "1s" }
              |                                                                                                                        ^^^^
              |
              = help: did you mean `every`?

            error[invalid]: expect-hex: `g` is not a hexadecimal digit
             --> sorry.toml:5:30
              |
            5 | check.udp = { expect-hex = "0g" }
              |                              ^
              |
              = help: two digits for each byte, blanks between them as you like: "00 ff 0a"

            error[invalid]: type: `NOPE` is not a type of records
             --> sorry.toml:6:22
              |
            6 | check.dns = { type = "NOPE", name = "a..b", codes = ["WHAT"] }
              |                      ^^^^^^
              |
              = help: for example "SOA", "A" or "AAAA"; any other by its number, such as "TYPE65"

            error[invalid]: name: `a..b` is not a name of DNS
             --> sorry.toml:6:37
              |
            6 | check.dns = { type = "NOPE", name = "a..b", codes = ["WHAT"] }
              |                                     ^^^^^^
              |
              = help: for example: name = "example.com"

            error[invalid]: codes: `WHAT` is not a response code
             --> sorry.toml:6:54
              |
            6 | check.dns = { type = "NOPE", name = "a..b", codes = ["WHAT"] }
              |                                                      ^^^^^^
              |
              = help: for example "NOERROR" or "NXDOMAIN"

            error[invalid]: command: an empty array runs nothing
             --> sorry.toml:7:26
              |
            7 | check.exec = { command = [] }
              |                          ^^
              |
              = help: for example: command = ["/usr/local/lib/sorry/mine"]

            error[invalid]: source: `10.0.0.2:80` is not an IP address
             --> sorry.toml:8:25
              |
            8 | check.icmp = { source = "10.0.0.2:80" }
              |                         ^^^^^^^^^^^^^
              |
              = help: without a port: "10.0.0.2"
        "#]],
    );
}

#[test]
fn a_mistake_that_many_inherit_is_told_once() {
    let many: String = (0..3)
        .map(|n| format!("[[site.real-server]]\naddress = \"10.0.0.{n}:80\"\n"))
        .collect();
    let text = format!(
        "{HEAD}check.tcp = {{ source = \"::1\", send = \"a\", send-hex = \"00\" }}\n{many}"
    );
    let report = read(&text).unwrap_err();
    let codes: Vec<Code> = report
        .mistakes()
        .iter()
        .map(|mistake| mistake.code)
        .collect();
    // One for the two ways to send; the source is of another family than three addresses.
    assert_eq!(codes, [Code::Conflict; 4]);
}

#[test]
fn real_servers_that_cannot_be_together() {
    check(
        &format!(
            "{HEAD}quorum = {{ at-least = 0 }}\n{REAL}weight = 0\n[[site.real-server]]\naddress = \"10.0.0.11:8080\"\nweight = 70000\n\
             [[site]]\nname = \"blog\"\nhosts = [\"b\"]\nsorry.listen = [\"127.0.0.1:8503\"]\ndamping = {{ hold-down-most = \"10s\" }}\n{REAL}weight = 0\n\
             [[site]]\nname = \"wiki\"\nhosts = [\"w\"]\nsorry.listen = [\"127.0.0.1:8503\"]\ncheck = {{}}\n{REAL}"
        ),
        expect![[r#"
            error[out-of-range]: at-least: `0` is out of range
             --> sorry.toml:4:23
              |
            4 | quorum = { at-least = 0 }
              |                       ^
              |
              = help: it may be 1 to 1000000000

            error[duplicate]: 10.0.0.11:8080 is given twice
             --> sorry.toml:9:11
              |
            6 | address = "10.0.0.11:8080"
              |           ---------------- first given here
            ...
            9 | address = "10.0.0.11:8080"
              |           ^^^^^^^^^^^^^^^^
              |
              = help: to send it more visitors, give it a larger `weight`

            error[out-of-range]: weight: `70000` is out of range
              --> sorry.toml:10:10
               |
            10 | weight = 70000
               |          ^^^^^
               |
               = help: it may be 0 to 65535

            error[conflict]: its real servers weigh 0 together, so that the site could never be up
              --> sorry.toml:11:1
               |
            11 | [[site]]
               | ^^^^^^^^
               |
               = help: give at least one of them a `weight` of 1 or more

            error[conflict]: hold-down-most: it is shorter than `hold-down`, with which it begins
              --> sorry.toml:15:30
               |
            15 | damping = { hold-down-most = "10s" }
               |                              ^^^^^

            error[missing]: check: nothing is checked
              --> sorry.toml:23:9
               |
            23 | check = {}
               |         ^^
               |
               = help: name a kind of check, for example: check.http = { path = "/healthz" }
        "#]],
    );
}

#[test]
fn what_works_and_is_worth_a_second_look() {
    for (text, expected) in [
        (
            format!("{HEAD}quorum = {{ at-least = 3, hysteresis = 2 }}\n{REAL}weight = 2\n"),
            &[
                "sorry.toml:4: quorum.at-least: the real servers weigh 2 together, so that 3 is reduced to 2",
                "sorry.toml:4: quorum.hysteresis: with at-least = 2 of 2 it is reduced from 2 to 0, so that the quorum can be lost and gained",
            ][..],
        ),
        (
            format!("{HEAD}quorum.at-least = 3\ncheck.tcp = {{}}\n"),
            &[
                "sorry.toml:5: check: there is no [[site.real-server]] to check",
                "sorry.toml:4: quorum.at-least: there is no [[site.real-server]] to be counted",
            ],
        ),
        (
            format!("{HEAD}{REAL}alpha = true\n"),
            &[
                "sorry.toml:6: alpha: nothing checks this real server, so it is taken to be up all the same",
            ],
        ),
        (
            site("check.tcp = { every = \"1s\", timeout = \"2s\" }"),
            &[
                "sorry.toml:4: timeout: 2s is longer than `every` (1s); a probe that takes so long makes the next ones late",
            ],
        ),
    ] {
        assert_eq!(valid(&text).warnings, expected, "{text}");
    }
}
