//! Version 1, the line of text (proxy-protocol.txt, section 2.1). Read as strictly as it is specified: one space
//! between fields, canonical numbers, CR LF, nothing else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Endpoints, Header, Invalid, Tlvs};

pub(super) const SIGNATURE: &[u8] = b"PROXY ";

/// The longest line there can be, with CR LF: that of two full IPv6 addresses.
pub(super) const LINE_MAX_BYTES: usize = 107;

/// `Ok(None)` asks for more bytes.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Header<'_>>, Invalid> {
    let window = &bytes[..bytes.len().min(LINE_MAX_BYTES)];
    let Some(end) = memchr::memchr2(b'\r', b'\n', window) else {
        return if bytes.len() >= LINE_MAX_BYTES {
            Err(Invalid::LongLine)
        } else {
            Ok(None)
        };
    };
    match (window.get(end), window.get(end + 1)) {
        (Some(b'\r'), Some(b'\n')) => {}
        (Some(b'\r'), None) if bytes.len() < LINE_MAX_BYTES => return Ok(None),
        (Some(b'\r'), None) => return Err(Invalid::LongLine),
        _ => return Err(Invalid::LineEnd),
    }
    // The signature is whole here, since neither CR nor LF is part of it.
    let endpoints = line(&window[SIGNATURE.len()..end])?;
    Ok(Some(Header {
        endpoints,
        consumed: end + 2,
        tlvs: Tlvs::default(),
    }))
}

/// The fields behind `PROXY `.
fn line(fields: &[u8]) -> Result<Endpoints, Invalid> {
    let fields = std::str::from_utf8(fields).map_err(|_| Invalid::Fields)?;
    let (protocol, rest) = fields.split_once(' ').unwrap_or((fields, ""));
    match protocol {
        // "The receiver must ignore anything presented before the CRLF is found."
        "UNKNOWN" => Ok(Endpoints::Unknown),
        "TCP4" => endpoints::<Ipv4Addr>(rest),
        "TCP6" => endpoints::<Ipv6Addr>(rest),
        _ => Err(Invalid::Protocol),
    }
}

fn endpoints<A: std::str::FromStr + Into<IpAddr>>(rest: &str) -> Result<Endpoints, Invalid> {
    let mut fields = rest.split(' ');
    let mut next = || fields.next().ok_or(Invalid::Fields);
    let (source, destination) = (address::<A>(next()?)?, address::<A>(next()?)?);
    let (source_port, destination_port) = (port(next()?)?, port(next()?)?);
    if fields.next().is_some() {
        return Err(Invalid::Fields);
    }
    Ok(Endpoints::Proxied {
        source: SocketAddr::new(source, source_port),
        destination: SocketAddr::new(destination, destination_port),
    })
}

fn address<A: std::str::FromStr + Into<IpAddr>>(text: &str) -> Result<IpAddr, Invalid> {
    let address: A = text.parse().map_err(|_| Invalid::Address)?;
    Ok(address.into().to_canonical())
}

/// A decimal number without sign and without leading zeros.
fn port(text: &str) -> Result<u16, Invalid> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    if !canonical {
        return Err(Invalid::Port);
    }
    text.parse().map_err(|_| Invalid::Port)
}
