//! What kind of link a network device has. Called by `kernel`, since neither sysfs nor procfs says it of every network namespace.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// The device of Ethernet frames (`ARPHRD_ETHER`, if_arp.h).
pub const ETHERNET: u16 = 1;
/// The loopback device, which has such frames, too (`ARPHRD_LOOPBACK`).
pub const LOOPBACK: u16 = 772;

/// The kind of a device's link, as if_arp.h numbers it (netdevice(7), `SIOCGIFHWADDR`). `socket` may be any socket of the network.
///
/// # Errors
/// `ENODEV` where there is no device of this name; `EINVAL` where the name is too long.
pub fn kind(socket: BorrowedFd<'_>, device: &str) -> io::Result<u16> {
    // SAFETY: a request of zeros is a valid one: it has numbers, bytes and null pointers only.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if device.len() >= request.ifr_name.len() {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(device.bytes()) {
        *to = from.cast_signed();
    }
    // SAFETY: the request lives through the call, which writes nothing but the request.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR, &raw mut request) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has written an address there, of which every byte pattern is valid.
    Ok(unsafe { request.ifr_ifru.ifru_hwaddr.sa_family })
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn the_loopback_device_is_one_and_others_are_not_there() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(kind(socket.as_fd(), "lo").unwrap(), LOOPBACK);
        let missing = kind(socket.as_fd(), "none-such").unwrap_err();
        assert_eq!(missing.raw_os_error(), Some(libc::ENODEV));
        assert!(kind(socket.as_fd(), &"x".repeat(40)).is_err());
    }
}
