//! Order, patience and bounds of the queue; and that what is kept is what there is.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn message(id: &str, key: &str, phase: PhaseWord) -> Message {
    Message {
        id: id.to_owned(),
        key: key.to_owned(),
        incident: key.bytes().map(u64::from).sum(),
        phase,
        subject: format!("{id} of {key}"),
        ..Message::test("r", "host", 1000)
    }
}

fn firing(id: &str, key: &str) -> Message {
    message(id, key, PhaseWord::Firing)
}

fn resolved(id: &str, key: &str) -> Message {
    message(id, key, PhaseWord::Resolved)
}

/// One receiver, `r`, and a clock; what is to be kept is replayed after each step.
struct World {
    queue: Queue,
    now: Instant,
    wall: u64,
    lines: Vec<Entry>,
}

impl World {
    fn new() -> World {
        World {
            queue: Queue::default(),
            now: Instant::now(),
            wall: 1000,
            lines: Vec::new(),
        }
    }

    fn later(&mut self, duration: Duration) {
        self.now += duration;
        self.wall += duration.as_secs();
    }

    fn kept(&mut self, entries: Vec<Entry>) {
        self.lines.extend(entries);
        let again = Queue::of(self.lines.clone(), self.now);
        assert_eq!(
            ids(&again, With::TheirBeginnings),
            ids(&self.queue, With::TheirBeginnings)
        );
        let compacted = Queue::of(self.queue.entries(), self.now);
        assert_eq!(
            ids(&compacted, With::Nothing),
            ids(&self.queue, With::Nothing)
        );
    }

    fn add(&mut self, message: Message) {
        let id = message.id.clone();
        let entries = self.queue.add(message, vec!["r".to_owned()], 0, self.now);
        self.queue.kept(&id, self.now);
        self.kept(entries);
    }

    /// A new process with what was kept.
    fn restart(&mut self) {
        self.queue = Queue::of(self.lines.clone(), self.now);
    }

    /// The same, after all was written anew.
    fn compact(&mut self) {
        self.lines = self.queue.entries();
        self.restart();
    }

    fn active(&self) -> Vec<String> {
        let active = self.queue.active("r");
        active.iter().map(|message| message.id.clone()).collect()
    }

    fn only_open(&mut self, incidents: &[u64]) {
        let entries = self.queue.only_open(&incidents.iter().copied().collect());
        self.kept(entries);
    }

    fn next(&mut self) -> Option<Parcel> {
        match self.queue.next("r", self.now, self.wall, HOUR) {
            Step::Send(parcel) => Some(parcel),
            Step::Wait(_) => None,
        }
    }

    fn next_id(&mut self) -> Option<String> {
        self.next().map(|parcel| parcel.message.id.clone())
    }

    fn delivered(&mut self, id: &str, repeats: Repeats) {
        let entries = self.queue.delivered("r", id, repeats);
        self.kept(entries);
    }

    fn failed(&mut self, fault: &Fault) -> Verdict {
        let parcel = self.next().expect("something to send");
        let (verdict, entries) = self.queue.failed("r", &parcel, fault, self.now, HOUR);
        self.kept(entries);
        verdict
    }
}

/// Whether what was put together with its end counts: it is in the end's text then, and no message any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    TheirBeginnings,
    Nothing,
}

/// What is known of each receiver, in any order: what is sent again stands among what waits after a restart.
fn ids(queue: &Queue, with: With) -> Vec<(String, BTreeSet<String>)> {
    let ids = |line: &Line| {
        let beginnings = line.items.iter().flat_map(|item| item.with.clone());
        let beginnings = beginnings.filter(|_| with == With::TheirBeginnings);
        let waiting = line.items.iter().map(|item| item.message.id.clone());
        let active = line.active.values().map(|message| message.id.clone());
        let all = waiting.chain(active).chain(beginnings);
        all.collect::<BTreeSet<String>>()
    };
    let known = queue.lines.iter();
    let known = known.map(|(name, line)| (name.clone(), ids(line)));
    known.filter(|(_, ids)| !ids.is_empty()).collect()
}

#[test]
fn messages_of_an_incident_keep_their_order_and_others_go_meanwhile() {
    let mut world = World::new();
    for message in [firing("1", "a"), resolved("2", "a"), firing("3", "b")] {
        world.add(message);
    }
    assert_eq!(world.failed(&Fault::later("not this")), Verdict::Again);
    assert_eq!(world.next_id().as_deref(), Some("3"));
    world.delivered("3", Repeats::Never);
    assert_eq!(world.next_id(), None, "2 waits for 1");
    world.later(Duration::from_secs(2));
    assert_eq!(world.next_id().as_deref(), Some("1"));
    world.delivered("1", Repeats::Never);
    assert_eq!(world.next_id().as_deref(), Some("2"));
    world.delivered("2", Repeats::Never);
    assert_eq!((world.next_id(), world.queue.entries()), (None, vec![]));
}

