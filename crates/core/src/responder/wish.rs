//! Whether a site is to be answered for in the kernel: what the operator wants of it, and how things are.

use super::flip::Wanted;
use crate::site::Route;

/// When the kernel is to answer for a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// While its visitors are sent to the page.
    Down,
    /// While the server in user space has more to do than it can.
    Overloaded,
}

/// How things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Where the site's visitors are sent; `None` before anything was decided.
    pub route: Option<Route>,
    /// Its addresses are those of its sorry listeners, which refuse whatever the route is.
    pub refuses_anyway: bool,
    /// Whether it has real servers, so that its route says something.
    pub is_watched: bool,
    /// Whether the server in user space has more to do than it can.
    pub is_overloaded: bool,
}

impl Facts {
    /// Whether visitors at its addresses are refused.
    fn is_refused(&self) -> bool {
        self.route == Some(Route::Sorry) || (self.refuses_anyway && !self.is_watched)
    }
}

/// What is wanted.
pub fn wanted(when: When, facts: &Facts) -> Wanted {
    let answer = match when {
        When::Down => facts.is_refused(),
        When::Overloaded => facts.is_overloaded && (facts.is_refused() || facts.refuses_anyway),
    };
    match answer {
        true => Wanted::Answer,
        false => Wanted::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_and_facts() {
        use When::{Down, Overloaded};
        let (sorry, live) = (Some(Route::Sorry), Some(Route::Live));
        for (when, route, refuses_anyway, is_watched, is_overloaded, answer) in [
            (Down, sorry, false, true, false, true),
            (Down, live, false, true, true, false),
            (Down, None, false, true, false, false),
            // A sorry listener of a watched site gets visitors only while the site is down: the route decides.
            (Down, live, true, true, false, false),
            // A site without real servers is nothing but its page.
            (Down, live, true, false, false, true),
            (Down, None, true, false, false, true),
            (Down, live, false, false, false, false),
            (Down, sorry, false, false, false, true),
            (Overloaded, sorry, false, true, false, false),
            (Overloaded, sorry, false, true, true, true),
            (Overloaded, live, false, true, true, false),
            (Overloaded, live, true, true, true, true),
            (Overloaded, None, true, false, true, true),
        ] {
            let facts = Facts {
                route,
                refuses_anyway,
                is_watched,
                is_overloaded,
            };
            let found = wanted(when, &facts) == Wanted::Answer;
            assert_eq!(found, answer, "{when:?} {facts:?}");
        }
    }
}
