//! How messages leave a line: delivered, refused, pushed out, told with another, or because what they tell of is over. Whichever it
//! is, all that goes with one is named, so that the store forgets it, too.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::{Entry, Item, LONGEST, Line, PhaseWord, done};

impl Line {
    /// It has been told that something is wrong, and is told again until it is over. Says which message that replaces.
    pub(super) fn keeps(&mut self, item: Item) -> Vec<String> {
        let mut over = item.with;
        let key = item.message.key.clone();
        let before = self.active.insert(key, item.message);
        over.extend(before.map(|before| before.id.clone()));
        over
    }

    /// What is over when this has left the line: it, what was to be told with it and, where it is an end, what was sent again until
    /// then. That would be sent for ever if an end that nobody takes did not end it.
    pub(super) fn without(&mut self, item: &Item) -> Vec<String> {
        let mut over = item.with.clone();
        over.push(item.message.id.clone());
        if item.message.phase == PhaseWord::Resolved {
            let active = self.active.remove(&item.message.key);
            over.extend(active.map(|active| active.id.clone()));
        }
        over
    }

    pub(super) fn drop_item(&mut self, receiver: &str, id: &str) -> Vec<Entry> {
        let Some(item) = self.take(id) else {
            return Vec::new();
        };
        let over = self.without(&item);
        over.iter().map(|id| done(receiver, id)).collect()
    }

    /// What is wrong and its end become one message, where the end waits already. Says where that is.
    pub(super) fn put_together(&mut self, place: usize) -> Option<usize> {
        let begin = Arc::clone(&self.items[place].message);
        if begin.phase != PhaseWord::Firing {
            return None;
        }
        let of_it =
            |item: &Item, phase| item.message.key == begin.key && item.message.phase == phase;
        let mut behind = self.items.iter().enumerate().skip(place + 1);
        let (end, _) = behind.find(|(_, item)| of_it(item, PhaseWord::Resolved))?;
        // What was told between the two is in neither, and is nothing without them.
        let goes = |at: usize, item: &Item| {
            at == place || (at > place && at < end && of_it(item, PhaseWord::Update))
        };
        let gone = self.take_all(goes);
        let end = end - gone.len();
        let item = self.items.get_mut(end)?;
        item.message = Arc::new(begin.with_end(&item.message));
        for other in gone {
            item.with.extend(other.with);
            item.with.push(other.message.id.clone());
        }
        Some(end)
    }

    /// There is room for so many: the oldest incident that is over goes first, whole; else the oldest message. Says which.
    pub(super) fn make_room(&mut self) -> Vec<String> {
        let mut over = Vec::new();
        while self.items.len() > LONGEST {
            let gone = match self.oldest_that_is_over() {
                Some(key) => self.take_all(|_, item| item.message.key == key),
                None => self.items.pop_front().into_iter().collect(),
            };
            self.pushed_out += gone.len() as u64;
            for item in &gone {
                over.append(&mut self.without(item));
            }
        }
        over
    }

    /// Only these incidents are open. What waits of another and has its end behind it is told with that; what has none would be told
    /// as if it went on, and leaves. Whoever was told of it before a restart hears no more of it: Alertmanager ends it by itself.
    pub(super) fn only_open(&mut self, incidents: &BTreeSet<u64>) -> Vec<String> {
        let open = |incident| incidents.contains(&incident);
        let active = std::mem::take(&mut self.active);
        let (active, closed): (BTreeMap<_, _>, BTreeMap<_, _>) = active
            .into_iter()
            .partition(|(_, message)| open(message.incident));
        self.active = active;
        let mut over: Vec<String> = closed.values().map(|message| message.id.clone()).collect();
        let ends = self.ends();
        let gone = self.take_all(|at, item| {
            let goes_on = matches!(item.message.phase, PhaseWord::Firing | PhaseWord::Update);
            let ended = ends.get(&item.message.key).is_some_and(|end| *end > at);
            goes_on && !ended && !open(item.message.incident)
        });
        for item in &gone {
            over.append(&mut self.without(item));
        }
        over
    }

    /// Where the last end of each incident is.
    fn ends(&self) -> BTreeMap<String, usize> {
        let items = self.items.iter().enumerate();
        let ends = items.filter(|(_, item)| item.message.phase == PhaseWord::Resolved);
        ends.map(|(at, item)| (item.message.key.clone(), at))
            .collect()
    }

    /// Takes out what goes, by its place; the rest keeps its order.
    fn take_all(&mut self, goes: impl Fn(usize, &Item) -> bool) -> Vec<Item> {
        let items = std::mem::take(&mut self.items);
        let (mut gone, mut stay) = (Vec::new(), VecDeque::with_capacity(items.len()));
        for (at, item) in items.into_iter().enumerate() {
            match goes(at, &item) {
                true => gone.push(item),
                false => stay.push_back(item),
            }
        }
        self.items = stay;
        gone
    }

    fn oldest_that_is_over(&self) -> Option<String> {
        let mut firing: BTreeSet<&str> = BTreeSet::new();
        let mut over = self.items.iter().filter(|item| match item.message.phase {
            PhaseWord::Firing => {
                firing.insert(&item.message.key);
                false
            }
            PhaseWord::Resolved => firing.contains(&*item.message.key),
            PhaseWord::Update | PhaseWord::Note => false,
        });
        over.next().map(|item| item.message.key.clone())
    }
}
