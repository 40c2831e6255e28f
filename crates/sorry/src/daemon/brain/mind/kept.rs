//! What is decided is kept before it is carried out: records in batches, and behind them what waits for them.

use std::time::Duration;

use sorry_core::event::{Input, Notice, Output, RealId, SiteId};
use sorry_core::incident::Telling;
use sorry_core::moment::Moment as Now;
use sorry_core::site::Route;
use tokio::sync::oneshot;

use super::{Action, Answer, Mind};
use crate::admin::Fault;
use crate::admin::order::Done;
use crate::daemon::brain::{order, words};
use crate::journal::Entry;

/// How long after a write that failed all of it is tried again, if nothing else is written before.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// What belongs together: records, what is to be done once they are safe, and who waits for it.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) routes: Vec<Action>,
    pub(super) said: Vec<Line>,
    pub(super) tellings: Vec<Telling>,
    pub(super) waiting: Vec<Waiting>,
}

/// Somebody who has ordered something.
pub(super) struct Waiting {
    /// By name: a reload may come before the disk has it.
    pub(super) site: Box<str>,
    pub(super) told: Vec<String>,
    pub(super) reply: oneshot::Sender<Result<Done, Fault>>,
}

/// What is said in the log and in the course of a site, in the words of when it was so.
pub(super) struct Line {
    level: log::Level,
    words: String,
    /// None where it is about all.
    site: Option<Box<str>>,
    turned: Option<Route>,
}

impl Line {
    pub(super) fn warning(words: String, site: Option<Box<str>>) -> Line {
        Line {
            level: log::Level::Warn,
            words,
            site,
            turned: None,
        }
    }
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
                other => self.want(other),
            }
        }
        if believed {
            // What was not told while nobody knew whether it was so is told now.
            return self.reconcile(now);
        }
        self.take_tellings();
        self.go_on(now);
    }

    /// What the engine wants. Its numbers are those of the configuration that is in force now, so names are put in their place;
    /// what changes nothing in the world does not wait for the disk.
    fn want(&mut self, output: Output) {
        match output {
            // Records are taken out before.
            Output::Record(_) => {}
            Output::Route {
                switch,
                generation,
                wanted,
            } => self.next.routes.push(Action::Route {
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
            Output::Notice(notice) => self.note(&notice),
        }
    }

    fn note(&mut self, notice: &Notice) {
        let (level, words) = words::notice(notice, &*self);
        if matches!(notice, Notice::DoubtOver) {
            self.actions.push(Action::AskNobody);
        }
        let site = site_of(notice, |real| self.site_of(real));
        let site = site.and_then(|site| self.config.sites.get(site.0 as usize));
        self.next.said.push(Line {
            level,
            words,
            site: site.map(|site| site.name.clone()),
            turned: match notice {
                Notice::Turned { to, .. } => Some(*to),
                _ => None,
            },
        });
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
                self.try_again = Some(now.tick.after(TRY_AGAIN));
            }
        }
        self.carry_out(batch, now);
        self.go_on(now);
    }

    /// The disk has answered, too late for what it was asked: what is not on it goes there now.
    pub(in crate::daemon::brain) fn disk_is_back(&mut self, now: Now) {
        self.stale |= self.unkept.is_some();
        self.go_on(now);
    }

    /// Writes what is next, or carries it out where there is nothing to write.
    pub(super) fn go_on(&mut self, now: Now) {
        if self.writing.is_some() || (self.next.is_empty() && !self.stale) {
            return;
        }
        let batch = std::mem::take(&mut self.next);
        if batch.entries.is_empty() && !self.stale {
            return self.carry_out(batch, now);
        }
        // What could not be appended before is in the whole, and goes down with it.
        let anew = std::mem::take(&mut self.stale) || self.unkept.is_some();
        self.actions.push(match anew {
            false => Action::Write(batch.entries.clone()),
            true => {
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
        for line in batch.said {
            self.say(line, now);
        }
        self.actions.extend(batch.routes);
        if !batch.tellings.is_empty() {
            self.actions.push(Action::Tell(batch.tellings));
        }
        for waiting in batch.waiting {
            self.answer(waiting, now);
        }
    }

    fn say(&mut self, line: Line, now: Now) {
        log::log!(line.level, "{}", line.words);
        let Some(site) = &line.site else {
            for course in &mut self.courses {
                course.note(now.wall, line.words.clone());
            }
            return;
        };
        let course = self.places.site(site);
        let course = course.and_then(|site| self.courses.get_mut(site.0 as usize));
        if let Some(course) = course {
            course.note(now.wall, line.words);
            if let Some(to) = line.turned {
                course.count(to);
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
        let site = self.places.site(&waiting.site);
        let outcome = match site.and_then(|site| self.site_standing(site, now)) {
            Some(site) => Ok(Done {
                told,
                unkept: self.unkept.clone(),
                site,
            }),
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
            && self.routes.is_empty()
            && self.said.is_empty()
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
        | Notice::Unwatched(site)
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
