//! What visitors of a site are told of its return: until when, in whose words, and what is expected where nobody has said.

use sorry_core::engine::SiteView;
use sorry_core::moment::{Moment as Now, Wall};
use sorry_core::order::What;
use sorry_core::said::Said;
use sorry_core::site::Route;

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
    /// Whether it says the same as another. What is only expected moves with every look, and counts when it appears, goes, or has
    /// passed.
    pub(super) fn is_like(&self, told: &Outlook, now: Now) -> bool {
        let seconds = now.wall.0 / 1000;
        let expected = match (self.expected, told.expected) {
            (None, None) => true,
            (Some(_), Some(told)) => told > seconds,
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
        (true, None) => site.remaining().map(|left| now.wall.after(left)),
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

/// A second that has begun is not over.
fn seconds(wall: Wall) -> u64 {
    wall.0.div_ceil(1000)
}
