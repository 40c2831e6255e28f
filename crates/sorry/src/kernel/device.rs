//! A network device as far as it matters here: its index, the largest packet, whether VLANs are upon it. From sysfs and procfs.

use std::fs;
use std::io;
use std::path::Path;

use rustix::net::{AddressFamily, SocketType};

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
}

impl Device {
    /// Looks at the device of this name.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub fn named(name: &str) -> io::Result<Device> {
        let folder = Path::new("/sys/class/net").join(name);
        let number = |file: &str| -> io::Result<u32> {
            let text = fs::read_to_string(folder.join(file))?;
            text.trim().parse().map_err(io::Error::other)
        };
        let vlans = fs::read_to_string("/proc/net/vlan/config").unwrap_or_default();
        Ok(Device {
            name: name.into(),
            index: number("ifindex")?,
            mtu: u16::try_from(number("mtu")?).unwrap_or(u16::MAX),
            vlan: vlan_on(&vlans, name),
        })
    }

    /// Whether the device of this name is still the same one.
    pub fn is_there(&self) -> bool {
        // By a socket, for files are out of reach once the sandbox is there.
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None);
        let index =
            socket.and_then(|socket| rustix::net::netdevice::name_to_index(socket, &self.name));
        index == Ok(self.index)
    }
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
            Device::named("none-such").unwrap_err().kind(),
            io::ErrorKind::NotFound
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
