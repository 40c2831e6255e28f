//! The writer's promises: in order, together, and each batch told of its own.

use super::*;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::super::Folder;
use super::super::line::LONGEST;

fn journal(path: &Path) -> (Journal<String>, Vec<String>) {
    let folder = Arc::new(Folder::open(path, Duration::from_secs(10)).unwrap());
    let (journal, records, _) = Journal::open(&folder, "journal").unwrap();
    (journal, records)
}

fn batch(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What was asked for, and nobody has worked at yet.
struct Waiting {
    jobs: SyncSender<Job<String>>,
    queue: Receiver<Job<String>>,
}

impl Waiting {
    fn new() -> Waiting {
        let (jobs, queue) = sync_channel(WAITING);
        Waiting { jobs, queue }
    }

    fn add(&self, job: Job<String>) {
        assert!(self.jobs.try_send(job).is_ok());
    }

    fn work(self, journal: Journal<String>) {
        drop(self.jobs);
        work(journal, &self.queue);
    }
}

#[test]
fn everything_is_written_in_order_before_the_writer_ends() {
    let place = tempfile::tempdir().unwrap();
    let writer = Writer::start(journal(place.path()).0, "journal").unwrap();
    let (told, tells) = channel();
    for number in 0..100 {
        let told = told.clone();
        writer.write(vec![number.to_string()], move |outcome| {
            told.send((number, outcome.is_ok())).unwrap();
        });
    }
    drop((writer, told));
    let expected: Vec<(i32, bool)> = (0..100).map(|number| (number, true)).collect();
    assert_eq!(tells.iter().collect::<Vec<_>>(), expected);
    let numbers: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(journal(place.path()).1, numbers);
}

/// As when the process ends while a disk hangs: its successor must not wait for that, too.
#[test]
fn a_disk_that_hangs_holds_nobody_up() {
    let place = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(journal(place.path()).0, "journal").unwrap();
    writer.patience = Duration::ZERO;
    let (lets_go, hangs) = channel::<()>();
    let (told, tells) = channel();
    writer.write(batch(&["a"]), move |_| {
        told.send(()).unwrap();
        let _let_go = hangs.recv();
        told.send(()).unwrap();
    });
    tells.recv().unwrap();
    drop(writer);
    assert!(tells.try_recv().is_err(), "it hangs still");
    drop(lets_go);
    tells.recv().unwrap();
}

#[test]
fn a_task_can_wait_for_it() {
    let place = tempfile::tempdir().unwrap();
    let writer = Writer::start(journal(place.path()).0, "journal").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let written = runtime.block_on(writer.written(batch(&["a"]))).unwrap();
    assert_eq!(written, Written { grown: false });
}

/// A compaction has its place among the writes.
#[test]
fn what_was_written_before_a_compaction_is_in_its_place() {
    let place = tempfile::tempdir().unwrap();
    let waiting = Waiting::new();
    waiting.add(Job::Write(
        batch(&["a"]),
        Box::new(|outcome| assert!(outcome.is_ok())),
    ));
    waiting.add(Job::Write(
        batch(&["b"]),
        Box::new(|outcome| assert!(outcome.is_ok())),
    ));
    waiting.add(Job::Compact(
        batch(&["ab"]),
        Box::new(|outcome| assert!(outcome.is_ok())),
    ));
    waiting.add(Job::Write(
        batch(&["c"]),
        Box::new(|outcome| assert!(outcome.is_ok())),
    ));
    waiting.work(journal(place.path()).0);
    assert_eq!(journal(place.path()).1, batch(&["ab", "c"]));
}

/// Batches that wait share their fate, but for a record that nobody could write.
#[test]
fn an_error_comes_back_with_its_batch() {
    let place = tempfile::tempdir().unwrap();
    let waiting = Waiting::new();
    let long = vec!["x".repeat(LONGEST)];
    let (told, tells) = channel();
    for batch in [batch(&["a"]), long.clone(), batch(&["b"])] {
        let told = told.clone();
        waiting.add(Job::Write(
            batch,
            Box::new(move |outcome| told.send(outcome).unwrap()),
        ));
    }
    waiting.work(journal(place.path()).0);
    drop(told);
    let outcomes: Vec<_> = tells.iter().collect();
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    let unwritten = outcomes[1].as_ref().unwrap_err();
    assert_eq!(unwritten.batch, long);
    assert!(
        unwritten.to_string().contains("is longer than"),
        "{unwritten}"
    );
    assert_eq!(journal(place.path()).1, batch(&["a", "b"]));
}

#[test]
fn it_says_when_the_journal_has_grown() {
    let place = tempfile::tempdir().unwrap();
    let writer = Writer::start(journal(place.path()).0, "journal").unwrap();
    let (told, tells) = channel();
    let tell = move |outcome: Result<Written, Unwritten<String>>| {
        told.send(outcome.unwrap().grown).unwrap();
    };
    writer.write(vec!["a".repeat(60_000)], tell.clone());
    writer.write(vec!["a".repeat(60_000)], tell.clone());
    assert!(tells.iter().take(2).last().unwrap());
    writer.compact(batch(&["a"]), tell);
    assert!(!tells.recv().unwrap());
}

/// When the disk hangs, whoever writes is told, and nothing grows without end.
#[test]
fn a_queue_that_is_full_is_told_at_once() {
    let Waiting { jobs, queue } = Waiting::new();
    let writer = Writer {
        jobs: Some(jobs),
        thread: None,
        ended: Mutex::new(sync_channel(0).1),
        patience: LAST_WRITES,
    };
    let (told, tells) = channel();
    for _ in 0..=WAITING {
        let told = told.clone();
        writer.write(batch(&["a"]), move |outcome| told.send(outcome).unwrap());
    }
    let unwritten = tells.try_recv().unwrap().unwrap_err();
    assert_eq!(unwritten.batch, batch(&["a"]));
    assert!(
        unwritten.to_string().contains("1024 writes behind"),
        "{unwritten}"
    );
    assert!(tells.try_recv().is_err());
    drop(queue);
}
