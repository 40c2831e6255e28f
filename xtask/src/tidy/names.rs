//! Names that say nothing: a file, module or type that is called utils, helpers, common, manager or misc becomes the place where
//! everything is put that nobody has thought about.

use super::Finding;
use super::lexer::{Kind, Token};
use super::tree::{Source, Tree};

const RULE: &str = "names";
const FORBIDDEN: [&str; 7] = [
    "util", "utils", "helper", "helpers", "common", "manager", "misc",
];
const MEND: &str = "name it for the one thing that it is or does";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.sources.iter().filter_map(file);
    let words = tree.sources.iter().flat_map(declared);
    files.chain(words).collect()
}

fn file(source: &Source) -> Option<Finding> {
    let path = source.path.strip_suffix(".rs").unwrap_or(&source.path);
    let part = path.split('/').find(|part| says_nothing(part))?;
    Some(Finding::new(
        RULE,
        &source.path,
        1,
        format!("a path with `{part}` in it"),
        MEND,
    ))
}

fn declared(source: &Source) -> Vec<Finding> {
    let declares =
        |t: &Token| ["mod", "struct", "enum", "trait", "type", "union"].contains(&t.text.as_str());
    let pairs = source.tokens.windows(2);
    pairs
        .filter(|pair| {
            declares(&pair[0]) && pair[1].kind == Kind::Word && says_nothing(&pair[1].text)
        })
        .map(|pair| {
            let what = format!("{} `{}`", pair[0].text, pair[1].text);
            Finding::new(RULE, &source.path, pair[1].line, what, MEND)
        })
        .collect()
}

/// Whether the last word of the name is one of the forbidden: `http_utils`, `PeerManager`. `CommonName` is a term of X.509.
fn says_nothing(name: &str) -> bool {
    let last = name.rsplit(['_', '-']).next().unwrap_or_default();
    let last = match last.rfind(char::is_uppercase) {
        Some(at) => &last[at..],
        None => last,
    };
    FORBIDDEN.contains(&last.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    #[test]
    fn names_that_say_nothing_are_found() {
        let table = [
            ("src/utils.rs", "", Some("a path with `utils` in it")),
            (
                "tests/it/common/mod.rs",
                "",
                Some("a path with `common` in it"),
            ),
            ("src/a.rs", "mod http_helpers;", Some("mod `http_helpers`")),
            (
                "src/a.rs",
                "struct PeerManager;",
                Some("struct `PeerManager`"),
            ),
            ("src/a.rs", "enum Misc {}", Some("enum `Misc`")),
            ("src/a.rs", "struct CommonName; // mod utils", None),
            ("src/a.rs", "let helper = 1;", None),
            ("src/commonplace.rs", "", None),
        ];
        for (path, text, expected) in table {
            let found: Vec<String> = check(&Tree::of(&[(path, text)]))
                .into_iter()
                .map(|f| f.what)
                .collect();
            assert_eq!(
                found.first().map(String::as_str),
                expected,
                "{path}: {text}"
            );
        }
    }
}
