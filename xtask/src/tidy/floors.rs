//! Import directions. Inside `crates/sorry` the house has floors, and a room may name what stands below it, never a neighbour and never
//! what stands above. Between crates: the core and sys know none of ours.

use super::Finding;
use super::paths;
use super::tree::{Source, Tree};

const RULE: &str = "floors";

/// The rooms of `crates/sorry/src`, lowest floor first.
const FLOORS: &[(&str, &[&str])] = &[
    ("config", &["config"]),
    (
        "ground floor",
        &[
            "listen", "http1", "http2", "page", "count", "journal", "program",
        ],
    ),
    (
        "parts",
        &[
            "answer", "proxy", "cache", "kernel", "check", "switch", "dns", "alert", "admin",
        ],
    ),
    ("stair", &["daemon"]),
    ("command line", &["cli"]),
    ("top", &["main"]),
];

/// Neighbours that may name each other after all: who, whom, and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "page",
        "http2",
        "prepared heads are HPACK blocks, and the encoder lives beside the decoder",
    ),
    (
        "count",
        "http1",
        "malformed requests are counted by the enum that names what is wrong with them",
    ),
];

/// Our crates by folder, and which of the others each may name.
const CRATES: &[(&str, &[&str])] = &[
    ("crates/core", &[]),
    ("crates/sys", &[]),
    ("crates/bpf", &[]),
    (
        "crates/sorry",
        &["sorry_core", "sorry_sys", "sorry_bpf", "sorry_server"],
    ),
    ("xtask", &[]),
];

const OURS: [&str; 4] = ["sorry_core", "sorry_sys", "sorry_bpf", "sorry_server"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.sources.iter().flat_map(of_source).collect()
}

fn of_source(source: &Source) -> Vec<Finding> {
    let mut found = crates(source);
    if let Some(("crates/sorry", below)) = source.in_crate() {
        found.extend(rooms(source, below));
    }
    found
}

/// What a source of one crate says of the others.
fn crates(source: &Source) -> Vec<Finding> {
    let Some((_, may)) = CRATES
        .iter()
        .find(|(folder, _)| source.path.starts_with(&format!("{folder}/")))
    else {
        return Vec::new();
    };
    // A crate's benchmarks and integration tests use it from outside, by its name.
    let own =
        |word: &str| !source.path.contains("/src/") && source.path.starts_with(&folder_of(word));
    let forbidden = |word: &str| OURS.contains(&word) && !may.contains(&word) && !own(word);
    let tokens = source.tokens.iter().filter(|t| forbidden(&t.text));
    tokens
        .map(|token| {
            let what = format!("this crate names `{}`", token.text);
            let mend = "the core and sys stand below every other crate: let the caller pass in a value instead";
            Finding::new(RULE, &source.path, token.line, what, mend)
        })
        .collect()
}

/// The folder of one of our crates, by the name that sources use.
fn folder_of(name: &str) -> String {
    format!("crates/{}/", name.trim_start_matches("sorry_"))
}

/// What a room says of other rooms.
fn rooms(source: &Source, below: &str) -> Vec<Finding> {
    let room = match below.split_once('/') {
        Some((room, _)) => room,
        None => source.stem(),
    };
    if room == "lib" {
        // It lists the rooms and is none.
        return Vec::new();
    }
    let Some(floor) = floor(room) else {
        let mend = "give it its floor in the table of xtask/src/tidy/floors.rs, or put the file into a room";
        return vec![Finding::new(
            RULE,
            &source.path,
            1,
            format!("the room `{room}` stands on no floor"),
            mend,
        )];
    };
    let module = source.module();
    let mut found = Vec::new();
    for path in paths::paths(&source.tokens) {
        let seen = match path.segments.first() {
            Some(&"sorry_server") => path.segments.get(1).map(|s| (*s).to_owned()),
            _ => path
                .seen_from_root(&module)
                .and_then(|p| p.into_iter().next()),
        };
        let verdict = seen.and_then(|target| refusal(room, floor, &target));
        found.extend(
            verdict.map(|(what, mend)| Finding::new(RULE, &source.path, path.line, what, mend)),
        );
    }
    found
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, rooms)| rooms.contains(&room))
}

