//! Sizes as operators write them: `32 KiB`, `20MB`, `512 B`. Binary and decimal units are told apart, a bare number is refused.

use super::fault::{Fault, quoted};
use super::quantity::{Part, part};
use super::reader::FromText;

const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

/// Reads a size in bytes.
///
/// # Errors
/// A [`Fault`] when the number or its unit is missing or unknown, or the product does not fit 64 bits.
pub fn parse(text: &str) -> Result<u64, Fault> {
    let part = part(text, 0, "a size").map_err(|fault| {
        let hint = match fault.message.starts_with("fractions") {
            true => "use a smaller unit: \"1536 KiB\" rather than \"1.5 MiB\"",
            false => "write it like \"32 KiB\" or \"20 MB\"",
        };
        fault.hint(hint)
    })?;
    if part.range.end < text.len() {
        let fault = Fault::new("one number and one unit are enough for a size");
        return Err(fault.at(part.range.end..text.len()));
    }
    let unit = unit_of(&part)?;
    part.number.checked_mul(unit).ok_or_else(|| {
        let fault = Fault::new(format!("{} is too large", quoted(text)));
        fault.at(part.range.clone()).out_of_range()
    })
}

fn unit_of(part: &Part<'_>) -> Result<u64, Fault> {
    // Both `KB` and `kB` are seen for 1000 bytes and cannot be mistaken for anything else.
    let written = if part.unit == "KB" { "kB" } else { part.unit };
    if let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == written) {
        return Ok(*bytes);
    }
    let number = part.number_text;
    if part.unit.is_empty() {
        let fault = Fault::new(format!("{} has no unit", quoted(number)));
        return Err(fault.at(part.range.clone()).hint(format!(
            "the units are B, KiB, MiB, GiB, kB, MB and GB: \"{number} B\" is bytes"
        )));
    }
    let fault = Fault::new(format!("{} is not a unit of size", quoted(part.unit)));
    let same = |(name, _): &&(&str, u64)| name.eq_ignore_ascii_case(part.unit);
    let short =
        |(name, _): &&(&str, u64)| name.len() == 3 && name[..1].eq_ignore_ascii_case(part.unit);
    let meant = UNITS.iter().find(same).or_else(|| UNITS.iter().find(short));
    let hint = match meant {
        Some((unit, _)) => format!("write \"{number} {unit}\""),
        None => "the units are B, KiB, MiB, GiB, kB, MB and GB".to_owned(),
    };
    Err(fault.at(part.unit_range.clone()).hint(hint))
}

/// Writes a size the way [`parse`] reads it, in the largest unit that leaves no rest.
pub fn format(bytes: u64) -> String {
    let fits = |(_, size): &&(&str, u64)| bytes >= *size && bytes.is_multiple_of(*size);
    let (unit, size) = UNITS.iter().find(fits).unwrap_or(&("B", 1));
    format!("{} {unit}", bytes / size)
}

/// A size within limits, both in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes<const LEAST: u64, const MOST: u64>(pub(super) u64);

impl<const LEAST: u64, const MOST: u64> FromText for Bytes<LEAST, MOST> {
    fn form() -> String {
        let [least, most] = [LEAST, MOST].map(format);
        format!("a size from {least} to {most}, such as \"64 KiB\"")
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        let bytes = parse(text)?;
        if (LEAST..=MOST).contains(&bytes) {
            return Ok(Bytes(bytes));
        }
        let limits = format!("from {} to {}", format(LEAST), format(MOST));
        let fault = Fault::new(format!("{} is out of range", quoted(text)));
        Err(fault.out_of_range().hint(format!("it may be {limits}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("32 KiB", 32_768),
            ("32KiB", 32_768),
            ("20MB", 20_000_000),
            ("1 KB", 1_000),
            ("1 kB", 1_000),
            ("0 B", 0),
            ("4 MiB", 4_194_304),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn faults_name_the_place_and_the_way_out() {
        for (text, range, said) in [
            ("", 0..0, "an empty text is not a size"),
            ("big", 0..3, "`big` does not begin with a number"),
            ("4096", 0..4, "`4096` has no unit"),
            (
                "4 mib",
                2..5,
                "`mib` is not a unit of size (write \"4 MiB\")",
            ),
            ("32k", 2..3, "`k` is not a unit of size (write \"32 KiB\")"),
            (
                "32 parsec",
                3..9,
                "`parsec` is not a unit of size (the units are",
            ),
            ("1.5 MiB", 1..2, "use a smaller unit"),
            ("1 MiB 5 KiB", 5..11, "one number and one unit"),
            ("99999999 TiB", 0..12, "is too large"),
        ] {
            let fault = parse(text).expect_err(text);
            assert!(fault.to_string().contains(said), "{text}: {fault}");
            assert_eq!(fault.range, Some(range), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: u64) {
            prop_assert_eq!(parse(&format(bytes)), Ok(bytes));
        }
    }
}
