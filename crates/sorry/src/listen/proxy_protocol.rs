//! The PROXY protocol, versions 1 and 2: who the client of the balancer in front of us is.
//! Specification: HAProxy's `doc/proxy-protocol.txt`, sections 2.1, 2.2 and 5.
//!
//! `parse` is sans-I/O: bytes in, a verdict out, to be asked again with more bytes while it says `Partial`. `receive`
//! does that on a socket within a time limit. Whose header is believed is not decided here: from peers that the
//! caller lists the header is *required* (absence, a bad one, or silence end the connection), from all others it is
//! never read: `signature` tells that one has begun, so that it can be refused by its name.

mod receive;
mod v1;
mod v2;

use std::net::SocketAddr;

pub use receive::{HeaderError, receive};
pub use v2::{LENGTH_MAX_BYTES, Tlv, Tlvs};

/// What the bytes are, as far as they have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// The beginning of a header; ask again with more.
    Partial,
    /// The first bytes are not those of a header.
    NotProxy,
    /// A whole header.
    Done(Header<'a>),
    /// A header that must not be believed; the connection has to be closed.
    Invalid(Invalid),
}

/// A whole and valid header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// What it says about the two ends.
    pub endpoints: Endpoints,
    /// Its length; what follows belongs to the client.
    pub consumed: usize,
    /// Version 2's additions; empty for version 1 and for LOCAL.
    pub tlvs: Tlvs<'a>,
}

/// Whose connection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoints {
    /// The balancer's own connection, for example its health check (v2 LOCAL): the peer is the client.
    Local,
    /// The balancer does not know or cannot say (v1 UNKNOWN, v2 UNSPEC, unix clients): the peer is all we have.
    Unknown,
    /// A client behind the balancer.
    Proxied {
        source: SocketAddr,
        destination: SocketAddr,
    },
}

impl Header<'_> {
    /// The client's address, unless the peer's own has to do.
    pub fn source(&self) -> Option<SocketAddr> {
        match self.endpoints {
            Endpoints::Proxied { source, .. } => Some(source),
            Endpoints::Local | Endpoints::Unknown => None,
        }
    }

    /// The address that the client connected to.
    pub fn destination(&self) -> Option<SocketAddr> {
        match self.endpoints {
            Endpoints::Proxied { destination, .. } => Some(destination),
            Endpoints::Local | Endpoints::Unknown => None,
        }
    }
}

/// Why a header is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("version 1 line longer than {} bytes", v1::LINE_MAX_BYTES)]
    LongLine,
    #[error("version 1 line that does not end in CR LF")]
    LineEnd,
    #[error("version 1 line with an unknown protocol")]
    Protocol,
    #[error("version 1 line with a bad address")]
    Address,
    #[error("version 1 line with a bad port")]
    Port,
    #[error("version 1 line with missing or extra fields")]
    Fields,
    #[error("unknown version")]
    Version,
    #[error("unknown command")]
    Command,
    #[error("unknown address family or transport")]
    Family,
    #[error("length shorter than its addresses")]
    ShortAddresses,
    #[error("length over {LENGTH_MAX_BYTES} bytes")]
    LongHeader,
    #[error("a TLV that does not fit")]
    Tlv,
    #[error("wrong CRC32C")]
    Checksum,
}

/// Looks at the first bytes of a connection.
pub fn parse(bytes: &[u8]) -> Parsed<'_> {
    let verdict = if begins(bytes, v2::SIGNATURE) {
        v2::parse(bytes)
    } else if begins(bytes, v1::SIGNATURE) {
        v1::parse(bytes)
    } else {
        return Parsed::NotProxy;
    };
    match verdict {
        Ok(Some(header)) => Parsed::Done(header),
        Ok(None) => Parsed::Partial,
        Err(invalid) => Parsed::Invalid(invalid),
    }
}

/// What the first bytes of a connection say where no header is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// They may become a header's.
    Partial,
    /// A header has begun.
    Whole,
    /// Something else has begun.
    Absent,
}

/// Looks for the beginning of a header of either version.
pub fn signature(bytes: &[u8]) -> Signature {
    let signatures = [v1::SIGNATURE, v2::SIGNATURE];
    match signatures.into_iter().find(|known| begins(bytes, known)) {
        Some(known) if bytes.len() >= known.len() => Signature::Whole,
        Some(_) => Signature::Partial,
        None => Signature::Absent,
    }
}

/// Whether `bytes` agree with the signature as far as both go.
fn begins(bytes: &[u8], signature: &[u8]) -> bool {
    bytes.iter().zip(signature).all(|(byte, sign)| byte == sign)
}

#[cfg(test)]
mod tests;