#[test]
fn a_message_that_the_receiver_chokes_on_holds_nobody_back() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    world.add(firing("2", "b"));
    assert_eq!(world.failed(&Fault::unreachable("closed")), Verdict::Again);
    assert_eq!(world.next_id(), None, "the receiver is let alone");
    world.later(Duration::from_secs(2));
    assert_eq!(world.next_id().as_deref(), Some("2"));
}

#[test]
fn a_receiver_is_let_alone_for_as_long_as_it_asks() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    let fault = Fault::of_status(429, Some(Duration::from_secs(120)), "");
    assert_eq!(world.failed(&fault), Verdict::Again);
    world.add(firing("2", "b"));
    world.later(Duration::from_secs(119));
    assert_eq!(world.next_id(), None);
    world.later(Duration::from_secs(1));
    assert!(world.next_id().is_some());
}

#[test]
fn what_is_never_taken_and_what_was_tried_too_long_goes() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    assert_eq!(world.failed(&Fault::never("no")), Verdict::Refused);
    assert_eq!(world.next_id(), None);
    world.add(firing("2", "a"));
    assert_eq!(world.failed(&Fault::later("later")), Verdict::Again);
    world.later(HOUR);
    assert_eq!(world.failed(&Fault::later("later")), Verdict::GivenUp);
    assert_eq!(world.queue.entries(), []);
}

#[test]
fn what_is_over_before_anybody_heard_of_it_is_told_as_one() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    world.add(message("2", "a", PhaseWord::Update));
    world.add(firing("x", "b"));
    world.add(resolved("3", "a"));
    assert_eq!(world.next_id().as_deref(), Some("1"), "it is young");
    // A new process, much later.
    world.restart();
    world.later(HOUR * 2);
    let parcel = world.next().expect("something to send");
    assert_eq!(parcel.message.id, "3");
    assert!(parcel.message.text.contains("not told before"));
    assert!(parcel.message.subject.starts_with("3 of a"));
    world.delivered("3", Repeats::Never);
    assert_eq!(world.next_id().as_deref(), Some("x"));
}

#[test]
fn what_was_tried_too_long_is_told_with_its_end() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    world.failed(&Fault::unreachable("nobody there"));
    world.add(resolved("2", "a"));
    world.later(HOUR);
    assert_eq!(
        world.failed(&Fault::unreachable("nobody there")),
        Verdict::Again
    );
    world.later(HOUR);
    let parcel = world.next().expect("something to send");
    assert_eq!(parcel.message.id, "2");
    world.delivered("2", Repeats::Never);
    assert_eq!(world.queue.entries(), []);
}

#[test]
fn what_is_sent_again_stays_until_it_is_over() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    world.delivered("1", Repeats::WhileFiring);
    world.add(firing("2", "b"));
    world.delivered("2", Repeats::WhileFiring);
    assert_eq!(world.active(), ["1", "2"]);
    // Late again, with the same key.
    world.add(firing("3", "a"));
    world.delivered("3", Repeats::WhileFiring);
    assert_eq!(world.active(), ["3", "2"]);
    world.add(resolved("4", "a"));
    assert_eq!(world.active(), ["3", "2"]);
    world.delivered("4", Repeats::WhileFiring);
    assert_eq!(world.active(), ["2"]);
    world.only_open(&[firing("", "a").incident]);
    assert_eq!(world.active(), Vec::<String>::new());
    assert_eq!(world.queue.entries(), []);
}

#[test]
fn the_oldest_that_is_over_goes_first_when_there_is_no_room() {
    let mut world = World::new();
    let mut add = |message: Message| {
        let entries = world.queue.add(message, vec!["r".to_owned()], 0, world.now);
        entries.len()
    };
    add(firing("still", "still"));
    for (id, phase) in [
        ("1", PhaseWord::Firing),
        ("2", PhaseWord::Update),
        ("3", PhaseWord::Resolved),
    ] {
        add(message(id, "over", phase));
    }
    for number in 0..LONGEST - 4 {
        assert_eq!(add(firing(&format!("n{number}"), &format!("k{number}"))), 1);
    }
    assert_eq!(
        add(firing("one more", "x")),
        1 + 3,
        "the whole of what is over"
    );
    add(firing("and", "y"));
    add(firing("another", "z"));
    assert_eq!(add(firing("last", "w")), 1 + 1, "then the oldest");
    assert_eq!(world.queue.waiting("r"), (LONGEST, 4));
}

