//! How long files and functions may be. A line counts if code is on it; comments and blank lines are free. Functions of tests are not
//! measured, since a table of cases is as long as its cases.

use std::collections::BTreeSet;

use super::Finding;
use super::lexer::{self, Kind, Token};
use super::tree::{Source, Tree};

const FILE: usize = 400;
const FILE_WITH_TESTS: usize = 600;
const FUNCTION: usize = 70;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let both = |source| file(source).into_iter().chain(functions(source));
    tree.sources.iter().flat_map(both).collect()
}

fn file(source: &Source) -> Option<Finding> {
    let all = lines(source.tokens.iter());
    let code = match source.is_test_file() {
        true => 0,
        false => lines(source.tokens.iter().filter(|t| !t.in_test)),
    };
    let (count, limit, mend) = if code > FILE {
        (code, FILE, "split it: a file is one noun")
    } else if all > FILE_WITH_TESTS {
        (
            all,
            FILE_WITH_TESTS,
            "move its tests into a tests.rs beside it, or split those",
        )
    } else {
        return None;
    };
    let what = format!("{count} lines of code, more than {limit}");
    Some(Finding::new("file-length", &source.path, 1, what, mend))
}

/// How many lines hold code.
fn lines<'a>(tokens: impl Iterator<Item = &'a Token>) -> usize {
    let lines: BTreeSet<usize> = tokens.flat_map(|t| t.line..=t.end).collect();
    lines.len()
}

fn functions(source: &Source) -> Vec<Finding> {
    if source.is_test_file() {
        return Vec::new();
    }
    let tokens = source.tokens.as_slice();
    let starts = (0..tokens.len()).filter(|at| tokens[*at].is_word("fn") && !tokens[*at].in_test);
    starts
        .filter_map(|at| {
            // The type `fn(..)` has no name.
            let name = tokens.get(at + 1).filter(|t| t.kind == Kind::Word)?;
            let length = lines(tokens[at..=at + end(&tokens[at..])?].iter());
            (length > FUNCTION).then(|| Finding {
                place: format!("{}::{}", source.path, name.text),
                ..Finding::new(
                    "fn-length",
                    &source.path,
                    tokens[at].line,
                    format!(
                        "`{}` has {length} lines of code, more than {FUNCTION}",
                        name.text
                    ),
                    "split it: push the ifs up and the fors down",
                )
            })
        })
        .collect()
}

/// The index of the brace that closes the function which starts here; None for a function without a body, or the type `fn(..)`.
fn end(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" => depth += 1,
            // The type of a field or argument ends before its surroundings do.
            ")" | "]" => depth = depth.checked_sub(1)?,
            ";" if depth == 0 => return None,
            "{" if depth == 0 => return Some(at + lexer::closing(&tokens[at..], "{", "}")),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        let found = check(&Tree::of(&[(path, text)]));
        found
            .into_iter()
            .map(|f| format!("{} {}: {}", f.rule, f.place, f.what))
            .collect()
    }

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    x();\n".repeat(lines - 2))
    }

    #[test]
    fn functions_have_a_limit() {
        assert!(complaints("a.rs", &function(70)).is_empty());
        let expected = ["fn-length a.rs::long: `long` has 71 lines of code, more than 70"];
        assert_eq!(complaints("a.rs", &function(71)), expected);
        let text = format!(
            "trait T {{ fn declared(x: [u8; 2]); }}\nstruct S {{ f: fn(u8) }}\n{}",
            function(71)
        );
        assert_eq!(complaints("a.rs", &text), expected);
        let commented = function(70).replacen("x();", "// why\n\n x();", 1);
        assert!(complaints("a.rs", &commented).is_empty());
        let tested = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(90));
        assert!(complaints("a.rs", &tested).is_empty());
    }

    #[test]
    fn files_have_a_limit() {
        let code = "const X: u8 = 1;\n";
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", code.repeat(197));
        assert!(complaints("a.rs", &code.repeat(400)).is_empty());
        assert_eq!(
            complaints("a.rs", &code.repeat(401)),
            ["file-length a.rs: 401 lines of code, more than 400"]
        );
        assert!(complaints("a.rs", &(code.repeat(400) + &tests)).is_empty());
        assert_eq!(
            complaints("a.rs", &(code.repeat(400) + "\n\n" + &tests + code)),
            ["file-length a.rs: 401 lines of code, more than 400"]
        );
        assert_eq!(
            complaints(
                "a.rs",
                &(code.repeat(400)
                    + &tests.replacen("mod", "\nconst Y: u8 = 2;\n#[cfg(test)]\nmod", 1))
            ),
            ["file-length a.rs: 602 lines of code, more than 600"]
        );
        assert!(complaints("tests/it/a.rs", &code.repeat(600)).is_empty());
        assert_eq!(complaints("tests/it/a.rs", &code.repeat(601)).len(), 1);
    }
}
