//! Where a listener listens: an address and port, a unix socket, or a socket inherited from systemd. Nothing is opened here.

use super::fault::{Fault, quoted};
use super::reader::FromText;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A place to listen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListenAddress {
    /// An IP address and TCP port; port 0 lets the kernel choose.
    Tcp(SocketAddr),
    /// A unix stream socket at an absolute path.
    Unix(PathBuf),
    /// A listening socket passed by systemd under this `FileDescriptorName=` (systemd.socket(5), sd_listen_fds(3)).
    Systemd(Box<str>),
}

impl ListenAddress {
    /// Whether it means every address of its kind.
    pub(super) fn is_wildcard(&self) -> bool {
        matches!(self, ListenAddress::Tcp(address) if address.ip().is_unspecified())
    }

    /// Whether it is a wildcard that takes the connections of `other`; with `dual_stack` an IPv6 one takes IPv4's too.
    pub(super) fn covers(&self, other: &ListenAddress, dual_stack: bool) -> bool {
        let (ListenAddress::Tcp(own), ListenAddress::Tcp(other)) = (self, other) else {
            return false;
        };
        let kinds = own.is_ipv4() == other.is_ipv4() || (own.is_ipv6() && dual_stack);
        let port = own.port() > 0 && own.port() == other.port();
        kinds && port && own != other && own.ip().is_unspecified()
    }

    /// Whether it has, by itself or with all others of its port, what comes for this address.
    pub fn takes(&self, vip: SocketAddr) -> bool {
        let ListenAddress::Tcp(own) = self else {
            return false;
        };
        let is_any = own.ip().is_unspecified() && (own.is_ipv6() || vip.is_ipv4());
        own.port() == vip.port() && (is_any || own.ip() == vip.ip())
    }

    /// Whether it is an IPv6 address.
    pub(super) fn is_v6(&self) -> bool {
        matches!(self, ListenAddress::Tcp(address) if address.is_ipv6())
    }

    /// The port, unless the kernel chooses it.
    pub(super) fn fixed_port(&self) -> Option<u16> {
        match self {
            ListenAddress::Tcp(address) => Some(address.port()).filter(|port| *port > 0),
            _ => None,
        }
    }

    /// Whether the kernel chooses the port, so that equal text does not mean an equal place.
    pub(super) fn is_port_chosen(&self) -> bool {
        matches!(self, ListenAddress::Tcp(address) if address.port() == 0)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenAddress::Tcp(address) => address.fmt(f),
            ListenAddress::Unix(path) => write!(f, "unix:{}", path.display()),
            ListenAddress::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = Fault;

    fn from_str(text: &str) -> Result<ListenAddress, Fault> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = unix_path(path).map_err(|fault| fault.at(5..text.len()))?;
            return Ok(ListenAddress::Unix(path));
        }
        if let Some(name) = text.strip_prefix("systemd:") {
            let name = descriptor_name(name).map_err(|fault| fault.at(8..text.len()))?;
            return Ok(ListenAddress::Systemd(name));
        }
        socket_address(text, Whom::Visitors).map(ListenAddress::Tcp)
    }
}

impl FromText for ListenAddress {
    fn form() -> String {
        "an address such as \"203.0.113.10:8503\", \"[::]:8503\", \"unix:/run/sorry/shop.sock\" or \"systemd:NAME\""
            .to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        text.parse()
    }
}

impl FromText for SocketAddr {
    fn form() -> String {
        "an IP address and port such as \"127.0.0.1:9503\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        socket_address(text, Whom::Operators)
    }
}

/// Whom an address is for, which says what it should have been.
#[derive(Clone, Copy)]
enum Whom {
    Visitors,
    Operators,
}

impl Whom {
    /// The port that the manual uses.
    fn usual_port(self) -> u16 {
        match self {
            Whom::Visitors => 8503,
            Whom::Operators => 9503,
        }
    }

    /// Where to listen on a port.
    fn everywhere(self, port: impl fmt::Display) -> String {
        match self {
            Whom::Visitors => format!(
                "\"0.0.0.0:{port}\" listens on every IPv4 address, \"[::]:{port}\" on IPv6 as well"
            ),
            Whom::Operators => format!(
                "\"127.0.0.1:{port}\" is for this machine alone; for others give the address that they may reach"
            ),
        }
    }
}

fn socket_address(text: &str, whom: Whom) -> Result<SocketAddr, Fault> {
    text.parse().map_err(|_| {
        let fault = Fault::new(format!("{} is not an IP address and port", quoted(text)));
        match meant(text, whom) {
            Some(hint) => fault.hint(hint),
            None => fault,
        }
    })
}

/// What a text that is almost an address and port should have been.
fn meant(text: &str, whom: Whom) -> Option<String> {
    let usual = whom.usual_port();
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
        return Some(whom.everywhere(port));
    }
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Some(format!("add the port: \"{address}:{usual}\""));
    }
    if let Some(hint) = meant_v6(text, usual) {
        return Some(hint);
    }
    let (host, port) = text.rsplit_once(':')?;
    if host.starts_with('/') || host.starts_with("http") {
        return None;
    }
    if host == "*" {
        return Some(whom.everywhere(port));
    }
    if host.parse::<Ipv4Addr>().is_ok() {
        return Some("a port is 0 to 65535".to_owned());
    }
    if host
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
    {
        return Some(match host {
            "localhost" => {
                format!("names are not looked up: \"127.0.0.1:{port}\" or \"[::1]:{port}\"")
            }
            _ => "give the number: names are not looked up".to_owned(),
        });
    }
    None
}

