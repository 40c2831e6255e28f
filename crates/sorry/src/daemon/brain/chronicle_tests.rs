//! What a crash between the history and the queue of alerts leaves, and what the next process makes of it.

use sorry_core::incident::{Audience, Kind, Phase, Step, What};
use sorry_core::moment::Wall;
use tempfile::TempDir;

use super::*;

fn telling(number: u64) -> Telling {
    Telling {
        number,
        incident: number,
        kind: Kind::Outage,
        site: Some("shop".into()),
        about: None,
        by: None,
        reason: None,
        planned: false,
        observed: false,
        began: Wall(number),
        at: Wall(number),
        step: Step::Begins,
        phase: Phase::Firing,
        audience: Audience::Everybody,
        what: What::Up,
        which: None,
        awaits: None,
    }
}

/// A folder where the history has tellings up to `told`, and the queue of alerts has taken in those up to `taken`.
fn folder(told: u64, taken: Option<u64>) -> (TempDir, Arc<Folder>) {
    let place = TempDir::new().unwrap();
    let folder =
        Arc::new(Folder::open(&place.path().join("state"), Duration::from_secs(10)).unwrap());
    let (mut history, _, _) = Journal::<KeptTelling>::open(&folder, HISTORY).unwrap();
    let tellings: Vec<KeptTelling> = (1..=told).map(|it| (&telling(it)).into()).collect();
    history.append(&tellings).unwrap();
    let (mut alerts, _, _) = Journal::<alert::Entry>::open(&folder, ALERTS).unwrap();
    let line = taken.map(|number| alert::Entry::Taken { number });
    alerts.append(line.as_slice()).unwrap();
    (place, folder)
}

#[test]
fn what_the_history_has_and_the_queue_has_not_is_told_after_a_crash() {
    let none: &[u64] = &[];
    for (told, taken, missed) in [
        (3, Some(3), none),
        (3, Some(2), &[3]),
        (3, Some(0), &[1, 2, 3]),
        (0, Some(0), none),
        // The history was compacted, or cut.
        (1, Some(3), none),
        // The queue has lost its memory.
        (3, None, none),
    ] {
        let (_place, folder) = folder(told, taken);
        let (chronicle, tellings) = Chronicle::open(&folder).unwrap();
        assert_eq!(tellings.len() as u64, told);
        let found = chronicle.missed(&tellings);
        let numbers: Vec<u64> = found.iter().map(|telling| telling.number).collect();
        assert_eq!(numbers, missed, "{told} told, {taken:?} taken");
    }
}

/// A history that was written anew has its tellings by incident.
#[test]
fn what_was_missed_is_told_in_its_order() {
    let (_place, folder) = folder(0, Some(0));
    let (mut history, _, _) = Journal::<KeptTelling>::open(&folder, HISTORY).unwrap();
    let unsorted = [3, 2, 8, 7].map(|number| KeptTelling::from(&telling(number)));
    history.append(&unsorted).unwrap();
    drop(history);
    let (chronicle, tellings) = Chronicle::open(&folder).unwrap();
    let missed = chronicle.missed(&tellings);
    let numbers: Vec<u64> = missed.iter().map(|telling| telling.number).collect();
    assert_eq!(numbers, [2, 3, 7, 8]);
}

/// A secret on a file system that hangs holds the thread that tells; neither the queue nor the end of the process waits for it.
#[test]
fn a_receiver_that_holds_its_thread_holds_nothing_else() {
    let (place, folder) = folder(0, Some(0));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let posts = super::super::posts::Posts::start().unwrap();
    let (lets_go, hangs) = std::sync::mpsc::channel::<()>();
    posts.handle.spawn(async move {
        let _let_go = hangs.recv();
    });
    runtime.block_on(async {
        let (mut chronicle, _) = Chronicle::open(&folder).unwrap();
        drop(folder);
        chronicle.begin(opening(), posts.handle.clone());
        let mut history = History::default();
        history.take(&telling(1));
        chronicle.tell(vec![telling(1)], &history);
        chronicle.end().await;
    });
    // What the desk was given is on the disk once the thread has let go of it.
    drop((lets_go, posts, runtime));
    let path = place.path().join("state");
    let folder = Arc::new(Folder::open(&path, Duration::from_secs(10)).unwrap());
    let (again, told) = Chronicle::open(&folder).unwrap();
    assert_eq!((told.len(), again.taken()), (1, Some(1)));
}

fn opening() -> Opening {
    Opening {
        receivers: Vec::new(),
        open: BTreeSet::new(),
        missed: Vec::new(),
        told: 0,
        programs: Arc::default(),
    }
}

#[test]
fn a_new_folder_remembers_from_its_first_telling_on() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let place = TempDir::new().unwrap();
    let path = place.path().join("state");
    let open = || Arc::new(Folder::open(&path, Duration::from_secs(10)).unwrap());
    runtime.block_on(async {
        let (mut chronicle, told) = Chronicle::open(&open()).unwrap();
        assert_eq!((told.len(), chronicle.taken()), (0, None));
        chronicle.begin(opening(), Handle::current());
        let mut history = History::default();
        history.take(&telling(1));
        chronicle.tell(vec![telling(1)], &history);
        chronicle.end().await;
        let (again, told) = Chronicle::open(&open()).unwrap();
        assert_eq!((told.len(), again.taken()), (1, Some(1)));
    });
}
