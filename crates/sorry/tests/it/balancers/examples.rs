//! The complete examples in etc/examples, each started with its ports replaced.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::harness::{Server, exchange, run, text};

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
    let names = [
        "shop.example.com".to_owned(),
        "www.shop.example.com".to_owned(),
    ];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = folder.path().join("shop.crt");
    let key = folder.path().join("shop.key");
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
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
