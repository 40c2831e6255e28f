//! Journals under crashes, damage and disks that are full.

use super::*;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, Rlimit};
use tempfile::TempDir;

const NAME: &str = "journal";

/// A program that another test starts has the lock, too, until it is executed.
const PATIENCE: Duration = Duration::from_secs(10);

struct Place {
    temporary: TempDir,
}

impl Place {
    fn new() -> Place {
        Place {
            temporary: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self) -> PathBuf {
        self.temporary.path().join(NAME)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.temporary.path().join(name), bytes).unwrap();
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.temporary.path()).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<String> = entries.map(|entry| name(entry).unwrap()).collect();
        names.sort();
        names
    }

    fn open(&self) -> (Journal<String>, Vec<String>, Damage) {
        Journal::open(&folder(self.temporary.path()), NAME).unwrap()
    }

    fn read(&self) -> Vec<String> {
        self.open().1
    }
}

fn folder(path: &Path) -> Arc<Folder> {
    Arc::new(Folder::open(path, PATIENCE).unwrap())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn what_was_appended_is_there_again() {
    let place = Place::new();
    let (mut journal, records, damage) = place.open();
    assert_eq!((records, damage), (words(&[]), Damage::default()));
    journal.append(&words(&["a", "b"])).unwrap();
    journal.append(&[]).unwrap();
    journal.append(&words(&["c"])).unwrap();
    assert_eq!(journal.size(), fs::metadata(place.file()).unwrap().len());
    drop(journal);
    assert_eq!(place.read(), words(&["a", "b", "c"]));
    let mode = fs::metadata(place.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o137, 0, "{mode:o}");
}

#[test]
fn a_full_journal_begins_anew_and_goes_on() {
    let place = Place::new();
    let numbers = |range: std::ops::Range<u32>| -> Vec<String> {
        range.map(|number| format!("{number:0100}")).collect()
    };
    let earlier = || Journal::<String>::earlier(&folder(place.temporary.path()), NAME).unwrap();
    assert_eq!(earlier(), words(&[]));
    let (journal, ..) = place.open();
    let mut journal = journal.rotating_at(1000);
    for number in numbers(0..100) {
        journal.append(&[number]).unwrap();
        assert!(journal.size() < 1200, "{}", journal.size());
    }
    drop(journal);
    assert_eq!(place.names(), [NAME, "journal.1", "lock"]);
    let (mut kept, newest) = (earlier(), place.read());
    assert!(!newest.is_empty() && kept.len() > 5);
    kept.extend(newest);
    assert_eq!(kept, numbers(0..100)[100 - kept.len()..]);
    // Where the old one cannot be kept, the journal is not silenced by that.
    let name = place.temporary.path().join("journal.1");
    fs::remove_file(&name).unwrap();
    fs::create_dir(&name).unwrap();
    let mut journal = place.open().0.rotating_at(10);
    journal.append(&numbers(100..101)).unwrap();
    drop(journal);
    assert_eq!(place.read().last(), numbers(100..101).last());
}

/// Whatever the moment of a crash, the file opens, has the first records, and takes more.
#[test]
fn a_file_that_ends_anywhere_goes_on() {
    let place = Place::new();
    let all = words(&["a", "some more", "c"]);
    let (mut journal, ..) = place.open();
    journal.append(&all).unwrap();
    drop(journal);
    let whole = fs::read(place.file()).unwrap();
    for length in 0..=whole.len() {
        place.write(NAME, &whole[..length]);
        let (mut journal, records, damage) = place.open();
        assert_eq!(records, all[..records.len()], "at {length}");
        assert!(!damage.is_serious() && damage.unmended.is_none());
        journal.append(&words(&["later"])).unwrap();
        drop(journal);
        let expected = [records, words(&["later"])].concat();
        let (_, records, damage) = place.open();
        assert_eq!(records, expected, "at {length}");
        assert_eq!(damage, Damage::default(), "at {length}");
    }
    assert_eq!(place.names(), [NAME, "lock"]);
}

#[test]
fn a_damaged_line_is_passed_over_and_the_file_set_aside() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    journal.append(&words(&["a", "b", "c"])).unwrap();
    drop(journal);
    let mut damaged = fs::read(place.file()).unwrap();
    let at = damaged.iter().rposition(|byte| *byte == b'b').unwrap();
    damaged[at] = b'x';
    damaged.extend_from_slice(b"00000000 \"to");
    place.write(NAME, &damaged);
    let (mut journal, records, damage) = place.open();
    assert_eq!(records, words(&["a", "c"]));
    assert_eq!(damage.to_string(), "line 3: the checksum does not fit");
    assert_eq!((damage.torn, damage.unmended), (12, None));
    journal.append(&words(&["d"])).unwrap();
    drop(journal);
    let aside = place.temporary.path().join("journal.damaged");
    assert_eq!(fs::read(aside).unwrap(), damaged, "as it was found");
    let (_, records, damage) = place.open();
    assert_eq!(records, words(&["a", "c", "d"]));
    assert_eq!(damage, Damage::default(), "it is told once");
}

