//! Nothing sleeps where it could wait for a condition: a sleep in a test is a guess about a machine, and in the program a guess about a
//! peer. A timer that is the purpose of its code is excepted by name.

use super::Finding;
use super::paths;
use super::tree::Tree;

const RULE: &str = "sleeps";
const MEND: &str =
    "wait for the condition itself (a channel, a notification, a connection that ends)";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in &tree.sources {
        for path in paths::paths(&source.tokens) {
            for sleep in [
                ["thread", "sleep"],
                ["thread", "sleep_ms"],
                ["time", "sleep"],
            ] {
                if path.contains(&sleep) {
                    let what = format!("`{}`", sleep.join("::"));
                    found.push(Finding::new(RULE, &source.path, path.line, what, MEND));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    #[test]
    fn sleeps_are_found() {
        let table = [
            ("std::thread::sleep(x)", 1),
            ("use tokio::{net, time::{self, sleep}}; ", 1),
            ("time::sleep(x).await", 1),
            ("thread::sleep_ms(3)", 1),
            ("tokio::time::sleep_until(x); // thread::sleep", 0),
        ];
        for (text, count) in table {
            assert_eq!(check(&Tree::of(&[("a.rs", text)])).len(), count, "{text}");
        }
    }
}
