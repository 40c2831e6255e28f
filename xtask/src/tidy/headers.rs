//! Every source starts with a prose header: what it is for, what it does not do, who calls it. Without it a reader has to guess.

use super::Finding;
use super::tree::Tree;

const RULE: &str = "headers";
const MEND: &str = "start the file with `//!`: what it is for, what it does not do, who calls it";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let headless = tree.sources.iter().filter(|s| !has_header(&s.text));
    headless
        .map(|source| Finding::new(RULE, &source.path, 1, "no header", MEND))
        .collect()
}

fn has_header(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first
        .strip_prefix("//!")
        .is_some_and(|prose| prose.trim().len() > 10)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    #[test]
    fn a_header_comes_first() {
        let table = [
            ("//! Reads a request's head.\nfn f() {}", 0),
            ("fn f() {}\n//! Reads a request's head.", 1),
            ("//!\nfn f() {}", 1),
            ("// Reads a request's head.", 1),
            ("", 1),
        ];
        for (text, count) in table {
            assert_eq!(check(&Tree::of(&[("a.rs", text)])).len(), count, "{text}");
        }
    }
}
