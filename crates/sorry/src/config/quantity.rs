//! A number with its unit, the common half of durations and sizes. It knows no unit: `duration.rs` and `size.rs` do.

use super::fault::{Fault, quoted};
use std::ops::Range;

/// One `number unit` of a text, and where its halves stand in it.
pub(super) struct Part<'t> {
    pub(super) number: u64,
    pub(super) number_text: &'t str,
    pub(super) unit: &'t str,
    pub(super) unit_range: Range<usize>,
    /// From the first digit to the end of the unit.
    pub(super) range: Range<usize>,
}

/// Reads the part that begins at `from`; blanks may stand between number and unit.
pub(super) fn part<'t>(text: &'t str, from: usize, what: &str) -> Result<Part<'t>, Fault> {
    let digits_end = end_of(text, from, |c| c.is_ascii_digit());
    let number_text = text.get(from..digits_end).unwrap_or_default();
    if number_text.is_empty() {
        let message = match text.get(from..) {
            None | Some("") => format!("an empty text is not {what}"),
            Some(rest) => format!("{} does not begin with a number", quoted(rest)),
        };
        return Err(Fault::new(message).at(from..text.len()));
    }
    if text[digits_end..].starts_with(['.', ',']) {
        let fault = Fault::new("fractions and separators are not understood");
        return Err(fault.at(digits_end..digits_end + 1));
    }
    let number = number_text.parse().map_err(|_| {
        Fault::new(format!("{} is too large", quoted(number_text)))
            .at(from..digits_end)
            .out_of_range()
    })?;
    let unit_start = end_of(text, digits_end, |c| c == ' ');
    let unit_end = end_of(text, unit_start, |c| !c.is_ascii_digit() && c != ' ');
    Ok(Part {
        number,
        number_text,
        unit: &text[unit_start..unit_end],
        unit_range: unit_start..unit_end,
        range: from..unit_end,
    })
}

/// Where the run of characters that `belongs` accepts ends.
pub(super) fn end_of(text: &str, from: usize, belongs: impl Fn(char) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.find(|c| !belongs(c)).unwrap_or(rest.len())
}
