//! Guesses what was meant by a mistyped word. Used for verbs and their options.

/// The candidate nearest to `word`, if one is near enough to be a typing mistake.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let (distance, best) = candidates
        .iter()
        .map(|c| (distance(word, c), *c))
        .min_by_key(|(d, _)| *d)?;
    let starts = !word.is_empty() && best.starts_with(word);
    let tolerated = best.chars().count().div_ceil(3);
    (distance <= tolerated || starts).then_some(best)
}

/// Edits between two words, a swap of neighbours counting as one (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let words = ["setup", "test", "check", "tidy"];
        let table = [
            ("tset", Some("test")),
            ("stup", Some("setup")),
            ("chekc", Some("check")),
            ("ti", Some("tidy")),
            ("benchmark", None),
            ("", None),
        ];
        for (typed, expected) in table {
            assert_eq!(nearest(typed, &words), expected, "{typed}");
        }
    }
}
