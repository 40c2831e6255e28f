//! Prepared bytes with holes: what is known when the configuration is read stands there, the rest is filled in a copy.
//!
//! Holes have fixed widths, so that a body's length is known beforehand and the in-kernel responder can send the same
//! bytes. HTTP/2 allows no blanks around a value (RFC 9113, section 8.2.1); its one hole of varying width writes its
//! own length.

use std::ops::Range;

use crate::date;

/// Digits in the hole for Retry-After; [`crate::retry_after::LONGEST`] has as many.
pub const RETRY_AFTER_WIDTH: usize = 7;

/// The most milliseconds that are ever said, 24.8 days. gRPC clients read the pushback as a signed number of 32 bits, and
/// take what they cannot read for "do not try again" (gRFC A6); timers of JavaScript, which clients of event streams
/// are made with, fire at once beyond it.
pub const LONGEST_MS: u32 = i32::MAX.unsigned_abs();

/// Characters of a request id: 64 bits in hexadecimal.
pub const ID_WIDTH: usize = 16;

/// Something that is only known when the answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hole {
    /// The date, an IMF-fixdate.
    Date,
    /// The request's id.
    Id,
    /// Seconds to wait, right-aligned: blanks before a number are allowed in HTTP/1 fields and in JSON.
    RetryAfter,
    /// Seconds to wait with zeros before them, where neither blanks nor another width are allowed.
    RetryAfterZeros,
    /// Seconds to wait, left-aligned, for the end of a line of text.
    RetryAfterLeft,
    /// Milliseconds to wait, at most [`LONGEST_MS`], right-aligned, three more digits.
    RetryAfterMillis,
    /// The same with zeros instead of blanks: an event stream's `retry` takes digits only (HTML, section 9.2.6).
    RetryAfterMillisZeros,
    /// The instant to come back, an IMF-fixdate.
    RetryDate,
    /// Seconds to wait as an HPACK string: a length and as many digits as there are (RFC 7541, section 5.2).
    RetryAfterHpack,
    /// `RetryAfterHpack` in milliseconds.
    RetryAfterMillisHpack,
    /// Server-Timing's value as an HPACK string: `sorry;desc="ID";dur=SECONDS`.
    ServerTimingHpack,
}

impl Hole {
    /// How many bytes of the prepared text it covers.
    pub fn width(self) -> usize {
        match self {
            Hole::Date | Hole::RetryDate => date::LENGTH,
            Hole::Id => ID_WIDTH,
            Hole::RetryAfter | Hole::RetryAfterZeros | Hole::RetryAfterLeft => RETRY_AFTER_WIDTH,
            Hole::RetryAfterMillis | Hole::RetryAfterMillisZeros => RETRY_AFTER_WIDTH + 3,
            Hole::RetryAfterHpack | Hole::RetryAfterMillisHpack | Hole::ServerTimingHpack => 0,
        }
    }
}

/// What the holes are filled with.
#[derive(Debug, Clone, Copy)]
pub struct Filling {
    /// The date as it stands in the field.
    pub date: [u8; date::LENGTH],
    /// The same in seconds since 1970.
    pub now: u64,
    /// The request's id.
    pub id: [u8; ID_WIDTH],
    /// Seconds to wait.
    pub retry_after: u32,
}

/// Bytes with holes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    bytes: Vec<u8>,
    holes: Vec<(usize, Hole)>,
}

impl Template {
    /// An empty one.
    pub fn new() -> Template {
        Template::default()
    }

    /// Adds bytes that never change.
    #[must_use]
    pub fn text(mut self, bytes: impl AsRef<[u8]>) -> Template {
        self.push(bytes.as_ref());
        self
    }

    /// Adds a hole.
    #[must_use]
    pub fn hole(mut self, hole: Hole) -> Template {
        self.push_hole(hole);
        self
    }

    /// Adds bytes that never change, in place.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds a hole, in place; until it is filled it shows blanks.
    pub fn push_hole(&mut self, hole: Hole) {
        self.holes.push((self.bytes.len(), hole));
        self.bytes.resize(self.bytes.len() + hole.width(), b' ');
    }

    /// Adds all of another one.
    pub fn append(&mut self, other: &Template) {
        let base = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.holes
            .extend(other.holes.iter().map(|(at, hole)| (base + at, *hole)));
    }

