//! What is truly in its place: when a program takes that of one that was left behind, and whether what was wanted has come to be.

use sorry_core::site::Route;

use super::Routed;
use super::subjects::Subjects;
use super::thread::Thread;
use crate::kernel::Stands;

impl Thread {
    /// Whether every device that is attached does what is wanted for the site, as it is read back. For visitors to be answered there must be
    /// a device that is attached, and the site must be one that can be answered for.
    pub(super) fn is_so(&self, routed: &Routed) -> bool {
        let attached: Vec<_> = self
            .nodes
            .iter()
            .filter_map(|node| node.attached.as_ref())
            .collect();
        let needs_one = routed.route == Route::Sorry;
        // All of them: a visitor of an address that found no room is not answered.
        let asked = self.subjects.iter().flat_map(|subjects| &subjects.sites);
        let addresses: usize = asked
            .filter(|asked| asked.name == routed.site)
            .map(|asked| asked.vips.len())
            .sum();
        (!needs_one || !attached.is_empty())
            && attached.into_iter().all(|(attachment, responder)| {
                let Ok(observed) = responder.observe() else {
                    return false;
                };
                let is_found = |vip, mode| {
                    observed
                        .iter()
                        .any(|(_, found)| found.vip == vip && found.mode == Some(mode))
                };
                let desired: Vec<_> = responder
                    .desired()
                    .filter(|(name, ..)| **name == *routed.site)
                    .collect();
                let are_all = addresses > 0 && desired.len() >= addresses;
                attachment.stands() == Stands::Attached
                    && (!needs_one || are_all)
                    && desired.iter().all(|(_, vip, mode)| is_found(*vip, *mode))
            })
    }

    /// Whether it is known of every site where its visitors go. Until then a program that a process before us has left behind, and that does know, goes
    /// on; no longer than its lease.
    pub(super) fn is_decided(&self, subjects: &Subjects) -> bool {
        let mut sites = subjects.sites.iter();
        sites.all(|asked| asked.refuses_anyway || self.routes.contains_key(&asked.name))
            || self.begun.elapsed() >= self.lease
    }

    /// Puts what waited for that into its place.
    pub(super) fn take_places(&mut self) {
        let Some(subjects) = &self.subjects else {
            return;
        };
        if !self.is_decided(subjects) {
            return;
        }
        for node in self.nodes.iter_mut().filter(|node| node.waits) {
            node.waits = false;
            if let Some((attachment, responder)) = &mut node.attached {
                let done = attachment.take_place(responder);
                node.note(done);
            }
        }
    }
}