#[test]
fn what_was_damaged_first_stays_beside_what_is_damaged_later() {
    let place = Place::new();
    let found = |number: usize| {
        let line = format!("damage {number}\n");
        [line::head().into_bytes(), line.into_bytes()].concat()
    };
    for number in 1..=12 {
        place.write(NAME, &found(number));
        assert!(place.open().2.is_serious());
    }
    let aside = |name: &str| fs::read(place.temporary.path().join(name)).unwrap();
    assert_eq!(aside("journal.damaged"), found(1));
    assert_eq!(aside("journal.damaged.2"), found(2));
    assert_eq!(
        aside("journal.damaged.9"),
        found(12),
        "the last is replaced"
    );
    assert_eq!(place.names().len(), 11);
}

#[test]
fn damage_that_cannot_be_taken_out_is_lived_with() {
    let place = Place::new();
    let bytes = [line::head().as_bytes(), b"no line\n00000000 \"to"].concat();
    place.write(NAME, &bytes);
    // Nothing can be written under this name, or removed.
    let obstacle = place.temporary.path().join("journal.new/in the way");
    fs::create_dir_all(obstacle).unwrap();
    let (mut journal, _, damage) = place.open();
    let why = damage.unmended.unwrap();
    assert!(why.starts_with("cannot write a new "), "{why}");
    journal.append(&words(&["a"])).unwrap();
    drop(journal);
    assert_eq!(place.read(), words(&["a"]));
    assert!(!place.names().contains(&"journal.damaged.2".to_owned()));
}

#[test]
fn a_later_version_is_left_alone() {
    let place = Place::new();
    let record = "{\"journal\":2,\"more\":true}";
    let line = format!("{:08x} {record}\n", crc32fast::hash(record.as_bytes()));
    let bytes = format!("{line}who knows what\n");
    place.write(NAME, bytes.as_bytes());
    let folder = folder(place.temporary.path());
    let error = Journal::<String>::open(&folder, NAME).unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("is of version 2, and this sorry reads up to 1"),
        "{told}"
    );
    assert_eq!(fs::read_to_string(place.file()).unwrap(), bytes);
}

#[test]
fn nothing_but_a_plain_file_of_some_size_is_a_journal() {
    let place = Place::new();
    let folder = folder(place.temporary.path());
    fs::create_dir(place.file()).unwrap();
    assert!(Journal::<String>::open(&folder, NAME).is_err());
    fs::remove_dir(place.file()).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", place.file()).unwrap();
    assert!(Journal::<String>::open(&folder, NAME).is_err());
    fs::remove_file(place.file()).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, place.file(), rustix::fs::Mode::RWXU).unwrap();
    let error = Journal::<String>::open(&folder, NAME).unwrap_err();
    assert!(matches!(error, JournalError::NotPlain(_)), "{error}");
    fs::remove_file(place.file()).unwrap();
    File::create(place.file())
        .unwrap()
        .set_len(LARGEST + 1)
        .unwrap();
    let error = Journal::<String>::open(&folder, NAME).unwrap_err();
    assert!(matches!(error, JournalError::Large(_)), "{error}");
}

#[test]
fn it_grows_and_is_compacted() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    let long = "a".repeat(1000);
    let mut count = 0;
    while !journal.has_grown() {
        journal.append(std::slice::from_ref(&long)).unwrap();
        count += 1;
    }
    assert_eq!(count, 65, "64 KiB");
    let state = vec![long.clone(); 30];
    journal.compact(&state).unwrap();
    let compacted = journal.size();
    while !journal.has_grown() {
        journal.append(std::slice::from_ref(&long)).unwrap();
    }
    assert!((4 * compacted..=4 * compacted + 1100).contains(&journal.size()));
    journal.compact(&words(&["a"])).unwrap();
    journal.append(&words(&["b"])).unwrap();
    drop(journal);
    assert_eq!(place.read(), words(&["a", "b"]));
}

