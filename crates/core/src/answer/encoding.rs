//! Which content coding a body is sent in (RFC 9110, section 12.5.3).
//!
//! `identity;q=0` or `*;q=0` never turns an answer into something else: where nothing acceptable is prepared, the
//! plain body goes out, as section 12.5.3 allows.

use super::ask::Lines;
use super::quality::{MOST_ELEMENTS, Quality, is_coding, weighted};

/// A content coding that bodies are prepared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// RFC 1952
    Gzip,
    /// RFC 7932
    Brotli,
    /// RFC 8878
    Zstd,
}

/// How many there are.
pub const ENCODINGS: usize = 4;

impl Encoding {
    /// All, in the order of their numbers.
    pub const ALL: [Encoding; ENCODINGS] = [
        Encoding::Identity,
        Encoding::Gzip,
        Encoding::Brotli,
        Encoding::Zstd,
    ];

    /// Its name in Content-Encoding; nothing for identity.
    pub fn token(self) -> Option<&'static str> {
        match self {
            Encoding::Identity => None,
            Encoding::Gzip => Some("gzip"),
            Encoding::Brotli => Some("br"),
            Encoding::Zstd => Some("zstd"),
        }
    }
}

/// The codings a client takes, best first; identity always ends the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preference {
    order: [Encoding; ENCODINGS],
    length: usize,
}

impl Preference {
    /// From best to identity.
    pub fn iter(&self) -> impl Iterator<Item = Encoding> + '_ {
        self.order[..self.length].iter().copied()
    }
}

/// Reads Accept-Encoding. Absent or malformed means identity only.
pub fn choose(field: &Lines<'_>) -> Preference {
    let weights = weights(field).unwrap_or([0; ENCODINGS]);
    let mut order = [Encoding::Identity; ENCODINGS];
    let mut length = 0;
    // At equal weight the smallest body first: brotli, zstd, gzip.
    let mut candidates = [Encoding::Brotli, Encoding::Zstd, Encoding::Gzip];
    candidates.sort_by_key(|e| std::cmp::Reverse(weights[*e as usize]));
    for encoding in candidates {
        let weight = weights[encoding as usize];
        if weight > 0 && weight >= weights[Encoding::Identity as usize] {
            order[length] = encoding;
            length += 1;
        }
    }
    order[length] = Encoding::Identity;
    Preference {
        order,
        length: length + 1,
    }
}

/// The weight of each coding. Identity counts only where it is named: unnamed it is acceptable, but no preference.
fn weights(field: &Lines<'_>) -> Option<[Quality; ENCODINGS]> {
    let mut named: [Option<Quality>; ENCODINGS] = [None; ENCODINGS];
    let mut others = 0;
    for (count, element) in field.elements()?.enumerate() {
        let (coding, quality) = weighted(element)?;
        if count >= MOST_ELEMENTS || !is_coding(coding) {
            return None;
        }
        match coding {
            b"*" => others = quality,
            _ if coding.eq_ignore_ascii_case(b"identity") => {
                named[Encoding::Identity as usize] = Some(quality);
            }
            _ if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") => {
                named[Encoding::Gzip as usize] = Some(quality);
            }
            _ if coding.eq_ignore_ascii_case(b"br") => {
                named[Encoding::Brotli as usize] = Some(quality);
            }
            _ if coding.eq_ignore_ascii_case(b"zstd") => {
                named[Encoding::Zstd as usize] = Some(quality);
            }
            _ => {}
        }
    }
    let mut weights = named.map(|quality| quality.unwrap_or(others));
    weights[Encoding::Identity as usize] = named[Encoding::Identity as usize].unwrap_or(0);
    Some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_prepared_coding_is_sent_and_identity_never_fails() {
        for (field, expected) in [
            ("gzip, deflate, br, zstd", "br zstd gzip identity"),
            ("gzip, deflate", "gzip identity"),
            ("gzip;q=1.0, br;q=0.5", "gzip br identity"),
            ("x-gzip", "gzip identity"),
            ("*", "br zstd gzip identity"),
            ("br;q=0, *", "zstd gzip identity"),
            ("identity", "identity"),
            ("identity, gzip;q=0.5", "identity"),
            ("identity;q=0.5, gzip", "gzip identity"),
            ("identity;q=0", "identity"),
            ("*;q=0", "identity"),
            ("gzip;q=5", "identity"),
            ("g zip", "identity"),
            ("", "identity"),
        ] {
            let got: Vec<_> = choose(&Lines::one(field.as_bytes()))
                .iter()
                .map(|e| e.token().unwrap_or("identity"))
                .collect();
            assert_eq!(got.join(" "), expected, "{field:?}");
        }
    }
}