    /// A copy without these stretches of [`Template::masked`], which stand in order; a hole that one of them touches is gone whole.
    #[must_use]
    pub fn without(&self, stretches: &[Range<usize>]) -> Template {
        let is_cut = |at: usize| stretches.iter().any(|stretch| stretch.contains(&at));
        let mut rest = Template::new();
        let mut holes = self.holes.iter().peekable();
        let mut at = 0;
        while at < self.bytes.len() {
            match holes.next_if(|(place, _)| *place == at) {
                Some((_, hole)) => {
                    let inside = at..at + hole.width();
                    if !inside.clone().any(is_cut) {
                        rest.push_hole(*hole);
                    }
                    at = inside.end;
                }
                None => {
                    if !is_cut(at) {
                        rest.bytes.push(self.bytes[at]);
                    }
                    at += 1;
                }
            }
        }
        rest
    }

    /// Whether nothing needs filling.
    pub fn is_solid(&self) -> bool {
        self.holes.is_empty()
    }

    /// The bytes with blank holes.
    pub fn masked(&self) -> &[u8] {
        &self.bytes
    }

    /// The holes with their places in [`Template::masked`], in order.
    pub fn holes(&self) -> &[(usize, Hole)] {
        &self.holes
    }

    /// Whether it says when to come back, in seconds or as a date.
    pub fn says_when(&self) -> bool {
        let mut holes = self.holes.iter();
        holes.any(|(_, hole)| matches!(hole, Hole::RetryAfter | Hole::RetryDate))
    }

    /// Length in bytes once filled, for templates without holes of varying width.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.holes.is_empty()
    }

    /// Appends the filled bytes to `out`. Allocates only if `out` must grow.
    pub fn fill(&self, filling: &Filling, out: &mut Vec<u8>) {
        let mut done = 0;
        for (at, hole) in &self.holes {
            out.extend_from_slice(&self.bytes[done..*at]);
            filling.write(*hole, out);
            done = at + hole.width();
        }
        out.extend_from_slice(&self.bytes[done..]);
    }
}

impl Filling {
    fn write(&self, hole: Hole, out: &mut Vec<u8>) {
        let mut digits = [b' '; 10];
        match hole {
            Hole::Date => out.extend_from_slice(&self.date),
            Hole::Id => out.extend_from_slice(&self.id),
            Hole::RetryAfter => {
                let start = right_aligned(
                    self.retry_after.min(crate::retry_after::LONGEST),
                    &mut digits,
                );
                debug_assert!(start >= 3);
                out.extend_from_slice(&digits[3..]);
            }
            Hole::RetryAfterZeros => {
                let start = right_aligned(
                    self.retry_after.min(crate::retry_after::LONGEST),
                    &mut digits,
                );
                digits[..start].fill(b'0');
                out.extend_from_slice(&digits[3..]);
            }
            Hole::RetryAfterLeft => {
                let start = right_aligned(
                    self.retry_after.min(crate::retry_after::LONGEST),
                    &mut digits,
                );
                out.extend_from_slice(&digits[start..]);
                out.resize(out.len() + RETRY_AFTER_WIDTH - (digits.len() - start), b' ');
            }
            Hole::RetryAfterMillis => {
                right_aligned_millis(self.retry_after, &mut digits);
                out.extend_from_slice(&digits);
            }
            Hole::RetryAfterMillisZeros => {
                let start = right_aligned_millis(self.retry_after, &mut digits);
                digits[..start].fill(b'0');
                out.extend_from_slice(&digits);
            }
            Hole::RetryDate => {
                out.extend_from_slice(&date::imf_fixdate(self.now + u64::from(self.retry_after)));
            }
            Hole::RetryAfterHpack => {
                let start = right_aligned(self.retry_after, &mut digits);
                push_hpack(&[&digits[start..]], out);
            }
            Hole::RetryAfterMillisHpack => {
                let start = right_aligned_millis(self.retry_after, &mut digits);
                push_hpack(&[&digits[start..]], out);
            }
            Hole::ServerTimingHpack => {
                let start = right_aligned(self.retry_after, &mut digits);
                push_hpack(
                    &[b"sorry;desc=\"", &self.id, b"\";dur=", &digits[start..]],
                    out,
                );
            }
        }
    }
}

