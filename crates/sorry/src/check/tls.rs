//! TLS towards a real server: made ready once, then a whole handshake for each probe, never a resumed one, since only a whole one
//! shows the certificate again. What rustls says becomes a reason here. Used by the checkers of http, tls, grpc and smtp.

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use sorry_core::health::Reason;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::check::{TlsClient, Verify};
use crate::config::real_server::TargetHost;
use crate::listen::certificate::{Certificate, Files, OutOfTime};

use super::authority::Authorities;
use super::failure::{Failure, Phase, Progress};
use super::prepared::PrepareError;
use super::remote::{Quoted, Remote};

/// TLS that is ready to be spoken.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish()
    }
}

impl Tls {
    /// Reads what it needs. `protocols` are offered by ALPN (RFC 7301).
    pub(super) fn prepare(
        client: &TlsClient,
        host: &TargetHost,
        protocols: &[&[u8]],
        authorities: &Authorities,
    ) -> Result<Tls, PrepareError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = match &client.verify {
            Verify::System => authorities.of_system()?,
            Verify::Authority(path) => authorities.of_file(path)?,
            Verify::Off => Arc::new(RootCertStore::empty()),
        };
        let general = |error: Error| PrepareError::general(format!("cannot prepare TLS: {error}"));
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(general)?
            .with_root_certificates(roots);
        let mut config = match &client.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let certified = identity(certificate, key)?.certified();
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
            }
        };
        if client.verify == Verify::Off {
            config
                .dangerous()
                .set_certificate_verifier(Arc::new(Anybody(provider)));
        }
        config.resumption = Resumption::disabled();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Tls {
            connector: TlsConnector::from(Arc::new(config)),
            name: name(client, host)?,
        })
    }

    /// The handshake; afterwards it is known until when the certificate is good, however the probe ends.
    pub(super) async fn handshake(
        &self,
        stream: TcpStream,
        progress: &Progress,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        progress.enter(Phase::Handshake);
        let shaken = self.connector.connect(self.name.clone(), stream).await;
        let stream = shaken.map_err(|error| {
            if let Some(Error::InvalidCertificate(CertificateError::ExpiredContext {
                not_after,
                ..
            })) = rustls_error(&error)
            {
                progress.expires(time(not_after.as_secs().cast_signed()));
            }
            failure(&error).unwrap_or_else(|| match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    Failure::new(Reason::Closed, "closed during the TLS handshake")
                }
                _ => progress.system(&error),
            })
        })?;
        let chain = stream.get_ref().1.peer_certificates();
        if let Some(until) = chain.and_then(|chain| not_after(chain.first()?)) {
            progress.expires(until);
        }
        progress.enter(Phase::Answering);
        Ok(stream)
    }
}

fn identity(
    certificate: &std::path::Path,
    key: &std::path::Path,
) -> Result<Certificate, PrepareError> {
    let files = Files {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
    };
    // Whether one whose time is over is good enough is the server's to say.
    let loaded = Certificate::load(&files, SystemTime::now(), OutOfTime::Served);
    loaded.map_err(|errors| match errors.into_iter().next() {
        Some(error) => PrepareError::file(&error.file, error.mistake.to_string()),
        None => PrepareError::file(certificate, "cannot be used".to_owned()),
    })
}

/// The name that is asked for and that the certificate must be for.
fn name(client: &TlsClient, host: &TargetHost) -> Result<ServerName<'static>, PrepareError> {
    let name = match (&client.name, host) {
        (Some(name), _) | (None, TargetHost::Name(name)) => name,
        (None, TargetHost::Ip(ip)) => return Ok(ServerName::from(*ip)),
    };
    if let Ok(ip) = name.parse::<IpAddr>() {
        return Ok(ServerName::from(ip));
    }
    ServerName::try_from(name.to_string()).map_err(|_| {
        PrepareError::general(format!("`{name}` is no name that a certificate can be for"))
    })
}

fn not_after(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(time(certificate.validity().not_after.timestamp()))
}

fn time(seconds: i64) -> SystemTime {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    SystemTime::UNIX_EPOCH
        .checked_add(since)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn rustls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref::<Error>()
}

/// What an error of rustls means; none where the error is not its.
pub(super) fn failure(error: &io::Error) -> Option<Failure> {
    let (reason, words): (Reason, Cow<'static, str>) = match rustls_error(error)? {
        Error::InvalidCertificate(certificate) => {
            (Reason::TlsCertificate, certificate_words(certificate))
        }
        Error::NoCertificatesPresented => (
            Reason::TlsCertificate,
            "the server showed no certificate".into(),
        ),
        Error::AlertReceived(alert) => (
            Reason::TlsHandshake,
            format!("the server ended TLS with the alert {alert:?}").into(),
        ),
        Error::InvalidMessage(_) => (Reason::TlsHandshake, "what came is not TLS".into()),
        other => (Reason::TlsHandshake, format!("TLS failed: {other}").into()),
    };
    let detail = match words {
        Cow::Borrowed(words) => Remote::ours(words),
        Cow::Owned(words) => Remote::told(words),
    };
    Some(Failure::told(reason, detail))
}

fn certificate_words(error: &CertificateError) -> Cow<'static, str> {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "certificate has expired".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "certificate is not valid yet".into()
        }
        CertificateError::UnknownIssuer => "certificate is of an unknown authority".into(),
        CertificateError::Revoked => "certificate is revoked".into(),
        CertificateError::NotValidForName => "certificate is for another name".into(),
        CertificateError::NotValidForNameContext { presented, .. } => whose(presented).into(),
        other => format!("certificate: {other}").into(),
    }
}

/// `presented` holds names as webpki prints them, with their kind around them: `DnsName("a.example")`.
fn whose(presented: &[String]) -> String {
    let plain = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest);
        let inner = inner.trim_matches(|c| matches!(c, '(' | ')' | '"'));
        Quoted(inner.as_bytes()).to_string()
    };
    match presented {
        [] => "certificate is for no name at all".to_owned(),
        [only] => format!("certificate is for {}", plain(only)),
        [first, others @ ..] => {
            format!(
                "certificate is for {} and {} more",
                plain(first),
                others.len()
            )
        }
    }
}

/// Trusts anybody who has the key of the certificate they show.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::whose;

    #[test]
    fn names_of_certificates_are_told_plainly() {
        let names = |names: &[&str]| whose(&names.iter().map(|&n| n.into()).collect::<Vec<_>>());
        assert_eq!(
            names(&["DnsName(\"a.example\")"]),
            "certificate is for \"a.example\""
        );
        assert_eq!(
            names(&["IpAddress(192.0.2.1)", "DnsName(\"b\")"]),
            "certificate is for \"192.0.2.1\" and 1 more"
        );
        assert_eq!(names(&[]), "certificate is for no name at all");
    }
}
