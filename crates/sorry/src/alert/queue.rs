//! What is still to be told, to whom and when: one line of messages for each receiver. Messages of one incident keep their order;
//! one that a receiver does not take holds back those of its own incident and no others.
//!
//! No sockets, files or clocks: the time is an argument, and what must be kept is returned as lines for the store.

mod leave;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff;
use super::fault::{Fault, Next};
use super::message::{Message, PhaseWord};
use super::store::{self, Entry};

/// Messages that wait for one receiver; beyond it the oldest go.
pub(super) const LONGEST: usize = 10_000;

/// How long a message waits for the store before it is sent without.
pub(super) const FOR_THE_STORE: Duration = Duration::from_millis(250);

/// All receivers' lines.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// All tellings up to that number were taken in.
    taken: Option<u64>,
    lines: BTreeMap<String, Line>,
}

/// One receiver's line.
#[derive(Debug, Default)]
struct Line {
    items: VecDeque<Item>,
    /// What was delivered and is sent again and again, until it is over; by key.
    active: BTreeMap<String, Arc<Message>>,
    /// Not before then, whatever it is.
    ready: Option<Instant>,
    /// Attempts in a row that did not reach the receiver.
    misses: u32,
    pushed_out: u64,
}

/// One message for one receiver.
#[derive(Debug)]
struct Item {
    message: Arc<Message>,
    /// Others that are told with it, or are nothing without them.
    with: Vec<String>,
    /// Since when it has been tried, or waits.
    since: Instant,
    /// Not before then.
    ready: Instant,
    tries: u32,
    /// Parts of the receiver that have it already.
    got: BTreeSet<usize>,
}

/// What a receiver's task does next.
#[derive(Debug)]
pub(super) enum Step {
    /// Sends this.
    Send(Parcel),
    /// Waits until then, or until something new comes.
    Wait(Option<Instant>),
}

/// A message on its way.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) message: Arc<Message>,
    pub(super) got: BTreeSet<usize>,
}

/// What became of a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is tried again.
    Again,
    /// It is not: the receiver will never take it.
    Refused,
    /// It is not: it has been tried for too long.
    GivenUp,
}

impl Queue {
    /// What the lines of a store come to.
    pub(super) fn of(entries: Vec<Entry>, now: Instant) -> Queue {
        let mut queue = Queue {
            taken: store::taken(&entries),
            lines: BTreeMap::new(),
        };
        let over = entries.iter().filter_map(|entry| match entry {
            Entry::Done { receiver, id } => Some((receiver.clone(), id.clone())),
            Entry::Told { .. } | Entry::Taken { .. } => None,
        });
        let over: BTreeSet<(String, String)> = over.collect();
        for entry in entries {
            let Entry::Told {
                receivers, message, ..
            } = entry
            else {
                continue;
            };
            let message = Arc::<Message>::from(message);
            for receiver in receivers {
                let line = queue.lines.entry(receiver.clone()).or_default();
                if !over.contains(&(receiver, message.id.clone())) {
                    line.push(Arc::clone(&message), now, now);
                }
            }
        }
        queue
    }

    /// These are the receivers; what waits for others is dropped. Says what is to be kept of that.
    pub(super) fn receivers(&mut self, names: &BTreeSet<String>) -> Vec<Entry> {
        let gone = self.lines.iter().filter(|(name, _)| !names.contains(*name));
        let done = gone.flat_map(|(name, line)| {
            let waiting = line.items.iter().map(|item| &item.message);
            waiting
                .chain(line.active.values())
                .map(|message| done(name, &message.id))
        });
        let done = done.collect();
        self.lines.retain(|name, _| names.contains(name));
        for name in names {
            self.lines.entry(name.clone()).or_default();
        }
        done
    }

    /// All tellings up to that number were taken in. Says what is to be kept of that.
    pub(super) fn take(&mut self, number: u64) -> Option<Entry> {
        let news = self.taken.is_none_or(|taken| taken < number);
        news.then(|| {
            self.taken = Some(number);
            Entry::Taken { number }
        })
    }

