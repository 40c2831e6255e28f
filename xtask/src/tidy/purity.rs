//! The core decides and does nothing: no sockets, no files, no terminal, no threads, no clocks, no chance, no processes, no environment,
//! nothing asynchronous. Time and everything else comes in as an argument.

use super::Finding;
use super::paths::{self, Path};
use super::tree::Tree;

const RULE: &str = "purity";

/// Paths that the core does not contain, and what it does instead.
const FORBIDDEN: &[(&[&str], &str)] = &[
    (
        &["TcpListener"],
        "return an output; the daemon owns sockets",
    ),
    (&["TcpStream"], "return an output; the daemon owns sockets"),
    (&["UdpSocket"], "return an output; the daemon owns sockets"),
    (
        &["os", "unix", "net"],
        "return an output; the daemon owns sockets",
    ),
    (&["std", "fs"], "take the bytes as an argument"),
    (
        &["std", "thread"],
        "return an output; the daemon owns threads",
    ),
    (
        &["std", "process"],
        "return an output; the daemon owns processes",
    ),
    (&["std", "env"], "take the value as an argument"),
    (
        &["std", "io"],
        "return an output; the daemon reads and writes",
    ),
    (&["hash_map", "RandomState"], "take the salt as an argument"),
];

/// Words that mean the same without a path, and what the core does instead.
const WORDS: &[(&str, &str)] = &[
    ("elapsed", "take `now` as an argument and subtract"),
    ("async", "return a value; nothing is waited for here"),
    ("print", "return an output; the command line prints"),
    ("println", "return an output; the command line prints"),
    ("eprint", "return an output; the daemon logs"),
    ("eprintln", "return an output; the daemon logs"),
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let core = tree
        .sources
        .iter()
        .filter(|s| s.path.starts_with("crates/core/src/"));
    core.flat_map(|source| {
        let paths = paths::paths(&source.tokens);
        let paths = paths.iter().filter_map(|path| {
            let (what, mend) = refusal(path)?;
            Some(Finding::new(RULE, &source.path, path.line, what, mend))
        });
        let words = source.tokens.iter().filter_map(|token| {
            let (word, mend) = WORDS.iter().find(|(word, _)| token.is_word(word))?;
            let what = format!("the core says `{word}`");
            Some(Finding::new(RULE, &source.path, token.line, what, *mend))
        });
        paths.chain(words).collect::<Vec<_>>()
    })
    .collect()
}

fn refusal(path: &Path<'_>) -> Option<(String, &'static str)> {
    // Whatever the clock's type is called here.
    if let [.., clock, "now"] = path.segments[..] {
        let what = format!("the core names `{clock}::now`");
        return Some((what, "take `now` as an argument"));
    }
    let (forbidden, mend) = FORBIDDEN.iter().find(|(f, _)| path.contains(f))?;
    Some((format!("the core names `{}`", forbidden.join("::")), mend))
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
    fn the_core_does_nothing() {
        let table = [
            (
                "use std::net::IpAddr; use std::time::{Duration, Instant};",
                "",
            ),
            ("use std::net::{IpAddr, TcpStream};", "TcpStream"),
            (
                "use std::{net, time}; fn f() { net::UdpSocket::bind(a) }",
                "UdpSocket",
            ),
            ("use std::os::unix::net::UnixStream;", "os::unix::net"),
            ("use std::{fs::File, fmt};", "std::fs"),
            ("fn f() { std::thread::yield_now() }", "std::thread"),
            ("let t = std::time::Instant::now();", "Instant::now"),
            ("let t = SystemTime::now();", "SystemTime::now"),
            ("std::env::var(x)", "std::env"),
            ("std::process::exit(1)", "std::process"),
            (
                "use std::time::SystemTime as T; fn f() { T::now() }",
                "T::now",
            ),
            ("use std::io::Write;", "std::io"),
            (
                "use std::collections::hash_map::RandomState;",
                "hash_map::RandomState",
            ),
        ];
        for (text, expected) in table {
            let expected: Vec<String> = Some(expected)
                .filter(|e| !e.is_empty())
                .map(|e| format!("the core names `{e}`"))
                .into_iter()
                .collect();
            assert_eq!(
                complaints("crates/core/src/engine.rs", text),
                expected,
                "{text}"
            );
        }
        assert!(complaints("crates/sorry/src/daemon/mod.rs", "std::fs::read(x)").is_empty());
    }

    #[test]
    fn the_core_neither_waits_nor_speaks() {
        for text in [
            "let t = since.elapsed();",
            "async fn f() {}",
            "println!(\"x\");",
        ] {
            assert_eq!(
                complaints("crates/core/src/date.rs", text).len(),
                1,
                "{text}"
            );
        }
        assert!(complaints("crates/core/src/date.rs", "// elapsed: \nf(\"async\")").is_empty());
    }
}
