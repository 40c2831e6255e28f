//! The form of a journal: text, a record a line. Eight hexadecimal digits are the CRC-32 (ISO 3309, as in gzip and PNG) of what
//! stands behind the blank: a record in JSON. The first line says which version of this form it is. People can read it with
//! `less`, and cut a line out with an editor.
//!
//! Bytes in, records and damage out; nothing is opened here. Called by `file`, and by the fuzz target.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of the form that is written, and the newest that is read.
pub const VERSION: u64 = 1;

/// The longest line, in bytes, its end included.
pub const LONGEST: usize = 64 * 1024;

/// How many damaged lines are told of one by one; the others are only counted.
const TOLD: usize = 10;

/// The checksum in hexadecimal, and the blank.
const CHECKSUM: usize = 9;

/// What a journal holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents<T> {
    /// The version that its first line names; none where that line is missing or damaged.
    pub version: Option<u64>,
    /// The records of all lines that are whole, in their order.
    pub records: Vec<T>,
    /// What could not be read.
    pub damage: Damage,
    /// How many bytes its whole lines take.
    pub whole: usize,
}

/// What could not be read of a journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    /// Bytes behind the last whole line: a write that a crash has cut short. They were nobody's yet.
    pub torn: usize,
    /// The first lines that are not what was written, by their number, which starts at 1.
    pub lines: Vec<(usize, Flaw)>,
    /// How many such lines there are.
    pub count: usize,
    /// The damage could not be taken out of the file, for this reason. It is in use as it is.
    pub unmended: Option<String>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It does not begin with a checksum.
    Form,
    /// The checksum is another line's.
    Checksum,
    /// Whole, and no record that this program knows.
    Unknown,
    /// Longer than any line that is written.
    Long,
}

/// Why a record cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// It would be longer than what is read again.
    #[error("a record of {0} bytes is longer than {LONGEST}")]
    Long(usize),
    /// It is none in JSON: a mistake in this program.
    #[error("a record cannot be put into JSON")]
    Json(#[source] serde_json::Error),
}

impl Damage {
    /// Whether lines are lost that were whole once.
    pub fn is_serious(&self) -> bool {
        self.count > 0
    }

    fn add(&mut self, number: usize, flaw: Flaw) {
        self.count += 1;
        if self.lines.len() < TOLD {
            self.lines.push((number, flaw));
        }
    }
}

/// For the log: `line 3: the checksum does not fit; line 9: ...; and 5 more`.
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (number, flaw)) in self.lines.iter().enumerate() {
            let comma = if place == 0 { "" } else { "; " };
            write!(f, "{comma}line {number}: {flaw}")?;
        }
        match self.count.saturating_sub(self.lines.len()) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flaw::Form => "it does not begin with a checksum",
            Flaw::Checksum => "the checksum does not fit",
            Flaw::Unknown => "it is no record that this version knows",
            Flaw::Long => "it is longer than any record",
        })
    }
}

/// The first line of a journal.
pub(super) fn head() -> String {
    let record = format!("{{\"journal\":{VERSION}}}");
    format!("{:08x} {record}\n", crc32fast::hash(record.as_bytes()))
}

/// Appends the line of a record. Where it cannot be written nothing is appended.
pub(super) fn write(into: &mut Vec<u8>, record: &impl Serialize) -> Result<(), Unwritable> {
    // JSON as it is made here has no line ends: those inside of texts are escaped.
    let json = serde_json::to_vec(record).map_err(Unwritable::Json)?;
    let length = CHECKSUM + json.len() + 1;
    if length > LONGEST {
        return Err(Unwritable::Long(length));
    }
    into.extend_from_slice(format!("{:08x} ", crc32fast::hash(&json)).as_bytes());
    into.extend_from_slice(&json);
    into.push(b'\n');
    Ok(())
}

/// Reads a journal, whatever it is.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Contents<T> {
    let whole = memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1);
    let mut contents = Contents {
        version: None,
        records: Vec::new(),
        damage: Damage {
            torn: bytes.len() - whole,
            ..Damage::default()
        },
        whole,
    };
    let lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n');
    for (index, line) in lines.enumerate() {
        let record = match checked(line) {
            Ok(record) => record,
            Err(flaw) => {
                contents.damage.add(index + 1, flaw);
                continue;
            }
        };
        if index == 0
            && let Some(version) = version(record)
        {
            contents.version = Some(version);
            continue;
        }
        match serde_json::from_slice(record) {
            Ok(record) => contents.records.push(record),
            Err(_) => contents.damage.add(index + 1, Flaw::Unknown),
        }
    }
    contents
}

