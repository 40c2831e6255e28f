//! Where to listen, as an operator types it: `127.0.0.1:8080`, `[::]:80`, `unix:/run/sorry/http`, `systemd:http`.
//!
//! Text in, value out; nothing is opened or looked up here. Host names are refused on purpose: an address to listen
//! on that depends on a resolver changes its meaning without anybody having changed it.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::str::FromStr;

/// The longest path that fits `sun_path` with its closing NUL (unix(7)).
pub const UNIX_PATH_MAX_BYTES: usize = 107;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// An IPv4 or IPv6 address and a port; port 0 lets the kernel choose.
    Tcp(SocketAddr),
    /// A unix stream socket at an absolute path.
    Unix(PathBuf),
    /// A socket that the service manager passes under this name (`FileDescriptorName=` of the `.socket` unit).
    Systemd(String),
}

/// Why a text is not an address to listen on. Every message says what to type instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error(
        "an address to listen on is empty: write an address and a port such as `127.0.0.1:8080`"
    )]
    Empty,
    #[error(
        "`{0}` names no address: write `0.0.0.0{0}` for every IPv4 address or `[::]{0}` for every IPv6 address"
    )]
    NoHost(String),
    #[error(
        "`{0}` is only a port: write `127.0.0.1:{0}` for this machine alone, `0.0.0.0:{0}` for every IPv4 address"
    )]
    OnlyPort(String),
    #[error("`{0}` has no port: write `{hint}`", hint = with_port(.0))]
    NoPort(String),
    #[error("`{text}` has no usable port: `{port}` is not a number from 0 to 65535")]
    BadPort { text: String, port: String },
    #[error("`{text}` holds an IPv6 address without brackets: write `[{host}]:{port}`")]
    NoBrackets {
        text: String,
        host: String,
        port: String,
    },
    #[error(
        "`{text}` names a host, and names are not looked up for listening: write its address, for example \
         `127.0.0.1:{port}`"
    )]
    Name { text: String, port: String },
    #[error("`{0}` is a URL: write only the address and the port, for example `127.0.0.1:8080`")]
    Url(String),
    #[error("`{0}` is not an absolute path: write `unix:/run/sorry/http.sock`")]
    RelativePath(String),
    #[error(
        "the path in `{text}` is {length} bytes long and a unix socket allows {UNIX_PATH_MAX_BYTES}: choose a \
         shorter folder, for example `/run/sorry`"
    )]
    LongPath { text: String, length: usize },
    #[error("the path in `{0}` holds a NUL or ends in `/`: write the path of a file")]
    BadPath(String),
    #[error(
        "`{0}` is no name of a passed socket: write the FileDescriptorName= of the .socket unit, 1 to 255 printable \
         ASCII characters without a colon, for example `systemd:http`"
    )]
    BadSystemdName(String),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return parse_unix(text, path);
        }
        if let Some(name) = text.strip_prefix("systemd:") {
            return parse_systemd(text, name);
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Tcp(address));
        }
        Err(explain_tcp(text))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

/// Whether `name` can stand in `LISTEN_FDNAMES` and `FDNAME=` (sd_pid_notify_with_fds(3): ASCII, no control
/// characters, no colon, at most 255 bytes).
pub fn is_descriptor_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    (1..=255).contains(&name.len()) && name.bytes().all(fits)
}

fn parse_unix(text: &str, path: &str) -> Result<Address, AddressError> {
    if !path.starts_with('/') {
        return Err(AddressError::RelativePath(text.to_owned()));
    }
    if path.ends_with('/') || path.contains('\0') {
        return Err(AddressError::BadPath(text.to_owned()));
    }
    if path.len() > UNIX_PATH_MAX_BYTES {
        let length = path.len();
        return Err(AddressError::LongPath {
            text: text.to_owned(),
            length,
        });
    }
    Ok(Address::Unix(PathBuf::from(path)))
}