    /// A message for these receivers, of the telling with that number. Says what is to be kept.
    pub(super) fn add(
        &mut self,
        message: Message,
        receivers: Vec<String>,
        number: u64,
        now: Instant,
    ) -> Vec<Entry> {
        let message = Arc::new(message);
        let mut pushed_out = Vec::new();
        for name in &receivers {
            let line = self.lines.entry(name.clone()).or_default();
            line.push(Arc::clone(&message), now, now + FOR_THE_STORE);
            let ids = line.make_room();
            pushed_out.extend(ids.iter().map(|id| done(name, id)));
        }
        let message = Box::new(Message::clone(&message));
        self.taken = self.taken.max((number > 0).then_some(number));
        let mut entries = vec![Entry::Told {
            receivers,
            message,
            number,
        }];
        entries.append(&mut pushed_out);
        entries
    }

    /// The store has kept it, or cannot: it need not wait for that. Says whose lines it was in.
    pub(super) fn kept(&mut self, id: &str, now: Instant) -> Vec<String> {
        let mut whose = Vec::new();
        for (name, line) in &mut self.lines {
            if let Some(item) = line
                .items
                .iter_mut()
                .rev()
                .find(|item| item.message.id == id)
                && item.tries == 0
            {
                item.ready = item.ready.min(now);
                whose.push(name.clone());
            }
        }
        whose
    }

    /// A receiver is another than before: what its line has waited for says nothing of it.
    pub(super) fn changed(&mut self, receiver: &str) {
        if let Some(line) = self.lines.get_mut(receiver) {
            (line.ready, line.misses) = (None, 0);
        }
    }

    /// What a receiver's task does now. `wall` is the second on the calendar.
    pub(super) fn next(
        &mut self,
        receiver: &str,
        now: Instant,
        wall: u64,
        give_up: Duration,
    ) -> Step {
        let Some(line) = self.lines.get_mut(receiver) else {
            return Step::Wait(None);
        };
        if let Some(ready) = line.ready.filter(|ready| *ready > now) {
            return Step::Wait((!line.items.is_empty()).then_some(ready));
        }
        let (place, earliest) = line.first_ready(now);
        let Some(place) = place else {
            return Step::Wait(earliest);
        };
        let item = &line.items[place];
        let old = wall.saturating_sub(item.message.at_seconds) > give_up.as_secs();
        let place = match old && item.tries == 0 {
            true => line.put_together(place).unwrap_or(place),
            false => place,
        };
        let item = &line.items[place];
        Step::Send(Parcel {
            message: Arc::clone(&item.message),
            got: item.got.clone(),
        })
    }

    /// A receiver has a message. Where it wants to hear of it again while it is so, it stays until it is over. Says what is to be
    /// kept.
    pub(super) fn delivered(&mut self, receiver: &str, id: &str, repeats: Repeats) -> Vec<Entry> {
        let Some(line) = self.lines.get_mut(receiver) else {
            return Vec::new();
        };
        (line.ready, line.misses) = (None, 0);
        let Some(item) = line.take(id) else {
            return Vec::new();
        };
        let again = repeats == Repeats::WhileFiring && item.message.phase == PhaseWord::Firing;
        let over = match again {
            true => line.keeps(item),
            false => line.without(&item),
        };
        over.iter().map(|id| done(receiver, id)).collect()
    }

