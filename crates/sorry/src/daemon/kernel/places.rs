//! What is truly in its place: when a program takes that of one that was left behind, and whether what was wanted has come to be.

use sorry_core::responder::flip::Wanted;
use sorry_core::site::Route;

use super::Routed;
use super::subjects::{Asked, Subjects};
use super::thread::Thread;
use crate::kernel::{Responder, Stands};

impl Thread {
    /// Whether what is wanted for the site has come to be, as it is read back: every device that is attached does what it is to do; and, where visitors
    /// would reach others than us, every device that is named is attached, and answers at every address while they are to be refused.
    pub(super) fn is_so(&self, routed: &Routed) -> bool {
        let Some(subjects) = &self.subjects else {
            return false;
        };
        let mut sites = subjects.sites.iter();
        let Some(asked) = sites.find(|asked| asked.name == routed.site) else {
            return routed.route == Route::Live;
        };
        let is_wanted = self.wanted(asked) == Wanted::Answer;
        let is_needed = routed.route == Route::Sorry && is_wanted && !asked.refuses_anyway;
        self.nodes.iter().all(|node| match &node.attached {
            Some((attachment, responder)) => {
                attachment.stands() == Stands::Attached
                    && does_as_wanted(responder, asked, is_needed)
            }
            None => !is_needed || !subjects.interfaces.contains(&node.name),
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

/// Whether a responder does for the site's addresses what it is to do, and, where it is needed there, knows all of them: a visitor of an address that found no
/// room is not answered.
fn does_as_wanted(responder: &Responder, asked: &Asked, is_needed: bool) -> bool {
    let Ok(observed) = responder.observe() else {
        return false;
    };
    let is_found = |vip, mode| {
        let mut observed = observed.iter();
        observed.any(|(_, found)| found.vip == vip && found.mode == Some(mode))
    };
    let desired = responder.desired();
    let desired: Vec<_> = desired.filter(|(name, ..)| **name == *asked.name).collect();
    let is_known = |vip| desired.iter().any(|(_, known, _)| known == vip);
    let are_all = !asked.vips.is_empty() && asked.vips.iter().all(is_known);
    (!is_needed || are_all) && desired.iter().all(|(_, vip, mode)| is_found(*vip, *mode))
}