/// What stands behind the checksum of a line, if that fits.
fn checked(line: &[u8]) -> Result<&[u8], Flaw> {
    if line.len() > LONGEST {
        return Err(Flaw::Long);
    }
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let (digits, record) = line.split_at_checked(CHECKSUM).ok_or(Flaw::Form)?;
    let digits = digits.strip_suffix(b" ").ok_or(Flaw::Form)?;
    // What is parsed as a number may have a sign, which is no digit.
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(Flaw::Form);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| Flaw::Form)?;
    let expected = u32::from_str_radix(digits, 16).map_err(|_| Flaw::Form)?;
    if crc32fast::hash(record) == expected {
        Ok(record)
    } else {
        Err(Flaw::Checksum)
    }
}

/// The version that a first line names.
fn version(record: &[u8]) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Head {
        journal: u64,
    }
    serde_json::from_slice::<Head>(record)
        .ok()
        .map(|head| head.journal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn journal(records: &[Value]) -> Vec<u8> {
        let mut bytes = head().into_bytes();
        for record in records {
            write(&mut bytes, record).unwrap();
        }
        bytes
    }

    fn some() -> Vec<Value> {
        vec![
            json!({"site": "shop", "down": true}),
            json!("two\nlines, and ünïcode"),
            json!({}),
            json!([1, 2, 3]),
        ]
    }

    #[test]
    fn people_can_read_it() {
        let bytes = journal(&[json!({"site": "shop"})]);
        expect_test::expect![[r#"
            ef583d3f {"journal":1}
            92ef2134 {"site":"shop"}
        "#]]
        .assert_eq(std::str::from_utf8(&bytes).unwrap());
        // The checksum that `gzip -lv` shows of the same bytes.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn what_was_written_is_read() {
        let contents = read::<Value>(&journal(&some()));
        assert_eq!(contents.version, Some(1));
        assert_eq!(contents.records, some());
        assert_eq!(contents.damage, Damage::default());
    }

    #[test]
    fn every_beginning_holds_the_first_records() {
        let whole = journal(&some());
        for length in 0..=whole.len() {
            let contents = read::<Value>(&whole[..length]);
            let count = contents.records.len();
            assert_eq!(contents.records, some()[..count], "at {length}");
            assert!(!contents.damage.is_serious(), "at {length}");
            assert_eq!(contents.whole + contents.damage.torn, length);
            assert_eq!(whole[..contents.whole].last().unwrap_or(&b'\n'), &b'\n');
        }
    }

    /// A changed byte costs its own line; where it was a line end, or becomes one, the line beside it, too.
    #[test]
    fn a_changed_byte_costs_no_other_line() {
        let whole = journal(&some());
        for at in 0..whole.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                let contents = read::<Value>(&changed);
                let lost = some().len() - contents.records.len();
                let head = usize::from(contents.version.is_none());
                assert!(lost + head <= 2, "{at} {flip}: {lost} lost");
                assert!(
                    contents
                        .records
                        .iter()
                        .all(|record| some().contains(record)),
                    "{at} {flip}: invented"
                );
                assert!(
                    lost + head > 0 || contents.damage.is_serious() || same_digit(&whole, at, flip),
                    "{at} {flip}: unnoticed"
                );
            }
        }
    }

    /// A checksum in capitals is the same number.
    fn same_digit(whole: &[u8], at: usize, flip: u8) -> bool {
        flip == 0x20 && whole[at].is_ascii_alphabetic()
    }

    #[test]
    fn each_flaw_has_its_name() {
        let long = format!("00000000 \"{}\"\n", "a".repeat(LONGEST));
        for (line, flaw) in [
            ("\n", Flaw::Form),
            ("0000000\n", Flaw::Form),
            ("+0000000 {}\n", Flaw::Form),
            ("0000000g {}\n", Flaw::Form),
            ("00000000_{}\n", Flaw::Form),
            ("00000000 {}\n", Flaw::Checksum),
            ("00000000 \n", Flaw::Unknown),
            (long.as_str(), Flaw::Long),
        ] {
            let bytes = [head().as_bytes(), line.as_bytes()].concat();
            let contents = read::<Value>(&bytes);
            assert_eq!(contents.damage.lines, [(2, flaw)], "{line:.20}");
        }
    }

    #[test]
    fn many_damaged_lines_are_counted_and_not_told_one_by_one() {
        let bytes = [head(), "nothing\n".repeat(12)].concat();
        let damage = read::<Value>(bytes.as_bytes()).damage;
        assert_eq!((damage.count, damage.lines.len()), (12, TOLD));
        let told = damage.to_string();
        assert!(told.starts_with("line 2: it does not begin"), "{told}");
        assert!(told.ends_with("; and 2 more"), "{told}");
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let mut bytes = Vec::new();
        let fits = "a".repeat(LONGEST - CHECKSUM - 3);
        write(&mut bytes, &fits).unwrap();
        assert_eq!(bytes.len(), LONGEST);
        assert_eq!(read::<String>(&bytes).records.concat(), fits);
        assert!(matches!(
            write(&mut bytes, &format!("{fits}a")),
            Err(Unwritable::Long(_))
        ));
        assert_eq!(bytes.len(), LONGEST);
    }
}
