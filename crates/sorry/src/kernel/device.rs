//! A network device as far as it matters here: its index, the largest packet, whether VLANs are upon it, what its other end is. The kernel is asked by
//! netlink (rtnetlink(7)): sysfs shows the network that it was mounted in, and procfs may be hidden.

use std::io;

use rustix::net::{AddressFamily, SocketType};

use super::netlink::{Asked, Netlink, attribute, find, number};

/// `RTM_GETLINK`.
const GET_LINK: u16 = 18;
/// `IFLA_IFNAME`, `IFLA_MTU`, `IFLA_LINK`, `IFLA_LINK_NETNSID`, `IFLA_TARGET_NETNSID` (if_link.h).
const NAME: u16 = 3;
const MTU: u16 = 4;
const LINK: u16 = 5;
const NETWORK: u16 = 37;
const TARGET: u16 = 46;
/// `IFLA_LINKINFO`, and in it `IFLA_INFO_KIND`.
const KIND: (u16, u16) = (18, 1);
/// `IFLA_XDP`, and in it `IFLA_XDP_ATTACHED`, of which 1 is native.
const XDP: (u16, u16) = (43, 2);
const NATIVE: u64 = 1;
/// Bytes of `struct ifinfomsg`, and where in it the kind of link and the index are.
const HEADER: usize = 16;
const TYPE: std::ops::Range<usize> = 2..4;
const INDEX: std::ops::Range<usize> = 4..8;
/// `ARPHRD_ETHER`, `ARPHRD_LOOPBACK` (if_arp.h): both have frames of Ethernet.
const ETHERNET: [u64; 2] = [1, 772];

/// The other end of a pair of devices, as XDP has to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherEnd {
    /// It is no such device.
    None,
    /// It has a program at the driver, so that what is sent for XDP arrives.
    Takes,
    /// It has none: what our program sends back is queued there, and nobody looks. With GRO alone the queue is there, too.
    Ignores,
    /// It is in a network that does not show it.
    Hidden,
}

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
    /// What is at its other end.
    pub other_end: OtherEnd,
}

impl Device {
    /// Looks at the device of this name.
    ///
    /// # Errors
    /// `ENODEV` where there is none.
    pub fn named(name: &str) -> io::Result<Device> {
        let netlink = Netlink::open(None)?;
        let own = by_index(&netlink, index_of(name)?, None)?;
        let all = netlink.ask(GET_LINK, Asked::All, &[0; HEADER])?;
        let mut all = all.iter().map(Link);
        let vlan = all.find(|link| link.is_vlan_of(own.index()));
        Ok(Device {
            name: name.into(),
            index: own.index(),
            mtu: own.mtu(),
            vlan: vlan.map(|vlan| vlan.name()),
            is_ethernet: own.is_ethernet(),
            other_end: other_end(&netlink, &own),
        })
    }

    /// Whether the device of this name is still the same one.
    pub fn is_there(&self) -> bool {
        index_of(&self.name).is_ok_and(|index| index == self.index)
    }
}

/// Without netlink, which the sandbox leaves to nobody.
fn index_of(name: &str) -> io::Result<u32> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    Ok(rustix::net::netdevice::name_to_index(socket, name)?)
}

/// What the kernel says of one device: `struct ifinfomsg`, and attributes.
struct Link<B>(B);

