//! Many sites behind shared listeners: who answers for which name.

use crate::harness::{Answer, Server, exchange};

const CONFIGURATION: &str = r#"
[admin]
socket = "none"
[[site]]
name = "shop"
hosts = ["shop.example", "www.shop.example"]
[site.sorry]
listen = ["127.0.0.1:0"]
say = "this is shop"

[[site]]
name = "wild"
hosts = ["*.shop.example", "*.cdn.example"]
[site.sorry]
listen = ["127.0.0.1:0"]
say = "this is wild"
status = 502

[[site]]
name = "deep"
hosts = ["*.eu.cdn.example"]
default = true
[site.sorry]
listen = ["[::1]:0"]
say = "this is deep"
"#;

/// One listener for all three, and one of its own for the last.
fn shared() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let address = port.expect("a free port").to_string();
    CONFIGURATION
        .replace("127.0.0.1:0", &address)
        .replace("[\"[::1]:0\"]", &format!("[\"{address}\", \"[::1]:0\"]"))
}

fn ask(server: &Server, listener: usize, host_line: &str, target: &str) -> Answer {
    let address = server.addresses[listener].parse().expect("an address");
    let request = format!(
        "GET {target} HTTP/1.1\r\n{host_line}Accept: text/plain\r\nConnection: close\r\n\r\n"
    );
    let bytes = exchange(address, request.as_bytes());
    let (answer, rest) = Answer::parse(&bytes, "GET").expect("an answer");
    assert_eq!(rest, b"");
    answer
}

#[test]
fn the_name_chooses_the_site() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::run(folder.path(), &shared());
    assert_eq!(server.addresses.len(), 2, "{:?}", server.addresses);
    for (host, site) in [
        ("shop.example", "shop"),
        ("SHOP.Example", "shop"),
        ("shop.example.", "shop"),
        ("shop.example:8080", "shop"),
        ("www.shop.example", "shop"),
        ("api.shop.example", "wild"),
        ("a.b.shop.example", "wild"),
        ("cdn.example", "deep"),
        ("x.cdn.example", "wild"),
        ("x.eu.cdn.example", "deep"),
        ("eu.cdn.example", "wild"),
        ("unknown.example", "deep"),
        ("evilshop.example", "deep"),
        ("127.0.0.1", "deep"),
        ("[::1]:80", "deep"),
        ("", "deep"),
    ] {
        let answer = ask(&server, 0, &format!("Host: {host}\r\n"), "/");
        let said = answer.text();
        assert!(said.contains(&format!("this is {site}")), "{host}: {said}");
        assert_eq!(
            answer.status(),
            if site == "wild" { 502 } else { 503 },
            "{host}"
        );
        // The other listener knows the last site alone.
        let other = ask(&server, 1, &format!("Host: {host}\r\n"), "/");
        assert!(other.text().contains("this is deep"), "{host}");
    }
}

#[test]
fn the_authority_of_a_target_overrules_host() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::run(folder.path(), &shared());
    let answer = ask(
        &server,
        0,
        "Host: shop.example\r\n",
        "http://x.cdn.example/y",
    );
    assert!(answer.text().contains("this is wild"), "{}", answer.text());
}

#[test]
fn a_malformed_name_is_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::run(folder.path(), &shared());
    for host_line in [
        "",
        "Host: a b\r\n",
        "Host: a/b\r\n",
        "Host: a@b\r\n",
        "Host: a:99999999\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host: [::1\r\n",
    ] {
        let answer = ask(&server, 0, host_line, "/");
        assert_eq!(answer.status(), 400, "{host_line:?}");
        assert!(!answer.text().contains("this is"));
    }
}
