//! Files of pages that were replaced. Visitors who still look at an old page ask for them, and caches may have it in use for
//! as long as those files stay fresh; so they are answered for that long, within a bound of memory.
//!
//! The control thread keeps them and publishes them with the new page's own; time is an argument.

use std::collections::VecDeque;
use std::time::Instant;

use crate::page::prepared::ASSETS_FRESH;
use crate::page::{Asset, Page};

/// The most bytes of all of them, compressed variants included: twice what one page may have. The oldest go first.
const MOST_BYTES: usize = 64 << 20;

/// What earlier pages had and the current ones lack, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Earlier(VecDeque<Kept>);

#[derive(Debug)]
struct Kept {
    site: Box<str>,
    end: Instant,
    assets: Vec<Asset>,
}

/// Whether everything that should be kept found room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Enough,
    /// Something was forgotten before its time.
    Short,
}

impl Earlier {
    /// Keeps the files of a site's `old` page that its `new` one lacks.
    pub(super) fn keep(&mut self, site: &str, old: &Page, new: &Page, now: Instant) -> Room {
        let lacking = |asset: &&Asset| !new.assets.iter().any(|own| own.path == asset.path);
        let assets: Vec<Asset> = old.assets.iter().filter(lacking).cloned().collect();
        if assets.is_empty() {
            return Room::Enough;
        }
        self.0.push_back(Kept {
            site: site.into(),
            end: now + ASSETS_FRESH,
            assets,
        });
        let mut room = Room::Enough;
        while self.0.iter().map(Kept::bytes).sum::<usize>() > MOST_BYTES {
            self.0.pop_front();
            room = Room::Short;
        }
        room
    }

    /// A site's, the newest first.
    pub(super) fn of<'a>(&'a self, site: &'a str) -> impl Iterator<Item = &'a Asset> {
        let its = self.0.iter().rev().filter(move |kept| *kept.site == *site);
        its.flat_map(|kept| &kept.assets)
    }

    /// Forgets what nobody may have in use any more.
    pub(super) fn forget(&mut self, now: Instant) {
        self.0.retain(|kept| kept.end > now);
    }

    /// When there is next something to forget.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.0.front().map(|kept| kept.end)
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        self.assets.iter().map(Asset::bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::page::{self, Bounds, Encoded, Source, Words};

    fn page(assets: &[(&str, usize)]) -> Page {
        let mut page = page::load(&Source::BuiltIn, &Words::default(), &Bounds::default()).unwrap();
        page.assets = assets
            .iter()
            .map(|(path, length)| Asset {
                path: (*path).into(),
                content_type: "image/png",
                body: vec![0; *length].into(),
                encoded: Encoded::default(),
            })
            .collect();
        page
    }

    fn paths<'a>(earlier: &'a Earlier, site: &'a str) -> Vec<&'a str> {
        earlier.of(site).map(|asset| &*asset.path).collect()
    }

    #[test]
    fn what_a_new_page_lacks_is_kept_for_its_time() {
        let start = Instant::now();
        let mut earlier = Earlier::default();
        let (one, two) = (
            page(&[("a", 1), ("same", 1)]),
            page(&[("b", 1), ("same", 1)]),
        );
        assert_eq!(earlier.keep("shop", &one, &one, start), Room::Enough);
        assert_eq!(earlier.next_end(), None, "nothing is lacking");
        earlier.keep("shop", &one, &two, start);
        let later = start + Duration::from_secs(1);
        earlier.keep("shop", &two, &page(&[("same", 1)]), later);
        assert_eq!(paths(&earlier, "shop"), ["b", "a"]);
        assert_eq!(paths(&earlier, "other"), [""; 0]);
        assert_eq!(earlier.next_end(), Some(start + ASSETS_FRESH));
        earlier.forget(start + ASSETS_FRESH);
        assert_eq!(paths(&earlier, "shop"), ["b"]);
        earlier.forget(later + ASSETS_FRESH);
        assert_eq!(earlier.next_end(), None);
    }

    #[test]
    fn the_oldest_make_room() {
        let now = Instant::now();
        let mut earlier = Earlier::default();
        let none = page(&[]);
        let half = MOST_BYTES / 2;
        for (path, room) in [("a", Room::Enough), ("b", Room::Enough), ("c", Room::Short)] {
            assert_eq!(
                earlier.keep("shop", &page(&[(path, half)]), &none, now),
                room
            );
        }
        assert_eq!(paths(&earlier, "shop"), ["c", "b"]);
        let huge = page(&[("d", MOST_BYTES + 1)]);
        assert_eq!(earlier.keep("shop", &huge, &none, now), Room::Short);
        assert_eq!(paths(&earlier, "shop"), [""; 0]);
    }
}