/// Every state that a crash in the middle of a compaction can leave behind: the new file begun, whole, and renamed.
#[test]
fn a_compaction_that_is_interrupted_loses_nothing() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    journal.append(&words(&["a", "b"])).unwrap();
    let old = fs::read(place.file()).unwrap();
    journal.compact(&words(&["b"])).unwrap();
    drop(journal);
    let new = fs::read(place.file()).unwrap();
    for length in 0..=new.len() {
        place.write(NAME, &old);
        place.write("journal.new", &new[..length]);
        assert_eq!(place.read(), words(&["a", "b"]), "at {length}");
        assert_eq!(place.names(), [NAME, "lock"], "at {length}");
    }
    place.write(NAME, &new);
    assert_eq!(place.read(), words(&["b"]));
}

#[test]
fn a_compaction_that_fails_leaves_all_as_it_was() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    journal.append(&words(&["a"])).unwrap();
    let obstacle = place.temporary.path().join("journal.new/in the way");
    fs::create_dir_all(obstacle).unwrap();
    assert!(journal.compact(&words(&["b"])).is_err());
    journal.append(&words(&["c"])).unwrap();
    drop(journal);
    assert_eq!(place.read(), words(&["a", "c"]));
}

/// After a sync that failed nobody knows what the kernel still has, so what was safe goes to a new file first.
#[test]
fn after_a_failed_sync_the_file_is_made_anew() {
    use std::os::unix::fs::MetadataExt as _;
    let place = Place::new();
    let (mut journal, ..) = place.open();
    journal.append(&words(&["a"])).unwrap();
    let before = fs::metadata(place.file()).unwrap().ino();
    journal
        .file
        .write_all(b"written, and not synced\n")
        .unwrap();
    journal.mend = Mend::Anew;
    journal.append(&words(&["b"])).unwrap();
    assert_ne!(fs::metadata(place.file()).unwrap().ino(), before);
    assert_eq!(journal.mend, Mend::Nothing);
    drop(journal);
    let (_, records, damage) = place.open();
    assert_eq!((records, damage), (words(&["a", "b"]), Damage::default()));
}

const CHILD: &str = "SORRY_TEST_FULL_DISK";

/// A limit of the size of files makes writes short and then fail, as a full disk does. It is the whole process's, so the
/// test runs itself again in a process of its own, for which a shell ignores the signal that goes with it.
#[test]
fn a_full_disk_is_told_and_takes_nothing_with_it() {
    if let Some(path) = std::env::var_os(CHILD) {
        return fill_the_disk(Path::new(&path));
    }
    let place = Place::new();
    let (_, name) = std::any::type_name_of_val(&a_full_disk_is_told_and_takes_nothing_with_it)
        .split_once("::")
        .unwrap();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", name])
        .env(CHILD, place.temporary.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("1 passed"), "{told}");
    assert_eq!(place.read(), words(&["a", "b", "c"]));
}

fn fill_the_disk(path: &Path) {
    let (mut journal, ..) = Journal::open(&folder(path), NAME).unwrap();
    journal.append(&words(&["a"])).unwrap();
    let size = journal.size();
    limit_files(Some(size + 100));
    let error = journal.append(&["x".repeat(500)]).unwrap_err();
    assert!(error.to_string().starts_with("cannot write to "), "{error}");
    assert_eq!(fs::metadata(journal.path()).unwrap().len(), size, "cut off");
    journal.append(&words(&["b"])).unwrap();
    assert!(journal.compact(&vec!["y".repeat(300); 3]).is_err());
    assert!(!new_name(journal.path()).exists(), "takes no space");
    limit_files(None);
    journal.append(&words(&["c"])).unwrap();
}

/// The soft limit of the size of files (setrlimit(2), RLIMIT_FSIZE), in bytes.
fn limit_files(current: Option<u64>) {
    let maximum = rustix::process::getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit {
        current: current.or(maximum),
        maximum,
    };
    rustix::process::setrlimit(Resource::Fsize, limit).unwrap();
}
