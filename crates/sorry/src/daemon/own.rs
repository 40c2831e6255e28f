//! The operator's own listeners: metrics and the admin socket. They are opened once and move in a take-over.

use std::future::pending;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::report::Gauge;
use super::run::RunError;
use super::takeover::{ADMIN, METRICS};
use crate::admin::{self, Command, by_credentials};
use crate::config::Config;
use crate::listen::address::Address;
use crate::listen::bind;
use crate::listen::passed::Passed;

/// The sockets, as copies to hand over, and the tasks that serve them.
#[derive(Default)]
pub(super) struct Own {
    sockets: Vec<(String, OwnedFd)>,
    tasks: Vec<JoinHandle<()>>,
}

impl Own {
    /// Opens what the configuration wants, from what was passed where there is something.
    pub(super) fn open(
        &mut self,
        config: &Config,
        gauge: &Arc<Gauge>,
        orders: &mpsc::Sender<Command>,
        passed: &mut Passed,
    ) -> Result<(), RunError> {
        if let Some(address) = config.metrics {
            self.open_metrics(&Address::Tcp(address), gauge, passed)?;
        }
        match &config.admin {
            Some(path) => self.open_admin(path, gauge, orders.clone(), passed),
            None => Ok(()),
        }
    }

    fn open_metrics(
        &mut self,
        address: &Address,
        gauge: &Arc<Gauge>,
        passed: &mut Passed,
    ) -> Result<(), RunError> {
        let socket = match claim(passed, METRICS, address) {
            Some(socket) => socket,
            None => bind_one(address)?,
        };
        if let Ok(address) = bind::local_address(&socket) {
            log::info!("metrics on http://{address}/metrics");
        }
        self.keep(METRICS, &socket)?;
        let source: Arc<dyn admin::Source> = Arc::clone(gauge) as _;
        let settings = admin::endpoint::Settings::default();
        let serve = admin::serve_metrics(
            socket,
            source,
            Arc::clone(&gauge.doors),
            settings,
            pending(),
        );
        self.tasks
            .push(tokio::spawn(tell("the metrics endpoint has ended", serve)));
        Ok(())
    }

    fn open_admin(
        &mut self,
        path: &Path,
        gauge: &Arc<Gauge>,
        orders: mpsc::Sender<Command>,
        passed: &mut Passed,
    ) -> Result<(), RunError> {
        let wanted = Address::Unix(path.to_owned());
        let socket = match claim(passed, ADMIN, &wanted) {
            Some(socket) => socket,
            None => admin::socket::bind(path)
                .map_err(|error| RunError::Own("the admin socket", error))?,
        };
        self.keep(ADMIN, &socket)?;
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        let judge = by_credentials(uid.as_raw(), gid.as_raw());
        let settings = admin::socket::Settings::default();
        let serve = admin::socket::serve(
            socket,
            orders,
            judge,
            Arc::clone(&gauge.doors),
            settings,
            pending(),
        );
        self.tasks
            .push(tokio::spawn(tell("the admin socket has ended", serve)));
        Ok(())
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

    /// Ends serving; whoever has a copy of the sockets goes on.
    pub(super) fn end(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
        }
        self.sockets.clear();
    }
}

/// The socket that was passed under this name, if it listens where the configuration wants it; any other is closed.
fn claim(passed: &mut Passed, name: &str, wanted: &Address) -> Option<OwnedFd> {
    let mut sockets = passed.claim_named(name).into_iter();
    sockets.find(|socket| bind::local_address(socket).is_ok_and(|actual| serves(&actual, wanted)))
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

fn bind_one(address: &Address) -> Result<OwnedFd, RunError> {
    let made = bind::bind(address, &bind::Settings::default(), NonZeroUsize::MIN);
    let made = made.map_err(|error| RunError::Own("the metrics address", error))?;
    made.into_iter()
        .next()
        .ok_or_else(|| RunError::System("open the socket", io::ErrorKind::Other.into()))
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
        assert!(other.is_empty(), "it is closed");
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
