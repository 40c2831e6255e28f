//! The in-kernel responder as the daemon has it: attached before anything is given up, driven by a thread of its own, which hears from the control
//! thread what is said and from the brain where visitors go.

mod bequest;
mod cautions;
mod lease;
mod load;
mod node;
mod nodes;
mod order;
mod places;
mod published;
mod samples;
mod selftest;
mod subjects;
mod thread;
pub(in crate::daemon) mod trial;
mod wishes;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use sorry_core::event::{Outcome, SwitchId};
use sorry_core::site::Route;

use super::worker::Front;
use crate::admin::kernel::KernelStanding;
use crate::config::{self, Config, KernelWhen};
pub(super) use bequest::Bequest;
pub(super) use cautions::{cautions, missing_devices};
pub(super) use load::Gauges;
pub(super) use nodes::Nodes;
use order::Order;
pub use selftest::{Tried, selftest};
use subjects::Subjects;
use thread::Thread;

/// The name of the switch that a site has which is answered for in the kernel.
pub(super) const SWITCH: &str = "kernel";

/// How long the control thread waits for the other one.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long somebody who asks for the status waits for the newest.
const GLANCE: Duration = Duration::from_millis(250);

/// Where the responder tells what came of a wish.
pub(super) type Tell = Box<dyn Fn(SwitchId, u64, Outcome) + Send>;

/// A wish of the brain.
pub(super) struct Routed {
    /// The site.
    pub(super) site: Box<str>,
    /// Which wish, for whoever hears what came of it.
    pub(super) switch: SwitchId,
    /// See there.
    pub(super) generation: u64,
    /// Where visitors go.
    pub(super) route: Route,
}

/// A handle on the thread. Dropping it ends the thread, and what it attached.
pub(super) struct Kernel {
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
    /// Whether there was anything to attach to at the start.
    is_attached: bool,
    /// How everything stood when it was published last.
    pub(super) standing: Arc<ArcSwap<KernelStanding>>,
}

/// The part of it that others may hold.
#[derive(Clone)]
pub(super) struct Handle {
    orders: Sender<Order>,
    is_attached: bool,
}

impl Handle {
    /// From now on it is told what came of wishes.
    pub(super) fn tell(&self, tell: Tell) {
        let _ended = self.orders.send(Order::Tell(tell));
    }

    /// Whether the kernel is one of a site's switches. Where there is nothing that could answer it is one that fails, unless visitors are refused
    /// without it.
    pub(super) fn switches(&self, config: &Config, site: &config::Site) -> bool {
        let is_wanted = site.sorry.kernel != KernelWhen::Never;
        is_wanted && (self.is_attached || !subjects::refuses_anyway(config, site))
    }
}

impl Kernel {
    /// Starts the thread, with what was attached.
    pub(super) fn start(nodes: Nodes, gauges: Gauges) -> std::io::Result<Kernel> {
        let (orders, inbox): (Sender<Order>, Receiver<Order>) = channel();
        let standing = Arc::new(ArcSwap::from_pointee(KernelStanding::default()));
        let published = Arc::clone(&standing);
        let is_attached = nodes.all.iter().any(|node| node.attached.is_some());
        let thread = std::thread::Builder::new()
            .name("sorry-kernel".into())
            .spawn(move || Thread::new(nodes, gauges, published).run(&inbox))?;
        Ok(Kernel {
            orders,
            thread: Some(thread),
            is_attached,
            standing,
        })
    }

    /// For whoever decides.
    pub(super) fn handle(&self) -> Handle {
        Handle {
            orders: self.orders.clone(),
            is_attached: self.is_attached,
        }
    }

    /// Tells it where visitors go.
    pub(super) fn route(&self, routed: Routed) {
        let _ended = self.orders.send(Order::Route(routed));
    }

    /// What a successor is to have, with names. Without it the successor begins anew, and connections that are being answered are lost.
    pub(super) fn bequest(&self) -> Vec<(String, OwnedFd)> {
        let (give, given) = sync_channel(1);
        let _ended = self.orders.send(Order::Bequeath(give));
        match given.recv_timeout(PATIENCE) {
            Ok(Ok(all)) => all,
            Ok(Err(error)) => {
                log::warn!("what the kernel does for whom is not passed on: {error}");
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Has what is published be as it is now, not as it was up to ten seconds ago.
    pub(super) fn publish(&self) {
        let (done, is_done) = sync_channel(1);
        let _ended = self.orders.send(Order::Publish(done));
        // Then it is older, and says nothing wrong.
        let _too_busy = is_done.recv_timeout(GLANCE);
    }

    /// The service manager has what [`Kernel::bequest`] gave: the programs are to go on over a restart.
    pub(super) fn is_kept(&self) {
        let _ended = self.orders.send(Order::IsKept);
    }

    /// A take-over has failed: whatever the successor has put in the kernel makes room for what was there.
    pub(super) fn go_on(&self) {
        let _ended = self.orders.send(Order::GoOn);
    }

    /// Tells it what is said now, and on which terms, and waits until the kernel has it: a process that takes over tells the one before it to go
    /// next, and from then on that one's program passes everything.
    pub(super) fn say(&self, config: &Config, front: &Front) {
        let subjects = Subjects::of(config, front);
        let (done, is_done) = sync_channel(1);
        let _ended = self.orders.send(Order::Say(Box::new(subjects), done));
        if is_done.recv_timeout(PATIENCE).is_err() {
            log::warn!(
                "the in-kernel responder has not taken in what is said within {} s",
                PATIENCE.as_secs()
            );
        }
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _ended = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!(
                "the thread that drives the in-kernel responder has ended by itself: please report it"
            );
        }
    }
}

/// Whether a configuration wants anything of the kernel.
pub(super) fn is_wanted(config: &Config) -> bool {
    config
        .sites
        .iter()
        .any(|site| site.sorry.kernel != KernelWhen::Never)
}
