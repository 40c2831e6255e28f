//! The handshakes that are under way in the process: so many and no more. One more takes the place of the oldest.
//!
//! The oldest is the one that is stuck, if any is: an honest client needs a round trip or two. Were the newest one turned
//! away instead, as many stalled connections as there are places would keep everybody out for as long as somebody renews
//! them (docs/decisions/0013-the-oldest-handshake-goes.md). Called by `tls`, which says what becomes of who lost its place.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot::{Receiver, Sender, channel};

/// The places of one process.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    /// Workers share it: it is locked for as long as a number is entered or struck out, a thousandth of what the
    /// handshake itself takes.
    under_way: Mutex<UnderWay>,
}

#[derive(Debug, Default)]
struct UnderWay {
    next: u64,
    /// By number, so that the oldest is the first. A place whose sender is dropped is lost.
    held: BTreeMap<u64, Sender<()>>,
}

/// One handshake's place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    lost: Receiver<()>,
    places: Arc<Places>,
}

impl Places {
    /// At least one.
    pub(super) fn new(most: usize) -> Arc<Places> {
        Arc::new(Places {
            most: most.max(1),
            under_way: Mutex::default(),
        })
    }

    /// A place; where all are taken, that of the oldest.
    pub(super) fn take(self: &Arc<Self>) -> Place {
        let (hold, lost) = channel();
        let (number, _oldest) = self.with(|under_way| {
            let full = under_way.held.len() >= self.most;
            let oldest = full.then(|| under_way.held.pop_first());
            let number = under_way.next;
            under_way.next += 1;
            under_way.held.insert(number, hold);
            // Dropped by the caller: waking another worker's task need not be waited for by a third.
            (number, oldest)
        });
        Place {
            number,
            lost,
            places: Arc::clone(self),
        }
    }

    /// Takes the oldest one's place away and leaves it empty; says whether there was one.
    pub(super) fn end_oldest(&self) -> bool {
        let oldest = self.with(|under_way| under_way.held.pop_first());
        oldest.is_some()
    }

    /// How many are taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.with(|under_way| under_way.held.len())
    }

    fn with<T>(&self, look: impl FnOnce(&mut UnderWay) -> T) -> T {
        let under_way = self.under_way.lock();
        look(&mut under_way.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Place {
    /// Resolves when a newer handshake has taken the place.
    pub(super) async fn lost(&mut self) {
        let _nothing_is_ever_sent = (&mut self.lost).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _hold = self
            .places
            .with(|under_way| under_way.held.remove(&self.number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_lost(place: &mut Place) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(place.lost()).poll(&mut context).is_ready()
    }

    #[test]
    fn one_more_takes_the_place_of_the_oldest() {
        let places = Places::new(2);
        let (mut first, mut second) = (places.take(), places.take());
        let mut third = places.take();
        assert!(is_lost(&mut first));
        assert!(!is_lost(&mut second) && !is_lost(&mut third));
        // What a lost place gives back is not another one's.
        drop(first);
        assert_eq!(places.taken(), 2);
        drop(third);
        let _fourth = places.take();
        assert!(!is_lost(&mut second), "there was room");
        drop(second);
        assert_eq!(places.taken(), 1);
    }

    #[test]
    fn there_is_always_one() {
        let places = Places::new(0);
        let mut first = places.take();
        assert!(!is_lost(&mut first));
        let _second = places.take();
        assert!(is_lost(&mut first));
    }
}