fn parse_systemd(text: &str, name: &str) -> Result<Address, AddressError> {
    if is_descriptor_name(name) {
        Ok(Address::Systemd(name.to_owned()))
    } else {
        Err(AddressError::BadSystemdName(text.to_owned()))
    }
}

/// The text is no socket address; finds out which mistake it is.
fn explain_tcp(text: &str) -> AddressError {
    if text.contains("://") {
        return AddressError::Url(text.to_owned());
    }
    if text.starts_with('/') || text.starts_with('.') || text.starts_with("unix/") {
        return AddressError::RelativePath(text.to_owned());
    }
    if text.parse::<u16>().is_ok() {
        return AddressError::OnlyPort(text.to_owned());
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<std::net::Ipv6Addr>().is_ok() && !text.contains("]:") {
        return explain_ipv6(text, bare);
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return AddressError::NoPort(text.to_owned());
    };
    if port.parse::<u16>().is_err() {
        return AddressError::BadPort {
            text: text.to_owned(),
            port: port.to_owned(),
        };
    }
    if host.is_empty() {
        return AddressError::NoHost(text.to_owned());
    }
    AddressError::Name {
        text: text.to_owned(),
        port: port.to_owned(),
    }
}

/// `::1:8080` is a valid IPv6 address and hardly what was meant; `[::1]` and `::` lack the port.
fn explain_ipv6(text: &str, bare: &str) -> AddressError {
    let parts = bare.rsplit_once(':');
    match parts {
        Some((host, port)) if !port.is_empty() && !text.starts_with('[') => {
            let host = if host.ends_with(':') {
                format!("{host}:")
            } else {
                host.to_owned()
            };
            AddressError::NoBrackets {
                text: text.to_owned(),
                host,
                port: port.to_owned(),
            }
        }
        _ => AddressError::NoPort(text.to_owned()),
    }
}

fn with_port(text: &str) -> String {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if bare.contains(':') {
        format!("[{bare}]:8080")
    } else if bare.parse::<Ipv4Addr>().is_ok() {
        SocketAddrV4::new(bare.parse().unwrap_or(Ipv4Addr::LOCALHOST), 8080).to_string()
    } else {
        "127.0.0.1:8080".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_read_back_as_they_are_shown() {
        for text in [
            "127.0.0.1:8080",
            "0.0.0.0:0",
            "[::]:80",
            "[::1]:65535",
            "[fe80::1%3]:80",
            "unix:/run/sorry/http.sock",
            "systemd:http",
            "systemd:shop.plain-1",
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        assert_eq!(
            " [::]:80\n".parse::<Address>().unwrap().to_string(),
            "[::]:80"
        );
    }

    #[test]
    fn mistakes_say_what_to_write() {
        let long = format!("unix:/{}", "x".repeat(107));
        let table = [
            ("", "is empty"),
            (":8080", "`0.0.0.0:8080` for every IPv4"),
            ("8080", "`127.0.0.1:8080` for this machine"),
            ("10.0.0.1", "write `10.0.0.1:8080`"),
            ("[::1]", "write `[::1]:8080`"),
            ("::", "write `[::]:8080`"),
            ("::1:8080", "write `[::1]:8080`"),
            ("2001:db8::5:443", "write `[2001:db8::5]:443`"),
            (":::80", "names a host"),
            ("10.0.0.1:70000", "`70000` is not a number"),
            ("10.0.0.1:http", "`http` is not a number"),
            ("localhost:8080", "names are not looked up"),
            ("http://127.0.0.1:80", "is a URL"),
            ("/run/sorry.sock", "write `unix:/run"),
            ("unix:sorry.sock", "not an absolute path"),
            ("unix:/run/", "ends in `/`"),
            (&long, "108 bytes long"),
            ("systemd:", "FileDescriptorName"),
            ("systemd:a:b", "FileDescriptorName"),
            ("systemd:a b", "FileDescriptorName"),
        ];
        for (text, expected) in table {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn any_text_is_an_address_or_an_error(text in "(unix:|systemd:)?[\\PC]{0,20}(:[0-9]{0,6})?") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
            }
        }
    }
}
