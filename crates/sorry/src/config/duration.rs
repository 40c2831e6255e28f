//! Durations as operators write them: `90s`, `2m`, `1h30m`, `500ms`. Used by the configuration and by flags such as `--for`.

use super::fault::{Fault, quoted};
use super::quantity::{Part, end_of, part};
use super::reader::FromText;
use std::time::Duration;

/// Units with their length in milliseconds, longest first: a duration names each at most once and in this order.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration.
///
/// # Errors
/// A [`Fault`] when a number or a unit is missing, unknown, repeated or in the wrong order, or the sum is too large.
pub fn parse(text: &str) -> Result<Duration, Fault> {
    let mut total: u64 = 0;
    let mut shortest = u64::MAX;
    let mut from = 0;
    loop {
        let part = part(text, from, "a duration").map_err(with_fraction_hint)?;
        let unit = unit_of(&part)?;
        if unit >= shortest {
            let fault = Fault::new("units must go from long to short, each once");
            return Err(fault
                .at(part.range)
                .hint("write it like \"1h30m\" or \"2m\""));
        }
        shortest = unit;
        total = part
            .number
            .checked_mul(unit)
            .and_then(|length| total.checked_add(length))
            .ok_or_else(|| {
                let fault = Fault::new(format!("{} is too long", quoted(text)));
                fault.at(part.range.clone()).out_of_range()
            })?;
        from = end_of(text, part.range.end, |c| c == ' ');
        if from >= text.len() {
            return Ok(Duration::from_millis(total));
        }
    }
}

fn with_fraction_hint(fault: Fault) -> Fault {
    match fault.message.starts_with("fractions") {
        true => fault.hint("use a smaller unit: \"1h30m\" rather than \"1.5h\""),
        false => fault.hint("write it like \"90s\", \"2m\" or \"1h30m\""),
    }
}

fn unit_of(part: &Part<'_>) -> Result<u64, Fault> {
    if let Some((_, length)) = UNITS.iter().find(|(name, _)| *name == part.unit) {
        return Ok(*length);
    }
    let number = part.number_text;
    if part.unit.is_empty() {
        let fault = Fault::new(format!("{} has no unit", quoted(number)));
        return Err(fault.at(part.range.clone()).hint(format!(
            "the units are d, h, m, s and ms: \"{number}s\" is seconds"
        )));
    }
    let fault = Fault::new(format!("{} is not a unit of time", quoted(part.unit)));
    let hint = match meant(part.unit) {
        Some(unit) => format!("write \"{number}{unit}\""),
        None => "the units are d, h, m, s and ms".to_owned(),
    };
    Err(fault.at(part.unit_range.clone()).hint(hint))
}

/// The unit that a longer word for it means.
fn meant(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    match word.trim_end_matches('s') {
        "d" | "day" => Some("d"),
        "h" | "hr" | "hour" => Some("h"),
        "m" | "min" | "minute" => Some("m"),
        "" | "sec" | "second" => Some("s"),
        "milli" | "msec" | "millisecond" => Some("ms"),
        _ => None,
    }
}

/// Writes a duration the way [`parse`] reads it; what is below a millisecond is left out.
pub fn format(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (name, length) in UNITS {
        let count = rest / u128::from(length);
        rest %= u128::from(length);
        if count > 0 {
            text.push_str(&format!("{count}{name}"));
        }
    }
    match text.is_empty() {
        true => "0s".to_owned(),
        false => text,
    }
}

/// A duration within limits, both in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time<const LEAST_MS: u64, const MOST_MS: u64>(pub(super) Duration);

impl<const LEAST_MS: u64, const MOST_MS: u64> FromText for Time<LEAST_MS, MOST_MS> {
    fn form() -> String {
        let [least, most] = [LEAST_MS, MOST_MS].map(|ms| format(Duration::from_millis(ms)));
        format!("a duration from {least} to {most}, such as \"90s\"")
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        let duration = parse(text)?;
        let [least, most] = [LEAST_MS, MOST_MS].map(Duration::from_millis);
        if (least..=most).contains(&duration) {
            return Ok(Time(duration));
        }
        let limits = format!("from {} to {}", format(least), format(most));
        let fault = Fault::new(format!("{} is out of range", quoted(text)));
        Err(fault.out_of_range().hint(format!("it may be {limits}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read() {
        for (text, ms) in [
            ("90s", 90_000),
            ("2m", 120_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("2 m", 120_000),
            ("500ms", 500),
            ("1m500ms", 60_500),
            ("0s", 0),
            ("2d", 172_800_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn faults_name_the_place_and_the_way_out() {
        for (text, range, said) in [
            ("", 0..0, "an empty text is not a duration"),
            ("soon", 0..4, "`soon` does not begin with a number"),
            (
                "90",
                0..2,
                "`90` has no unit (the units are d, h, m, s and ms: \"90s\" is seconds)",
            ),
            ("2min", 1..4, "`min` is not a unit of time (write \"2m\")"),
            (
                "2h 5 secs",
                5..9,
                "`secs` is not a unit of time (write \"5s\")",
            ),
            (
                "3w",
                1..2,
                "`w` is not a unit of time (the units are d, h, m, s and ms)",
            ),
            ("30m1h", 3..5, "units must go from long to short, each once"),
            ("1m1m", 2..4, "units must go from long to short, each once"),
            ("1.5h", 1..2, "fractions and separators are not understood"),
            ("99999999999999999999s", 0..20, "is too large"),
            ("999999999999999999d", 0..19, "is too long"),
            ("-5s", 0..3, "`-5s` does not begin with a number"),
            (" 5s", 0..3, "does not begin with a number"),
        ] {
            let fault = parse(text).expect_err(text);
            assert!(fault.to_string().contains(said), "{text}: {fault}");
            assert_eq!(fault.range, Some(range), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0u64..u64::MAX / 2) {
            let duration = Duration::from_millis(ms);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn any_text_is_read_or_refused_within_itself(text in "[0-9 .hmsdµx-]{0,12}") {
            if let Err(Fault { range: Some(range), .. }) = parse(&text) {
                prop_assert!(text.get(range).is_some());
            }
        }
    }
}
