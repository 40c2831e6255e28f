//! Mutants stay usable: each patch can be read and still fits the sources, the test that it names exists, and the page that tells which
//! test holds what speaks of it. Whether the test notices is for `cargo xtask test mutants` to find out.

use super::Finding;
use super::tree::{Text, Tree};
use crate::mutants::patch::{self, Executable, Patch};

const RULE: &str = "mutants";
const PAGE: &str = "docs/tests.md";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mutants = tree
        .texts
        .iter()
        .filter(|text| patch::is_mutant(&text.path));
    mutants.flat_map(|text| of_file(text, tree)).collect()
}

fn of_file(file: &Text, tree: &Tree) -> Vec<Finding> {
    let finding = |line, what: String, mend: &str| Finding::new(RULE, &file.path, line, what, mend);
    let patch = match patch::read(&file.path, &file.text) {
        Ok(patch) => patch,
        Err((line, what)) => {
            let mend =
                "write `breaks: `, `test: ` and a diff with paths from the repository's root";
            return vec![finding(line, what, mend)];
        }
    };
    let mut found = Vec::new();
    for hunk in &patch.hunks {
        let text = tree.source(&hunk.file);
        if !text.is_some_and(|text| hunk.fits(text)) {
            let what = format!("does not apply to `{}` any more", hunk.file);
            let mend =
                "break the same behaviour in the code as it is now: edit, `git diff`, put it back";
            found.push(finding(hunk.line, what, mend));
        }
    }
    if !has_test(tree, &patch) {
        let what = format!("there is no test `{}`", patch.test.name);
        found.push(finding(1, what, "name the test that notices"));
    }
    if !tree.text(PAGE).is_some_and(|page| has_row(page, &patch)) {
        let what = format!("{PAGE} has no row with `{}` and its test", patch.name);
        let mend = format!("add one with `{}`", patch.test);
        found.push(finding(1, what, &mend));
    }
    found
}

fn has_row(page: &str, patch: &Patch) -> bool {
    let (name, test) = (format!("`{}`", patch.name), format!("`{}`", patch.test));
    page.lines()
        .any(|line| line.contains(&name) && line.contains(&test))
}

/// Whether a function of the test's name is in a source that may belong to its executable.
fn has_test(tree: &Tree, patch: &Patch) -> bool {
    let name = patch.test.name.rsplit("::").next().unwrap_or_default();
    let below = match patch.test.executable {
        Executable::Core => "crates/core/src/",
        Executable::Sys => "crates/sys/src/",
        Executable::Sorry => "crates/sorry/src/",
        Executable::Integration => "crates/sorry/tests/it/",
        Executable::Allocations => "crates/sorry/tests/allocations.rs",
    };
    let sources = tree.sources.iter().filter(|s| s.path.starts_with(below));
    sources.into_iter().any(|source| {
        let pairs = source.tokens.windows(2);
        pairs
            .into_iter()
            .any(|pair| pair[0].is_word("fn") && pair[1].is_word(name))
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    const PATCH: &str = "breaks: x\ntest: core::tests::told\n--- a/crates/core/src/lib.rs\n+++ b/crates/core/src/lib.rs\n@@ -1 +1 @@\n-fn a() {}\n+fn b() {}\n";

    fn complaints(patch: &str, source: &str, page: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("crates/core/mutants/silent.patch", patch),
            ("crates/core/src/lib.rs", source),
            ("docs/tests.md", page),
        ]);
        let found = check(&tree);
        found
            .into_iter()
            .map(|f| format!("{}: {}", f.line, f.what))
            .collect()
    }

    #[test]
    fn a_mutant_fits_has_its_test_and_is_on_the_page() {
        let (source, page) = (
            "fn a() {}\nfn told() {}",
            "| x | `silent` | `core::tests::told` |",
        );
        assert!(complaints(PATCH, source, page).is_empty());
        assert_eq!(
            complaints(PATCH, "fn c() {}\nfn told() {}", page),
            ["5: does not apply to `crates/core/src/lib.rs` any more"]
        );
        assert_eq!(
            complaints(PATCH, "fn a() {}", page),
            ["1: there is no test `tests::told`"]
        );
        assert_eq!(
            complaints(PATCH, source, "`silent`\n`core::tests::told`"),
            ["1: docs/tests.md has no row with `silent` and its test"]
        );
        assert_eq!(
            complaints("breaks: x", source, page),
            ["1: nothing is changed"]
        );
    }
}
