//! Which sites a responder has: those that come get a page of their own, those that go drain, and those that stay go on.

use std::net::SocketAddr;

use sorry_bpf::layout::{self, Page};
use sorry_core::moment::Moment;
use sorry_core::responder::flip::{Flip, Mode};
use sorry_core::responder::rotation::Slot;

use super::load::LoadError;
use super::responder::{Address, MOST_SITES, Responder, Subject, Written, content};

impl Address {
    pub(super) fn is_off(&self) -> bool {
        self.flip.mode() == Mode::Off
    }
}

impl Responder {
    /// Takes in which sites there are and what is said for them. Addresses that stay keep their mode; those that go drain first, with what was said
    /// there. What cannot be done for one site is done for the others all the same.
    ///
    /// # Errors
    /// The first of them; [`LoadError::Full`] beyond [`MOST_SITES`].
    pub fn configure(&mut self, subjects: Vec<Subject>, now: Moment) -> Result<(), LoadError> {
        let mut old = std::mem::take(&mut self.sites);
        let (known, new) = paired(&mut old, subjects);
        let mut result = Ok(());
        let mut wanted = Vec::new();
        for (site, subject) in known {
            self.sites.push(Written {
                leaves: false,
                ..site
            });
            wanted.push(subject);
        }
        self.sites.extend(old.into_iter().map(|site| Written {
            leaves: true,
            ..site
        }));
        for subject in new {
            match self.begin(subject.clone()) {
                Ok(site) => {
                    self.sites.insert(wanted.len(), site);
                    wanted.push(subject);
                }
                Err(error) => result = result.and(Err(error)),
            }
        }
        for (site, subject) in wanted.into_iter().enumerate() {
            self.give_vips(site, &subject.vips, now);
            self.sites[site].subject = subject;
        }
        self.content = content(&self.sites);
        result.and(self.look(now))
    }

    /// A site that was not there, with a page of its own, of which nothing was counted.
    fn begin(&mut self, subject: Subject) -> Result<Written, LoadError> {
        let page = match self.free_page() {
            Some(page) => page,
            None => self.evict()?,
        };
        self.forget_counts(page)?;
        let said = [subject.speech.clone(), subject.speech.clone()];
        Ok(Written {
            page,
            addresses: Vec::new(),
            said,
            editions: [0; layout::SLOTS],
            filled: false,
            leaves: false,
            subject,
        })
    }

    /// Addresses that stay keep their mode, from whichever site they come; those that go will drain.
    fn give_vips(&mut self, site: usize, vips: &[SocketAddr], now: Moment) {
        let addresses = vips.iter().map(|vip| Address {
            vip: *vip,
            flip: self
                .take_flip(*vip)
                .unwrap_or_else(|| begun(&self.found, *vip, now)),
            stays: true,
            has_room: true,
        });
        let addresses: Vec<Address> = addresses.collect();
        let own = &mut self.sites[site].addresses;
        let leaving = std::mem::replace(own, addresses);
        own.extend(leaving.into_iter().map(|address| Address {
            stays: false,
            ..address
        }));
    }

    /// An address is one site's only.
    fn take_flip(&mut self, vip: SocketAddr) -> Option<Flip> {
        self.sites.iter_mut().find_map(|site| {
            let at = site
                .addresses
                .iter()
                .position(|address| address.vip == vip)?;
            Some(site.addresses.swap_remove(at).flip)
        })
    }

    /// Takes out what nobody is answered by any more.
    pub(super) fn let_go(&mut self) -> Result<(), LoadError> {
        let mut result = Ok(());
        for site in &mut self.sites {
            let leaves = site.leaves;
            let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut site.addresses)
                .into_iter()
                .partition(|address| (leaves || !address.stays) && address.is_off());
            site.addresses = kept;
            for address in gone {
                result = result.and(self.loaded.maps.vips.remove(address.vip));
            }
        }
        let is_gone = |site: &mut Written| site.leaves && site.addresses.is_empty();
        for site in self.sites.extract_if(.., is_gone).collect::<Vec<_>>() {
            result = result.and(self.remove_page(site.page));
        }
        result
    }

    /// Has a site go that only drains, since another one needs its place.
    fn evict(&mut self) -> Result<u32, LoadError> {
        let at = self.sites.iter().position(|site| site.leaves);
        let site = self.sites.remove(at.ok_or(LoadError::Full)?);
        for address in &site.addresses {
            self.loaded.maps.vips.remove(address.vip)?;
        }
        self.remove_page(site.page)?;
        Ok(site.page)
    }

    fn remove_page(&mut self, page: u32) -> Result<(), LoadError> {
        for slot in Slot::ALL {
            let index = layout::page_index(page, slot as u32);
            let none = Page::default().to_bytes();
            self.loaded.maps.pages.set(index, none, 0)?;
        }
        Ok(())
    }

    fn free_page(&self) -> Option<u32> {
        let used = |page: &u32| self.sites.iter().any(|site| site.page == *page);
        (0..MOST_SITES).find(|page| !used(page))
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
        let is_at = |site: &Written| {
            let mut addresses = site.addresses.iter();
            addresses.any(|address| subject.vips.contains(&address.vip))
        };
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
