//! What was wished of the kernel for each site, and what was last answered to that. A wish that had come true and is so no more is answered again: whoever
//! decides hears of it, says so, and wishes again.

use std::collections::BTreeMap;

use sorry_core::event::Outcome;

use super::{Routed, Tell};

/// Which are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Those that wait for an answer.
    Waiting,
    /// Those, too, that had come true.
    All,
}

/// The newest wish for each site.
#[derive(Default)]
pub(super) struct Wishes {
    /// Who hears what came of them.
    tell: Option<Tell>,
    all: BTreeMap<Box<str>, Wish>,
}

struct Wish {
    routed: Routed,
    /// What was answered last; nothing before anybody was there to hear it.
    answered: Option<Outcome>,
}

impl Wishes {
    /// From now on there is somebody who hears.
    pub(super) fn tell_to(&mut self, tell: Tell) {
        self.tell = Some(tell);
    }

    /// Takes the place of the last one for the site.
    pub(super) fn add(&mut self, routed: Routed) {
        let site = routed.site.clone();
        let wish = Wish {
            routed,
            answered: None,
        };
        self.all.insert(site, wish);
    }

    /// Nobody wishes anything any more of sites that are not known.
    pub(super) fn retain(&mut self, is_known: impl Fn(&str) -> bool) {
        self.all.retain(|site, _| is_known(site));
    }

    /// Answers those that wait for an answer, and those that are so no more. One that has failed is wished again by whoever wants it still.
    pub(super) fn answer(&mut self, which: Which, is_so: impl Fn(&Routed) -> bool) {
        let Some(tell) = &self.tell else { return };
        for wish in self.all.values_mut() {
            let outcome = match wish.answered {
                Some(Outcome::Failed) => continue,
                Some(Outcome::Done) if which == Which::Waiting => continue,
                _ if is_so(&wish.routed) => Outcome::Done,
                _ => Outcome::Failed,
            };
            if wish.answered != Some(outcome) {
                wish.answered = Some(outcome);
                tell(wish.routed.switch, wish.routed.generation, outcome);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use sorry_core::event::{SiteId, SwitchId};
    use sorry_core::site::Route;

    use super::*;

    fn routed(generation: u64) -> Routed {
        Routed {
            site: "shop".into(),
            switch: SwitchId {
                site: SiteId(0),
                index: 0,
            },
            generation,
            route: Route::Sorry,
        }
    }

    #[test]
    fn what_was_so_and_is_no_more_is_told_once() {
        use Outcome::{Done, Failed};
        let (tell, told) = channel();
        let mut wishes = Wishes::default();
        wishes.add(routed(1));
        wishes.answer(Which::All, |_| true);
        wishes.tell_to(Box::new(move |_, generation, outcome| {
            tell.send((generation, outcome)).unwrap();
        }));
        for (wish, which, is_so, expected) in [
            (None, Which::Waiting, true, Some((1, Done))),
            (None, Which::All, true, None),
            (None, Which::Waiting, false, None),
            (None, Which::All, false, Some((1, Failed))),
            // It is wished again by whoever wants it still.
            (None, Which::All, true, None),
            (Some(1), Which::Waiting, false, Some((1, Failed))),
            (Some(1), Which::Waiting, true, Some((1, Done))),
            (Some(2), Which::All, true, Some((2, Done))),
        ] {
            if let Some(generation) = wish {
                wishes.add(routed(generation));
            }
            wishes.answer(which, |_| is_so);
            let found = told.try_iter().collect::<Vec<_>>();
            assert_eq!(
                found,
                Vec::from_iter(expected),
                "{wish:?} {which:?} {is_so}"
            );
        }
        wishes.retain(|site| site != "shop");
        wishes.answer(Which::All, |_| false);
        assert_eq!(told.try_iter().count(), 0, "nobody wishes it any more");
    }
}
