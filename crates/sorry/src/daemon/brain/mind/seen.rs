//! What is seen: results of checks, certificates that end soon, and addresses that must answer.

use std::time::{Duration, SystemTime};

use sorry_core::event::{Input, RealId};
use sorry_core::health::{Reason, Verdict};
use sorry_core::moment::Moment as Now;

use super::Mind;
use super::kept::Line;
use crate::check::{Key, Outcome};
use crate::daemon::brain::{latest, words};

impl Mind {
    /// A check has ended. One that is configured no more is passed over.
    pub(in crate::daemon::brain) fn probed(&mut self, name: &Key, probed: Outcome, now: Now) {
        let Some((real, check)) = self.places.check(name) else {
            return;
        };
        let result = latest::Result {
            at: now.wall,
            took: probed.took,
            detail: probed.detail,
            expires: probed.expires,
        };
        self.latest.seen(real, check, probed.reason, result);
        self.note_certificate(name, probed.expires, now);
        let epoch = self.engine.epoch();
        if let Some(weight) = probed.weight {
            let weight = u32::from(weight);
            self.take(
                Input::Weighed {
                    epoch,
                    real,
                    weight,
                },
                now,
            );
        }
        let reason = probed.reason;
        self.note_silence(name, real, reason);
        self.take(
            Input::Probed {
                epoch,
                real,
                check,
                reason,
            },
            now,
        );
    }

    /// A check that cannot be made changes nothing, so somebody has to hear that it is not.
    fn note_silence(&mut self, name: &Key, real: RealId, reason: Reason) {
        if reason.verdict() != Verdict::Nothing {
            if !self.silent.is_empty() {
                self.silent.remove(name);
            }
            return;
        }
        let Some(place) = self.places.real(real) else {
            return;
        };
        if self.silent.insert(name.clone()) {
            let words = format!(
                "{}: a check of {} says nothing of it, so it stays what it is believed to be: {}",
                place.of,
                place.name,
                words::reason_words(reason)
            );
            let site = Some((*place.of).into());
            self.next.said.push(Line::warning(words, site));
        }
    }

    /// A server's certificate is looked at as often as it is seen, and told of when it ends soon.
    fn note_certificate(&mut self, name: &Key, expires: Option<SystemTime>, now: Now) {
        let (Some(expires), Some(warn)) = (expires, self.places.expiry_warning(name)) else {
            return;
        };
        let Key::Check {
            site, real_server, ..
        } = name
        else {
            return;
        };
        let clock = SystemTime::UNIX_EPOCH + Duration::from_millis(now.wall.0);
        let left = expires.duration_since(clock).unwrap_or_default();
        let days =
            (left < warn).then(|| u32::try_from(left.as_secs() / 86_400).unwrap_or(u32::MAX));
        // One that is good costs nothing but this look.
        if days.is_some() || self.expiring.remove(name) {
            self.incidents
                .certificate(site, real_server, days, now.wall);
            self.take_tellings();
        }
        if days.is_some() {
            self.expiring.insert(name.clone());
        }
    }

    /// An address that must answer was asked.
    pub(in crate::daemon::brain) fn reference(&mut self, index: u32, outcome: &Outcome, now: Now) {
        if outcome.reason == Reason::NotPermitted {
            // Our own rights say nothing of the network.
            if self.deaf.insert(index) {
                log::warn!(
                    "an address that must answer cannot be asked: {}",
                    outcome.detail
                );
            }
            return;
        }
        self.deaf.remove(&index);
        let answered = outcome.answered();
        self.latest.reference(index, answered);
        self.take(Input::Reference { index, answered }, now);
    }
}
