//! Our own addresses: metrics, the admin socket, and the admin API over TCP. None of them may be anybody's listener.

use super::Builder;
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::listen_address::ListenAddress;
use crate::config::listener::Listener;
use crate::config::log::AdminSocket;
use crate::config::reader::At;
use crate::config::{Certificate, Purpose, Remote, spec};
use std::net::SocketAddr;

/// Where we listen ourselves.
pub(super) struct Owned {
    pub(super) metrics: Option<At<SocketAddr>>,
    /// `None` where it is mistaken.
    pub(super) socket: Option<At<AdminSocket>>,
    pub(super) remote: Option<Remote>,
}

impl Owned {
    /// Where the address of metrics was typed.
    pub(super) fn metrics_place(&self) -> Place {
        self.metrics
            .as_ref()
            .map_or(Place::File, |metrics| metrics.place)
    }
}

/// An address of our own, where it was typed, and whose it is.
struct Own {
    place: Place,
    what: &'static str,
    address: ListenAddress,
}

/// All that are wanted.
fn all(
    metrics: Option<&At<SocketAddr>>,
    socket: Option<&At<AdminSocket>>,
    remote: Option<&At<SocketAddr>>,
) -> Vec<Own> {
    let tcp = |what: &'static str| {
        move |at: &At<SocketAddr>| Own {
            place: at.place,
            what,
            address: ListenAddress::Tcp(at.value),
        }
    };
    let socket = socket.and_then(|at| {
        Some(Own {
            place: at.place,
            what: "the admin socket",
            address: ListenAddress::Unix(at.value.0.clone()?),
        })
    });
    let metrics = metrics.map(tcp("metrics"));
    let remote = remote.map(tcp("the admin API"));
    metrics.into_iter().chain(socket).chain(remote).collect()
}

impl Builder<'_> {
    /// Where we listen ourselves, which must be nobody else's.
    pub(super) fn own(
        &mut self,
        metrics: Option<At<spec::Metrics>>,
        admin: Option<At<spec::Admin>>,
        listeners: &[Listener],
    ) -> Owned {
        let metrics = metrics.and_then(|metrics| metrics.value.listen);
        let remote = admin.as_ref().and_then(|admin| self.remote(admin));
        let (socket, listen) = match admin {
            Some(admin) => (admin.value.socket, admin.value.listen),
            None => (None, None),
        };
        let own = all(metrics.as_ref(), socket.as_ref(), listen.as_ref());
        self.own_addresses(listeners, &own);
        Owned {
            metrics,
            socket,
            remote,
        }
    }

    /// None of our own addresses is a site's, nor another of our own.
    fn own_addresses(&mut self, listeners: &[Listener], own: &[Own]) {
        for (at, one) in own.iter().enumerate() {
            let address = &one.address;
            let held = |l: &&Listener| {
                let same = l.address == *address && !address.is_port_chosen();
                same || l.takes(address) || address.covers(&l.address, false)
            };
            if let Some(listener) = listeners.iter().find(held) {
                self.tell(held_by_a_site(one, listener));
            }
            let both = |other: &&Own| {
                let same = other.address == *address && !address.is_port_chosen();
                same || address.covers(&other.address, true) || other.address.covers(address, true)
            };
            if let Some(other) = own[..at].iter().find(both) {
                let message = format!("{}: {address} is taken by {}", one.what, other.what);
                let mistake = Mistake::new(Code::Conflict, one.place, message);
                self.tell(
                    mistake
                        .also(other.place, "that is here")
                        .hint("take another port"),
                );
            }
        }
    }

    /// The admin API over TCP: all that it needs, or nothing of it.
    fn remote(&mut self, admin: &At<spec::Admin>) -> Option<Remote> {
        let typed = &admin.value;
        let hosts = typed.hosts.as_ref();
        let hosts_typed = hosts.filter(|hosts| hosts.place != admin.place);
        let needed = [
            ("listen", typed.listen.as_ref().map(|at| at.place)),
            ("certificate", typed.certificate.as_ref().map(|at| at.place)),
            ("key", typed.key.as_ref().map(|at| at.place)),
            ("tokens", typed.tokens.as_ref().map(|at| at.place)),
        ];
        let first = needed
            .iter()
            .find_map(|(key, place)| Some((*key, (*place)?)));
        let (given, place) = first.or(hosts_typed.map(|hosts| ("hosts", hosts.place)))?;
        let missing: Vec<String> = needed
            .iter()
            .filter(|(_, place)| place.is_none())
            .map(|(key, _)| format!("`{key}`"))
            .collect();
        if !missing.is_empty() && !self.is_broken(admin.place) {
            let message = format!("{given}: it does nothing without {}", missing.join(", "));
            let mistake = Mistake::new(Code::Missing, place, message);
            self.tell(mistake.hint("the admin API is served over TCP only with TLS, and only to who has a token: give all of `listen`, `certificate`, `key` and `tokens`, or none"));
        }
        let certificate = typed.certificate.clone();
        let certificate = certificate.map(|path| self.path(path, Purpose::Certificate));
        let key = typed
            .key
            .clone()
            .map(|path| self.path(path, Purpose::PrivateKey));
        let tokens = typed.tokens.clone();
        let tokens = tokens.map(|path| self.path(path, Purpose::Tokens));
        let listen = typed.listen.as_ref()?;
        Some(Remote {
            listen: listen.value,
            hosts: hosts?
                .value
                .iter()
                .map(|host| host.value.0.clone())
                .collect(),
            certificate: Certificate {
                certificate: certificate?,
                key: key?,
            },
            tokens: tokens?,
            place: listen.place,
        })
    }
}

fn held_by_a_site(own: &Own, listener: &Listener) -> Mistake {
    let Own {
        place,
        what,
        address,
    } = own;
    match place {
        // The usual socket, which nobody typed.
        Place::File => {
            let message = format!("{address} is where {what} is");
            let mistake = Mistake::new(Code::Conflict, listener.place, message);
            mistake.hint("take another, or give [admin] another `socket`")
        }
        _ => {
            let holder = &listener.address;
            let message = match *holder == *address {
                true => format!("{what}: {address} is a sorry listener"),
                false => format!("{what}: {address} and {holder} overlap"),
            };
            Mistake::new(Code::Conflict, *place, message)
                .also(listener.place, "the listener is here")
                .hint("an address cannot be shared with a site")
        }
    }
}
