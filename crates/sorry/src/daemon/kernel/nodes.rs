//! A responder for each device that the configuration names, attached before the process gives up what that needs.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use super::bequest::Bequest;
use super::is_wanted;
use super::node::Node;
use super::trial::Alone;
use crate::config::{Config, OnCrash};
use crate::daemon::clock::Clock;
use crate::kernel::Secret;
use sorry_core::responder::flip::Mode;
use sorry_core::responder::overload::Overload;

/// All devices.
pub(in crate::daemon) struct Nodes {
    pub(in crate::daemon) all: Vec<Node>,
    /// What responders are told the time by.
    pub(super) clock: Clock,
    pub(super) on_crash: OnCrash,
    pub(super) lease: Duration,
    /// What keys are made of.
    pub(super) secret: Option<Secret>,
    /// Whether the process before us had too much to do.
    pub(super) overload: Overload,
    /// What was done for addresses by the process before us.
    pub(super) modes: Vec<(SocketAddr, Mode)>,
    /// Under which names all that came, for a service manager that has kept it.
    pub(in crate::daemon) names: Vec<String>,
}

impl Nodes {
    /// Attaches to every device that is named, if any site wants it, and tries what is attached.
    pub(in crate::daemon) fn attach(
        config: &Config,
        alone: &[Alone],
        mut bequest: Bequest,
    ) -> Nodes {
        let clock = Clock::start();
        let now = clock.now();
        let mut all = Vec::new();
        let mut secret = None;
        if is_wanted(config) {
            match self::secret(config, &bequest) {
                Ok(own) => {
                    for name in &config.kernel.interfaces {
                        all.push(Node::attach(name, config, alone, &own, &mut bequest, now));
                    }
                    secret = Some(own);
                }
                Err(error) => {
                    let why = format!("key-file: {error}");
                    for name in &config.kernel.interfaces {
                        all.push(Node::bare(name, why.clone()));
                    }
                }
            }
        }
        bequest.let_go();
        Nodes {
            all,
            clock,
            on_crash: config.kernel.on_crash,
            lease: config.kernel.lease,
            secret,
            names: bequest.take_names(),
            overload: bequest.overload,
            modes: bequest.modes,
        }
    }
}

/// The secret of the configuration, or one of our own.
fn secret(config: &Config, bequest: &Bequest) -> std::io::Result<Secret> {
    match &config.kernel.key_file {
        Some(path) => {
            let bytes = fs::read(path).map_err(|error| {
                std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
            Ok(Secret::shared(&bytes))
        }
        // With the same keys no connection notices that another process answers.
        None => bequest.secret.clone().map_or_else(Secret::random, Ok),
    }
}
