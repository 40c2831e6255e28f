//! What a device's driver can do with XDP, as the kernel says it: generic netlink, family `netdev` (linux/netdev.h, linux/genetlink.h; Linux 6.3).

use std::io;

use rustix::net::netlink;

use super::netlink::{Netlink, attribute, find, number};

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

/// Bytes of `struct genlmsghdr`.
const HEADER: usize = 4;

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
    let netlink = Netlink::open(Some(netlink::GENERIC))?;
    let family = ask(&netlink, CONTROL, GET_FAMILY, b"netdev\0")?;
    let family = u16::try_from(family).map_err(|_| io::ErrorKind::InvalidData)?;
    ask(&netlink, family, GET_DEVICE, &device.to_ne_bytes())
}

/// Asks for one thing by one attribute; the number that is looked for in the answer.
fn ask(
    netlink: &Netlink,
    family: u16,
    (command, wanted, by): (u8, u16, u16),
    value: &[u8],
) -> io::Result<u64> {
    let request = [vec![command, 1, 0, 0], attribute(by, value)].concat();
    let answer = netlink.ask_one(family, &request)?;
    let found = answer.get(HEADER..).and_then(|all| find(all, wanted));
    Ok(found.and_then(number).ok_or(io::ErrorKind::InvalidData)?)
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
        let number = |error: &io::Error| rustix::io::Errno::from_io_error(error);
        // Before Linux 6.3 nobody knows the family.
        let expected = match features(1) {
            Ok(features) => {
                assert_eq!(features & RUNS, 0);
                rustix::io::Errno::NODEV
            }
            Err(error) => {
                assert_eq!(number(&error), Some(rustix::io::Errno::NOENT));
                rustix::io::Errno::NOENT
            }
        };
        assert!(sends_copies(1));
        let none = features(u32::MAX >> 1).unwrap_err();
        assert_eq!(number(&none), Some(expected));
        assert!(sends_copies(u32::MAX >> 1));
    }
}
