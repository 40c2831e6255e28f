//! Descriptors that came from elsewhere, the service manager or the process before us, until each is claimed by the
//! listener that it is for.
//!
//! A listening socket is claimed by its address. The name it came under counts first, since it says what the
//! configuration called it; then the address it is really bound to, so that a `.socket` unit and a configuration that
//! agree on the address need no further words. What nobody claims is left over, for the caller to close and to take
//! out of the service manager's store: a socket that listens and is never accepted from makes clients hang.

use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{SocketType, sockopt};

use super::address::{Address, is_descriptor_name};
use super::bind::local_address;

/// Descriptors by name; a name may stand for several.
#[derive(Debug, Default)]
pub struct Passed(Vec<(String, OwnedFd)>);

/// A descriptor that cannot be listened on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the descriptor passed as `{name}` is {what}, not a listening stream socket; {hint}", hint = Self::HINT)]
pub struct NotListening {
    pub name: String,
    pub what: &'static str,
}

impl NotListening {
    const HINT: &str = "the .socket unit needs ListenStream= and Accept=no";
}

impl Passed {
    pub fn new(descriptors: Vec<(String, OwnedFd)>) -> Self {
        Self(descriptors)
    }

    /// Takes the sockets for an address, in the order they came. None is no error: then the address is to be bound.
    pub fn claim_listeners(&mut self, address: &Address) -> Result<Vec<OwnedFd>, NotListening> {
        let claimed = self.take(|item| is_for(item, address));
        for (name, descriptor) in &claimed {
            check_listening(name, descriptor)?;
        }
        Ok(without_duplicates(claimed))
    }

    /// Whether the sockets for an address were made by a process of ours, which has given them its own name: then what
    /// belongs to them is ours, too. A service manager's units have names of their own.
    pub fn were_ours(&self, address: &Address) -> bool {
        let stored = descriptor_name(address);
        let mut sockets = self.0.iter().filter(|item| is_for(item, address));
        sockets.all(|(name, _)| Some(name) == stored.as_ref())
    }

    /// Takes what came under a name, of any kind, if it is `wanted`.
    pub fn claim_named(&mut self, name: &str, wanted: impl Fn(&OwnedFd) -> bool) -> Vec<OwnedFd> {
        let claimed = self.take(|(item, descriptor)| item == name && wanted(descriptor));
        claimed
            .into_iter()
            .map(|(_, descriptor)| descriptor)
            .collect()
    }

    /// Adds one, for whoever claims it.
    pub fn put(&mut self, name: &str, descriptor: OwnedFd) {
        self.0.push((name.to_owned(), descriptor));
    }

    /// All that are there, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OwnedFd)> {
        self.0.iter().map(|(name, socket)| (name.as_str(), socket))
    }

    /// What nobody has claimed.
    pub fn left_over(self) -> Vec<(String, OwnedFd)> {
        self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self, matches: impl Fn(&(String, OwnedFd)) -> bool) -> Vec<(String, OwnedFd)> {
        self.0.extract_if(.., |item| matches(item)).collect()
    }
}

/// The name under which a listener's sockets are stored and handed on, which carries its address. Names allow neither
/// colons nor spaces (sd_pid_notify_with_fds(3)), so those are percent-encoded. `None` if that becomes too long.
pub fn descriptor_name(address: &Address) -> Option<String> {
    let mut name = String::from("listen=");
    for byte in address.to_string().bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b':' | b'%') {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    is_descriptor_name(&name).then_some(name)
}

/// Whether a descriptor is a stream socket in the listening state.
pub fn check_listening(name: &str, descriptor: impl AsFd) -> Result<(), NotListening> {
    let wrong = |what| {
        Err(NotListening {
            name: name.to_owned(),
            what,
        })
    };
    let Ok(kind) = sockopt::socket_type(&descriptor) else {
        return wrong("no socket");
    };
    if kind != SocketType::STREAM {
        return wrong("a socket of another type");
    }
    match sockopt::socket_acceptconn(&descriptor) {
        Ok(true) => Ok(()),
        _ => wrong("a socket that does not listen"),
    }
}

/// By its name, or by what it is bound to.
fn is_for((name, descriptor): &(String, OwnedFd), address: &Address) -> bool {
    let configured = match address {
        Address::Systemd(name) => Some(name),
        Address::Tcp(_) | Address::Unix(_) => None,
    };
    configured == Some(name)
        || descriptor_name(address).as_ref() == Some(name)
        || is_listening_on(descriptor, address)
}

