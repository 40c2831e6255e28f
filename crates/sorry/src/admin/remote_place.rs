//! A daemon that is asked over TCP: where it is, whose certificate is believed, and which token is shown.
//!
//! Read from what was typed; nothing is connected here. Made by the command line, used by `api`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::HeaderValue;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use crate::config::plain_file::{self, PlainFileError};

/// The port where none is typed.
const USUAL_PORT: u16 = 9504;

/// No file of authorities or with a token is longer.
const FILE_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A daemon far away.
#[derive(Debug, Clone)]
pub struct RemotePlace {
    /// As people know it: `https://host:port`.
    pub(super) shown: String,
    /// Host and port, as `Host` and connecting want them.
    pub(super) authority: String,
    pub(super) name: ServerName<'static>,
    /// `Bearer ...`; never shown.
    pub(super) authorization: HeaderValue,
    pub(super) tls: Arc<ClientConfig>,
}

/// What is wrong with what was typed.
#[derive(Debug, thiserror::Error)]
pub enum RemotePlaceError {
    /// The URL.
    #[error("`{0}` is no address of an admin API: write it like https://sorry.example:9504")]
    Url(String),
    /// A file.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        source: PlainFileError,
    },
    /// The token's file, which others may read.
    #[error("{} has mode {mode:04o}, so that others may read the token: chmod 600 it", .path.display())]
    OpenToOthers { path: PathBuf, mode: u32 },
    /// The token's file.
    #[error("{} holds no token: one line, as `sorry token` printed it", .0.display())]
    NoToken(PathBuf),
    /// The authorities.
    #[error("{} holds no certificate of an authority, in PEM", .0.display())]
    NoAuthority(PathBuf),
    /// The system has none.
    #[error(
        "this system has no authorities that a certificate could be checked against: name one with --ca FILE"
    )]
    NoSystemAuthority,
    /// TLS cannot be spoken.
    #[error("cannot speak TLS: {0}")]
    Tls(#[from] rustls::Error),
}

impl RemotePlace {
    /// `url` is `https://host[:port]`, `token` a file with one line, `authority` a file of certificates in PEM; the system's own where
    /// there is none.
    ///
    /// # Errors
    /// The URL is none, a file cannot be read or holds something else, or others may read the token.
    pub fn new(
        url: &str,
        token: &Path,
        authority: Option<&Path>,
    ) -> Result<RemotePlace, RemotePlaceError> {
        let wrong = || RemotePlaceError::Url(super::table::printable(url));
        let uri: http::Uri = url.parse().map_err(|_| wrong())?;
        let plain = uri.path_and_query().is_none_or(|path| path == "/");
        let host = uri.host().filter(|_| plain).ok_or_else(wrong)?;
        if uri.scheme_str() != Some("https")
            || uri.authority().is_some_and(|a| a.as_str().contains('@'))
        {
            return Err(wrong());
        }
        let port = uri.port_u16().unwrap_or(USUAL_PORT);
        let bare = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let authority_text = format!("{host}:{port}");
        Ok(RemotePlace {
            shown: format!("https://{authority_text}"),
            name: ServerName::try_from(bare).map_err(|_| wrong())?,
            authority: authority_text,
            authorization: read_token(token)?,
            tls: Arc::new(client_config(roots(authority)?)?),
        })
    }
}

fn read(path: &Path) -> Result<plain_file::Contents, RemotePlaceError> {
    plain_file::read(path, FILE_MAX_BYTES).map_err(|source| RemotePlaceError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn read_token(path: &Path) -> Result<HeaderValue, RemotePlaceError> {
    let contents = read(path)?;
    if contents.mode & 0o006 != 0 {
        return Err(RemotePlaceError::OpenToOthers {
            path: path.to_owned(),
            mode: contents.mode,
        });
    }
    let none = || RemotePlaceError::NoToken(path.to_owned());
    let text = String::from_utf8(contents.bytes).map_err(|_| none())?;
    let mut words = text.split_whitespace();
    let (Some(token), None) = (words.next(), words.next()) else {
        return Err(none());
    };
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| none())?;
    value.set_sensitive(true);
    Ok(value)
}

fn roots(authority: Option<&Path>) -> Result<RootCertStore, RemotePlaceError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = authority else {
        let native = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(native.certs);
        return match roots.is_empty() {
            true => Err(RemotePlaceError::NoSystemAuthority),
            false => Ok(roots),
        };
    };
    let none = || RemotePlaceError::NoAuthority(path.to_owned());
    let pem = read(path)?.bytes;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| none())?;
        roots.add(certificate).map_err(|_| none())?;
    }
    match roots.is_empty() {
        true => Err(none()),
        false => Ok(roots),
    }
}

fn client_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_was_typed_is_read_or_refused_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str, mode| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let authority = rcgen::generate_simple_self_signed(vec!["a.test".to_owned()]).unwrap();
        let good = file("token", "sorry_abc\n", 0o600);
        let open = file("open", "sorry_abc\n", 0o644);
        let two = file("two", "operator deploy\n", 0o600);
        let ca = file("ca.pem", &authority.cert.pem(), 0o644);
        for (url, token, ca, expected) in [
            ("https://a.test", &good, &ca, "https://a.test:9504"),
            ("https://a.test:1234/", &good, &ca, "https://a.test:1234"),
            ("https://[::1]:1", &good, &ca, "https://[::1]:1"),
            ("http://a.test", &good, &ca, "write it like https://"),
            ("a.test:9504", &good, &ca, "write it like https://"),
            ("https://a.test/v1", &good, &ca, "write it like https://"),
            ("https://me@a.test", &good, &ca, "write it like https://"),
            ("https://a.test", &open, &ca, "mode 0644"),
            ("https://a.test", &two, &ca, "holds no token"),
            ("https://a.test", &ca, &ca, "mode 0644"),
            ("https://a.test", &good, &good, "no certificate"),
            (
                "https://a.test",
                &folder.path().join("x"),
                &ca,
                "cannot read",
            ),
        ] {
            let shown = match RemotePlace::new(url, token, Some(ca)) {
                Ok(place) => {
                    assert!(
                        !format!("{place:?}").contains("sorry_abc"),
                        "the token is shown"
                    );
                    place.shown
                }
                Err(error) => error.to_string(),
            };
            assert!(shown.contains(expected), "{url}: {shown}");
        }
    }
}
