//! A site: what is watched, what it needs, what keeps it steady.

use super::Builder;
use super::checks::Plan;
use super::pace::Usual;
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::idle;
use crate::config::reader::At;
use crate::config::real_server::RealServer;
use crate::config::site::Site;
use crate::config::spec;
use crate::config::target::RealAddress;
use crate::config::value::Given;
use sorry_core::damping::Damping;
use sorry_core::health::State;
use sorry_core::quorum::Quorum;
use std::collections::HashMap;
use std::sync::Arc;

impl Builder<'_> {
    /// A site. `None` where something is mistaken.
    pub(super) fn site(
        &mut self,
        site: At<spec::Site>,
        usual: Option<&Usual>,
    ) -> Option<Arc<Site>> {
        let At { value: site, place } = site;
        let name = site.name.map(|name| name.value.0);
        let sorry = site.sorry.and_then(|sorry| {
            idle::keys(&sorry.value, sorry.place, &mut self.cautions);
            self.sorry(sorry.value, sorry.place)
        });
        let damping = site.damping.and_then(|damping| self.damping(damping));
        let windows = self.windows(site.window);
        let omega = site.quorum.as_ref();
        let omega = omega.and_then(|quorum| Some(quorum.value.omega.as_ref()?.value));
        let watched = Watched {
            check: site.check,
            quorum: site.quorum,
            alpha: site.alpha,
            place,
        };
        let (reals, quorum) = self.watched(site.real_server, watched, usual)?;
        let hosts = site.hosts?.value.into_iter();
        Some(Arc::new(Site {
            name: name?,
            hosts: hosts.map(|host| host.value).collect(),
            sorry: sorry?,
            reals,
            quorum,
            omega: omega?,
            damping: damping?,
            windows: windows?,
        }))
    }

    fn watched(
        &mut self,
        reals: Option<At<Vec<At<spec::RealServer>>>>,
        watched: Watched,
        usual: Option<&Usual>,
    ) -> Option<(Vec<RealServer>, Quorum)> {
        let Watched {
            check,
            quorum,
            alpha,
            place,
        } = watched;
        let check_place = check.as_ref().map(|check| check.place);
        let usual = usual?;
        let of_site = self.of_site(check, reals.as_ref(), usual);
        let (typed, alpha) = (reals?.value, alpha?);
        let alpha_place = alpha.place;
        let alpha = alpha.value;
        self.addresses_differ(&typed);
        let is_empty = typed.is_empty();
        if let (true, Some(check)) = (is_empty, check_place) {
            self.caution(check, "check: there is no [[site.real-server]] to check");
        }
        let reals: Option<Vec<RealServer>> = typed
            .into_iter()
            .map(|real| self.real(real, &of_site, alpha, usual))
            .collect();
        let quorum_place = quorum.as_ref().map(|quorum| quorum.place);
        let asked = self.quorum(quorum?.value, quorum_place.unwrap_or(place))?;
        let reals = reals?;
        if alpha && reals.iter().all(|real| real.checks.is_empty()) {
            self.caution(
                alpha_place,
                "alpha: nothing checks a real server of this site, so they are all taken to be up all the same",
            );
        }
        self.weighed(&reals, &asked, place);
        Some((reals, asked.quorum))
    }

    /// What the real servers of a site have in common.
    fn of_site(
        &mut self,
        check: Option<At<Given<spec::Checks>>>,
        reals: Option<&At<Vec<At<spec::RealServer>>>>,
        usual: &Usual,
    ) -> OfSite {
        let host = check.as_ref().and_then(|check| {
            let Given(checks) = &check.value;
            checks.host.as_ref().map(|host| host.value.0.clone())
        });
        let mut reals = reals.iter().flat_map(|reals| &reals.value);
        // A host alone may be there for the checks that real servers have of their own.
        let may_be_alone = host.is_some() && reals.any(|real| real.value.check.is_some());
        let plans = match check {
            None => Vec::new(),
            Some(check) if may_be_alone => self.some_plans(check.value, usual, None),
            Some(check) => self.plans(check, usual, None),
        };
        OfSite { plans, host }
    }

    fn addresses_differ(&mut self, reals: &[At<spec::RealServer>]) {
        let mut seen = HashMap::new();
        for address in reals.iter().filter_map(|real| real.value.address.as_ref()) {
            if let Some(first) = seen.insert(&address.value.target, address.place) {
                let message = format!("{} is given twice", address.value.target);
                let mistake = Mistake::new(Code::Duplicate, address.place, message);
                self.tell(
                    mistake
                        .also(first, "first given here")
                        .hint("to send it more visitors, give it a larger `weight`"),
                );
            }
        }
    }

    fn real(
        &mut self,
        real: At<spec::RealServer>,
        of_site: &OfSite,
        alpha: bool,
        usual: &Usual,
    ) -> Option<RealServer> {
        let At { value: real, place } = real;
        let host = of_site.host.as_deref();
        let own = real.check.map(|check| self.plans(check, usual, host));
        let RealAddress { typed, target } = real.address?.value;
        let plans = own.as_deref().unwrap_or(&of_site.plans);
        let weight = u16::try_from(real.weight?.value.0).ok()?;
        let checks = plans
            .iter()
            .map(|plan| self.pointed(plan, &target, weight))
            .collect();
        if let (Some(At { value: true, place }), true) = (&real.alpha, plans.is_empty()) {
            self.caution(
                *place,
                "alpha: nothing checks this real server, so it is taken to be up all the same",
            );
        }
        let alpha = real.alpha.map_or(alpha, |alpha| alpha.value);
        Some(RealServer {
            name: typed,
            weight: weight.into(),
            first: match alpha && !plans.is_empty() {
                true => State::Down,
                false => State::Unknown,
            },
            address: target,
            checks,
            place,
        })
    }

    fn quorum(&mut self, typed: spec::Quorum, place: Place) -> Option<Asked> {
        let (at_least, hysteresis) = (typed.at_least?, typed.hysteresis?);
        Some(Asked {
            quorum: Quorum {
                at_least: u32::try_from(at_least.value.0).ok()?,
                hysteresis: u32::try_from(hysteresis.value.0).ok()?,
            },
            at_least: Some(at_least.place).filter(|typed| *typed != place),
            hysteresis: Some(hysteresis.place).filter(|typed| *typed != place),
        })
    }

    /// What the real servers weigh together must be able to be enough.
    fn weighed(&mut self, reals: &[RealServer], asked: &Asked, site: Place) {
        let sum = reals
            .iter()
            .fold(0u32, |sum, real| sum.saturating_add(real.weight));
        let Quorum {
            at_least,
            hysteresis,
        } = asked.quorum;
        if reals.is_empty() {
            for (key, place) in [
                ("at-least", asked.at_least),
                ("hysteresis", asked.hysteresis),
            ] {
                if let Some(place) = place {
                    self.caution(
                        place,
                        format!("quorum.{key}: there is no [[site.real-server]] to be counted"),
                    );
                }
            }
            return;
        }
        if sum == 0 {
            let mistake = Mistake::new(
                Code::Conflict,
                site,
                "its real servers weigh 0 together, so that the site could never be up",
            );
            self.tell(mistake.hint("give at least one of them a `weight` of 1 or more"));
            return;
        }
        if let (true, Some(place)) = (at_least > sum, asked.at_least) {
            let why = format!(
                "quorum.at-least: the real servers weigh {sum} together, so that {at_least} is reduced to {sum}"
            );
            self.caution(place, why);
        }
        let possible = asked.quorum.possible(sum);
        if let (true, Some(place)) = (possible.hysteresis < hysteresis, asked.hysteresis) {
            let why = format!(
                "quorum.hysteresis: with at-least = {} of {sum} it is reduced from {hysteresis} to {}, so that the quorum can be lost and gained",
                possible.at_least, possible.hysteresis
            );
            self.caution(place, why);
        }
    }

    fn damping(&mut self, typed: At<spec::Damping>) -> Option<Damping> {
        let damping = typed.value;
        let (first, most) = (damping.hold_down?, damping.hold_down_most?);
        if first.value.0 > most.value.0 {
            let is_typed = most.place != typed.place;
            let (place, other) = match is_typed {
                true => (most.place, first.place),
                false => (first.place, most.place),
            };
            let message = "hold-down-most: it is shorter than `hold-down`, with which it begins";
            let mistake = Mistake::new(Code::Conflict, place, message);
            let mistake = match is_typed {
                true if other != typed.place => mistake.also(other, "that is here"),
                _ => mistake,
            };
            self.tell(mistake);
        }
        Some(Damping {
            dwell_live: damping.dwell_live?.value.0,
            dwell_sorry: damping.dwell_sorry?.value.0,
            hold_down: first.value.0,
            hold_down_most: most.value.0,
            steady_after: damping.steady_after?.value.0,
        })
    }
}

/// What a site says of its real servers as a whole.
struct Watched {
    check: Option<At<Given<spec::Checks>>>,
    quorum: Option<At<spec::Quorum>>,
    alpha: Option<At<bool>>,
    place: Place,
}

/// What its real servers have, unless they say otherwise.
struct OfSite {
    plans: Vec<Plan>,
    /// The Host field of checks that name none.
    host: Option<Box<str>>,
}

/// A quorum, and where its numbers were typed, if they were.
struct Asked {
    quorum: Quorum,
    at_least: Option<Place>,
    hysteresis: Option<Place>,
}
