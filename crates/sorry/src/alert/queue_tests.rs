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
        let entries = self.queue.add(message, vec!["r".to_owned()], self.now);
        self.queue.kept(&id, self.now);
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
        let beginnings = line.items.iter().filter_map(|item| item.with.clone());
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
    world.queue = Queue::of(world.lines.clone(), world.now);
    world.later(HOUR * 2);
    let parcel = world.next().expect("something to send");
    assert_eq!(parcel.message.id, "3");
    assert!(parcel.message.text.contains("not told before"));
    assert!(parcel.message.subject.starts_with("3 of a"));
    world.queue.delivered("r", "3", Repeats::Never);
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
    let active = |world: &World| -> Vec<String> {
        let active = world.queue.active("r");
        active.iter().map(|message| message.id.clone()).collect()
    };
    world.add(firing("1", "a"));
    world.delivered("1", Repeats::WhileFiring);
    world.add(firing("2", "b"));
    world.delivered("2", Repeats::WhileFiring);
    assert_eq!(active(&world), ["1", "2"]);
    // Late again, with the same key.
    world.add(firing("3", "a"));
    world.delivered("3", Repeats::WhileFiring);
    assert_eq!(active(&world), ["3", "2"]);
    world.add(resolved("4", "a"));
    assert_eq!(active(&world), ["3", "2"]);
    world.delivered("4", Repeats::WhileFiring);
    assert_eq!(active(&world), ["2"]);
    let entries = world
        .queue
        .only_open(&BTreeSet::from([firing("", "a").incident]));
    world.kept(entries);
    assert_eq!(active(&world), Vec::<String>::new());
    assert_eq!(world.queue.entries(), []);
}

#[test]
fn the_oldest_that_is_over_goes_first_when_there_is_no_room() {
    let mut world = World::new();
    let mut add = |message: Message| {
        let entries = world.queue.add(message, vec!["r".to_owned()], world.now);
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
        .add(firing("1", "a"), vec!["r".to_owned()], world.now);
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
