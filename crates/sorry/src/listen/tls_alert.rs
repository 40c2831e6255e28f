//! The two mistakes of one port for another: TLS bytes on a plain port and plain HTTP on a TLS port. Both are told by
//! the first bytes, before any reader has been chosen; what to answer is the caller's, but for the alert's bytes.

/// What the first bytes of a connection say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Not enough bytes to tell.
    Partial,
    /// A TLS record that holds a handshake (RFC 8446, section 5.1): a ClientHello.
    ClientHello,
    /// A letter, as every HTTP method begins with (and the HTTP/2 preface), or the empty line that may precede it.
    Http,
    /// Neither.
    Other,
}

/// Content type 22, handshake, and the major version that all records carry.
const HANDSHAKE: u8 = 0x16;
const MAJOR: u8 = 0x03;

/// Reads at most two bytes.
pub fn opening(bytes: &[u8]) -> Opening {
    match bytes {
        [] | [HANDSHAKE] => Opening::Partial,
        [HANDSHAKE, MAJOR, ..] => Opening::ClientHello,
        [first, ..] if first.is_ascii_alphabetic() || matches!(first, b'\r' | b'\n') => {
            Opening::Http
        }
        _ => Opening::Other,
    }
}

/// What a client that speaks TLS to a plain port is told: one record with the fatal alert 70, protocol_version
/// (RFC 8446, sections 5.1 and 6.2). Clients show it as such instead of "wrong version number".
pub const PROTOCOL_VERSION_ALERT: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 70];

/// What a client is told whose first record is not a ClientHello's: the fatal alert 50, decode_error.
pub const DECODE_ERROR_ALERT: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 50];

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn openings() {
        for (bytes, expected) in [
            (b"".as_slice(), Opening::Partial),
            (b"\x16", Opening::Partial),
            (b"\x16\x03", Opening::ClientHello),
            (b"\x16\x03\x01\x02\x00\x01", Opening::ClientHello),
            (b"\x16\x02", Opening::Other),
            (b"G", Opening::Http),
            (b"get / HTTP/1.1", Opening::Http),
            (b"PRI * HTTP/2.0", Opening::Http),
            (b"\r\nGET", Opening::Http),
            (b"\x80\x2e\x01", Opening::Other),
            (b"\0", Opening::Other),
        ] {
            assert_eq!(opening(bytes), expected, "{bytes:?}");
        }
    }

    /// The alert is read by an independent TLS implementation's client, and its own hello is recognised.
    #[test]
    fn a_client_understands_the_alert() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let name = "shop.example".try_into().unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut hello = Vec::new();
        client.write_tls(&mut hello).unwrap();
        assert_eq!(opening(&hello), Opening::ClientHello);
        client
            .read_tls(&mut PROTOCOL_VERSION_ALERT.as_slice())
            .unwrap();
        let error = client.process_new_packets().unwrap_err();
        let expected = rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion);
        assert_eq!(error, expected);
    }
}