/// An IPv6 address that lacks its brackets, its port, or both; `::1:80` is read with a port, which is what people mean.
fn meant_v6(text: &str, usual: u16) -> Option<String> {
    if let Some((host, port)) = text.rsplit_once(':')
        && let (Ok(address), Ok(port)) = (host.parse::<Ipv6Addr>(), port.parse::<u16>())
    {
        return Some(format!(
            "an IPv6 address stands in brackets: \"[{address}]:{port}\""
        ));
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address: Ipv6Addr = bare.parse().ok()?;
    Some(format!("add the port: \"[{address}]:{usual}\""))
}

/// `sun_path` holds 108 bytes and ends with a zero (unix(7)).
const LONGEST_UNIX_PATH: usize = 107;

pub(super) fn unix_path(text: &str) -> Result<PathBuf, Fault> {
    if text.starts_with('@') {
        let fault = Fault::new("abstract sockets have no owner and no mode");
        return Err(fault.hint("give an absolute path, such as \"/run/sorry/shop.sock\""));
    }
    if text.contains('\0') {
        return Err(Fault::new("a path holds no zero byte"));
    }
    let path = Path::new(text);
    if !path.is_absolute() || path.file_name().is_none() {
        let fault = Fault::new(format!(
            "{} is not the absolute path of a socket",
            quoted(text)
        ));
        return Err(fault.hint("for example \"/run/sorry/shop.sock\""));
    }
    if text.len() > LONGEST_UNIX_PATH {
        let length = text.len();
        let fault = Fault::new(format!("the path is {length} bytes long"));
        return Err(fault
            .out_of_range()
            .hint(format!("the kernel takes at most {LONGEST_UNIX_PATH}")));
    }
    Ok(path.to_owned())
}

/// Names as `FileDescriptorName=` allows them: printable ASCII without `:`, at most 255 (systemd.socket(5)).
fn descriptor_name(text: &str) -> Result<Box<str>, Fault> {
    let printable = text
        .bytes()
        .all(|b| (b' '..=b'~').contains(&b) && b != b':');
    if text.is_empty() || text.len() > 255 || !printable {
        let fault = Fault::new(format!("{} is not a FileDescriptorName", quoted(text)));
        return Err(fault.hint(
            "use the name of the .socket unit's FileDescriptorName=, or the unit's own name",
        ));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for text in [
            "203.0.113.10:8503",
            "[::]:8503",
            "[2001:db8::1]:0",
            "unix:/run/sorry/shop.sock",
            "systemd:shop",
            "systemd:shop.socket",
        ] {
            let address: ListenAddress = text.parse().expect(text);
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn an_operators_address_is_not_a_visitors() {
        for (text, said) in [
            ("127.0.0.1", "add the port: \"127.0.0.1:9503\""),
            ("::1", "add the port: \"[::1]:9503\""),
            ("19190", "\"127.0.0.1:19190\" is for this machine alone"),
            ("*:19190", "\"127.0.0.1:19190\" is for this machine alone"),
        ] {
            let fault = SocketAddr::from_text(text).expect_err(text);
            assert!(fault.to_string().contains(said), "{text}: {fault}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_way_out() {
        let long = format!("unix:/{}", "x".repeat(107));
        for (text, said) in [
            ("", "`` is not an IP address and port"),
            ("8503", "\"0.0.0.0:8503\" listens on every IPv4 address"),
            (":8503", "\"[::]:8503\" on IPv6 as well"),
            ("*:80", "\"0.0.0.0:80\""),
            ("203.0.113.10", "add the port: \"203.0.113.10:8503\""),
            ("::1", "\"[::1]:8503\""),
            ("[::1]", "\"[::1]:8503\""),
            ("::1:80", "\"[::1]:80\""),
            ("10.0.0.1:70000", "a port is 0 to 65535"),
            ("2001:db8::1:x", "is not an IP address and port"),
            ("localhost:80", "\"127.0.0.1:80\" or \"[::1]:80\""),
            ("shop.example.com:80", "names are not looked up"),
            ("http://10.0.0.1:80", "is not an IP address and port"),
            (
                "unix:shop.sock",
                "`shop.sock` is not the absolute path of a socket",
            ),
            ("unix:/", "`/` is not the absolute path of a socket"),
            ("unix:@shop", "abstract sockets"),
            ("unix:", "`` is not the absolute path"),
            (&long, "the path is 108 bytes long"),
            ("systemd:", "`` is not a FileDescriptorName"),
            ("systemd:a:b", "`a:b` is not a FileDescriptorName"),
        ] {
            let fault = text.parse::<ListenAddress>().expect_err(text);
            assert!(fault.to_string().contains(said), "{text}: {fault}");
        }
    }
}
