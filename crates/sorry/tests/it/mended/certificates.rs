//! Certificates that change on disk: each pair is renewed, kept and told of by itself.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::{CertificateDer, ServerName};

use crate::harness::{PATIENCE, SORRY, Server, connect, exchange, run, text, until};

/// A running server with a pair each for `one.example` and `two.example`.
struct Pairs {
    folder: tempfile::TempDir,
    server: Server,
    metrics: SocketAddr,
}

impl Pairs {
    fn start() -> Pairs {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["one", "two"] {
            write(folder.path(), name);
        }
        let configuration = format!(
            "[admin]\nsocket = \"{}/admin.sock\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n\
             [[tls]]\ncertificate = \"one.crt\"\nkey = \"one.key\"\n[[tls]]\ncertificate = \"two.crt\"\nkey = \"two.key\"\n\
             [[site]]\nname = \"one\"\nhosts = [\"one.example\"]\n[site.sorry]\nlisten = [{{ address = \"127.0.0.1:0\", tls = true }}]\n\
             [[site]]\nname = \"two\"\nhosts = [\"two.example\"]\n[site.sorry]\nlisten = [{{ address = \"127.0.0.1:0\", tls = true }}]\n",
            folder.path().display()
        );
        let server = Server::run(folder.path(), &configuration);
        let line = server.said("metrics on http://").expect("its address");
        let (_, url) = line.split_once("http://").expect("an address");
        let metrics = url
            .trim_end_matches("/metrics")
            .parse()
            .expect("an address");
        Pairs {
            folder,
            server,
            metrics,
        }
    }

    fn served(&self, name: &str) -> Option<CertificateDer<'static>> {
        served(self.server.address(), &format!("{name}.example"))
    }

    fn status(&self) -> serde_json::Value {
        let admin = self.folder.path().join("admin.sock");
        let admin = admin.to_str().expect("a path");
        let output = run(SORRY, &["status", "--json", "--admin", admin]);
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// What status says is wrong with each pair.
    fn mistakes(&self) -> [Option<String>; 2] {
        let status = self.status();
        let list = status["certificates"].as_array().expect("certificates");
        assert_eq!(list.len(), 2, "{status}");
        std::array::from_fn(|index| list[index]["mistake"].as_str().map(str::to_owned))
    }

    /// What the metric says of each pair.
    fn successful(&self) -> [bool; 2] {
        let page = exchange(self.metrics, b"GET /metrics HTTP/1.0\r\n\r\n");
        let page = text(&page);
        ["one", "two"].map(|name| {
            let file = self.folder.path().join(format!("{name}.crt"));
            let sample = format!(
                "sorry_tls_certificate_reload_successful{{name=\"{name}.example\",file=\"{}\"}} ",
                file.display()
            );
            let value = page.lines().find_map(|line| line.strip_prefix(&sample));
            value.unwrap_or_else(|| panic!("no {sample} in\n{page}")) == "1"
        })
    }
}

/// Writes a new pair over the old one, and returns its certificate.
fn write(folder: &Path, name: &str) -> CertificateDer<'static> {
    let made =
        rcgen::generate_simple_self_signed([format!("{name}.example")]).expect("a certificate");
    let replace = |ending: &str, text: String| {
        let new = folder.join("new");
        std::fs::write(&new, text).expect("write");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&new, private).expect("set the mode");
        std::fs::rename(new, folder.join(format!("{name}.{ending}"))).expect("rename");
    };
    replace("crt", made.cert.pem());
    replace("key", made.signing_key.serialize_pem());
    made.cert.der().clone()
}

/// The certificate that a client is shown who asks for that name; whether it is trusted is not the question.
fn served(address: SocketAddr, name: &str) -> Option<CertificateDer<'static>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let shown = Arc::new(std::sync::Mutex::new(None));
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("both versions of TLS")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Noting(Arc::clone(&shown))))
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).expect("a session");
    let mut stream: TcpStream = connect(address);
    // Refused by the verifier once it has seen what it wanted.
    let _refused = session.complete_io(&mut stream);
    shown.lock().expect("the lock").take()
}

