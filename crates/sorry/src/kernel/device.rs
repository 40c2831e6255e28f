//! A network device as far as it matters here: its index, the largest packet, whether VLANs are upon it. From sysfs and procfs.

use std::fs;
use std::io;
use std::os::fd::AsFd as _;

use rustix::net::{AddressFamily, SocketType};
use sorry_sys::link;

/// A device, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name.
    pub name: Box<str>,
    /// The kernel's number of it, which another device of the same name does not have.
    pub index: u32,
    /// The largest packet that it sends, in bytes.
    pub mtu: u16,
    /// A VLAN that is made of it, if there is one.
    pub vlan: Option<String>,
    /// Whether its packets begin with Ethernet's header.
    pub is_ethernet: bool,
}

impl Device {
    /// Looks at the device of this name.
    ///
    /// # Errors
    /// `ENODEV` where there is none.
    pub fn named(name: &str) -> io::Result<Device> {
        let index = index_of(name)?;
        let vlans = fs::read_to_string("/proc/net/vlan/config").unwrap_or_default();
        Ok(Device {
            name: name.into(),
            index,
            mtu: mtu_of(name, index),
            vlan: vlan_on(&vlans, name),
            is_ethernet: matches!(kind_of(name)?, link::ETHERNET | link::LOOPBACK),
        })
    }

    /// Whether the device of this name is still the same one.
    pub fn is_there(&self) -> bool {
        index_of(&self.name).is_ok_and(|index| index == self.index)
    }
}

/// By a socket: files are out of reach once the sandbox is there, and sysfs shows the network that it was mounted in.
fn index_of(name: &str) -> io::Result<u32> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    Ok(rustix::net::netdevice::name_to_index(socket, name)?)
}

fn kind_of(name: &str) -> io::Result<u16> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    link::kind(socket.as_fd(), name)
}

/// As sysfs says, where it shows this network; else as IPv6 has it, which takes it from the device.
fn mtu_of(name: &str, index: u32) -> u16 {
    let number = |path: String| fs::read_to_string(path).ok()?.trim().parse::<u32>().ok();
    let device = format!("/sys/class/net/{name}");
    let is_ours = number(format!("{device}/ifindex")) == Some(index);
    let by_device = number(format!("{device}/mtu")).filter(|_| is_ours);
    let mtu = by_device.or_else(|| number(format!("/proc/sys/net/ipv6/conf/{name}/mtu")));
    u16::try_from(mtu.unwrap_or(1500)).unwrap_or(u16::MAX)
}

/// The first VLAN of a device in the kernel's list: `eth0.7  | 7  | eth0`.
fn vlan_on(list: &str, device: &str) -> Option<String> {
    let mut vlans = list.lines().filter_map(|line| {
        let mut parts = line.split('|').map(str::trim);
        let (name, _, of) = (parts.next()?, parts.next()?, parts.next()?);
        (of == device).then(|| name.to_owned())
    });
    vlans.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_device_is_there_and_no_other_of_its_name() {
        let device = Device::named("lo").unwrap();
        assert!(device.is_there());
        assert!(
            !Device {
                index: device.index + 1000,
                ..device
            }
            .is_there()
        );
        assert_eq!(
            Device::named("none-such").unwrap_err().raw_os_error(),
            Some(rustix::io::Errno::NODEV.raw_os_error())
        );
    }

    #[test]
    fn vlans_are_found_by_their_device() {
        let list = "VLAN Dev name\t | VLAN ID\nName-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD\n\
                    eth0.7         | 7  | eth0\neth1.9         | 9  | eth1\n";
        assert_eq!(vlan_on(list, "eth1").as_deref(), Some("eth1.9"));
        assert_eq!(vlan_on(list, "eth"), None);
        assert_eq!(vlan_on("", "eth0"), None);
    }
}
