//! Which sites a responder has: those that come get a page of their own, those that go pass everything, and those that stay go on.

use std::net::SocketAddr;

use sorry_bpf::layout::{self, Page};
use sorry_core::moment::Moment;
use sorry_core::responder::flip::{Flip, Mode};
use sorry_core::responder::rotation::Slot;

use super::load::LoadError;
use super::responder::{MOST_SITES, Responder, Subject, Written, content};

impl Responder {
    /// Takes in which sites there are and what is said for them. Addresses that stay keep their mode; those that go pass everything at once. What
    /// cannot be done for one site is done for the others all the same.
    ///
    /// # Errors
    /// The first of them; [`LoadError::Full`] beyond [`MOST_SITES`].
    pub fn configure(&mut self, subjects: Vec<Subject>, now: Moment) -> Result<(), LoadError> {
        let mut old = std::mem::take(&mut self.sites);
        let (known, new) = paired(&mut old, subjects);
        let mut result = Ok(());
        // First, so that there is room for others.
        for site in old {
            result = result.and(self.remove(&site));
        }
        let mut wanted = Vec::new();
        for (site, subject) in known {
            self.sites.push(site);
            wanted.push(subject);
        }
        for subject in new {
            match self.begin(subject.clone()) {
                Ok(site) => {
                    self.sites.push(site);
                    wanted.push(subject);
                }
                Err(error) => result = result.and(Err(error)),
            }
        }
        for (site, subject) in wanted.into_iter().enumerate() {
            result = result.and(self.give_vips(site, &subject.vips, now));
            self.sites[site].subject = subject;
        }
        self.content = content(&self.sites);
        result.and(self.look(now))
    }

    /// A site that was not there, with a page of its own, of which nothing was counted.
    fn begin(&mut self, subject: Subject) -> Result<Written, LoadError> {
        let page = self.free_page()?;
        self.forget_counts(page)?;
        Ok(Written {
            page,
            vips: Vec::new(),
            editions: [0; layout::SLOTS],
            filled: false,
            subject,
        })
    }

    /// Addresses that stay keep their mode; those that go pass everything at once.
    fn give_vips(
        &mut self,
        site: usize,
        vips: &[SocketAddr],
        now: Moment,
    ) -> Result<(), LoadError> {
        let (known, gone): (Vec<_>, Vec<_>) = self.sites[site]
            .vips
            .iter()
            .copied()
            .partition(|(vip, _)| vips.contains(vip));
        let of = |vip: &SocketAddr| {
            let same = known.iter().find(|(known, _)| known == vip);
            same.copied()
                .unwrap_or_else(|| (*vip, begun(&self.found, *vip, now)))
        };
        self.sites[site].vips = vips.iter().map(of).collect();
        self.remove_vips(&gone)
    }

    fn remove_vips(&mut self, vips: &[(SocketAddr, Flip)]) -> Result<(), LoadError> {
        let removed = vips
            .iter()
            .map(|(vip, _)| self.loaded.maps.vips.remove(*vip));
        removed.fold(Ok(()), Result::and)
    }

    fn remove(&mut self, site: &Written) -> Result<(), LoadError> {
        self.remove_vips(&site.vips)?;
        for slot in Slot::ALL {
            let index = layout::page_index(site.page, slot as u32);
            let none = Page::default().to_bytes();
            self.loaded.maps.pages.set(index, none, 0)?;
        }
        Ok(())
    }

    fn free_page(&self) -> Result<u32, LoadError> {
        let used = |page: &u32| self.sites.iter().any(|site| site.page == *page);
        (0..MOST_SITES)
            .find(|page| !used(page))
            .ok_or(LoadError::Full)
    }
}

/// Sites that go on, taken out of `old`, with what they are from now on; and those that begin. One that has been renamed goes on as well, if it
/// has one of its addresses still: who is being answered there is answered to the end.
fn paired(
    old: &mut Vec<Written>,
    subjects: Vec<Subject>,
) -> (Vec<(Written, Subject)>, Vec<Subject>) {
    let mut known = Vec::new();
    let mut strange = Vec::new();
    for subject in subjects {
        match old
            .iter()
            .position(|site| site.subject.name == subject.name)
        {
            Some(at) => known.push((old.swap_remove(at), subject)),
            None => strange.push(subject),
        }
    }
    let mut new = Vec::new();
    for subject in strange {
        let is_at = |site: &Written| site.vips.iter().any(|(vip, _)| subject.vips.contains(vip));
        match old.iter().position(is_at) {
            Some(at) => known.push((old.swap_remove(at), subject)),
            None => new.push(subject),
        }
    }
    (known, new)
}

fn begun(found: &[(SocketAddr, Mode)], vip: SocketAddr, now: Moment) -> Flip {
    match found.iter().find(|(known, _)| *known == vip) {
        Some((_, mode)) => Flip::found(*mode, now.tick),
        None => Flip::new(now.tick),
    }
}