fn is_listening_on(descriptor: &OwnedFd, address: &Address) -> bool {
    check_listening("", descriptor).is_ok()
        && local_address(descriptor).is_ok_and(|actual| actual == *address)
}

/// A socket that came twice, from the unit and from the store, would be accepted from twice.
fn without_duplicates(claimed: Vec<(String, OwnedFd)>) -> Vec<OwnedFd> {
    let mut cookies = Vec::new();
    let mut sockets = Vec::new();
    for (_, socket) in claimed {
        match sockopt::socket_cookie(&socket) {
            Ok(cookie) if cookies.contains(&cookie) => {}
            cookie => {
                cookies.extend(cookie);
                sockets.push(socket);
            }
        }
    }
    sockets
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    fn listener() -> (OwnedFd, Address) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener.into(), Address::Tcp(address))
    }

    fn passed(items: Vec<(&str, OwnedFd)>) -> Passed {
        let items = items.into_iter().map(|(name, fd)| (name.to_owned(), fd));
        Passed::new(items.collect())
    }

    #[test]
    fn names_carry_addresses() {
        for (address, expected) in [
            ("[::]:80", "listen=[%3A%3A]%3A80"),
            ("unix:/run/a b", "listen=unix%3A/run/a%20b"),
            ("systemd:http", "listen=systemd%3Ahttp"),
        ] {
            let name = descriptor_name(&address.parse().unwrap()).unwrap();
            assert_eq!(name, expected);
        }
        let long = Address::Unix(format!("/{}", ":".repeat(100)).into());
        assert_eq!(descriptor_name(&long), None);
    }

    #[test]
    fn sockets_are_claimed_by_name_and_by_what_they_are_bound_to() {
        let (one, one_address) = listener();
        let (two, two_address) = listener();
        let (three, _) = listener();
        let wanted: Address = "127.0.0.1:8080".parse().unwrap();
        let mut passed = passed(vec![
            ("http", one),
            ("unknown", two),
            ("listen=127.0.0.1%3A8080", three),
        ]);
        let named = Address::Systemd("http".to_owned());
        assert_eq!(passed.claim_listeners(&named).unwrap().len(), 1);
        assert_eq!(passed.claim_listeners(&one_address).unwrap().len(), 0);
        assert_eq!(passed.claim_listeners(&two_address).unwrap().len(), 1);
        assert_eq!(passed.claim_listeners(&wanted).unwrap().len(), 1);
        assert!(passed.is_empty());
    }

    #[test]
    fn a_socket_that_came_twice_is_claimed_once() {
        let (socket, address) = listener();
        let again = socket.try_clone().unwrap();
        let mut passed = passed(vec![("http", socket), ("stored", again)]);
        assert_eq!(passed.claim_listeners(&address).unwrap().len(), 1);
        assert_eq!(passed.len(), 0);
    }

    #[test]
    fn a_socket_is_ours_by_the_name_that_we_have_given_it() {
        let (stored, address) = listener();
        let unit = stored.try_clone().unwrap();
        let name = descriptor_name(&address).unwrap();
        let ours = passed(vec![(&*name, stored.try_clone().unwrap())]);
        assert!(ours.were_ours(&address));
        let both = passed(vec![(&*name, stored), ("sorry.socket", unit)]);
        assert!(!both.were_ours(&address), "the unit removes its file");
    }

    #[test]
    fn what_cannot_be_listened_on_is_named() {
        let datagram: OwnedFd = UdpSocket::bind("127.0.0.1:0").unwrap().into();
        let (server, address) = listener();
        let Address::Tcp(tcp) = address else { panic!() };
        let connected: OwnedFd = std::net::TcpStream::connect(tcp).unwrap().into();
        drop(server);
        let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
        for (descriptor, expected) in [
            (datagram, "a socket of another type"),
            (connected, "a socket that does not listen"),
            (file, "no socket"),
        ] {
            let mut passed = passed(vec![("http", descriptor)]);
            let named = Address::Systemd("http".to_owned());
            let error = passed.claim_listeners(&named).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains("`http`"), "{error}");
        }
    }

    #[test]
    fn other_things_are_claimed_by_name_and_the_rest_is_left_over() {
        let file = || std::fs::File::open("/dev/null").unwrap().into();
        let mut passed = passed(vec![("netlink", file()), ("old", file())]);
        assert!(passed.claim_named("netlink", |_| false).is_empty());
        assert_eq!(passed.claim_named("netlink", |_| true).len(), 1);
        let left: Vec<String> = passed
            .left_over()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(left, ["old"]);
    }
}
