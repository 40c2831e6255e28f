//! The complete examples in etc/examples, each started with its ports replaced; and what the manual shows of configurations and
//! pages, each checked.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::balancer::blocks;
use crate::harness::{SORRY, Server, exchange, run, text};

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../etc/examples")
        .join(name);
    std::fs::read_to_string(path).expect("read the example")
}

/// Replaces all of these; each must occur.
fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (shown, real) in pairs {
        assert!(text.contains(shown), "the example lacks {shown}");
        text = text.replace(shown, real);
    }
    text + "\n[admin]\nsocket = \"none\"\n"
}

fn get(server: &Server, address: &str, host: &str) -> String {
    assert!(server.addresses.iter().any(|own| own == address));
    let request = format!("GET / HTTP/1.0\r\nHost: {host}\r\nAccept: text/html\r\n\r\n");
    let address = address.parse().expect("a TCP address");
    text(&exchange(address, request.as_bytes()))
}

/// A certificate and its key, made on the spot.
fn certificate_in(folder: &Path) -> (PathBuf, PathBuf) {
    let names = ["shop.example.com", "www.shop.example.com"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).expect("make a certificate");
    let certificate = folder.join("shop.crt");
    let key = folder.join("shop.key");
    std::fs::write(&certificate, made.cert.pem()).expect("make a certificate");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("make a certificate");
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("make a certificate");
    (certificate, key)
}

#[test]
fn behind_a_balancer_each_site_says_its_own() {
    let file = replaced(
        &example("behind-balancer.toml"),
        &[
            ("\"0.0.0.0:8503\"", "\"127.0.0.1:0\""),
            ("127.0.0.1:9503", "127.0.0.1:0"),
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let server = Server::run(folder.path(), &file);
    let address = server.address().to_string();
    let shop = get(&server, &address, "shop.example.com");
    assert!(shop.starts_with("HTTP/1.1 503 "), "{shop}");
    assert!(shop.contains("Your basket is safe."), "{shop}");
    let blog = get(&server, &address, "blog.example.com");
    assert!(blog.starts_with("HTTP/1.1 503 "), "{blog}");
    assert!(!blog.contains("basket"), "{blog}");
}

#[test]
fn far_away_sorry_answers_on_all_four_doors() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate_in(folder.path());
    let file = replaced(
        &example("far-away.toml"),
        &[
            ("0.0.0.0:80\"", "127.0.0.1:0\""),
            ("[::]:80\"", "[::1]:0\""),
            ("0.0.0.0:443\"", "127.0.0.2:0\""),
            (
                "[::]:443\", tls = true, v6-only = true",
                "127.0.0.3:0\", tls = true",
            ),
            ("127.0.0.1:9503", "127.0.0.1:0"),
            ("/etc/sorry/tls/shop.crt", certificate.to_str().unwrap()),
            ("/etc/sorry/tls/shop.key", key.to_str().unwrap()),
        ],
    );
    let server = Server::run(folder.path(), &file);
    let mut plain = 0;
    let mut encrypted = 0;
    for address in &server.addresses {
        let port = address.rsplit(':').next().unwrap();
        if address.starts_with("127.0.0.2:") || address.starts_with("127.0.0.3:") {
            let to = format!("::{}", address.replace("tls ", ""));
            let arguments = [
                "-sSi",
                "--cacert",
                certificate.to_str().unwrap(),
                "--connect-to",
                &to,
                "https://shop.example.com/",
            ];
            let answer = text(&run("curl", &arguments).stdout);
            assert!(answer.starts_with("HTTP/2 503"), "{address}: {answer}");
            encrypted += 1;
        } else if address.starts_with("127.0.0.1:") || address.starts_with("[::1]:") {
            let answer = get(&server, address, "unheard-of.example");
            assert!(answer.starts_with("HTTP/1.1 503 "), "{port}: {answer}");
            assert!(answer.contains("Our data centre has an outage."));
            plain += 1;
        }
    }
    assert_eq!((plain, encrypted), (2, 2), "{:?}", server.addresses);
}

/// What `sorry check-config` says of a configuration in this folder.
fn checked(folder: &Path, configuration: &str) -> String {
    let file = folder.join("sorry.toml");
    std::fs::write(&file, configuration).expect("write the configuration");
    let name = file.to_str().expect("a path in UTF-8");
    let output = run(SORRY, &["check-config", name]);
    (text(&output.stdout) + &text(&output.stderr)).replace(name, "FILE")
}

#[test]
fn every_configuration_that_the_manual_shows_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate_in(folder.path());
    std::fs::create_dir_all(folder.path().join("pages/shop")).unwrap();
    std::fs::write(folder.path().join("pages/shop/page.txt"), "closed").unwrap();
    let credentials = folder.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    let secret = credentials.join("slack-url");
    std::fs::write(&secret, "https://hooks.slack.example/services/T/B/x\n").unwrap();
    std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let site = "[[site]]\nname = \"shop\"\n";
    let pages = [
        "answers.md",
        "behind-haproxy.md",
        "behind-nginx.md",
        "first-steps.md",
        "operations.md",
        "pages.md",
        "tls.md",
    ];
    for (page, block) in pages.map(|page| (page, blocks(page, "toml"))) {
        for shown in block {
            // The manual shows what matters; this is what it leaves out.
            let before = if shown.contains("[[site]]") { "" } else { site };
            let after = if shown.contains("listen = [") {
                ""
            } else {
                "[sorry]\nlisten = [\"127.0.0.1:0\"]\n"
            };
            let whole = format!("{before}{shown}{after}")
                .replace("/etc/sorry/tls/shop.crt", certificate.to_str().unwrap())
                .replace("/etc/sorry/tls/shop.key", key.to_str().unwrap())
                .replace(
                    "/run/credentials/sorry.service",
                    credentials.to_str().unwrap(),
                );
            let said = checked(folder.path(), &whole);
            assert_eq!(said, "FILE: fine\n", "{page} shows:\n{whole}");
        }
    }
}

#[test]
fn the_page_that_the_manual_shows_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page");
    std::fs::create_dir_all(page.join("img")).unwrap();
    std::fs::write(page.join("style.css"), "h1 { color: teal }").unwrap();
    std::fs::write(page.join("img/logo.svg"), "<svg/>").unwrap();
    std::fs::write(page.join("page.html"), blocks("pages.md", "html").concat()).unwrap();
    std::fs::write(page.join("page.json"), blocks("pages.md", "text").concat()).unwrap();
    let configuration = "[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:0\"]\npage = \"page\"\n\
                         say = \"Moving\"\n[admin]\nsocket = \"none\"\n";
    assert_eq!(checked(folder.path(), configuration), "FILE: fine\n");
    let server = Server::run(folder.path(), configuration);
    let address = server.address().to_string();
    let shown = get(&server, &address, "shop.example.com");
    for part in ["<p>Moving</p>", "href=\"/.sorry/", "<script>"] {
        assert!(shown.contains(part), "{part} is missing in:\n{shown}");
    }
}
