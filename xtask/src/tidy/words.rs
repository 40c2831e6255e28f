//! Paths of somebody's machine: what works only where it was written. A temporary file has a name that is made when it is needed.

use super::Finding;
use super::tree::Tree;

const RULE: &str = "words";
const MEND: &str =
    "use a path below the repository, a setting, or a temporary folder made on the spot";

/// Folders that are nobody else's. What follows must be a name.
const FOLDERS: [&str; 3] = ["/home/", "/tmp/", "/work/"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.all_texts() {
        for (index, line) in text.lines().enumerate() {
            if let Some(word) = FOLDERS.iter().find(|folder| occurs(folder, line)) {
                let what = format!("a path below `{word}`");
                found.push(Finding::new(RULE, path, index + 1, what, MEND));
            }
        }
    }
    found
}

fn occurs(folder: &str, line: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + folder.len()..].chars().next();
        let inside =
            before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}'));
        !inside && after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    #[test]
    fn only_somebodys_machine_is_found() {
        let table = [
            ("see /home/ada/sorry", 1),
            ("touch \"/tmp/sock\"", 1),
            ("`/work/a` and /work/b", 1),
            ("/var/tmp/x and docs/work/x and ${root}/tmp/x", 0),
            ("ProtectHome hides /home/ and /tmp/.", 0),
        ];
        for (text, count) in table {
            let found = check(&Tree::of(&[("docs/a.md", &format!("\n{text}"))]));
            assert_eq!(found.len(), count, "{text}");
            assert!(found.iter().all(|f| f.line == 2));
        }
    }
}