#[test]
fn who_is_gone_waits_for_nothing() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    let entries = world.queue.receivers(&BTreeSet::from(["other".to_owned()]));
    world.kept(entries);
    assert_eq!(world.queue.entries(), []);
}

#[test]
fn a_message_waits_a_moment_for_the_store() {
    let mut world = World::new();
    world
        .queue
        .add(firing("1", "a"), vec!["r".to_owned()], 0, world.now);
    let Step::Wait(Some(until)) = world.queue.next("r", world.now, world.wall, HOUR) else {
        panic!("it is not kept yet");
    };
    assert_eq!(until, world.now + FOR_THE_STORE);
    world.later(FOR_THE_STORE);
    assert!(
        world.next_id().is_some(),
        "a store that hangs holds nothing back"
    );
}

#[test]
fn an_end_stays_behind_its_beginning_for_each_receiver_when_all_is_written_anew() {
    let mut world = World::new();
    let told = |receivers: &[&str], message: Message| Entry::Told {
        receivers: receivers.iter().map(ToString::to_string).collect(),
        message: Box::new(message),
        number: 0,
    };
    // The first has the beginning already; its line begins with the end.
    world.lines = vec![
        told(&["q", "r"], firing("1", "a")),
        done("q", "1"),
        told(&["q", "r"], resolved("2", "a")),
    ];
    world.restart();
    world.compact();
    assert_eq!(world.next_id().as_deref(), Some("1"));
    world.delivered("1", Repeats::Never);
    assert_eq!(world.next_id().as_deref(), Some("2"));
}

#[test]
fn what_is_sent_again_is_over_when_its_end_is_refused() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    world.delivered("1", Repeats::WhileFiring);
    world.add(resolved("2", "a"));
    assert_eq!(world.failed(&Fault::never("no")), Verdict::Refused);
    assert_eq!((world.active(), world.queue.entries()), (vec![], vec![]));
}

#[test]
fn what_is_sent_again_is_over_when_its_end_was_tried_too_long() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    world.delivered("1", Repeats::WhileFiring);
    world.add(resolved("2", "a"));
    world.later(HOUR);
    assert_eq!(world.failed(&Fault::later("later")), Verdict::GivenUp);
    assert_eq!((world.active(), world.queue.entries()), (vec![], vec![]));
}

#[test]
fn what_is_sent_again_is_over_when_its_end_is_pushed_out() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    world.delivered("1", Repeats::WhileFiring);
    world.add(resolved("2", "a"));
    let mut pushed_out = Vec::new();
    for number in 0..LONGEST {
        let message = firing(&format!("n{number}"), &format!("k{number}"));
        let mut entries = world.queue.add(message, vec!["r".to_owned()], 0, world.now);
        pushed_out.extend(entries.split_off(1));
    }
    assert_eq!(world.active(), Vec::<String>::new());
    assert_eq!(pushed_out, [done("r", "2"), done("r", "1")]);
}

#[test]
fn what_is_told_with_an_end_is_over_when_that_is_refused() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    world.add(message("2", "a", PhaseWord::Update));
    world.add(resolved("3", "a"));
    world.later(HOUR * 2);
    assert_eq!(world.next_id().as_deref(), Some("3"));
    assert_eq!(world.failed(&Fault::never("no")), Verdict::Refused);
    assert_eq!(world.queue.entries(), []);
}

/// What was sent again before a restart waits as any message after it.
#[test]
fn after_a_restart_nobody_hears_of_what_is_over_and_has_no_end_to_tell() {
    let mut world = World::new();
    world.add(firing("1", "over"));
    world.add(message("2", "over", PhaseWord::Update));
    world.add(firing("3", "ended"));
    world.add(resolved("4", "ended"));
    world.add(firing("5", "open"));
    world.delivered("1", Repeats::WhileFiring);
    world.restart();
    world.only_open(&[firing("", "open").incident]);
    let mut told = Vec::new();
    while let Some(id) = world.next_id() {
        world.delivered(&id, Repeats::WhileFiring);
        told.push(id);
    }
    assert_eq!(told, ["3", "4", "5"]);
    assert_eq!(world.active(), ["5"]);
}

#[test]
fn a_receiver_that_was_changed_is_tried_at_once() {
    let mut world = World::new();
    world.add(firing("1", "a"));
    let fault = Fault::of_status(429, Some(HOUR), "");
    assert_eq!(world.failed(&fault), Verdict::Again);
    assert_eq!(world.next_id(), None);
    world.queue.changed("r");
    assert_eq!(world.next_id().as_deref(), Some("1"));
}
