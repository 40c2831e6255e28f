//! ARCHITECTURE.md is the map of the house: every module is named on it, by its path below its crate's `src`, in the section of its
//! crate (`### crates/NAME`); and nothing is named there that is gone. Files of tests are not rooms, and need not be.

use super::Finding;
use super::tree::{Source, Tree};

const RULE: &str = "map";
const MAP: &str = "ARCHITECTURE.md";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.text(MAP) else {
        let mend = "write it: bird's eye, one drawing, the code map, invariants";
        return vec![Finding::new(RULE, MAP, 1, "there is no map", mend)];
    };
    let entries = entries(map);
    let modules = tree.sources.iter().filter(|s| is_room(s));
    let unnamed = modules.filter_map(|source| unnamed(source, &entries));
    let gone = entries.iter().filter_map(|entry| gone(entry, tree));
    unnamed.chain(gone).collect()
}

fn is_room(source: &Source) -> bool {
    let in_crate = source.in_crate();
    in_crate.is_some_and(|(folder, _)| folder.starts_with("crates/")) && !source.is_test_file()
}

/// A line of the code map: "* `PATH`: what it is for".
struct Entry<'a> {
    line: usize,
    folder: &'a str,
    below: &'a str,
}

fn entries(map: &str) -> Vec<Entry<'_>> {
    let mut folder = "";
    let mut found = Vec::new();
    for (index, line) in map.lines().enumerate() {
        if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim_start();
            let name = heading.split([':', ' ']).next().unwrap_or_default();
            folder = if name.starts_with("crates/") {
                name
            } else {
                ""
            };
        } else if let Some(rest) = line.strip_prefix("* `")
            && let Some((below, _)) = rest.split_once("`: ")
            && !folder.is_empty()
        {
            found.push(Entry {
                line: index + 1,
                folder,
                below,
            });
        }
    }
    found
}

fn unnamed(source: &Source, entries: &[Entry<'_>]) -> Option<Finding> {
    let (folder, below) = source.in_crate()?;
    let is_it = |entry: &Entry<'_>| entry.folder == folder && entry.below == below;
    if entries.iter().any(is_it) {
        return None;
    }
    let what = format!("{MAP} does not name `{below}` below its heading `{folder}`");
    let mend = format!("add \"* `{below}`: what it is for\" to the code map there");
    Some(Finding::new(RULE, &source.path, 1, what, mend))
}

fn gone(entry: &Entry<'_>, tree: &Tree) -> Option<Finding> {
    let path = format!("{}/src/{}", entry.folder, entry.below);
    if tree.paths.contains(&path) {
        return None;
    }
    let what = format!("names `{}`, and there is no `{path}`", entry.below);
    let mend = "delete the line, or give it the module's new name";
    Some(Finding::new(RULE, MAP, entry.line, what, mend))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn complaints(map: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("ARCHITECTURE.md", map),
            ("crates/core/src/mod.rs", ""),
            ("crates/sorry/src/http1/mod.rs", ""),
            ("crates/sorry/src/http1/head.rs", ""),
            ("crates/sorry/src/http1/head/tests.rs", ""),
            ("xtask/src/main.rs", ""),
        ]);
        let found = check(&tree).into_iter();
        found.map(|f| format!("{}:{}", f.path, f.line)).collect()
    }

    const MAP: &str = "\
# Map
* `elsewhere.rs`: not in the code map
### crates/core: decides
* `mod.rs`: the core
### crates/sorry
* `http1/mod.rs`: what others see
* `http1/head.rs`: reads heads
## The end
* `other.rs`: not in the code map
";

    #[test]
    fn every_module_is_on_the_map_of_its_crate() {
        assert!(complaints(MAP).is_empty());
        let without = MAP.replace("* `http1/head.rs`: reads heads\n", "");
        assert_eq!(complaints(&without), ["crates/sorry/src/http1/head.rs:1"]);
        // Another crate's module of the same name does not count.
        let elsewhere = MAP.replace("http1/mod.rs", "mod.rs");
        let expected = ["crates/sorry/src/http1/mod.rs:1", "ARCHITECTURE.md:6"];
        assert_eq!(complaints(&elsewhere), expected);
    }

    #[test]
    fn what_is_gone_is_not_on_the_map() {
        let more = MAP.replace(
            "* `http1/head.rs`",
            "* `http1/gone.rs`: was here\n* `http1/head.rs`",
        );
        assert_eq!(complaints(&more), ["ARCHITECTURE.md:7"]);
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
