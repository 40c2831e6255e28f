//! What is decided is kept before it is carried out: records in batches, and behind them what waits for them.

use sorry_core::event::{Input, Notice, Output, RealId, SiteId};
use sorry_core::incident::Telling;
use sorry_core::moment::Moment as Now;
use tokio::sync::oneshot;

use super::{Action, Answer, Mind};
use crate::admin::Fault;
use crate::admin::order::Done;
use crate::daemon::brain::{order, words};
use crate::journal::Entry;

/// What belongs together: records, what is to be done once they are safe, and who waits for it.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) outputs: Vec<Output>,
    pub(super) tellings: Vec<Telling>,
    pub(super) waiting: Vec<Waiting>,
}

/// Somebody who has ordered something.
pub(super) struct Waiting {
    pub(super) site: SiteId,
    pub(super) told: Vec<String>,
    pub(super) reply: oneshot::Sender<Result<Done, Fault>>,
}

/// Whether the journal is large enough to be rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::daemon::brain) enum Grown {
    Yes,
    No,
}

impl Mind {
    /// Takes something in, and what comes of it.
    pub(super) fn take(&mut self, input: Input, now: Now) {
        self.engine.handle(now, input);
        let mut believed = false;
        while let Some(output) = self.engine.poll_output() {
            believed |= matches!(output, Output::Notice(Notice::DoubtOver));
            self.incidents.hear(&output, &self.setup, now.wall);
            match output {
                Output::Record(record) => self.next.entries.push(Entry::from(&record)),
                other => self.next.outputs.push(other),
            }
        }
        if believed {
            // What was not told while nobody knew whether it was so is told now.
            return self.reconcile(now);
        }
        self.take_tellings();
        self.go_on(now);
    }

    pub(super) fn take_tellings(&mut self) {
        while let Some(telling) = self.incidents.pop() {
            self.history.take(&telling);
            self.next.tellings.push(telling);
        }
    }

    /// What was to be written is on the disk, or is not, and why; and whether the journal has grown.
    pub(in crate::daemon::brain) fn written(&mut self, outcome: Result<Grown, String>, now: Now) {
        let Some(batch) = self.writing.take() else {
            return;
        };
        for entry in &batch.entries {
            self.kept.note(entry.clone());
        }
        match outcome {
            Ok(grown) => {
                if self.unkept.take().is_some() {
                    log::warn!("the journal can be written again");
                }
                if grown == Grown::Yes {
                    // Nobody waits for this one.
                    self.writing = Some(Batch::default());
                    self.actions.push(Action::Rewrite(self.kept.entries()));
                }
            }
            Err(why) => {
                if self.unkept.is_none() {
                    log::error!(
                        "the journal cannot be written, so a restart would forget what is decided now: {why}"
                    );
                }
                self.unkept = Some(why);
            }
        }
        self.carry_out(batch, now);
        self.go_on(now);
    }

    /// Writes what is next, or carries it out where there is nothing to write.
    pub(super) fn go_on(&mut self, now: Now) {
        if self.writing.is_some() || self.next.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.next);
        if batch.entries.is_empty() {
            return self.carry_out(batch, now);
        }
        // What could not be appended before is in the whole, and goes down with it.
        self.actions.push(match self.unkept {
            None => Action::Write(batch.entries.clone()),
            Some(_) => {
                let mut whole = self.kept.clone();
                for entry in &batch.entries {
                    whole.note(entry.clone());
                }
                Action::Rewrite(whole.entries())
            }
        });
        self.writing = Some(batch);
    }

    pub(super) fn carry_out(&mut self, batch: Batch, now: Now) {
        for output in batch.outputs {
            match output {
                // Records are taken out before.
                Output::Record(_) => {}
                Output::Route {
                    switch,
                    generation,
                    wanted,
                } => self.actions.push(Action::Route {
                    switch,
                    generation,
                    wanted,
                }),
                Output::Pace(real, pace) => {
                    let place = self.places.real(real);
                    let names = place.map_or(&[][..], |place| &place.checks);
                    let actions = names.iter().map(|name| Action::Pace(name.clone(), pace));
                    self.actions.extend(actions);
                }
                Output::AskPeers(site) => self.actions.push(Action::AskPeers(site)),
                Output::Notice(notice) => self.tell(&notice, now),
            }
        }
        if !batch.tellings.is_empty() {
            self.actions.push(Action::Tell(batch.tellings));
        }
        for waiting in batch.waiting {
            self.answer(waiting, now);
        }
    }

    pub(super) fn tell(&mut self, notice: &Notice, now: Now) {
        let (level, line) = words::notice(notice, &*self);
        log::log!(level, "{line}");
        if let Notice::Real { real, .. } = notice {
            self.latest.turned(*real, now.wall);
        }
        match site_of(notice, |real| self.site_of(real)) {
            Some(site) => {
                if let Some(course) = self.courses.get_mut(site.0 as usize) {
                    course.note(now.wall, line);
                    if let Notice::Turned { to, .. } = notice {
                        course.count(*to);
                    }
                }
            }
            None => {
                for course in &mut self.courses {
                    course.note(now.wall, line.clone());
                }
            }
        }
    }

    pub(super) fn answer(&mut self, waiting: Waiting, now: Now) {
        let mut told = waiting.told;
        if let Some(why) = &self.unkept {
            told.push(format!(
                "it is in force, but not on the disk, so a restart would forget it: {why}"
            ));
        }
        let outcome = match self.site_standing(waiting.site, now) {
            Some(site) => Ok(Done { told, site }),
            None => Err(order::impossible(
                "a reload has taken the site away meanwhile",
            )),
        };
        self.actions.push(Action::Answer(Box::new(Answer {
            reply: waiting.reply,
            outcome,
        })));
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.outputs.is_empty()
            && self.tellings.is_empty()
            && self.waiting.is_empty()
    }
}

/// The site that a notice is about; none where it is about all of them.
fn site_of(notice: &Notice, site_of_real: impl Fn(RealId) -> Option<SiteId>) -> Option<SiteId> {
    match notice {
        Notice::Turned { site, .. }
        | Notice::Milestone(site, _)
        | Notice::OrderEnded(site)
        | Notice::StaysDown(site)
        | Notice::Announced(site, ..)
        | Notice::Flaps(site, _) => Some(*site),
        Notice::Real { real, .. } => site_of_real(*real),
        Notice::WouldTurn(switch, _)
        | Notice::Asks(switch, ..)
        | Notice::Stays(switch, _)
        | Notice::Failed(switch, _)
        | Notice::Recovered(switch) => Some(switch.site),
        Notice::Doubt(_) | Notice::DoubtOver => None,
    }
}
