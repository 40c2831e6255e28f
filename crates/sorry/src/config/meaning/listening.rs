//! Where sites listen: each by its own `listen`, or by that of the whole file; and that nobody else is there.

use std::sync::Arc;

use super::Builder;
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::listener::{self, Certificates, Claim, Entry};
use crate::config::reader::At;
use crate::config::spec;

/// What a `listen` key asks for.
enum Asked<'a> {
    Nothing,
    /// Nobody knows; the mistake has been told.
    Mistaken,
    For(&'a At<Vec<At<spec::Listen>>>),
}

/// An absent array is an empty one at the place of its table.
fn asked(table: Place, listen: &Option<At<Vec<At<spec::Listen>>>>) -> Asked<'_> {
    match listen {
        None => Asked::Mistaken,
        Some(listen) if listen.place == table => Asked::Nothing,
        Some(listen) => Asked::For(listen),
    }
}

pub(super) fn claim<'s>((site, entries): (&'s At<spec::Site>, &'s Arc<Vec<Entry>>)) -> Claim<'s> {
    let At { value: site, place } = site;
    let default = site.default.as_ref().filter(|default| default.value);
    Claim {
        name: site.name.as_ref().map(|name| &*name.value.0),
        place: *place,
        hosts: site.hosts.as_ref().map_or(&[], |hosts| &hosts.value),
        default: default.map(|default| default.place),
        entries,
    }
}

impl Builder<'_> {
    /// The listeners that each site asks for: its own, else those of the whole file.
    pub(super) fn listener_entries(
        &mut self,
        sites: &[At<spec::Site>],
        shared: Option<&At<spec::SharedSorry>>,
        has: Certificates,
    ) -> Vec<Arc<Vec<Entry>>> {
        let shared = shared.map_or(Asked::Mistaken, |sorry| {
            asked(sorry.place, &sorry.value.listen)
        });
        let shared_entries = self.asked_entries(&shared, has);
        let mut all = Vec::new();
        for At { value: site, place } in sites {
            let own = site.sorry.as_ref();
            let own = own.map_or(Asked::Mistaken, |sorry| {
                asked(sorry.place, &sorry.value.listen)
            });
            all.push(match (&own, &shared) {
                (Asked::Nothing, Asked::Nothing) => {
                    self.nowhere(site, *place);
                    Arc::default()
                }
                (Asked::Nothing, _) => Arc::clone(&shared_entries),
                _ => self.asked_entries(&own, has),
            });
        }
        all
    }

    fn asked_entries(&mut self, asked: &Asked<'_>, has: Certificates) -> Arc<Vec<Entry>> {
        let Asked::For(listen) = asked else {
            return Arc::default();
        };
        if listen.value.is_empty() {
            self.empty_listen(listen.place);
        }
        Arc::new(listener::entries(&listen.value, has, self.mistakes))
    }

    /// An array without entries, unless they were all mistaken, which has been told.
    fn empty_listen(&mut self, place: Place) {
        if !self.is_inside(place) {
            let mistake = Mistake::new(
                Code::Invalid,
                place,
                "listen: an empty array listens nowhere",
            );
            self.mistakes
                .push(mistake.hint("for example: listen = [\"127.0.0.1:8503\"]"));
        }
    }

    fn nowhere(&mut self, site: &spec::Site, place: Place) {
        let message = match &site.name {
            Some(name) => format!("site `{}` listens nowhere", name.value.0),
            None => "the site listens nowhere".to_owned(),
        };
        let hint = "add `listen` to its [site.sorry], or to the [sorry] of the whole file: listen = [\"127.0.0.1:8503\"]";
        self.mistakes
            .push(Mistake::new(Code::Missing, place, message).hint(hint));
    }
}
