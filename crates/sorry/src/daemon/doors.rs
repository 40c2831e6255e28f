//! Which addresses are listened on, under which numbers, and with which sockets.
//!
//! The control thread keeps a copy of every listening socket: what a take-over or the service manager is handed, and
//! what stays open while a reload moves a site. A worker's copy lives in its `Listener`.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::answer::ListenerId;
use crate::config::{Config, ListenAddress, ListenOptions};
use crate::listen::address::Address;
use crate::listen::bind::{self, BindError, Claim, Deferral, Ipv6, Settings, bind};
use crate::listen::distribute::{Share, distribute};
use crate::listen::passed::{NotListening, Passed, descriptor_name};

/// How long the kernel holds back a connection that says nothing (tcp(7)).
const SILENCE: Duration = Duration::from_secs(1);

/// One address with its sockets.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) id: ListenerId,
    /// As configured; what it is found by when the configuration is read again.
    configured: Address,
    /// How the sockets were made, as far as that cannot be changed later.
    made: Made,
    /// As it came out: with the port that the kernel chose.
    pub(super) address: Address,
    /// Of a unix socket: removed with the door. It stands before the sockets, since fields are dropped in their order.
    file: Claim,
    sockets: Vec<OwnedFd>,
}

/// What is settled when a socket is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Made {
    unix_mode: u32,
    v6_only: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Doors {
    open: Vec<Door>,
    next: usize,
}

