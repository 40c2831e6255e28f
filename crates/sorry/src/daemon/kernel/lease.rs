//! For how long the kernel goes on without hearing from this process: given again and again while it lives, and once more, or not, when it ends.

use std::time::Duration;

use super::thread::{Heir, Thread};
use crate::config::{self, OnCrash};

impl Thread {
    /// Has every responder do what is due, and go on being heard of where a lease would end.
    pub(super) fn drive(&mut self) {
        let until = self.lease_end();
        self.tell_lapse();
        let now = self.now();
        for node in &mut self.nodes {
            // Whoever keeps it keeps it also where this process comes to a bad end now.
            let until = if node.needs_lease(self.on_crash) || self.heir == Heir::Manager {
                until
            } else {
                0
            };
            let Some((_, responder)) = &mut node.attached else {
                continue;
            };
            let mut done = responder.set_lease(until);
            // Before it is known what is said there is nothing that it could say: it has what it was tried with.
            if self.subjects.is_some() {
                done = done.and_then(|()| responder.look(now));
            }
            node.note(done);
        }
    }

    /// A process that was stopped, or waited for the disk or for memory, comes back to a kernel that has let everything pass meanwhile.
    fn tell_lapse(&mut self) {
        let now = monotonic_ns();
        for node in &mut self.nodes {
            let Some((_, responder)) = &node.attached else {
                continue;
            };
            let since = responder.lease().filter(|end| *end < now);
            if let Some(since) = since.filter(|_| node.needs_lease(self.on_crash)) {
                let passed = Duration::from_nanos(now - since);
                log::error!(
                    "at {} everything has passed for {} s: this process did nothing for longer than the lease of {}",
                    node.name,
                    passed.as_secs().max(1),
                    config::duration::format(self.lease)
                );
            }
        }
    }

    /// Until when a lease lasts that is given now.
    fn lease_end(&self) -> u64 {
        let lease = u64::try_from(self.lease.as_nanos()).unwrap_or(u64::MAX);
        monotonic_ns().saturating_add(lease)
    }

    /// What is attached by a filter would stay; without a lease it answers nothing. What the service manager keeps goes on for as long as a
    /// restart may take.
    pub(super) fn leave(&mut self) {
        let until = self.lease_end();
        for node in &mut self.nodes {
            let Some((attachment, responder)) = &mut node.attached else {
                continue;
            };
            let goes_on = self.heir == Heir::Manager && !attachment.outlives();
            let done = responder.set_lease(if goes_on { until } else { 1 });
            // A successor keeps it in turn.
            if self.heir != Heir::Asked
                && self.on_crash == OnCrash::Keep
                && let Err(error) = attachment.let_go()
            {
                log::warn!(
                    "{} stays attached, and passes everything: {error}",
                    node.name
                );
            }
            node.note(done);
        }
    }
}

fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}
