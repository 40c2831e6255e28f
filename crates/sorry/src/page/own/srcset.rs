//! The list of candidates in a `srcset` attribute (HTML, section 4.8.4.2.1).

use std::ops::Range;

/// Where the addresses of the candidates stand.
pub(super) fn addresses(srcset: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let rest = &srcset[at..];
        at += rest.len() - rest.trim_start_matches(|c| is_space(c) || c == ',').len();
        let rest = &srcset[at..];
        if rest.is_empty() {
            return found;
        }
        let length = rest.find(is_space).unwrap_or(rest.len());
        let address = rest[..length].trim_end_matches(',');
        found.push(at..at + address.len());
        at += length;
        // A comma that clings to the address ends the candidate; else descriptors follow, up to the next comma
        // outside of brackets.
        if address.len() == length {
            at += descriptors_length(&srcset[at..]);
        }
    }
}

/// The same list with some addresses replaced.
pub(super) fn replace(srcset: &str, new: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(srcset.len());
    let mut done = 0;
    for range in addresses(srcset) {
        if let Some(address) = new(&srcset[range.clone()]) {
            out.push_str(&srcset[done..range.start]);
            // Written as it stands a comma at the end would end the candidate.
            out.push_str(&address.replace(',', "%2C"));
            done = range.end;
        }
    }
    out.push_str(&srcset[done..]);
    out
}

fn descriptors_length(text: &str) -> usize {
    let mut open = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            ',' if open == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_told_apart() {
        for (srcset, expected) in [
            ("a.png", &["a.png"][..]),
            ("a.png 1x, b.png 2x", &["a.png", "b.png"]),
            ("a.png, b.png 2x", &["a.png", "b.png"]),
            ("a,b.png 1x,c.png", &["a,b.png", "c.png"]),
            (" ,\n a.png 100w 50h ,b.png", &["a.png", "b.png"]),
            ("a.png f(1,2), b.png", &["a.png", "b.png"]),
            (
                "data:image/png;base64,AA== 1x, b.png",
                &["data:image/png;base64,AA==", "b.png"],
            ),
            ("", &[]),
            (" , ", &[]),
        ] {
            let found: Vec<_> = addresses(srcset).into_iter().map(|r| &srcset[r]).collect();
            assert_eq!(found, expected, "{srcset:?}");
        }
    }

    #[test]
    fn descriptors_stay() {
        let new = replace("a.png 1x,  https://x/b 2x, c.png 3x", |address| {
            (!address.contains(':')).then(|| format!("/y/{address}"))
        });
        assert_eq!(new, "/y/a.png 1x,  https://x/b 2x, /y/c.png 3x");
    }
}