/// What a change of configuration does to the doors.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// The number of each of the configuration's listeners, in its order.
    pub(super) numbers: Vec<ListenerId>,
    /// New doors, not yet part of [`Doors`]: nothing is kept of a change that fails.
    opened: Vec<Door>,
    /// For each worker, what it is to listen on besides.
    pub(super) shares: Vec<Vec<(ListenerId, Share)>>,
    /// Numbers that are no longer listened on.
    pub(super) closed: Vec<ListenerId>,
    /// The addresses that were theirs.
    left: Vec<Address>,
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub(super) enum DoorError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Passed(#[from] NotListening),
    #[error("cannot use the socket for {0}")]
    Socket(Address, #[source] io::Error),
}

impl Change {
    /// What is opened and closed, in words.
    pub(super) fn told(&self) -> Vec<String> {
        let opened = self
            .opened
            .iter()
            .map(|door| format!("listening on {}", door.address));
        let left = self.left.iter();
        let left = left.map(|address| format!("no longer listening on {address}"));
        opened.chain(left).collect()
    }
}

impl Doors {
    /// Opens what the configuration wants and is not open yet, from what was `passed` where there is something. What
    /// goes wrong is told with the index of the listener.
    pub(super) fn plan(
        &self,
        config: &Config,
        passed: &mut Passed,
        workers: NonZeroUsize,
    ) -> Result<Change, Vec<(usize, DoorError)>> {
        let mut change = Change {
            shares: (0..workers.get()).map(|_| Vec::new()).collect(),
            ..Change::default()
        };
        let mut errors = Vec::new();
        for (index, listener) in config.listeners.iter().enumerate() {
            let wanted = address(&listener.address);
            let known = self
                .open
                .iter()
                .find(|door| door.configured == wanted && !change.numbers.contains(&door.id));
            if let Some(door) = known {
                change.numbers.push(door.id);
                continue;
            }
            let id = ListenerId(self.next + change.opened.len());
            match open(
                id,
                wanted,
                &listener.options,
                passed,
                workers,
                &mut change.shares,
            ) {
                Ok(door) => {
                    change.opened.push(door);
                    change.numbers.push(id);
                }
                Err(error) => errors.push((index, error)),
            }
        }
        let gone = |door: &&Door| !change.numbers.contains(&door.id);
        let gone = || self.open.iter().filter(gone);
        change.left = gone().map(|door| door.address.clone()).collect();
        change.closed = gone().map(|door| door.id).collect();
        if errors.is_empty() {
            return Ok(change);
        }
        let told = |(index, error)| (index, self.blame(error, &change.closed));
        Err(errors.into_iter().map(told).collect())
    }

    /// An overlap with a door that the new configuration would close is no mistake in the new configuration.
    fn blame(&self, error: DoorError, closed: &[ListenerId]) -> DoorError {
        let DoorError::Bind(error) = error else {
            return error;
        };
        let has_port = |port: u16| move |door: &&Door| matches!(door.address, Address::Tcp(tcp) if tcp.port() == port);
        let holder = error
            .overlaps()
            .and_then(|port| self.open.iter().find(has_port(port)));
        match holder {
            Some(door) if closed.contains(&door.id) => DoorError::Bind(error.with_the_running()),
            _ => DoorError::Bind(error),
        }
    }

    /// Takes a change over.
    pub(super) fn apply(&mut self, change: &mut Change) {
        self.next += change.opened.len();
        self.open.retain(|door| !change.closed.contains(&door.id));
        self.open.append(&mut change.opened);
    }

    /// What a configuration wants to be made in another way than it was, in words; `numbers` are those of its listeners.
    pub(super) fn outdated(&self, config: &Config, numbers: &[ListenerId]) -> Vec<String> {
        let mut found = Vec::new();
        for (listener, id) in config.listeners.iter().zip(numbers) {
            let Some(door) = self.open.iter().find(|door| door.id == *id) else {
                continue;
            };
            let wanted = Made::of(&listener.options);
            for (same, key) in [
                (door.made.unix_mode == wanted.unix_mode, "mode"),
                (door.made.v6_only == wanted.v6_only, "v6-only"),
            ] {
                if !same {
                    found.push(format!("`{key}` of {}", door.address));
                }
            }
        }
        found
    }

    /// The open ones.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Door> {
        self.open.iter()
    }

    /// Every socket under the name that carries its address.
    pub(super) fn named(&self) -> Vec<(String, BorrowedFd<'_>)> {
        let named = self
            .open
            .iter()
            .filter_map(|door| Some((descriptor_name(&door.configured)?, door)));
        named
            .flat_map(|(name, door)| {
                door.sockets
                    .iter()
                    .map(move |socket| (name.clone(), socket.as_fd()))
            })
            .collect()
    }

    /// Takes over the files of unix sockets that were passed: whoever had them before does not go on.
    pub(super) fn claim_files(&mut self) {
        for door in &mut self.open {
            door.file.settle();
        }
    }

    /// Removes the files of unix sockets, since nobody listens on them after us.
    pub(super) fn remove_files(&mut self) {
        for door in &mut self.open {
            door.file.remove();
        }
    }

    /// Leaves the files of unix sockets to whoever listens on them after us.
    pub(super) fn leave_files(&mut self) {
        for door in &mut self.open {
            door.file.leave();
        }
    }

    /// Forgets everything: the workers' copies are then the last. Files of unix sockets that are still there stay; see
    /// [`Doors::remove_files`].
    pub(super) fn close(&mut self) {
        self.leave_files();
        self.open.clear();
    }
}

impl Made {
    fn of(options: &ListenOptions) -> Made {
        Made {
            unix_mode: options.unix_mode,
            v6_only: options.v6_only,
        }
    }
}

fn address(configured: &ListenAddress) -> Address {
    match configured {
        ListenAddress::Tcp(address) => Address::Tcp(*address),
        ListenAddress::Unix(path) => Address::Unix(path.clone()),
        ListenAddress::Systemd(name) => Address::Systemd(name.to_string()),
    }
}

fn open(
    id: ListenerId,
    wanted: Address,
    options: &ListenOptions,
    passed: &mut Passed,
    workers: NonZeroUsize,
    shares: &mut [Vec<(ListenerId, Share)>],
) -> Result<Door, DoorError> {
    let were_ours = passed.were_ours(&wanted);
    let mut sockets = passed.claim_listeners(&wanted)?;
    let was_passed = !sockets.is_empty();
    if !was_passed {
        sockets = bind(&wanted, &settings(options), workers)?;
    }
    let file = match &wanted {
        Address::Unix(path) if !was_passed => Claim::on(path),
        Address::Unix(path) if were_ours => Claim::Promised(path.clone()),
        Address::Unix(_) | Address::Tcp(_) | Address::Systemd(_) => Claim::None,
    };
    let failed = |error| DoorError::Socket(wanted.clone(), error);
    let address = match sockets.first() {
        Some(socket) => bind::local_address(socket).map_err(failed)?,
        None => wanted.clone(),
    };
    let copies = sockets
        .iter()
        .map(OwnedFd::try_clone)
        .collect::<io::Result<Vec<_>>>()
        .map_err(failed)?;
    for (list, given) in shares.iter_mut().zip(distribute(copies, workers)) {
        list.extend(given.into_iter().map(|share| (id, share)));
    }
    Ok(Door {
        id,
        configured: wanted,
        made: Made::of(options),
        address,
        file,
        sockets,
    })
}

