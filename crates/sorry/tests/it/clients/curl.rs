//! curl: every protocol that it speaks, and what it says about each.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use super::front::{Behind, Front};
use crate::harness::{Server, run, text};

const UPLOAD: usize = 20 << 20;

/// What curl reported.
struct Report {
    exit: Option<i32>,
    /// What it said of the transfer with `--write-out`.
    facts: serde_json::Value,
    body: String,
    stderr: String,
}

impl Report {
    fn fact(&self, name: &str) -> &serde_json::Value {
        &self.facts[name]
    }

    fn number(&self, name: &str) -> u64 {
        let fact = self.fact(name);
        let number = fact.as_u64();
        number.unwrap_or_else(|| panic!("{name} is {fact}; curl said {}", self.stderr))
    }

    /// The first value of a header field, as curl read it.
    fn header(&self, name: &str) -> &str {
        self.facts["headers"][name][0].as_str().unwrap_or_default()
    }

    fn assert_polite(&self, what: &str) {
        assert_eq!(self.exit, Some(0), "{what}: {}", self.stderr);
        assert_eq!(self.number("http_code"), 503, "{what}");
        let seconds: u64 = self.header("retry-after").parse().expect(what);
        assert!(seconds >= 1, "{what}: Retry-After {seconds}");
        assert_eq!(self.header("cache-control"), "no-store", "{what}");
        assert!(!self.header("x-request-id").is_empty(), "{what}");
    }
}

const MARK: &str = "\n=== facts ===\n";

fn curl(arguments: &[&str]) -> Report {
    let Output {
        status,
        stdout,
        stderr,
    } = run("curl", &flags(arguments));
    let printed = text(&stdout);
    let (body, facts) = printed
        .rsplit_once(MARK)
        .unwrap_or_else(|| panic!("curl said {}", text(&stderr)));
    let (facts, headers) = facts.split_once('\n').expect("two documents");
    let mut facts: serde_json::Value = serde_json::from_str(facts).expect("facts in JSON");
    facts["headers"] = serde_json::from_str(headers).expect("headers in JSON");
    Report {
        exit: status.code(),
        facts,
        body: body.to_owned(),
        stderr: text(&stderr),
    }
}

/// `-q`: nobody's ~/.curlrc; `--noproxy` is left to the cases, so the environment's proxies are turned off by name.
fn flags<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec![
        "-q",
        "--no-progress-meter",
        "--max-time",
        "30",
        "--write-out",
    ];
    all.push("\n=== facts ===\n%{json}\n%{header_json}");
    if !arguments.contains(&"--proxy") {
        all.extend(["--noproxy", "*"]);
    }
    all.extend(arguments);
    all
}

/// A certificate for localhost, and its own authority, in PEM files.
pub(super) struct Certificate {
    folder: tempfile::TempDir,
}

