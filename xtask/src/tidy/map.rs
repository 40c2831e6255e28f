//! ARCHITECTURE.md is the map of the house: every module is named on it, by its path below its crate's `src`. Files of tests are not
//! rooms, and need not be.

use super::Finding;
use super::tree::{Source, Tree};

const RULE: &str = "map";
const MAP: &str = "ARCHITECTURE.md";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.text(MAP) else {
        let mend = "write it: bird's eye, one drawing, the code map, invariants";
        return vec![Finding::new(RULE, MAP, 1, "there is no map", mend)];
    };
    let modules = tree.sources.iter().filter(|s| is_room(s));
    modules.filter_map(|source| unnamed(source, map)).collect()
}

fn is_room(source: &Source) -> bool {
    let in_crate = source.in_crate();
    in_crate.is_some_and(|(folder, _)| folder.starts_with("crates/")) && !source.is_test_file()
}

fn unnamed(source: &Source, map: &str) -> Option<Finding> {
    let (folder, below) = source.in_crate()?;
    let mut names = vec![below.to_owned(), format!("{folder}/src/{below}")];
    if let Some(room) = below.strip_suffix("mod.rs") {
        names.extend([room.to_owned(), format!("{folder}/src/{room}")]);
    }
    if names.iter().any(|name| is_named(name, map)) {
        return None;
    }
    let what = format!("{MAP} does not name `{below}`");
    let mend = format!("add `{below}` and what it is for to the code map");
    Some(Finding::new(RULE, &source.path, 1, what, mend))
}

/// Whether the name stands in the map by itself and not as a part of a longer path.
fn is_named(name: &str, map: &str) -> bool {
    let in_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    map.match_indices(name).any(|(at, _)| {
        let before = map[..at].chars().next_back();
        let after = map[at + name.len()..].chars().next();
        !before.is_some_and(|c| in_path(c) || c == '.') && !after.is_some_and(in_path)
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn complaints(map: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("ARCHITECTURE.md", map),
            ("crates/sorry/src/http1/mod.rs", ""),
            ("crates/sorry/src/http1/head.rs", ""),
            ("crates/sorry/src/http1/head/tests.rs", ""),
            ("xtask/src/main.rs", ""),
        ]);
        check(&tree).into_iter().map(|f| f.path).collect()
    }

    #[test]
    fn every_module_is_on_the_map() {
        let (module, head) = (
            "crates/sorry/src/http1/mod.rs",
            "crates/sorry/src/http1/head.rs",
        );
        assert!(complaints("`http1/` reads `http1/head.rs`.").is_empty());
        assert!(complaints("`http1/mod.rs`, crates/sorry/src/http1/head.rs").is_empty());
        assert_eq!(complaints("http1/head.rs"), [module]);
        assert_eq!(complaints("http1/ other/http1/head.rs head.rs"), [head]);
    }

    #[test]
    fn a_house_without_a_map_is_one_finding() {
        let found = check(&Tree::of(&[
            ("crates/core/src/lib.rs", ""),
            ("crates/core/src/a.rs", ""),
        ]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].what, "there is no map");
    }
}