fn settings(options: &ListenOptions) -> Settings {
    Settings {
        ipv6: if options.v6_only {
            Ipv6::Only
        } else {
            Ipv6::WithIpv4
        },
        // Every protocol spoken here begins with the client's bytes.
        deferral: Deferral::UntilBytes(SILENCE),
        unix_mode: options.unix_mode,
        ..Settings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn config(listen: &[&str]) -> Config {
        let text = format!("[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = {listen:?}\n");
        crate::config::parse(&text, "test", Path::new("/"), &jiff::tz::TimeZone::UTC).unwrap()
    }

    fn plan(doors: &Doors, listen: &[&str]) -> Result<Change, Vec<(usize, DoorError)>> {
        doors.plan(&config(listen), &mut Passed::default(), NonZeroUsize::MIN)
    }

    fn opened(listen: &[&str]) -> Doors {
        let mut doors = Doors::default();
        let mut change = plan(&doors, listen).unwrap();
        doors.apply(&mut change);
        doors
    }

    #[test]
    fn an_overlap_with_the_running_configuration_is_told_as_such() {
        let doors = opened(&["0.0.0.0:0"]);
        let Address::Tcp(running) = doors.open[0].address else {
            panic!("TCP");
        };
        let narrower = format!("127.0.0.1:{}", running.port());
        for (listen, expected) in [
            (
                &[narrower.as_str()][..],
                "the running configuration listens on port",
            ),
            // It stays open, so the new configuration contradicts itself.
            (
                &["0.0.0.0:0", &narrower],
                "another address of this configuration has port",
            ),
        ] {
            let errors = plan(&doors, listen).unwrap_err();
            let text = errors[0].1.to_string();
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn files_of_unix_sockets_go_with_their_doors_unless_handed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let listen = |name: &str| format!("unix:{}", path(name).display());
        let (one, two) = (listen("one"), listen("two"));
        let mut doors = opened(&[&one, &two]);
        assert!(path("one").exists() && path("two").exists());
        let mut without = plan(&doors, &[&two]).unwrap();
        doors.apply(&mut without);
        assert!(!path("one").exists(), "a reload took it away");
        assert!(path("two").exists());
        // The port is taken by a socket of ours that is no door.
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = taken.local_addr().unwrap().to_string();
        let refused = plan(&doors, &[&two, &one, &taken]);
        assert_eq!(refused.unwrap_err()[0].0, 2);
        assert!(!path("one").exists(), "a refused reload had bound it");
        assert!(path("two").exists());
        doors.close();
        assert!(path("two").exists(), "handed over");
        let mut doors = opened(&[&one]);
        doors.remove_files();
        assert!(!path("one").exists(), "the end");
    }

    #[test]
    fn the_file_comes_with_the_socket_once_the_process_before_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        let listen = format!("unix:{}", path.display());
        let old = opened(&[&listen]);
        let handed = || {
            let copies = old.named().into_iter();
            let copies = copies.map(|(name, socket)| (name, socket.try_clone_to_owned().unwrap()));
            Passed::new(copies.collect())
        };
        let successor = |mut passed: Passed| {
            let mut doors = Doors::default();
            let config = config(&[&listen]);
            let mut change = doors.plan(&config, &mut passed, NonZeroUsize::MIN).unwrap();
            doors.apply(&mut change);
            doors
        };
        drop(successor(handed()));
        assert!(path.exists(), "it has failed before it was settled");
        let mut new = successor(handed());
        new.claim_files();
        let mut old = old;
        old.close();
        assert!(path.exists(), "handed over");
        new.remove_files();
        assert!(!path.exists(), "the end of the successor");
    }
}
