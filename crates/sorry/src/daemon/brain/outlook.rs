//! What visitors of a site are told of its return: until when, in whose words, and what is expected where nobody has said.

use std::time::Duration;

use sorry_core::engine::SiteView;
use sorry_core::moment::{Moment as Now, Tick, Wall};
use sorry_core::order::What;
use sorry_core::said::Said;
use sorry_core::site::Route;

/// What is expected is never said to be nearer. Outages that lasted for seconds say that the next may be short, not that a client that
/// comes at once is welcome.
const NEAREST: Duration = Duration::from_secs(10);

/// What the sorry server says of one site.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::daemon) struct Outlook {
    /// The site's name.
    pub(in crate::daemon) site: Box<str>,
    /// When it is to be back by somebody's word, in seconds since 1970.
    pub(in crate::daemon) until: Option<u64>,
    /// When it will probably be back, as its past outages went, in seconds since 1970.
    pub(in crate::daemon) expected: Option<u64>,
    /// What the operator says.
    pub(in crate::daemon) said: Option<Said>,
    /// Visitors are sent to the real servers again: whoever is still here had better come anew.
    pub(in crate::daemon) is_back: bool,
}

impl Outlook {
    /// Whether it says the same as another. What is only expected moves with every look, and counts when it appears, goes, has
    /// passed, or is further away by more than the nearest that is said.
    pub(super) fn is_like(&self, told: &Outlook, now: Now) -> bool {
        let seconds = now.wall.0 / 1000;
        let expected = match (self.expected, told.expected) {
            (None, None) => true,
            (Some(new), Some(told)) => told > seconds && new <= told + NEAREST.as_secs(),
            _ => false,
        };
        let rest = |outlook: &Outlook| Outlook {
            expected: None,
            ..outlook.clone()
        };
        expected && rest(self) == rest(told)
    }
}

/// What is to be said of a site.
pub(super) fn of(site: &SiteView<'_>, now: Now) -> Outlook {
    let maintenance = site
        .order()
        .filter(|order| matches!(order.what, What::Maintenance(_)));
    let until = maintenance
        .and_then(|order| order.until)
        .filter(|until| *until > now.wall);
    let down = site.route() == Route::Sorry;
    let expected = match (down, until) {
        (true, None) => expected(site.remaining(), site.steady_until(), now),
        _ => None,
    };
    let watched = site.reals().next().is_some();
    Outlook {
        site: site.name().into(),
        until: until.map(seconds),
        expected: expected.map(seconds),
        said: site.said().cloned(),
        is_back: watched && !down,
    }
}

/// When it will probably be back: as its past outages went, but not before health may turn it.
fn expected(learned: Option<Duration>, steady_until: Option<Tick>, now: Now) -> Option<Wall> {
    let held = steady_until.map(|until| until.since(now.tick));
    let left = learned.max(held)?.max(NEAREST);
    Some(now.wall.after(left))
}

/// A second that has begun is not over.
fn seconds(wall: Wall) -> u64 {
    wall.0.div_ceil(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Now = Now {
        tick: Tick(500_000),
        wall: Wall(1_795_000_000_000),
    };

    #[test]
    fn what_is_expected_is_neither_at_once_nor_before_it_may_be() {
        for (learned, held, expected) in [
            (None, None, None),
            (Some(300), None, Some(300)),
            (Some(1), None, Some(10)),
            (Some(0), None, Some(10)),
            (None, Some(60), Some(60)),
            (None, Some(2), Some(10)),
            (Some(1), Some(60), Some(60)),
            (Some(300), Some(60), Some(300)),
            // It has passed while nobody looked.
            (None, Some(-5), Some(10)),
        ] {
            let tick = |seconds: i64| Tick(NOW.tick.0.saturating_add_signed(seconds * 1000));
            let learned_time = learned.map(Duration::from_secs);
            let told = super::expected(learned_time, held.map(tick), NOW);
            let left = told.map(|at| at.since(NOW.wall).as_secs());
            assert_eq!(left, expected, "{learned:?} {held:?}");
        }
    }

    #[test]
    fn what_is_expected_is_told_again_when_it_has_passed_or_moves_away() {
        let second = NOW.wall.0 / 1000;
        let outlook = |expected: Option<u64>| Outlook {
            expected: expected.map(|left| second + left),
            ..Outlook::default()
        };
        for (new, told, like) in [
            (None, None, true),
            (None, Some(10), false),
            (Some(10), None, false),
            (Some(15), Some(12), true),
            (Some(12), Some(300), true),
            (Some(10), Some(0), false),
            (Some(22), Some(12), true),
            (Some(23), Some(12), false),
        ] {
            let is_like = outlook(new).is_like(&outlook(told), NOW);
            assert_eq!(is_like, like, "{new:?} after {told:?}");
        }
    }
}
