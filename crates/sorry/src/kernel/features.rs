//! What a device's driver can do with XDP, as the kernel says it: generic netlink, family `netdev` (linux/netdev.h, linux/genetlink.h; Linux 6.3).

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// `NETDEV_XDP_ACT_BASIC`: the driver runs programs.
const RUNS: u64 = 1;
/// `NETDEV_XDP_ACT_NDO_XMIT`: the device sends what is redirected to it.
const SENDS: u64 = 1 << 2;

/// `GENL_ID_CTRL`, the family that knows the others.
const CONTROL: u16 = 0x10;
/// `CTRL_CMD_GETFAMILY`, `CTRL_ATTR_FAMILY_ID`, `CTRL_ATTR_FAMILY_NAME`.
const GET_FAMILY: (u8, u16, u16) = (3, 1, 2);
/// `NETDEV_CMD_DEV_GET`, `NETDEV_A_DEV_XDP_FEATURES`, `NETDEV_A_DEV_IFINDEX`.
const GET_DEVICE: (u8, u16, u16) = (1, 3, 1);

/// `NLM_F_REQUEST`, `NLMSG_ERROR`.
const REQUEST: u16 = 1;
const ERROR: u16 = 2;
/// Bytes of `struct nlmsghdr`, and with `struct genlmsghdr` behind it.
const HEADER: usize = 16;
const HEADERS: usize = 20;

/// Whether the device of this index sends copies of packets for XDP: to be asked while a program is attached, without which many drivers (virtio_net, ice,
/// ena) have set nothing aside for that. One that runs no programs, or says nothing of itself, is not held to lack that.
pub(super) fn sends_copies(device: u32) -> bool {
    features(device).map_or(true, can_send)
}

fn can_send(features: u64) -> bool {
    features & (RUNS | SENDS) != RUNS
}

/// The bits of `enum netdev_xdp_act`.
fn features(device: u32) -> io::Result<u64> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(netlink::GENERIC),
    )?;
    rustix::net::bind(&socket, &SocketAddrNetlink::new(0, 0))?;
    let family = ask(&socket, CONTROL, GET_FAMILY, b"netdev\0")?;
    let family = number(&family).and_then(|number| u16::try_from(number).ok());
    let family = family.ok_or(io::ErrorKind::InvalidData)?;
    let features = ask(&socket, family, GET_DEVICE, &device.to_ne_bytes())?;
    Ok(number(&features).ok_or(io::ErrorKind::InvalidData)?)
}

/// Asks one thing by one attribute; the attribute of the answer that is looked for.
fn ask(
    socket: &OwnedFd,
    family: u16,
    (command, wanted, by): (u8, u16, u16),
    value: &[u8],
) -> io::Result<Vec<u8>> {
    let request = request(family, command, by, value);
    rustix::net::send(socket.as_fd(), &request, SendFlags::empty())?;
    let mut answer = [0; 8192];
    let (length, _) = rustix::net::recv(socket.as_fd(), &mut answer, RecvFlags::empty())?;
    attribute(&answer[..length.min(answer.len())], wanted)
}

fn request(family: u16, command: u8, by: u16, value: &[u8]) -> Vec<u8> {
    let padded = value.len().next_multiple_of(4);
    let mut all = Vec::with_capacity(HEADERS + 4 + padded);
    let short = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
    all.extend_from_slice(&u32::from(short(HEADERS + 4 + padded)).to_ne_bytes());
    all.extend_from_slice(&family.to_ne_bytes());
    all.extend_from_slice(&REQUEST.to_ne_bytes());
    all.extend_from_slice(&[0; 8]);
    all.extend_from_slice(&[command, 1, 0, 0]);
    all.extend_from_slice(&short(4 + value.len()).to_ne_bytes());
    all.extend_from_slice(&by.to_ne_bytes());
    all.extend_from_slice(value);
    all.resize(HEADERS + 4 + padded, 0);
    all
}

/// The value of an attribute of an answer, or the error that was answered.
fn attribute(answer: &[u8], wanted: u16) -> io::Result<Vec<u8>> {
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let short = |at: usize| Some(u16::from_ne_bytes([*answer.get(at)?, *answer.get(at + 1)?]));
    if short(4).ok_or_else(broken)? == ERROR {
        let code = answer.get(HEADER..HEADER + 4).and_then(number);
        let code = code.and_then(|code| u32::try_from(code).ok());
        let code = code.ok_or_else(broken)?.cast_signed();
        return Err(io::Error::from_raw_os_error(code.saturating_neg()));
    }
    let mut at = HEADERS;
    loop {
        let length = usize::from(short(at).ok_or_else(broken)?);
        let kind = short(at + 2).ok_or_else(broken)?;
        let value = answer.get(at + 4..at + length).ok_or_else(broken)?;
        if kind == wanted {
            return Ok(value.to_owned());
        }
        at += length.max(4).next_multiple_of(4);
    }
}

/// A number of two, four or eight bytes.
fn number(bytes: &[u8]) -> Option<u64> {
    match bytes.len() {
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
    fn who_runs_programs_and_sends_nothing_is_known() {
        for (features, expected) in [(0, true), (1, false), (3, false), (5, true), (0x67, true)] {
            assert_eq!(can_send(features), expected, "{features:#x}");
        }
    }

    #[test]
    fn the_loopback_device_runs_nothing() {
        assert_eq!(features(1).unwrap() & RUNS, 0);
        assert!(sends_copies(1));
        let none = features(u32::MAX >> 1).unwrap_err();
        assert_eq!(
            none.raw_os_error(),
            Some(rustix::io::Errno::NODEV.raw_os_error())
        );
        assert!(sends_copies(u32::MAX >> 1));
    }

    #[test]
    fn answers_that_are_cut_or_wrong_are_refused() {
        let whole = request(0x13, 1, 3, &5_u64.to_ne_bytes());
        assert_eq!(attribute(&whole, 3).unwrap(), 5_u64.to_ne_bytes());
        for length in 0..whole.len() {
            assert!(attribute(&whole[..length], 3).is_err(), "{length}");
        }
        assert!(attribute(&whole, 4).is_err(), "there is no other attribute");
        let mut endless = whole;
        endless[HEADERS..HEADERS + 2].copy_from_slice(&0_u16.to_ne_bytes());
        assert!(attribute(&endless, 3).is_err());
    }
}
