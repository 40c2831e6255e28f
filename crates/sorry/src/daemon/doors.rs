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
use crate::listen::bind::{self, BindError, Deferral, Ipv6, Settings, bind};
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
    /// As it came out: with the port that the kernel chose.
    pub(super) address: Address,
    sockets: Vec<OwnedFd>,
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
        let closed = match self.closed.len() {
            0 => None,
            count => Some(format!("{count} listener(s) closed")),
        };
        opened.chain(closed).collect()
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
        change.closed = self.open.iter().filter(gone).map(|door| door.id).collect();
        if errors.is_empty() {
            Ok(change)
        } else {
            Err(errors)
        }
    }

    /// Takes a change over.
    pub(super) fn apply(&mut self, change: &mut Change) {
        self.next += change.opened.len();
        self.open.retain(|door| !change.closed.contains(&door.id));
        self.open.append(&mut change.opened);
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

    /// Forgets everything: the workers' copies are then the last.
    pub(super) fn close(&mut self) {
        self.open.clear();
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
    let mut sockets = passed.claim_listeners(&wanted)?;
    if sockets.is_empty() {
        sockets = bind(&wanted, &settings(options), workers)?;
    }
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
        address,
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
