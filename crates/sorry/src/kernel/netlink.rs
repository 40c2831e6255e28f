//! Netlink as far as it is needed here: one question, its answers, and the attributes of those (netlink(7); linux/netlink.h, linux/genetlink.h).

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType};

/// `NLM_F_REQUEST`, and with `NLM_F_DUMP`.
const REQUEST: u16 = 1;
const DUMP: u16 = 0x300;
/// `NLM_F_MULTI`: more follow, to the last of this kind.
const MULTI: u16 = 2;
/// `NLMSG_ERROR`, `NLMSG_DONE`.
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Bits of an attribute's kind that say something else (`NLA_F_NESTED`, `NLA_F_NET_BYTEORDER`).
const KIND: u16 = 0x3fff;
/// The longest part of an answer: the kernel's own are not longer.
const MOST: usize = 64 << 10;

/// How much is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// One thing.
    One,
    /// All that there are.
    All,
}

/// What is asked on.
pub(super) struct Netlink(OwnedFd);

impl Netlink {
    /// Of a protocol (`NETLINK_ROUTE`, `NETLINK_GENERIC`).
    pub(super) fn open(protocol: Option<Protocol>) -> io::Result<Netlink> {
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            protocol,
        )?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        Ok(Netlink(socket))
    }

    /// The bodies of all answers to a message of this kind.
    ///
    /// # Errors
    /// What the kernel answers; `InvalidData` where that is no answer.
    pub(super) fn ask(&self, kind: u16, asked: Asked, body: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        let request = message(kind, asked, body);
        rustix::net::send(self.0.as_fd(), &request, SendFlags::empty())?;
        let mut bodies = Vec::new();
        let mut part = vec![0; MOST];
        loop {
            let (length, _) = rustix::net::recv(self.0.as_fd(), &mut part, RecvFlags::empty())?;
            if !take(&part[..length.min(MOST)], &mut bodies)? {
                return Ok(bodies);
            }
        }
    }

    /// The body of the one answer.
    ///
    /// # Errors
    /// The same.
    pub(super) fn ask_one(&self, kind: u16, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut bodies = self.ask(kind, Asked::One, body)?;
        bodies.pop().ok_or_else(broken)
    }
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

fn message(kind: u16, asked: Asked, body: &[u8]) -> Vec<u8> {
    let flags = match asked {
        Asked::One => REQUEST,
        Asked::All => REQUEST | DUMP,
    };
    let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    let mut all = Vec::with_capacity(HEADER + body.len());
    all.extend_from_slice(&length.to_ne_bytes());
    all.extend_from_slice(&kind.to_ne_bytes());
    all.extend_from_slice(&flags.to_ne_bytes());
    all.extend_from_slice(&[0; 8]);
    all.extend_from_slice(body);
    all
}

/// Takes the bodies out of a part of an answer; whether another part follows.
fn take(mut part: &[u8], bodies: &mut Vec<Vec<u8>>) -> io::Result<bool> {
    let mut is_more = false;
    while !part.is_empty() {
        let length = part.get(..4).and_then(number).ok_or_else(broken)?;
        let length = usize::try_from(length).map_err(|_| broken())?;
        let whole = part.get(..length).filter(|_| length >= HEADER);
        let whole = whole.ok_or_else(broken)?;
        let kind = u16::from_ne_bytes([whole[4], whole[5]]);
        let flags = u16::from_ne_bytes([whole[6], whole[7]]);
        let body = &whole[HEADER..];
        match kind {
            ERROR => return Err(error(body)),
            // It may end because it could not go on.
            DONE if is_negative(body) => return Err(error(body)),
            DONE => return Ok(false),
            _ => bodies.push(body.to_owned()),
        }
        is_more = flags & MULTI != 0;
        part = part.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(is_more)
}

/// The number that such a message begins with.
fn code(body: &[u8]) -> Option<i32> {
    Some(i32::from_ne_bytes(body.get(..4)?.try_into().ok()?))
}

fn is_negative(body: &[u8]) -> bool {
    code(body).is_some_and(|code| code < 0)
}

fn error(body: &[u8]) -> io::Error {
    match code(body) {
        Some(code) if code < 0 => io::Error::from_raw_os_error(code.saturating_neg()),
        _ => broken(),
    }
}

/// An attribute, padded.
pub(super) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    let mut all = Vec::with_capacity(4 + value.len());
    all.extend_from_slice(&length.to_ne_bytes());
    all.extend_from_slice(&kind.to_ne_bytes());
    all.extend_from_slice(value);
    all.resize(all.len().next_multiple_of(4), 0);
    all
}

/// The value of the first attribute of this kind; nothing where there is none, or where bytes are no attributes before it.
pub(super) fn find(mut bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let length = usize::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?) & KIND;
        let value = bytes.get(4..length)?;
        if kind == wanted {
            return Some(value);
        }
        bytes = bytes.get(length.next_multiple_of(4)..)?;
    }
}

/// A number of one, two, four or eight bytes.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    match bytes.len() {
        1 => Some(bytes[0].into()),
        2 => Some(u16::from_ne_bytes(bytes.try_into().ok()?).into()),
        4 => Some(u32::from_ne_bytes(bytes.try_into().ok()?).into()),
        8 => Some(u64::from_ne_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_by_their_kind() {
        let nested = attribute(0x8000 | 7, &attribute(1, b"veth\0"));
        let all = [attribute(3, &5_u64.to_ne_bytes()), nested].concat();
        assert_eq!(find(&all, 3).and_then(number), Some(5));
        let inner = find(&all, 7).and_then(|nested| find(nested, 1));
        assert_eq!(inner, Some(&b"veth\0"[..]));
        assert_eq!(find(&all, 4), None);
        for length in 0..12 {
            assert_eq!(find(&all[..length], 3), None, "{length}");
        }
        // One that is shorter than its own head would never end.
        assert_eq!(find(&[0; 64], 3), None);
    }

    #[test]
    fn answers_that_are_cut_or_wrong_are_refused() {
        let one = message(16, Asked::One, b"body");
        let mut two = message(16, Asked::All, b"more");
        two[6..8].copy_from_slice(&MULTI.to_ne_bytes());
        let end = message(DONE, Asked::One, &[0; 4]);
        for (part, bodies, is_more) in [
            (one.clone(), 1, false),
            (two.clone(), 1, true),
            ([two.clone(), two.clone()].concat(), 2, true),
            ([two, end].concat(), 1, false),
        ] {
            let mut found = Vec::new();
            assert_eq!(take(&part, &mut found).unwrap(), is_more);
            assert_eq!(found.len(), bodies);
            for length in (1..part.len()).filter(|length| length % one.len() != 0) {
                assert!(take(&part[..length], &mut Vec::new()).is_err(), "{length}");
            }
        }
        let refused = message(ERROR, Asked::One, &(-19_i32).to_ne_bytes());
        let refused = take(&refused, &mut Vec::new()).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(19));
        let cut_short = message(DONE, Asked::One, &(-4_i32).to_ne_bytes());
        let cut_short = take(&cut_short, &mut Vec::new()).unwrap_err();
        assert_eq!(cut_short.raw_os_error(), Some(4));
        let mut short = one;
        short[..4].copy_from_slice(&3_u32.to_ne_bytes());
        assert!(take(&short, &mut Vec::new()).is_err());
    }
}
