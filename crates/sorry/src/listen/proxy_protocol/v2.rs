//! Version 2, the binary header and its TLVs (proxy-protocol.txt, section 2.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Endpoints, Header, Invalid};

pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family, length.
const FIXED: usize = 16;

/// The longest header that is read, behind its fixed part. Real ones stay below 536 bytes, so that they fit the first
/// segment; the bound keeps a stranger from filling memory.
pub const LENGTH_MAX_BYTES: usize = 4096;

/// Types of TLVs with a rule to check (section 2.2.7).
const CRC32C: u8 = 0x03;
const UNIQUE_ID: u8 = 0x05;
const UNIQUE_ID_MAX_BYTES: usize = 128;
const SSL: u8 = 0x20;
const SSL_CLIENT_BIT: u8 = 0x01;
const SSL_FIXED: usize = 5;

/// `Ok(None)` asks for more bytes.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Header<'_>>, Invalid> {
    // Bad values are refused as soon as they are seen, not when the rest has come.
    let version_and_command = bytes.get(12).copied();
    if version_and_command.is_some_and(|byte| byte >> 4 != 2) {
        return Err(Invalid::Version);
    }
    if version_and_command.is_some_and(|byte| byte & 0x0f > 1) {
        return Err(Invalid::Command);
    }
    let Some(fixed) = bytes.first_chunk::<FIXED>() else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > LENGTH_MAX_BYTES {
        return Err(Invalid::LongHeader);
    }
    let consumed = FIXED + length;
    let Some(header) = bytes.get(..consumed) else {
        return Ok(None);
    };
    let (endpoints, tlvs) = if fixed[12] & 0x0f == 0 {
        // LOCAL: "the receiver must accept this connection as valid and must use the real connection endpoints and
        // discard the protocol block including the family".
        (Endpoints::Local, Tlvs::default())
    } else {
        proxied(header, fixed[13])?
    };
    Ok(Some(Header {
        endpoints,
        consumed,
        tlvs,
    }))
}

/// The addresses and the checked TLVs of a PROXY command.
fn proxied(header: &[u8], family: u8) -> Result<(Endpoints, Tlvs<'_>), Invalid> {
    let block = &header[FIXED..];
    let length = match family {
        0x00 => 0,
        0x11 | 0x12 => 12,
        0x21 | 0x22 => 36,
        0x31 | 0x32 => 216,
        _ => return Err(Invalid::Family),
    };
    let (addresses, rest) = block
        .split_at_checked(length)
        .ok_or(Invalid::ShortAddresses)?;
    let endpoints = match length {
        12 => endpoints::<4>(addresses),
        36 => endpoints::<16>(addresses),
        _ => Endpoints::Unknown,
    };
    // For UNSPEC nobody says where addresses would end, so what follows cannot be read (section 2.2).
    let tlvs = Tlvs(if length == 0 { &[] } else { rest });
    check(tlvs, header)?;
    Ok((endpoints, tlvs))
}

/// Two addresses of `N` bytes and two ports; `addresses` has exactly their length.
fn endpoints<const N: usize>(addresses: &[u8]) -> Endpoints
where
    IpAddr: FromOctets<N>,
{
    let address = |at: usize, port: usize| {
        let octets: [u8; N] = std::array::from_fn(|index| addresses[at + index]);
        let port = u16::from_be_bytes([addresses[port], addresses[port + 1]]);
        SocketAddr::new(IpAddr::from_octets(octets).to_canonical(), port)
    };
    Endpoints::Proxied {
        source: address(0, 2 * N),
        destination: address(N, 2 * N + 2),
    }
}

trait FromOctets<const N: usize> {
    fn from_octets(octets: [u8; N]) -> Self;
}

impl FromOctets<4> for IpAddr {
    fn from_octets(octets: [u8; 4]) -> Self {
        Ipv4Addr::from(octets).into()
    }
}

impl FromOctets<16> for IpAddr {
    fn from_octets(octets: [u8; 16]) -> Self {
        Ipv6Addr::from(octets).into()
    }
}

/// The type-length-value pairs behind the addresses, each known to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tlvs<'a>(&'a [u8]);

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// `PP2_TYPE_...`.
    pub kind: u8,
    pub value: &'a [u8],
}

impl<'a> Tlvs<'a> {
    /// Each pair in order.
    pub fn iter(&self) -> impl Iterator<Item = Tlv<'a>> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (tlv, behind) = split(rest)?;
            rest = behind;
            Some(tlv)
        })
    }

    /// Whether the client spoke TLS to the balancer (`PP2_CLIENT_SSL`, section 2.2.6).
    pub fn client_spoke_tls(&self) -> bool {
        let bit = |tlv: &Tlv<'_>| {
            tlv.value
                .first()
                .is_some_and(|byte| byte & SSL_CLIENT_BIT != 0)
        };
        self.iter()
            .find(|tlv| tlv.kind == SSL)
            .is_some_and(|tlv| bit(&tlv))
    }
}

fn split(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (&[kind, high, low], rest) = bytes.split_first_chunk::<3>()?;
    let (value, rest) = rest.split_at_checked(u16::from_be_bytes([high, low]).into())?;
    Some((Tlv { kind, value }, rest))
}

/// Every pair fits and keeps the rule of its type; the checksum, if there is one, is right.
fn check(tlvs: Tlvs<'_>, header: &[u8]) -> Result<(), Invalid> {
    let mut rest = tlvs.0;
    let mut checksums = 0;
    while !rest.is_empty() {
        let (tlv, behind) = split(rest).ok_or(Invalid::Tlv)?;
        match tlv.kind {
            CRC32C => {
                checksums += 1;
                check_crc(tlv, header, header.len() - behind.len())?;
            }
            UNIQUE_ID if tlv.value.len() > UNIQUE_ID_MAX_BYTES => return Err(Invalid::Tlv),
            SSL => check_ssl(tlv.value)?,
            _ => {}
        }
        rest = behind;
    }
    if checksums > 1 {
        return Err(Invalid::Tlv);
    }
    Ok(())
}

/// The TLS TLV holds a byte of flags, four of verification and pairs of its own.
fn check_ssl(value: &[u8]) -> Result<(), Invalid> {
    let mut rest = value.get(SSL_FIXED..).ok_or(Invalid::Tlv)?;
    while !rest.is_empty() {
        (_, rest) = split(rest).ok_or(Invalid::Tlv)?;
    }
    Ok(())
}

/// The checksum is over the whole header, with its own four bytes, which end at `end`, taken as zero.
fn check_crc(tlv: Tlv<'_>, header: &[u8], end: usize) -> Result<(), Invalid> {
    let expected = <[u8; 4]>::try_from(tlv.value).map_err(|_| Invalid::Tlv)?;
    let crc = crc32c(!0, &header[..end - 4]);
    let crc = crc32c(crc, &[0; 4]);
    let crc = !crc32c(crc, &header[end..]);
    if crc == u32::from_be_bytes(expected) {
        Ok(())
    } else {
        Err(Invalid::Checksum)
    }
}

/// CRC32C (RFC 4960, appendix B), reflected, without the inversions at both ends.
fn crc32c(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        let index = (crc ^ u32::from(*byte)) & 0xff;
        CRC32C_TABLE[index as usize] ^ (crc >> 8)
    })
}

const CRC32C_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    let mut first: u32 = 0;
    while index < 256 {
        let mut crc = first;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0x82f6_3b78
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
        first += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32c_of_the_standard_check_string() {
        assert_eq!(!crc32c(!0, b"123456789"), 0xe306_9283);
    }
}
