//! What the process before this one says, where this one says something else: copied from its maps, so that whoever it has greeted is told the rest by the
//! process that has its place.

use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::{AsFd as _, OwnedFd};

use aya::Ebpf;
use aya::maps::{Array, Map, MapData, MapError};
use sorry_bpf::layout::{self, Kind, Page, SEGMENT_SIZE, SEGMENTS, VARIANTS};
use sorry_bpf::map;
use sorry_core::responder::rotation::{Mark, Slot};

use super::load::{LoadError, Maps};
use super::responder::Responder;

/// Which maps have it.
const NAMES: [&str; 3] = [map::PAGES, map::HEADS, map::TAILS];

/// Which of it new connections are told, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// In which slot.
    pub slot: Slot,
    /// What its key was made for.
    pub mark: Mark,
    /// The number of each site's page, by name.
    pub numbers: BTreeMap<Box<str>, u32>,
}

/// Descriptors of the maps that it is in: of pages, heads and tails.
pub type Copies = [OwnedFd; NAMES.len()];

/// See the file's header.
pub struct Earlier {
    said: Said,
    pages: Array<MapData, [u8; Page::SIZE]>,
    heads: Array<MapData, [u8; SEGMENT_SIZE]>,
    tails: Array<MapData, [u8; SEGMENT_SIZE]>,
}

impl fmt::Debug for Earlier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Earlier").field(&self.said).finish()
    }
}

impl Earlier {
    /// From what was passed on.
    ///
    /// # Errors
    /// Where these are not such maps, as of another version of this program.
    pub fn new(said: Said, [pages, heads, tails]: Copies) -> Result<Earlier, LoadError> {
        Ok(Earlier {
            said,
            pages: array(pages)?,
            heads: array(heads)?,
            tails: array(tails)?,
        })
    }

    /// What its key was made for.
    pub(super) fn mark(&self) -> Mark {
        self.said.mark
    }

    /// Copies a site's page into a slot of ours, heads first, so that nothing is named that is not there; no page for a site that it does not know. Which heads
    /// count.
    pub(super) fn copy(
        &self,
        site: &str,
        page: u32,
        slot: Slot,
        maps: &mut Maps,
    ) -> Result<u32, MapError> {
        let Some(number) = self.said.numbers.get(site) else {
            let none = Page::default().to_bytes();
            let index = layout::page_index(page, slot as u32);
            return maps.pages.set(index, none, 0).map(|()| 0);
        };
        let (from, to) = (self.said.slot as u32, slot as u32);
        let value = self.pages.get(&layout::page_index(*number, from), 0)?;
        // `edition & 1`, as the programs have it.
        let edition = Page::from_bytes(&value).edition & 1;
        for kind in Kind::ALL {
            for variant in (0..).take(VARIANTS) {
                let from = layout::head_index(*number, from, edition, kind, variant);
                let to = layout::head_index(page, to, edition, kind, variant);
                maps.heads.set(to, self.heads.get(&from, 0)?, 0)?;
            }
        }
        for segment in (0..).take(SEGMENTS).skip(1) {
            let from = layout::tail_index(*number, from, segment);
            let to = layout::tail_index(page, to, segment);
            maps.tails.set(to, self.tails.get(&from, 0)?, 0)?;
        }
        maps.pages.set(layout::page_index(page, to), value, 0)?;
        Ok(edition)
    }
}

/// Copies of the descriptors of an object's maps, for a successor.
pub(super) fn copies(object: &Ebpf) -> Result<Copies, LoadError> {
    let [pages, heads, tails] = NAMES.map(|name| match object.map(name) {
        Some(Map::Array(map)) => map
            .fd()
            .as_fd()
            .try_clone_to_owned()
            .map_err(LoadError::Link),
        _ => Err(LoadError::Lacking(format!("map {name}"))),
    });
    Ok([pages?, heads?, tails?])
}

fn array<const N: usize>(map: OwnedFd) -> Result<Array<MapData, [u8; N]>, LoadError> {
    Ok(Array::try_from(Map::from_map_data(MapData::from_fd(
        map,
    )?)?)?)
}

impl Responder {
    /// What new connections are told, for a successor; nothing before anything was said.
    pub fn said(&self) -> Option<Said> {
        let slot = self.rotation.current();
        let sites = self.sites.iter().filter(|site| !site.leaves);
        Some(Said {
            slot,
            mark: self.rotation.mark(slot)?,
            numbers: sites
                .map(|site| (site.subject.name.clone(), site.page))
                .collect(),
        })
    }

    /// Whoever the process before us has greeted is told the rest of what it says.
    pub fn go_on_from(&mut self, earlier: Earlier) {
        self.begin_anew(earlier.mark());
        self.earlier = Some(earlier);
    }
}
