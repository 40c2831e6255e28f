//! `exceptions.txt`: what the rules let pass, each with its reason. An exception that nothing needs any more is itself a finding, so the
//! file only ever holds what is true.

use super::Finding;
use super::tree::Tree;

const RULE: &str = "exceptions";
const FILE: &str = "xtask/src/tidy/exceptions.txt";

/// Takes away the findings that are excepted, and adds those about the exceptions themselves.
pub(crate) fn apply(tree: &Tree, mut found: Vec<Finding>) -> Vec<Finding> {
    let mut about = Vec::new();
    for exception in read(tree.text(FILE).unwrap_or_default()) {
        let complain =
            |what: String, mend: &str| Finding::new(RULE, FILE, exception.line, what, mend);
        let before = found.len();
        found.retain(|f| f.rule != exception.rule || f.place != exception.place);
        if before == found.len() {
            let what = format!("`{} {}` excepts nothing", exception.rule, exception.place);
            about.push(complain(what, "delete the line"));
        }
        if exception.reason.len() < 10 {
            let what = format!("`{} {}` has no reason", exception.rule, exception.place);
            about.push(complain(what, "say behind it why this is right"));
        }
    }
    found.extend(about);
    found
}

struct Exception<'a> {
    line: usize,
    rule: &'a str,
    place: &'a str,
    reason: &'a str,
}

/// `rule place reason...`, one a line; `#` starts a comment.
fn read(text: &str) -> Vec<Exception<'_>> {
    let lines = text.lines().map(str::trim).enumerate();
    let filled = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    filled
        .map(|(index, line)| {
            let (rule, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let rest = rest.trim_start();
            let (place, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            Exception {
                line: index + 1,
                rule,
                place,
                reason: reason.trim(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{FILE, apply};
    use crate::tidy::Finding;
    use crate::tidy::tree::Tree;

    fn left(exceptions: &str) -> Vec<String> {
        let tree = Tree::of(&[(FILE, exceptions)]);
        let found = vec![
            Finding::new("sleeps", "a.rs", 1, "x", "y"),
            Finding::new("sleeps", "a.rs", 9, "x", "y"),
            Finding::new("sleeps", "b.rs", 1, "x", "y"),
        ];
        let left = apply(&tree, found);
        left.into_iter()
            .map(|f| format!("{}:{}: {}", f.path, f.line, f.what))
            .collect()
    }

    #[test]
    fn an_exception_is_used_and_has_a_reason() {
        assert_eq!(
            left("# why\nsleeps  a.rs  the timer is what it is for"),
            ["b.rs:1: x"]
        );
        let table = [
            (
                "sleeps c.rs because of something",
                "`sleeps c.rs` excepts nothing",
            ),
            (
                "headers a.rs because of something",
                "`headers a.rs` excepts nothing",
            ),
            ("\nsleeps a.rs", "`sleeps a.rs` has no reason"),
        ];
        for (exceptions, expected) in table {
            let left = left(exceptions);
            assert!(left.iter().any(|l| l.ends_with(expected)), "{left:?}");
        }
    }
}