impl Certificate {
    pub(super) fn new() -> Certificate {
        let folder = tempfile::tempdir().expect("a folder");
        let made =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let certificate = Certificate { folder };
        let key = made.signing_key.serialize_pem();
        std::fs::write(certificate.path("cert.pem"), made.cert.pem()).expect("write");
        std::fs::write(certificate.path("key.pem"), key).expect("write");
        // A key that others may read is refused.
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(certificate.path("key.pem"), private).expect("hide the key");
        certificate
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub(super) fn serve(&self) -> Server {
        Server::serve(&[
            "--tls-cert",
            &self.path("cert.pem"),
            "--tls-key",
            &self.path("key.pem"),
        ])
    }
}

#[test]
fn every_protocol_in_clear() {
    let server = Server::serve(&[]);
    let url = server.url("/deep/path?with=query");
    for (flag, version) in [
        ("--http1.0", "1.1"),
        ("--http1.1", "1.1"),
        // The upgrade of RFC 7540 is obsolete (RFC 9113, 3.1): it is refused by staying with HTTP/1.1.
        ("--http2", "1.1"),
        ("--http2-prior-knowledge", "2"),
    ] {
        let report = curl(&[flag, &url]);
        report.assert_polite(flag);
        assert_eq!(report.fact("http_version"), version, "{flag}");
        assert!(report.body.contains("503"), "{flag}: {}", report.body);
    }
}

#[test]
fn every_protocol_over_tls() {
    let certificate = Certificate::new();
    let server = certificate.serve();
    let url = format!("https://localhost:{}/deep?q", server.address().port());
    let authority = certificate.path("cert.pem");
    for (flags, version) in [
        (["--http2", "--tlsv1.3"], "2"),
        (["--http2", "--tls-max=1.2"], "2"),
        (["--http1.1", "--tlsv1.3"], "1.1"),
        (["--http1.0", "--tls-max=1.2"], "1.1"),
    ] {
        let mut arguments = vec!["--cacert", &authority, &url];
        let flags: Vec<&str> = flags.iter().flat_map(|flag| flag.split('=')).collect();
        arguments.extend(&flags);
        let report = curl(&arguments);
        report.assert_polite(&flags.join(" "));
        assert_eq!(report.fact("http_version"), version, "{flags:?}");
        assert_eq!(report.fact("ssl_verify_result"), 0, "{flags:?}");
    }
    let unknown = curl(&[&url]);
    assert_eq!(
        unknown.exit,
        Some(60),
        "an unknown authority is refused by curl"
    );
}

#[test]
fn fail_reports_the_status() {
    let server = Server::serve(&[]);
    let report = curl(&["--fail", &server.url("/")]);
    assert_eq!(report.exit, Some(22));
    assert!(
        report.stderr.contains("returned error: 503"),
        "{}",
        report.stderr
    );
}

#[test]
fn a_retry_waits_as_long_as_it_was_told() {
    // Left alone curl waits one second before the first retry.
    let server = Server::serve(&["--retry-after", "2s"]);
    let front = Front::new(Behind::Server(server.address()));
    let url = front.url("/orders?id=7");
    let client = std::thread::spawn(move || curl(&["--include", "--retry", "1", &url]));
    front.wait(|seen| seen.answers == 1, "the refusal");
    front.switch(Behind::Says("200 OK", "welcome back".into()));
    let report = client.join().expect("curl ran");
    assert_eq!(report.exit, Some(0), "{}", report.stderr);
    assert_eq!(report.number("http_code"), 200);
    assert!(report.body.ends_with("welcome back"), "{}", report.body);
    let told = report
        .body
        .lines()
        .find_map(|line| line.strip_prefix("Retry-After:"))
        .map(|value| value.trim().to_owned())
        .unwrap_or_else(|| panic!("no Retry-After in {}", report.body));
    assert!(
        told.parse::<u32>().is_ok_and(|seconds| seconds >= 2),
        "{told}"
    );
    assert!(
        report.stderr.contains(&format!("Will retry in {told}")),
        "told {told}; curl said {}",
        report.stderr
    );
    assert_eq!(front.requests(), ["GET /orders?id=7"; 2]);
}

#[test]
fn head_is_get_without_its_body() {
    let server = Server::serve(&[]);
    let url = server.url("/deep?q");
    for flag in ["--http1.1", "--http2-prior-knowledge"] {
        let get = curl(&[flag, &url]);
        let head = curl(&[flag, "--head", &url]);
        head.assert_polite(flag);
        assert_eq!(head.number("size_download"), 0);
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert_eq!(
            get.header("content-length"),
            get.number("size_download").to_string()
        );
    }
}

#[test]
fn an_upload_sees_the_refusal() {
    let server = Server::serve(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("upload");
    std::fs::write(&file, vec![b'x'; UPLOAD]).expect("write");
    let file = file.display().to_string();
    let post = format!("@{file}");
    let url = server.url("/upload/");
    // An empty Expect turns off the one that curl adds to large bodies.
    for arguments in [
        &["-T", &file][..],
        &["-T", &file, "-H", "Expect:"],
        &["-T", &file, "-H", "Transfer-Encoding: chunked"],
        &[
            "-T",
            &file,
            "-H",
            "Transfer-Encoding: chunked",
            "-H",
            "Expect:",
        ],
        &["--data-binary", &post],
        &["--data-binary", &post, "-H", "Expect:"],
        &["-T", &file, "--http1.0"],
        &["-T", &file, "--http2-prior-knowledge"],
        &["--data-binary", &post, "--http2-prior-knowledge"],
    ] {
        let mut all = vec![url.as_str()];
        all.extend(arguments);
        let report = curl(&all);
        report.assert_polite(&arguments.join(" "));
        assert!(
            report.body.contains("503"),
            "{arguments:?}: {}",
            report.body
        );
    }
}

#[test]
fn an_upload_that_expects_is_not_sent() {
    let server = Server::serve(&[]);
    let body = "x".repeat(1 << 16);
    let report = curl(&["-H", "Expect: 100-continue", "-d", &body, &server.url("/")]);
    report.assert_polite("Expect");
    assert_eq!(
        report.number("size_upload"),
        0,
        "curl was told before it sent"
    );
}

#[test]
fn compressed_pages_are_decoded() {
    let server = Server::serve(&[]);
    let url = server.url("/");
    let plain = curl(&["-H", "Accept: text/html", &url]).body;
    assert!(
        plain.contains("</html>") || plain.contains("</main>"),
        "{plain}"
    );
    for encoding in ["gzip", "br", "zstd"] {
        let accept = format!("Accept-Encoding: {encoding}");
        let arguments = [
            "--compressed",
            "-H",
            &accept,
            "-H",
            "Accept: text/html",
            &url,
        ];
        let report = curl(&arguments);
        report.assert_polite(encoding);
        assert_eq!(report.header("content-encoding"), encoding);
        assert_eq!(report.body, plain, "{encoding}");
        assert!(report.number("size_download") < plain.len() as u64);
    }
}

#[test]
fn as_a_proxy_it_refuses_too() {
    let server = Server::serve(&[]);
    let proxy = server.url("");
    let absolute = curl(&["--proxy", &proxy, "http://shop.example/cart?id=1"]);
    absolute.assert_polite("absolute-form");
    let tunnel = curl(&["--proxy", &proxy, "https://shop.example/cart"]);
    assert_eq!(tunnel.exit, Some(56), "{}", tunnel.stderr);
    assert_eq!(tunnel.number("http_connect"), 503);
    assert!(tunnel.stderr.contains("503"), "{}", tunnel.stderr);
}

#[test]
fn the_proxy_protocol_is_required_where_it_is_configured() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::run(folder.path(), PROXY_PROTOCOL);
    let url = server.url("/");
    for flag in ["--http1.1", "--http2-prior-knowledge"] {
        let report = curl(&["--haproxy-protocol", flag, &url]);
        report.assert_polite(flag);
    }
    let without = curl(&[&url]);
    assert_ne!(
        without.exit,
        Some(0),
        "a connection without the header is closed"
    );
    assert_eq!(without.number("http_code"), 0);
}

const PROXY_PROTOCOL: &str = r#"
[admin]
socket = "none"

[[site]]
name = "shop"

[site.sorry]
listen = [{ address = "127.0.0.1:0", proxy-protocol-from = ["127.0.0.1"] }]
"#;

#[test]
fn unix_sockets_and_ipv6() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("sorry.sock");
    let listen = format!("unix:{}", socket.display());
    let server = Server::serve(&["--listen", &listen, "--listen", "[::1]:0"]);
    let by_socket = curl(&["--unix-socket", &path(&socket), "http://shop.example/a"]);
    by_socket.assert_polite("unix socket");
    let by_socket = curl(&[
        "--http2-prior-knowledge",
        "--unix-socket",
        &path(&socket),
        "http://shop.example/a",
    ]);
    by_socket.assert_polite("unix socket, HTTP/2");
    let by_ipv6 = curl(&["-6", "--globoff", &server.url("/a")]);
    by_ipv6.assert_polite("IPv6");
    assert_eq!(by_ipv6.fact("remote_ip"), "::1");
}

fn path(path: &Path) -> String {
    path.display().to_string()
}