/// A string literal without Huffman coding; all of ours are shorter than 127 bytes.
fn push_hpack(parts: &[&[u8]], out: &mut Vec<u8>) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    debug_assert!(length < 127);
    out.push(u8::try_from(length).unwrap_or(0));
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Writes `number` to the end of `digits` and says where it begins.
fn right_aligned(number: u32, digits: &mut [u8; 10]) -> usize {
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b"0123456789"[(rest % 10) as usize];
        rest /= 10;
        if rest == 0 {
            return at;
        }
    }
}

/// The same in milliseconds, of which there are at most [`LONGEST_MS`].
fn right_aligned_millis(seconds: u32, digits: &mut [u8; 10]) -> usize {
    right_aligned(seconds.saturating_mul(1000).min(LONGEST_MS), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filling(retry_after: u32) -> Filling {
        Filling {
            date: date::imf_fixdate(0),
            now: 0,
            id: *b"0123456789abcdef",
            retry_after,
        }
    }

    fn filled(hole: Hole, retry_after: u32) -> String {
        let template = Template::new().text("[").hole(hole).text("]");
        let mut out = Vec::new();
        template.fill(&filling(retry_after), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn what_is_cut_takes_its_holes_along() {
        let template = Template::new()
            .text("a: ")
            .hole(Hole::Date)
            .text(";b: ")
            .hole(Hole::RetryAfter)
            .text(";c");
        let all = template.masked().len();
        let date = "Thu, 01 Jan 1970 00:00:00 GMT";
        for (one, other, rest) in [
            (0..0, 0..0, format!("a: {date};b:       7;c")),
            (0..32, 0..0, ";b:       7;c".to_owned()),
            (0..5, 0..0, ";b:       7;c".to_owned()),
            (0..3, 32..36, format!("{date}      7;c")),
            (40..41, 43..44, format!("a: {date};b: c")),
            (0..all, 0..0, String::new()),
        ] {
            let stretches = [one, other];
            let mut out = Vec::new();
            template.without(&stretches).fill(&filling(7), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), rest, "{stretches:?}");
        }
    }

    #[test]
    fn each_hole_has_its_form() {
        for (hole, retry_after, expected) in [
            (Hole::Date, 1, "[Thu, 01 Jan 1970 00:00:00 GMT]"),
            (Hole::RetryDate, 61, "[Thu, 01 Jan 1970 00:01:01 GMT]"),
            (Hole::Id, 1, "[0123456789abcdef]"),
            (Hole::RetryAfter, 120, "[    120]"),
            (Hole::RetryAfter, 9_999_999, "[9999999]"),
            (Hole::RetryAfter, u32::MAX, "[9999999]"),
            (Hole::RetryAfterZeros, 120, "[0000120]"),
            (Hole::RetryAfterLeft, 120, "[120    ]"),
            (Hole::RetryAfterMillis, 1, "[      1000]"),
            (Hole::RetryAfterMillis, 2_147_483, "[2147483000]"),
            (Hole::RetryAfterMillis, 2_147_484, "[2147483647]"),
            (Hole::RetryAfterMillis, 9_999_999, "[2147483647]"),
            (Hole::RetryAfterMillisZeros, 120, "[0000120000]"),
            (Hole::RetryAfterMillisZeros, u32::MAX, "[2147483647]"),
            (Hole::RetryAfterHpack, 120, "[\u{3}120]"),
            (Hole::RetryAfterMillisHpack, 5, "[\u{4}5000]"),
            (Hole::RetryAfterMillisHpack, 2_592_099, "[\u{a}2147483647]"),
            (
                Hole::ServerTimingHpack,
                5,
                "[\u{23}sorry;desc=\"0123456789abcdef\";dur=5]",
            ),
        ] {
            assert_eq!(filled(hole, retry_after), expected, "{hole:?}");
        }
    }

    #[test]
    fn filled_and_masked_bytes_differ_only_in_the_holes() {
        let mut template = Template::new().text("a").hole(Hole::Id).text("b");
        let other = Template::new().hole(Hole::RetryAfter).text("c");
        template.append(&other);
        assert_eq!(template.masked(), b"a                b       c");
        assert_eq!(template.holes(), [(1, Hole::Id), (18, Hole::RetryAfter)]);
        let mut out = Vec::new();
        template.fill(&filling(7), &mut out);
        assert_eq!(out, b"a0123456789abcdefb      7c");
        assert_eq!(out.len(), template.len());
        assert!(!template.is_solid());
    }
}