/// Why `room` may not name `target`, and what to do about it.
fn refusal(room: &str, floor_of_room: usize, target: &str) -> Option<(String, String)> {
    let target_floor = floor(target)?;
    let allowed = ALLOWED
        .iter()
        .any(|(who, whom, _)| (*who, *whom) == (room, target));
    if target == room || target_floor < floor_of_room || allowed {
        return None;
    }
    let names = |floor: usize| FLOORS[floor].0;
    if target_floor == floor_of_room {
        let what = format!("`{room}` names its neighbour `{target}`");
        let mend =
            "move what both need to a floor below, or let `daemon` pass it from one to the other";
        return Some((what, mend.to_owned()));
    }
    let what = format!(
        "`{room}` ({}) names `{target}` ({}), which stands above it",
        names(floor_of_room),
        names(target_floor)
    );
    Some((
        what,
        "turn it around: let the room above call down and pass in what is needed".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::{ALLOWED, check};
    use crate::tidy::tree::Tree;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        let found = check(&Tree::of(&[(path, text)]));
        found
            .into_iter()
            .map(|f| format!("{}: {}", f.line, f.what))
            .collect()
    }

    #[test]
    fn imports_run_one_way() {
        let table = [
            ("answer/mod.rs", "use crate::http1::Head;", None),
            (
                "answer/mod.rs",
                "use crate::answer::x; use self::y::Z;",
                None,
            ),
            (
                "daemon/wire.rs",
                "use crate::{answer, admin::Api, config};",
                None,
            ),
            ("cli/run.rs", "use crate::daemon;", None),
            ("main.rs", "use sorry_server::cli;", None),
            (
                "answer/mod.rs",
                "\nuse crate::{config, admin::Api};",
                Some("2: `answer` names its neighbour `admin`"),
            ),
            (
                "http1/head.rs",
                "use super::super::page::Page;",
                Some("1: `http1` names its neighbour `page`"),
            ),
            (
                "page/mod.rs",
                "fn f() { crate::answer::g() }",
                Some("1: `page` (ground floor) names `answer` (parts), which stands above it"),
            ),
            (
                "config/mod.rs",
                "mod tests { use super::super::listen::X; }",
                Some("1: `config` (config) names `listen` (ground floor), which stands above it"),
            ),
            (
                "daemon/mod.rs",
                "use sorry_server::cli;",
                Some("1: `daemon` (stair) names `cli` (command line), which stands above it"),
            ),
            (
                "attic/mod.rs",
                "",
                Some("1: the room `attic` stands on no floor"),
            ),
            (
                "attic.rs",
                "",
                Some("1: the room `attic` stands on no floor"),
            ),
        ];
        for (file, text, expected) in table {
            let found = complaints(&format!("crates/sorry/src/{file}"), text);
            let expected: Vec<&str> = expected.into_iter().collect();
            assert_eq!(found, expected, "{file}: {text}");
        }
    }

    #[test]
    fn the_lower_crates_know_none_of_ours() {
        let found = complaints("crates/core/src/engine.rs", "use sorry_sys::x;");
        assert_eq!(found, ["1: this crate names `sorry_sys`"]);
        assert_eq!(complaints("xtask/src/main.rs", "sorry_core::x()").len(), 1);
        assert!(complaints("crates/sorry/src/answer/mod.rs", "use sorry_core::X;").is_empty());
        assert!(complaints("crates/core/src/engine.rs", "// sorry_sys").is_empty());
    }

    #[test]
    fn each_allowed_pair_has_a_reason() {
        for (who, whom, why) in ALLOWED {
            assert!(why.len() > 10, "{who} {whom}");
        }
    }
}
