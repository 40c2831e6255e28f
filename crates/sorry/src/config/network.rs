//! IP networks in CIDR form, `10.0.0.0/8` or `2001:db8::/32`: whom a listener believes. Standard library only.

use super::fault::{Fault, quoted};
use super::reader::FromText;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A block of addresses; no bit is set behind the prefix (RFC 4632, section 3.1; RFC 4291, section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether `address` lies in this network. An IPv4 address that a dual-stack socket reports as `::ffff:a.b.c.d` is
    /// the IPv4 address (RFC 4291, section 2.5.5.2).
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                address.to_bits() & mask4(self.prefix) == network.to_bits()
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                address.to_bits() & mask6(self.prefix) == network.to_bits()
            }
            _ => false,
        }
    }

    /// The first address of the block.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many leading bits all addresses of the block share.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }
}

fn mask4(prefix: u8) -> u32 {
    u32::MAX
        .checked_shl(32 - u32::from(prefix.min(32)))
        .unwrap_or(0)
}

fn mask6(prefix: u8) -> u128 {
    u128::MAX
        .checked_shl(128 - u32::from(prefix.min(128)))
        .unwrap_or(0)
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & mask4(prefix)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & mask6(prefix)).into(),
    }
}

impl FromStr for Network {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Network, Fault> {
        let (address_text, prefix_text) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address_text.parse().map_err(|_| {
            Fault::new(format!("{} is not an IP address", quoted(address_text)))
                .at(0..address_text.len())
                .hint("write a network like \"10.0.0.0/8\" or \"2001:db8::/32\", or one address")
        })?;
        if address.to_canonical() != address {
            let canonical = address.to_canonical();
            let fault = Fault::new("an IPv4 address inside IPv6 is compared as IPv4");
            return Err(fault.hint(format!("write it as IPv4: \"{canonical}\"")));
        }
        let most = if address.is_ipv4() { 32 } else { 128 };
        let Some(prefix_text) = prefix_text else {
            return Ok(Network {
                address,
                prefix: most,
            });
        };
        let prefix = prefix_length(prefix_text, most).map_err(|fault| {
            let start = address_text.len() + 1;
            fault.at(start..text.len())
        })?;
        let network = Network {
            address: masked(address, prefix),
            prefix,
        };
        if network.address != address {
            let fault = Fault::new(format!("{} has bits behind its prefix", quoted(text)));
            return Err(fault.hint(format!(
                "the network is \"{network}\"; one address has no prefix"
            )));
        }
        Ok(network)
    }
}

fn prefix_length(text: &str, most: u8) -> Result<u8, Fault> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let prefix = text.parse().ok().filter(|prefix| digits && *prefix <= most);
    prefix.ok_or_else(|| {
        Fault::new(format!("{} is not a prefix length", quoted(text)))
            .hint(format!("it may be 0 to {most}"))
    })
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromText for Network {
    fn form() -> String {
        "a network such as \"10.0.0.0/8\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn membership() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "::1", true),
            ("::/0", "203.0.113.9", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::1/128", "::1", true),
        ] {
            let parsed: Network = network.parse().unwrap();
            let address = address.parse().unwrap();
            assert_eq!(parsed.contains(address), inside, "{network} {address}");
        }
    }

    #[test]
    fn faults() {
        for (text, said) in [
            (
                "10.0.0.1/8",
                "has bits behind its prefix (the network is \"10.0.0.0/8\"",
            ),
            (
                "10.0.0.0/33",
                "`33` is not a prefix length (it may be 0 to 32)",
            ),
            ("10.0.0.0/+8", "`+8` is not a prefix length"),
            ("10.0.0.0/", "`` is not a prefix length"),
            ("::/129", "it may be 0 to 128"),
            ("localhost", "`localhost` is not an IP address"),
            ("10.0.0/8", "`10.0.0` is not an IP address"),
            ("::ffff:10.0.0.1", "write it as IPv4: \"10.0.0.1\""),
            ("", "is not an IP address"),
        ] {
            let fault = text.parse::<Network>().expect_err(text);
            assert!(fault.to_string().contains(said), "{text}: {fault}");
        }
    }

    proptest! {
        #[test]
        fn a_network_contains_what_shares_its_prefix(a: u32, b: u32, prefix in 0u8..=32) {
            let network = Network { address: masked(Ipv4Addr::from_bits(a).into(), prefix), prefix };
            let shared = (a ^ b).leading_zeros() >= u32::from(prefix);
            prop_assert_eq!(network.contains(Ipv4Addr::from_bits(b).into()), shared);
            prop_assert_eq!(network.to_string().parse::<Network>(), Ok(network));
        }
    }
}