    /// An attempt has failed. Says what becomes of the message, and what is to be kept.
    pub(super) fn failed(
        &mut self,
        receiver: &str,
        parcel: &Parcel,
        fault: &Fault,
        now: Instant,
        give_up: Duration,
    ) -> (Verdict, Vec<Entry>) {
        let Some(line) = self.lines.get_mut(receiver) else {
            return (Verdict::Again, Vec::new());
        };
        let id = &*parcel.message.id;
        let Some(place) = line.place(id) else {
            return (Verdict::Again, Vec::new());
        };
        let item = &mut line.items[place];
        item.tries = item.tries.saturating_add(1);
        item.got.clone_from(&parcel.got);
        let too_long = now.duration_since(item.since) >= give_up;
        match fault.next {
            Next::Never => return (Verdict::Refused, line.drop_item(receiver, id)),
            Next::MessageLater => {
                item.ready = now + backoff::after(item.tries);
                (line.ready, line.misses) = (None, 0);
            }
            Next::AllLater(asked) => {
                line.misses = line.misses.saturating_add(1);
                let pause = backoff::after(line.misses).max(backoff::asked(asked));
                line.ready = Some(now + pause);
            }
        }
        if !too_long {
            return (Verdict::Again, Vec::new());
        }
        match line.put_together(place) {
            Some(_) => (Verdict::Again, Vec::new()),
            None => (Verdict::GivenUp, line.drop_item(receiver, id)),
        }
    }

    /// What is sent again while it is so.
    pub(super) fn active(&self, receiver: &str) -> Vec<Arc<Message>> {
        let line = self.lines.get(receiver);
        line.map_or_else(Vec::new, |line| line.active.values().cloned().collect())
    }

    /// Only these incidents are open: what is sent again of others is not, any more, and what began others is not told where its end
    /// is not there to be told. Says what is to be kept.
    pub(super) fn only_open(&mut self, incidents: &BTreeSet<u64>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (name, line) in &mut self.lines {
            let ids = line.only_open(incidents);
            entries.extend(ids.iter().map(|id| done(name, id)));
        }
        entries
    }

    /// How many wait for a receiver, and how many were pushed out.
    pub(super) fn waiting(&self, receiver: &str) -> (usize, u64) {
        let line = self.lines.get(receiver);
        line.map_or((0, 0), |line| (line.items.len(), line.pushed_out))
    }

    /// All that is to be kept, line after line: a line that named several receivers could put one's end before its beginning.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let taken = self.taken.map(|number| Entry::Taken { number });
        let mut entries: Vec<Entry> = taken.into_iter().collect();
        for (name, line) in &self.lines {
            let waiting = line.items.iter().map(|item| &item.message);
            let messages = line.active.values().chain(waiting);
            entries.extend(messages.map(|message| Entry::Told {
                receivers: vec![name.clone()],
                message: Box::new(Message::clone(message)),
                number: 0,
            }));
        }
        entries
    }
}

/// Whether a receiver hears again and again of what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    /// Until it is over.
    WhileFiring,
    /// Once.
    Never,
}

impl Line {
    fn push(&mut self, message: Arc<Message>, now: Instant, ready: Instant) {
        self.items.push_back(Item {
            message,
            with: Vec::new(),
            since: now,
            ready,
            tries: 0,
            got: BTreeSet::new(),
        });
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.message.id == id)
    }

    fn take(&mut self, id: &str) -> Option<Item> {
        let place = self.place(id)?;
        self.items.remove(place)
    }

    /// The message that goes next, of those that may go now and have none of their incident before them: one that was tried less
    /// often goes first, so that one which the receiver chokes on holds nobody else back. Else when there is one.
    fn first_ready(&self, now: Instant) -> (Option<usize>, Option<Instant>) {
        let mut before: BTreeSet<&str> = BTreeSet::new();
        let mut firsts: Vec<(usize, &Item)> = Vec::new();
        for (place, item) in self.items.iter().enumerate() {
            if before.insert(&item.message.key) {
                firsts.push((place, item));
            }
        }
        let ready = firsts.iter().filter(|(_, item)| item.ready <= now);
        let place = ready.min_by_key(|(place, item)| (item.tries, *place));
        let earliest = firsts.iter().map(|(_, item)| item.ready).min();
        (place.map(|(place, _)| *place), earliest)
    }
}

fn done(receiver: &str, id: &str) -> Entry {
    Entry::Done {
        receiver: receiver.to_owned(),
        id: id.to_owned(),
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
