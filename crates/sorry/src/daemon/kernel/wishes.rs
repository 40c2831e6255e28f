//! What was wished of the kernel for each site, and what was last answered to that. A wish that had come true and is so no more is answered again: whoever
//! decides hears of it, says so, and wishes again.

use std::collections::BTreeMap;

use sorry_core::event::Outcome;

use super::{Routed, Tell};

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
    pub(super) fn answer(&mut self, is_so: impl Fn(&Routed) -> bool) {
        let Some(tell) = &self.tell else { return };
        for wish in self.all.values_mut() {
            let outcome = match wish.answered {
                Some(Outcome::Failed) => continue,
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
        wishes.answer(|_| true);
        wishes.tell_to(Box::new(move |_, generation, outcome| {
            tell.send((generation, outcome)).unwrap();
        }));
        let answers = |wishes: &mut Wishes, is_so: bool| {
            wishes.answer(|_| is_so);
            told.try_iter().collect::<Vec<_>>()
        };
        assert_eq!(answers(&mut wishes, true), [(1, Done)]);
        assert_eq!(answers(&mut wishes, true), []);
        assert_eq!(answers(&mut wishes, false), [(1, Failed)]);
        assert_eq!(answers(&mut wishes, true), [], "it is wished again");
        wishes.add(routed(1));
        assert_eq!(answers(&mut wishes, false), [(1, Failed)]);
        wishes.add(routed(1));
        assert_eq!(answers(&mut wishes, true), [(1, Done)]);
        wishes.add(routed(2));
        wishes.retain(|site| site != "shop");
        assert_eq!(answers(&mut wishes, true), []);
    }
}