/// Notes the certificate and goes no further.
#[derive(Debug)]
struct Noting(Arc<std::sync::Mutex<Option<CertificateDer<'static>>>>);

impl rustls::client::danger::ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        *self.0.lock().expect("the lock") = Some(end_entity.clone().into_owned());
        Err(rustls::Error::General("seen".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("never asked".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("never asked".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn until_served(pairs: &Pairs, name: &str, wanted: &CertificateDer<'static>) {
    let there = || (pairs.served(name).as_ref() == Some(wanted)).then_some(());
    until(Instant::now() + PATIENCE, there, "the new one is served");
}

#[test]
fn each_pair_is_renewed_kept_and_told_of_by_itself() {
    let mut pairs = Pairs::start();
    let folder = pairs.folder.path().to_owned();
    assert_eq!(
        (pairs.mistakes(), pairs.successful()),
        ([None, None], [true; 2])
    );

    let new = write(&folder, "one");
    until_served(&pairs, "one", &new);
    let old = pairs.served("two").expect("a certificate");
    assert_ne!(old, new);

    std::fs::write(folder.join("two.crt"), "no certificate").unwrap();
    let told = || pairs.mistakes()[1].clone();
    let mistake = until(Instant::now() + PATIENCE, told, "it is told");
    assert!(
        mistake.contains("two.crt") && !mistake.contains("one."),
        "{mistake}"
    );
    assert_eq!(pairs.mistakes()[0], None, "nothing is wrong with it");
    assert_eq!(pairs.successful(), [true, false]);
    assert_eq!(pairs.served("two"), Some(old.clone()), "the old one stays");

    // The other one is renewed all the same, and this one goes on being told of.
    let newer = write(&folder, "one");
    until_served(&pairs, "one", &newer);
    assert_eq!(pairs.successful(), [true, false]);

    let mended = write(&folder, "two");
    until_served(&pairs, "two", &mended);
    let cleared = || (pairs.successful() == [true; 2]).then_some(());
    until(Instant::now() + PATIENCE, cleared, "the metric is cleared");
    assert_eq!(pairs.mistakes(), [None, None]);

    // A reload reads them all, and clears it as well: also where the watch has not seen that.
    std::fs::write(folder.join("two.key"), "no key").unwrap();
    until(
        Instant::now() + PATIENCE,
        || pairs.mistakes()[1].clone(),
        "it is told",
    );
    write(&folder, "two");
    pairs.server.signal("HUP");
    pairs.server.wait_for("configuration 2 is in force");
    assert_eq!(
        (pairs.mistakes(), pairs.successful()),
        ([None, None], [true; 2])
    );
}

#[test]
fn a_refused_reload_is_forgotten_when_its_certificate_is_mended() {
    let mut pairs = Pairs::start();
    let folder = pairs.folder.path().to_owned();
    let outcome = |pairs: &Pairs| pairs.status()["last_reload"]["outcome"].clone();
    std::fs::write(folder.join("two.crt"), "no certificate").unwrap();
    pairs.server.signal("HUP");
    pairs
        .server
        .wait_for("the old configuration stays in force");
    assert_eq!(outcome(&pairs), "refused");
    write(&folder, "two");
    let forgotten = || (outcome(&pairs) == "unchanged").then_some(());
    until(Instant::now() + PATIENCE, forgotten, "it is forgotten");
    assert_eq!(pairs.status()["generation"], 1);
    // The log names the pair that is new, and not the other one.
    let line = pairs.server.wait_for("was read again and is in force");
    assert!(line.contains("two.crt (two.example)"), "{line}");
    pairs
        .server
        .wait_for("the last reload was refused for is mended");
    assert_eq!(pairs.server.times_said("one.crt"), 0);
}
