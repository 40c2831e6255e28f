//! Which language a page is shown in: lookup as in RFC 4647, section 3.4, over `Accept-Language`.

use super::ask::Lines;
use super::quality::{MOST_ELEMENTS, Quality, is_language_range, weighted};

/// The index in `available` (lower-case tags, the site's default first) that serves `field` best; 0 where nothing
/// fits or the field is absent or malformed. A longer match beats nothing: `de-AT` finds `de`.
pub fn choose(field: &Lines<'_>, available: &[impl AsRef<str>]) -> usize {
    best(field, available).unwrap_or(0)
}

fn best(field: &Lines<'_>, available: &[impl AsRef<str>]) -> Option<usize> {
    let mut found: Option<(Quality, usize)> = None;
    for (count, element) in field.elements()?.enumerate() {
        let (range, quality) = weighted(element)?;
        if count >= MOST_ELEMENTS || !is_language_range(range) {
            return None;
        }
        let better = quality > found.map_or(0, |(q, _)| q);
        if better && let Some(index) = look_up(range, available) {
            found = Some((quality, index));
        }
    }
    found.map(|(_, index)| index)
}

/// The range, then the range with subtags cut from its end, against each tag.
fn look_up(range: &[u8], available: &[impl AsRef<str>]) -> Option<usize> {
    if range == b"*" {
        return (!available.is_empty()).then_some(0);
    }
    let mut wanted = range;
    loop {
        let same = |tag: &&str| tag.as_bytes().eq_ignore_ascii_case(wanted);
        if let Some(index) = available.iter().position(|tag| same(&tag.as_ref())) {
            return Some(index);
        }
        let cut = wanted.iter().rposition(|b| *b == b'-')?;
        wanted = &wanted[..cut];
        // A single letter or digit introduces what follows it and goes with it (section 3.4).
        if wanted.len() >= 2 && wanted[wanted.len() - 2] == b'-' {
            wanted = &wanted[..wanted.len() - 2];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_wish_that_can_be_met_wins() {
        let available = ["en", "de", "zh", "pt-br", "pt"];
        for (field, expected) in [
            ("de", "de"),
            ("DE-at", "de"),
            ("zh-Hant-TW", "zh"),
            ("zh-x-private", "zh"),
            ("pt-BR,pt;q=0.9", "pt-br"),
            ("pt-PT", "pt"),
            ("sv, de;q=0.8, en;q=0.9", "en"),
            ("sv", "en"),
            ("*", "en"),
            ("de;q=0, zh;q=0.1", "zh"),
            ("de;q=0", "en"),
            ("de;q=0.5,zh;q=0.5", "de"),
            // Malformed: treated as absent, whatever else stands there.
            ("de;q=7", "en"),
            ("de, ../../etc/passwd", "en"),
            ("de_DE", "en"),
            ("", "en"),
        ] {
            let index = choose(&Lines::one(field.as_bytes()), &available);
            assert_eq!(available[index], expected, "{field:?}");
        }
        assert_eq!(choose(&Lines::default(), &available), 0);
        assert_eq!(choose(&Lines::one(b"de"), &[] as &[&str]), 0);
        let many = "de,".repeat(65);
        assert_eq!(choose(&Lines::one(many.as_bytes()), &available), 0);
    }
}