/// One by its index, of this network or of another that this one has a number for.
fn by_index(netlink: &Netlink, index: u32, network: Option<&[u8]>) -> io::Result<Link<Vec<u8>>> {
    let mut request = vec![0; HEADER];
    request[INDEX].copy_from_slice(&index.to_ne_bytes());
    request.extend(network.iter().flat_map(|number| attribute(TARGET, number)));
    let answer = netlink.ask_one(GET_LINK, &request)?;
    let is_whole = answer.len() >= HEADER;
    is_whole
        .then_some(Link(answer))
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn other_end(netlink: &Netlink, own: &Link<Vec<u8>>) -> OtherEnd {
    if own.kind() != b"veth" {
        return OtherEnd::None;
    }
    let network = own.find(NETWORK);
    let other = own.link().map(|index| by_index(netlink, index, network));
    match other {
        Some(Ok(other)) if other.has_program() => OtherEnd::Takes,
        Some(Ok(_)) => OtherEnd::Ignores,
        _ => OtherEnd::Hidden,
    }
}

impl<B: AsRef<[u8]>> Link<B> {
    fn header(&self, field: std::ops::Range<usize>) -> u64 {
        self.0.as_ref().get(field).and_then(number).unwrap_or(0)
    }

    fn find(&self, wanted: u16) -> Option<&[u8]> {
        find(self.0.as_ref().get(HEADER..)?, wanted)
    }

    fn index(&self) -> u32 {
        u32::try_from(self.header(INDEX)).unwrap_or(0)
    }

    /// Of a pair, or of what is made of another, that one's index.
    fn link(&self) -> Option<u32> {
        u32::try_from(number(self.find(LINK)?)?).ok()
    }

    /// A VLAN of that device; what is upon one in another network has an index that means nothing here.
    fn is_vlan_of(&self, device: u32) -> bool {
        self.kind() == b"vlan" && self.link() == Some(device) && self.find(NETWORK).is_none()
    }

    fn mtu(&self) -> u16 {
        let mtu = self.find(MTU).and_then(number).unwrap_or(1500);
        u16::try_from(mtu).unwrap_or(u16::MAX)
    }

    fn is_ethernet(&self) -> bool {
        ETHERNET.contains(&self.header(TYPE))
    }

    fn name(&self) -> String {
        let name = self.find(NAME).unwrap_or_default();
        String::from_utf8_lossy(name)
            .trim_end_matches('\0')
            .to_owned()
    }

    /// What made it: `veth`, `vlan`; nothing for hardware.
    fn kind(&self) -> &[u8] {
        let kind = self.find(KIND.0).and_then(|info| find(info, KIND.1));
        let kind = kind.unwrap_or_default();
        kind.strip_suffix(b"\0").unwrap_or(kind)
    }

    /// Whether a program is at its driver.
    fn has_program(&self) -> bool {
        let attached = self.find(XDP.0).and_then(|xdp| find(xdp, XDP.1));
        // Several at once, one of them at the driver, are a number of their own.
        attached
            .and_then(number)
            .is_some_and(|attached| attached == NATIVE || attached == 4)
    }
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
    fn what_the_kernel_says_of_a_device_is_read() {
        let device = Device::named("lo").unwrap();
        assert_eq!((device.index, device.is_ethernet), (1, true));
        assert_eq!((device.vlan, device.other_end), (None, OtherEnd::None));
        let kind = |kind: &[u8]| attribute(KIND.0, &attribute(KIND.1, kind));
        let link = |attributes: &[Vec<u8>]| Link([vec![0; HEADER], attributes.concat()].concat());
        let vlan = link(&[
            attribute(NAME, b"eth0.7\0"),
            attribute(LINK, &3_u32.to_ne_bytes()),
            kind(b"vlan\0"),
        ]);
        assert_eq!((vlan.kind(), vlan.link()), (&b"vlan"[..], Some(3)));
        assert_eq!((vlan.name(), vlan.mtu()), ("eth0.7".to_owned(), 1500));
        assert!(vlan.is_vlan_of(3) && !vlan.is_vlan_of(4));
        for (attached, has_program) in [(0, false), (1, true), (2, false), (4, true)] {
            let xdp = attribute(XDP.0, &attribute(XDP.1, &[attached]));
            assert_eq!(link(&[xdp]).has_program(), has_program, "{attached}");
        }
        assert!(!link(&[]).has_program());
        assert_eq!(link(&[]).kind(), b"");
    }
}
