//! What attributes must be there and must not: `forbid(unsafe_code)` in every crate root but that of sys, `deny(missing_docs)` in the
//! core's, no `allow` (`expect` with a reason says when it is no longer needed), no ignored test, no code that is never compiled.

use super::Finding;
use super::lexer::{self, Token};
use super::tree::{Source, Tree};

const RULE: &str = "attributes";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let both = |source| roots(source).into_iter().chain(forbidden(source));
    tree.sources.iter().flat_map(both).collect()
}

/// What the root of a crate lacks.
fn roots(source: &Source) -> Vec<Finding> {
    let Some((folder, "lib.rs" | "main.rs")) = source.in_crate() else {
        return Vec::new();
    };
    let mut needed: Vec<(&str, &str)> = Vec::new();
    if folder != "crates/sys" {
        needed.push(("forbid", "unsafe_code"));
    }
    if folder == "crates/core" {
        needed.push(("deny", "missing_docs"));
    }
    let inner = inner_attributes(&source.tokens);
    let has = |(level, lint): &(&str, &str)| {
        let says = |a: &[Token]| {
            a.first().is_some_and(|t| t.is_word(level)) && a.iter().any(|t| t.is_word(lint))
        };
        inner.iter().any(|a| says(a))
    };
    needed.retain(|pair| !has(pair));
    let lacks = |(level, lint)| {
        let what = format!("the root of {folder} does not say `#![{level}({lint})]`");
        Finding::new(RULE, &source.path, 1, what, "add it below the header")
    };
    needed.into_iter().map(lacks).collect()
}

/// What stands between the brackets of each `#![..]`.
fn inner_attributes(tokens: &[Token]) -> Vec<&[Token]> {
    let starts = (2..tokens.len()).filter(|at| {
        tokens[at - 2].is_mark("#") && tokens[at - 1].is_mark("!") && tokens[*at].is_mark("[")
    });
    starts
        .map(|at| &tokens[at + 1..at + lexer::closing(&tokens[at..], "[", "]")])
        .collect()
}

fn forbidden(source: &Source) -> Vec<Finding> {
    let tokens = &source.tokens;
    let is_start = |at: &usize| {
        tokens[at - 1].is_mark("#")
            || (tokens[at - 1].is_mark("!") && *at > 1 && tokens[at - 2].is_mark("#"))
    };
    let starts = (1..tokens.len()).filter(|at| tokens[*at].is_mark("[") && is_start(at));
    starts
        .filter_map(|at| {
            let inside = &tokens[at + 1..at + lexer::closing(&tokens[at..], "[", "]")];
            let (what, mend) = refusal(inside)?;
            Some(Finding::new(
                RULE,
                &source.path,
                tokens[at].line,
                what,
                mend,
            ))
        })
        .collect()
}

fn refusal(inside: &[Token]) -> Option<(&'static str, &'static str)> {
    let first = inside.first()?;
    let conditional = first.is_word("cfg_attr");
    let says =
        |word: &str| first.is_word(word) || (conditional && inside.iter().any(|t| t.is_word(word)));
    if says("allow") {
        Some((
            "`allow` outlives its cause",
            "write `#[expect(LINT, reason = \"..\")]`",
        ))
    } else if says("ignore") {
        Some((
            "an ignored test",
            "mend it, move it to `cargo xtask soak`, or delete it",
        ))
    } else if first.is_word("cfg") && inside.len() == 6 && inside[2].is_word("any") {
        // cfg ( any ( ) ): true nowhere.
        Some(("code that is never compiled", "delete it: git remembers it"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)]))
            .into_iter()
            .map(|f| f.what)
            .collect()
    }

    #[test]
    fn roots_forbid_unsafe_code() {
        let lacks = "the root of crates/sorry does not say `#![forbid(unsafe_code)]`";
        assert_eq!(
            complaints("crates/sorry/src/lib.rs", "//! #![forbid(unsafe_code)]"),
            [lacks]
        );
        assert!(complaints("crates/sorry/src/lib.rs", "#![forbid(unsafe_code)]").is_empty());
        assert!(complaints("crates/sorry/src/page/mod.rs", "").is_empty());
        assert!(complaints("crates/sys/src/lib.rs", "").is_empty());
        assert_eq!(complaints("xtask/src/main.rs", "").len(), 1);
        assert_eq!(
            complaints("crates/core/src/lib.rs", "#![forbid(unsafe_code)]"),
            ["the root of crates/core does not say `#![deny(missing_docs)]`"]
        );
    }

    #[test]
    fn allow_and_ignore_are_found() {
        let allow = "`allow` outlives its cause";
        let table = [
            ("#[allow(dead_code)] fn f() {}", Some(allow)),
            ("#![allow(dead_code)]", Some(allow)),
            ("#[cfg_attr(test, allow(dead_code))] fn f() {}", Some(allow)),
            (
                "#[test] #[ignore = \"slow\"] fn f() {}",
                Some("an ignored test"),
            ),
            ("#[test]\n#[ignore]\nfn f() {}", Some("an ignored test")),
            (
                "#[cfg(any())] #[test] fn f() {}",
                Some("code that is never compiled"),
            ),
            ("#[cfg(any(test, unix))] fn f() {}", None),
            ("#[expect(dead_code, reason = \"x\")] fn f() {}", None),
            (
                "// #[ignore]\nlet x = \"#[allow(y)]\"; allow(z); a[ignore]",
                None,
            ),
        ];
        for (text, expected) in table {
            let found = complaints("a.rs", text);
            assert_eq!(found.first().map(String::as_str), expected, "{text}");
        }
    }
}
