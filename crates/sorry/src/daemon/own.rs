//! The operator's own listeners: metrics and the admin socket. They are opened once and move in a take-over.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::advice::{self, Use};
use super::remote;
use super::report::Gauge;
use super::run::RunError;
use super::takeover::{ADMIN, METRICS, REMOTE};
use crate::admin::remote::Remote;
use crate::admin::{self, Command, by_credentials};
use crate::config::{self, Config, Mistake, Place, Purpose};
use crate::listen::address::Address;
use crate::listen::bind::{self, Claim};
use crate::listen::passed::Passed;

/// The sockets, as copies to hand over, and the tasks that serve them.
#[derive(Default)]
pub(super) struct Own {
    /// Of the admin socket that is served, whatever the configuration says by now. It stands before the sockets, since
    /// fields are dropped in their order.
    file: Claim,
    sockets: Vec<(String, OwnedFd)>,
    /// Whom the door over TCP believes, where there is one.
    remote: Option<Arc<Remote>>,
    /// Dropped when serving is to end.
    open: Option<watch::Sender<()>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Own {
    /// Makes the sockets that were not passed and are no files, and passes them on to [`Own::open`]: before there is a sandbox, from
    /// within which nobody can see who has the address already.
    pub(super) fn make(config: &Config, passed: &mut Passed) -> Result<(), RunError> {
        let metrics = config
            .metrics
            .map(|address| (METRICS, address, (Use::Metrics, config.metrics_place)));
        let remote = config.remote.as_ref();
        let remote = remote.map(|remote| (REMOTE, remote.listen, (Use::Remote, remote.place)));
        for (name, address, place) in metrics.into_iter().chain(remote) {
            let address = Address::Tcp(address);
            let socket = match claim(passed, name, &address) {
                Some(socket) => socket,
                None => bind_one(config, &address, place)?,
            };
            passed.put(name, socket);
        }
        Ok(())
    }

    /// Opens what the configuration wants, from what was passed where there is something.
    pub(super) fn open(
        &mut self,
        config: &Config,
        gauge: &Arc<Gauge>,
        orders: &mpsc::Sender<Command>,
        passed: &mut Passed,
    ) -> Result<(), RunError> {
        let (open, closed) = watch::channel(());
        self.open = Some(open);
        let time = config.limits.drain_time;
        let desk = Arc::new(admin::Desk::new(
            orders.clone(),
            Arc::clone(&gauge.audit) as _,
            Arc::clone(&gauge.doors),
            admin::socket::REPLY_TIME,
        ));
        if let Some(address) = config.metrics {
            let socket = self.metrics_socket(config, &Address::Tcp(address), passed)?;
            let settings = admin::endpoint::Settings {
                drain_time: time,
                ..admin::endpoint::Settings::default()
            };
            let source: Arc<dyn admin::Source> = Arc::clone(gauge) as _;
            let doors = Arc::clone(&gauge.doors);
            let serve = admin::serve_metrics(socket, source, doors, settings, end(closed.clone()));
            self.tasks
                .push(tokio::spawn(tell("the metrics endpoint has ended", serve)));
        }
        if let Some(path) = &config.admin {
            let socket = self.admin_socket(config, path, passed)?;
            let settings = admin::socket::Settings {
                drain_time: time,
                ..admin::socket::Settings::default()
            };
            let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
            let judge = by_credentials(uid.as_raw(), gid.as_raw());
            let doors = Arc::clone(&gauge.doors);
            let desk = Arc::clone(&desk);
            let closed = closed.clone();
            let serve = admin::socket::serve(socket, desk, judge, doors, settings, end(closed));
            self.tasks
                .push(tokio::spawn(tell("the admin socket has ended", serve)));
        }
        if let Some(remote) = &config.remote {
            self.open_remote(config, remote, desk, closed, passed)?;
        }
        Ok(())
    }

    /// The admin API over TCP.
    fn open_remote(
        &mut self,
        config: &Config,
        of: &config::Remote,
        desk: Arc<admin::Desk>,
        closed: watch::Receiver<()>,
        passed: &mut Passed,
    ) -> Result<(), RunError> {
        let remote = Arc::new(remote::read(of)?);
        let address = Address::Tcp(of.listen);
        let socket = match claim(passed, REMOTE, &address) {
            Some(socket) => socket,
            None => bind_one(config, &address, (Use::Remote, of.place))?,
        };
        if let Ok(address) = bind::local_address(&socket) {
            log::info!("admin API on https://{address}/v1/");
        }
        self.keep(REMOTE, &socket)?;
        let settings = admin::remote::Settings {
            drain_time: config.limits.drain_time,
            ..admin::remote::Settings::default()
        };
        let doors = Arc::clone(desk.doors());
        let shared = Arc::clone(&remote);
        let serve = admin::remote::serve(socket, desk, shared, doors, settings, end(closed));
        self.tasks.push(tokio::spawn(tell(
            "the admin API over TCP has ended",
            serve,
        )));
        self.remote = Some(remote);
        Ok(())
    }

    /// Another configuration is in force: what stands in files beside it is read again.
    pub(super) fn renew(&self, config: &Config) {
        if let (Some(remote), Some(of)) = (&self.remote, &config.remote) {
            remote::renew(remote, of);
        }
    }

    fn metrics_socket(
        &mut self,
        config: &Config,
        address: &Address,
        passed: &mut Passed,
    ) -> Result<OwnedFd, RunError> {
        let socket = match claim(passed, METRICS, address) {
            Some(socket) => socket,
            None => bind_one(config, address, (Use::Metrics, config.metrics_place))?,
        };
        if let Ok(address) = bind::local_address(&socket) {
            log::info!("metrics on http://{address}/metrics");
        }
        self.keep(METRICS, &socket)?;
        Ok(socket)
    }

    fn admin_socket(
        &mut self,
        config: &Config,
        path: &Path,
        passed: &mut Passed,
    ) -> Result<OwnedFd, RunError> {
        let socket = match claim(passed, ADMIN, &Address::Unix(path.to_owned())) {
            Some(socket) => {
                self.file = Claim::Promised(path.to_owned());
                socket
            }
            None => {
                let socket = admin::socket::bind(path).map_err(|error| {
                    let mut written = config.written.iter();
                    let file = written.find(|file| file.purpose == Purpose::AdminSocket);
                    let place = file.map_or(Place::File, |file| file.place);
                    refused(config, advice::mistake(Use::Admin, place, &error))
                })?;
                self.file = Claim::on(path);
                socket
            }
        };
        self.keep(ADMIN, &socket)?;
        Ok(socket)
    }

    /// Keeps a copy that can be handed over.
    fn keep(&mut self, name: &str, socket: &OwnedFd) -> Result<(), RunError> {
        let copy = socket
            .try_clone()
            .map_err(|error| RunError::System("copy a socket", error))?;
        self.sockets.push((name.to_owned(), copy));
        Ok(())
    }

    /// Every socket under the name it is handed over by.
    pub(super) fn named(&self) -> impl Iterator<Item = (String, BorrowedFd<'_>)> {
        self.sockets
            .iter()
            .map(|(name, socket)| (name.clone(), socket.as_fd()))
    }

    /// Takes over the file of an admin socket that was passed: whoever had it before does not go on.
    pub(super) fn claim_file(&mut self) {
        self.file.settle();
    }

    /// Removes the file of the admin socket, since nobody listens there after us: whoever asks now is told so, instead
    /// of waiting.
    pub(super) fn remove_file(&mut self) {
        self.file.remove();
    }

    /// Lets nobody else in; conversations that have begun are finished. Whoever has a copy of the sockets goes on.
    pub(super) fn end(&mut self) {
        self.open = None;
    }

    /// Resolves when the last conversation has ended. To be called again if it was dropped before.
    pub(super) async fn left(&mut self) {
        while let Some(task) = self.tasks.last_mut() {
            let _ended = task.await;
            self.tasks.pop();
        }
    }

    /// Closes the copies. If the file of the admin socket is still there, it stays; see [`Own::remove_file`].
    pub(super) fn close(&mut self) {
        self.file.leave();
        self.sockets.clear();
    }
}

/// The socket that was passed under this name, if it listens where the configuration wants it; any other is left over.
fn claim(passed: &mut Passed, name: &str, wanted: &Address) -> Option<OwnedFd> {
    let fits =
        |socket: &OwnedFd| bind::local_address(socket).is_ok_and(|actual| serves(&actual, wanted));
    passed.claim_named(name, fits).into_iter().next()
}

/// Resolves when the sender is dropped.
async fn end(mut closed: watch::Receiver<()>) {
    while closed.changed().await.is_ok() {}
}

/// Whether a socket on `actual` is what a configuration means by `wanted`.
fn serves(actual: &Address, wanted: &Address) -> bool {
    match (actual, wanted) {
        // Any port will do where the kernel was to choose one.
        (Address::Tcp(actual), Address::Tcp(wanted)) if wanted.port() == 0 => {
            actual.ip() == wanted.ip()
        }
        // One file may have several paths, as /var/run and /run.
        (Address::Unix(actual), Address::Unix(wanted)) => {
            actual == wanted
                || match (actual.canonicalize(), wanted.canonicalize()) {
                    (Ok(actual), Ok(wanted)) => actual == wanted,
                    _ => false,
                }
        }
        _ => actual == wanted,
    }
}

fn bind_one(
    config: &Config,
    address: &Address,
    (wanted, place): (Use, Place),
) -> Result<OwnedFd, RunError> {
    let made = bind::bind(address, &bind::Settings::default(), NonZeroUsize::MIN);
    let made = made.map_err(|error| refused(config, advice::mistake(wanted, place, &error)))?;
    made.into_iter()
        .next()
        .ok_or_else(|| RunError::System("open the socket", io::ErrorKind::Other.into()))
}

fn refused(config: &Config, mistake: Mistake) -> RunError {
    RunError::Refused(config.report(vec![mistake]).unwrap_or_default())
}

async fn tell(what: &'static str, task: impl Future<Output = io::Result<()>>) {
    if let Err(error) = task.await {
        log::error!("{what}: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_passed_socket_is_used_only_where_it_listens_on_the_configured_address() {
        let actual: Address = "127.0.0.1:9100".parse().unwrap();
        for (wanted, expected) in [
            ("127.0.0.1:9100", true),
            ("127.0.0.1:0", true),
            ("127.0.0.1:9101", false),
            ("127.0.0.2:0", false),
            ("[::1]:9100", false),
            ("unix:/run/sorry", false),
        ] {
            assert_eq!(serves(&actual, &wanted.parse().unwrap()), expected);
        }
        let passed = || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = Address::Tcp(listener.local_addr().unwrap());
            (
                Passed::new(vec![(METRICS.to_owned(), listener.into())]),
                address,
            )
        };
        let (mut matching, address) = passed();
        assert!(claim(&mut matching, METRICS, &address).is_some());
        let (mut other, _) = passed();
        assert!(claim(&mut other, METRICS, &"127.0.0.1:1".parse().unwrap()).is_none());
        assert_eq!(other.len(), 1, "it is left over");
    }

    #[test]
    fn an_admin_socket_is_known_by_every_path_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("run"), folder.path().join("var-run"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        for (wanted, expected) in [
            (real.join("admin"), true),
            (link.join("admin"), true),
            (link.join("other"), false),
        ] {
            let listener = UnixListener::bind(real.join("admin")).unwrap();
            let mut passed = Passed::new(vec![(ADMIN.to_owned(), listener.into())]);
            let claimed = claim(&mut passed, ADMIN, &Address::Unix(wanted));
            assert_eq!(claimed.is_some(), expected);
            std::fs::remove_file(real.join("admin")).unwrap();
        }
    }
}
