//! The journal's reader: whatever is on the disk, it finds every whole line that can be found, cuts only behind them, and reads
//! the same from what it would itself write of that.
//!
//! Included by the libFuzzer wrapper and by the replay of corpora on stable.

use sorry_server::journal::{Contents, Entry, read};

/// What must hold of any bytes.
pub(crate) fn journal(data: &[u8]) {
    let contents: Contents<serde_json::Value> = read(data);
    assert_eq!(contents.whole + contents.damage.torn, data.len());
    assert!(data[contents.whole..].iter().all(|byte| *byte != b'\n'));
    let lines = data.iter().filter(|byte| **byte == b'\n').count();
    let head = usize::from(contents.version.is_some());
    assert_eq!(contents.records.len() + contents.damage.count + head, lines);
    assert!(contents.damage.lines.len() <= contents.damage.count);
    assert!(
        contents
            .damage
            .lines
            .iter()
            .all(|(line, _)| (1..=lines).contains(line))
    );
    // What is torn off is nobody's.
    let mut cut: Contents<serde_json::Value> = read(&data[..contents.whole]);
    assert_eq!(cut.damage.torn, 0);
    cut.damage.torn = contents.damage.torn;
    assert_eq!(cut, contents);
    typed(data, contents.records.len());
}

/// Whatever is a record of the engine's in it comes back from JSON as it was.
fn typed(data: &[u8], records: usize) {
    let contents: Contents<Entry> = read(data);
    assert!(contents.records.len() <= records);
    for entry in contents.records {
        let json = serde_json::to_string(&entry).expect("an entry in JSON");
        let back: Entry = serde_json::from_str(&json).expect("what was written just now");
        assert_eq!(back, entry);
    }
}
