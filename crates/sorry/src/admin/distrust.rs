//! Why a daemon far away could not be reached or is not believed, in words: what was found, and what mends it.
//!
//! Errors in, text out; nothing is connected here. Called by `api`, for the command line.

use std::io::{Error, ErrorKind};

use rustls::{AlertDescription, CertificateError, Error as TlsError, OtherError};

use super::table::printable;

/// What keeps a name from leading anywhere.
pub(super) fn unresolved(host: &str) -> String {
    let host = printable(host);
    format!(
        "no address is known for `{host}`; check the name in --server, and what this machine asks for names"
    )
}

/// What keeps a connection from being made.
pub(super) fn unconnected(error: &Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            "nobody listens there; does its daemon have `listen` in [admin], and is this its port?"
                .to_owned()
        }
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "no answer comes from there; check the address in --server, and firewalls on the way"
                .to_owned()
        }
        _ => format!("{error}; is this the address of its `listen` in [admin]?"),
    }
}

/// What keeps TLS from being spoken. `name` is the one that was asked for.
pub(super) fn unshaken(error: &Error, name: &str) -> String {
    const PORT: &str = "is this the port of `listen` in [admin]?";
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TlsError>());
    match tls {
        Some(TlsError::InvalidCertificate(wrong)) => certificate(wrong, name),
        Some(TlsError::NoCertificatesPresented) => format!("it shows no certificate; {PORT}"),
        Some(TlsError::InvalidMessage(_)) => format!("what it says is not TLS; {PORT}"),
        Some(TlsError::AlertReceived(alert)) => {
            format!(
                "it ended TLS with the alert `{}`; {PORT}",
                alert_words(*alert)
            )
        }
        Some(TlsError::PeerIncompatible(_)) => {
            "it speaks no version of TLS that is spoken here: 1.2 or 1.3".to_owned()
        }
        Some(other) => format!("TLS failed: {other}"),
        None if is_end(error.kind()) => format!("it hung up in the middle of TLS; {PORT}"),
        None => error.to_string(),
    }
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}

fn certificate(wrong: &CertificateError, name: &str) -> String {
    const RENEW: &str = "its daemon needs a new one, as `certificate` in [admin]";
    match wrong {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("its certificate has expired; {RENEW}")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; are the clocks of both machines right?".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "its certificate is of an authority that is not believed here; --ca FILE names the one that signed it".to_owned()
        }
        CertificateError::BadSignature => {
            "its certificate was not signed by the authority that it names; is --ca the right FILE?".to_owned()
        }
        CertificateError::Revoked => format!("its certificate is revoked; {RENEW}"),
        CertificateError::NotValidForName => for_others(&[], name),
        CertificateError::NotValidForNameContext { presented, .. } => for_others(presented, name),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            format!("its certificate is not for servers; {RENEW}")
        }
        // rustls hands on what webpki says without a word of its own.
        CertificateError::Other(other) if is_of_authority(other) => {
            "its certificate is one for authorities (CA:TRUE), which no server may show; its daemon needs one with CA:FALSE, as \
             `certificate` in [admin]"
                .to_owned()
        }
        other => format!("its certificate cannot be checked ({}); {RENEW}", short(other)),
    }
}

fn is_of_authority(error: &OtherError) -> bool {
    let said = error.0.downcast_ref::<webpki::Error>();
    said == Some(&webpki::Error::CaUsedAsEndEntity)
}

/// `presented` holds names as webpki prints them, with their kind around them: `DnsName("a.example")`.
fn for_others(presented: &[String], name: &str) -> String {
    let plain = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest);
        printable(inner.trim_matches(|c| matches!(c, '(' | ')' | '"')))
    };
    let name = printable(name);
    match presented {
        [] => format!("its certificate is not for `{name}`; is that its name?"),
        [first, ..] => format!(
            "its certificate is not for `{name}`; ask by a name that it is for, such as `{}`",
            plain(first)
        ),
    }
}

/// What is left has no words of ours: the first of its own.
fn short(error: &CertificateError) -> String {
    let text = match error {
        CertificateError::Other(other) => other.0.to_string(),
        other => format!("{other:?}"),
    };
    let word = text.split(|c: char| !c.is_alphanumeric()).next();
    apart(word.unwrap_or_default())
}

/// The name of an alert (RFC 8446, section 6) with blanks.
fn alert_words(alert: AlertDescription) -> String {
    apart(alert.as_str().unwrap_or("unknown"))
}

/// `BadEncoding` as `bad encoding`.
fn apart(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{InvalidMessage, PeerIncompatible};
    use std::sync::Arc;

    fn other(said: webpki::Error) -> CertificateError {
        CertificateError::Other(OtherError(Arc::new(said)))
    }

    #[test]
    fn every_error_is_told_in_words_with_a_way_out() {
        let presented = vec!["DnsName(\"sorry.test\")".to_owned()];
        let named = CertificateError::NotValidForNameContext {
            expected: rustls::pki_types::ServerName::try_from("a.test").unwrap(),
            presented,
        };
        for (error, expected) in [
            (
                TlsError::InvalidCertificate(CertificateError::Expired),
                "has expired; its daemon needs",
            ),
            (
                TlsError::InvalidCertificate(CertificateError::NotValidYet),
                "not valid yet; are the clocks",
            ),
            (
                TlsError::InvalidCertificate(CertificateError::UnknownIssuer),
                "not believed here; --ca FILE",
            ),
            (
                TlsError::InvalidCertificate(named),
                "not for `a.test`; ask by a name that it is for, such as `sorry.test`",
            ),
            (
                TlsError::InvalidCertificate(other(webpki::Error::CaUsedAsEndEntity)),
                "one for authorities (CA:TRUE), which no server may show; its daemon needs one with CA:FALSE",
            ),
            (
                TlsError::InvalidCertificate(other(webpki::Error::UnsupportedCertVersion)),
                "cannot be checked (unsupported cert version); ",
            ),
            (
                TlsError::InvalidCertificate(CertificateError::BadEncoding),
                "cannot be checked (bad encoding); ",
            ),
            (
                TlsError::InvalidMessage(InvalidMessage::InvalidContentType),
                "not TLS; is this the port",
            ),
            (
                TlsError::AlertReceived(AlertDescription::HandshakeFailure),
                "the alert `handshake failure`; is this the port",
            ),
            (
                TlsError::PeerIncompatible(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig),
                "1.2 or 1.3",
            ),
        ] {
            let shown = unshaken(&Error::new(ErrorKind::InvalidData, error), "a.test");
            assert!(shown.contains(expected), "{shown}");
            for inside in ["Other", "Invalid", "Context"] {
                assert!(!shown.contains(inside), "{shown}");
            }
        }
        let end = unshaken(&ErrorKind::UnexpectedEof.into(), "a.test");
        assert!(end.contains("hung up"), "{end}");
        let refused = unconnected(&ErrorKind::ConnectionRefused.into());
        assert!(refused.contains("nobody listens there"), "{refused}");
        assert!(unresolved("a\u{7}.test").contains("`a\\u{7}.test`"));
    }
}
