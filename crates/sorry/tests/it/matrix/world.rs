//! A running `sorry run` with a plain and a TLS listener, and what a client needs to trust it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

use crate::harness::Server;

/// The host name of the one site.
pub(crate) const HOST: &str = "shop.example";

/// One site behind a plain and a TLS listener.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) plain: SocketAddr,
    pub(crate) tls: SocketAddr,
    pub(crate) trust: Arc<rustls::ClientConfig>,
    /// The same for a client that knows nothing newer.
    pub(crate) trust_in_tls12: Arc<rustls::ClientConfig>,
    /// Holds the configuration for as long as the server may read it again.
    _folder: TempDir,
}

impl World {
    /// The site with these further lines of `[site.sorry]`.
    pub(crate) fn new(site: &str) -> World {
        World::with("", site)
    }

    /// The site, with further lines for the whole file. Connections may grow old here: what ends them has tests of its
    /// own.
    pub(crate) fn with(limits: &str, site: &str) -> World {
        World::in_folder(tempfile::tempdir().expect("a folder"), limits, site)
    }

    /// The same in a folder that holds what the site refers to.
    pub(crate) fn in_folder(folder: TempDir, limits: &str, site: &str) -> World {
        let made = write_certificate(folder.path());
        let configuration = format!(
            r#"
workers = 2
[admin]
socket = "none"
[limits]
connection-age = "10m"
idle-time = "10m"
requests-per-connection = 1000000
{limits}
[[tls]]
certificate = "shop.crt"
key = "shop.key"
[[site]]
name = "shop"
hosts = ["{HOST}"]
[site.sorry]
listen = ["127.0.0.1:0", {{ address = "127.0.0.2:0", tls = true }}]
{site}
"#
        );
        let server = Server::run(folder.path(), &configuration);
        let address = |index: usize| server.addresses[index].parse().expect("a TCP address");
        World {
            plain: address(0),
            tls: address(1),
            server,
            trust: trusting(&made, rustls::DEFAULT_VERSIONS),
            trust_in_tls12: trusting(&made, &[&rustls::version::TLS12]),
            _folder: folder,
        }
    }
}

/// Writes `shop.crt` and `shop.key`, and returns a client that trusts nothing else.
pub(crate) fn certificate(folder: &Path) -> Arc<rustls::ClientConfig> {
    trusting(&write_certificate(folder), rustls::DEFAULT_VERSIONS)
}

fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).expect("a certificate");
    std::fs::write(folder.join("shop.crt"), made.cert.pem()).expect("write the certificate");
    let key = folder.join("shop.key");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("write the key");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(key, private).expect("keep the key to ourselves");
    made.cert.der().clone()
}

fn trusting(
    certificate: &CertificateDer<'static>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(certificate.clone())
        .expect("a root to be trusted");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions that the provider knows")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}
