//! Finds every path (`a::b::c`) in a source, with `use` trees spread out, and knows in which module of its crate each of them stands.
//! Used by the rules about what may name what.

use super::lexer::{Kind, Token};

/// A path as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    pub(crate) segments: Vec<&'a str>,
    pub(crate) line: usize,
    /// Modules of this file that enclose it, outermost first.
    pub(crate) within: Vec<&'a str>,
}

impl Path<'_> {
    /// Whether the segments occur in the path one after the other.
    pub(crate) fn contains(&self, segments: &[&str]) -> bool {
        self.segments.windows(segments.len()).any(|w| w == segments)
    }

    /// The path seen from the root of its crate, if it starts with `crate`, `self` or `super`. `module` is the file's own.
    pub(crate) fn seen_from_root(&self, module: &[String]) -> Option<Vec<String>> {
        let mut segments = self.segments.as_slice();
        let mut base: Vec<String> = Vec::new();
        match segments.first() {
            Some(&"crate") => segments = &segments[1..],
            Some(&"self" | &"super") => {
                base.extend_from_slice(module);
                base.extend(self.within.iter().map(|m| (*m).to_owned()));
                while let Some((&first @ ("self" | "super"), rest)) = segments.split_first() {
                    if first == "super" {
                        base.pop();
                    }
                    segments = rest;
                }
            }
            _ => return None,
        }
        base.extend(segments.iter().map(|s| (*s).to_owned()));
        Some(base)
    }
}

/// Every path of at least two segments.
pub(crate) fn paths(tokens: &[Token]) -> Vec<Path<'_>> {
    let mut finder = Finder {
        tokens,
        at: 0,
        depth: 0,
        modules: Vec::new(),
        found: Vec::new(),
    };
    while finder.at < tokens.len() {
        finder.step();
    }
    finder.found
}

struct Finder<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    /// Enclosing modules, each with the depth of its braces.
    modules: Vec<(&'a str, usize)>,
    found: Vec<Path<'a>>,
}

impl<'a> Finder<'a> {
    fn step(&mut self) {
        let token = &self.tokens[self.at];
        if token.is_mark("{") {
            self.depth += 1;
        } else if token.is_mark("}") {
            self.depth = self.depth.saturating_sub(1);
            self.modules.retain(|(_, depth)| *depth <= self.depth);
        } else if token.is_word("mod") && self.mark(2, "{") {
            self.modules
                .push((&self.tokens[self.at + 1].text, self.depth + 1));
        } else if token.kind == Kind::Word && self.mark(1, "::") {
            self.tree(&[]);
            return;
        }
        self.at += 1;
    }

    fn mark(&self, ahead: usize, mark: &str) -> bool {
        self.tokens
            .get(self.at + ahead)
            .is_some_and(|t| t.is_mark(mark))
    }

    /// Reads a path or a `use` tree; afterwards `at` is behind it.
    fn tree(&mut self, prefix: &[&'a str]) {
        let mut segments = prefix.to_vec();
        let line = self.tokens.get(self.at).map_or(0, |t| t.line);
        while let Some(token) = self.tokens.get(self.at) {
            if token.is_mark("{") {
                self.branches(&segments);
                return;
            }
            if token.kind != Kind::Word && !token.is_mark("*") {
                break;
            }
            segments.push(&token.text);
            self.at += 1;
            if !self.mark(0, "::") {
                break;
            }
            self.at += 1;
        }
        // `a::{self}` is `a`.
        if prefix.len() < segments.len() && !prefix.is_empty() && segments.last() == Some(&"self") {
            segments.pop();
        }
        if segments.len() > 1 {
            let within = self.modules.iter().map(|(name, _)| *name).collect();
            self.found.push(Path {
                segments,
                line,
                within,
            });
        }
    }

    /// `{a, b::c as d, e::*}` behind a prefix.
    fn branches(&mut self, prefix: &[&'a str]) {
        self.at += 1;
        while let Some(token) = self.tokens.get(self.at) {
            if token.is_mark("}") {
                self.at += 1;
                return;
            }
            if token.is_word("as") {
                self.at += 2;
            } else if token.kind == Kind::Word || token.is_mark("*") || token.is_mark("{") {
                self.tree(prefix);
            } else {
                self.at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::paths;
    use crate::tidy::lexer::tokens;

    fn found(text: &str) -> Vec<String> {
        paths(&tokens(text))
            .iter()
            .map(|p| p.segments.join("::"))
            .collect()
    }

    #[test]
    fn trees_are_spread_out() {
        let table = [
            ("use a::b;", vec!["a::b"]),
            (
                "use a::{b, c::{d, e as f}, g::*, self as h};",
                vec!["a::b", "a::c::d", "a::c::e", "a::g::*"],
            ),
            (
                "use std::{fs::{self, File}, net};",
                vec!["std::fs", "std::fs::File", "std::net"],
            ),
            ("let x = a::b::<u8>::c(d::e);", vec!["a::b", "d::e"]),
            ("a.b(c)", vec![]),
            ("use a::{", vec![]),
        ];
        for (text, expected) in table {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn relative_paths_are_seen_from_the_root() {
        let module = ["http1".to_owned(), "head".to_owned()];
        let table = [
            ("use crate::page::X;", Some("page::X")),
            ("use super::X;", Some("http1::X")),
            ("use super::super::page::X;", Some("page::X")),
            ("use self::x::Y;", Some("http1::head::x::Y")),
            (
                "mod tests { use super::super::super::page::X; }",
                Some("page::X"),
            ),
            (
                "mod tests { fn f() { } } use super::super::page::X;",
                Some("page::X"),
            ),
            ("use std::fs;", None),
        ];
        for (text, expected) in table {
            let tokens = tokens(text);
            let seen = paths(&tokens)[0]
                .seen_from_root(&module)
                .map(|p| p.join("::"));
            assert_eq!(seen.as_deref(), expected, "{text}");
        }
    }
}
