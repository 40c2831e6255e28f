//! `cargo xtask tidy`: the law of the house, held over the sources as text. Each rule is a file below this one; a rule reads the tree
//! and returns findings, and never changes anything. What is excepted, and why, is in `exceptions.txt`.

mod attributes;
mod exceptions;
mod floors;
mod headers;
mod lengths;
mod lexer;
mod licences;
mod links;
mod manifests;
mod map;
mod mutants;
mod names;
mod paths;
mod purity;
mod sleeps;
mod spdx;
mod tree;
mod words;

use std::fmt;
use std::path::Path;

use crate::cargo;
use crate::options;
use crate::verb::{End, Verb};
use tree::Tree;

pub(crate) use tree::files;

pub(crate) const VERB: Verb = Verb {
    name: "tidy",
    summary: "hold the law of the house: imports, lengths, names, licences, links",
    usage: "\
cargo xtask tidy

Reads the files that git knows or would add, and prints a line and a way to mend it for each finding. Rules:

    floors       imports run one way: config < ground floor < parts < daemon < cli < main; crates likewise
    purity       the core has no sockets, files, threads, clocks, chance
    file-length  400 lines of code, 600 with tests
    fn-length    70 lines
    map          every module is named in ARCHITECTURE.md, and nothing that is gone
    names        nothing is called utils, helpers, common, manager or misc
    attributes   forbid(unsafe_code) in crate roots; no allow; no ignored test
    sleeps       nothing sleeps where it could wait for a condition
    headers      every file starts with a prose header
    manifests    every dependency carries its reason; crates take the workspace's lints
    licences     licences, bans and sources of dependencies
    words        no path of somebody's machine
    links        links between Markdown files lead somewhere
    mutants      each patch of a mutants folder applies, and names a test that exists

Exceptions, each with its reason, are in xtask/src/tidy/exceptions.txt; one that is no longer needed is a finding too.",
    run,
};

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// File, relative to the repository.
    path: String,
    /// Counted from 1.
    line: usize,
    rule: &'static str,
    /// What an exception would name: the file, or `file::function`.
    place: String,
    what: String,
    mend: String,
}

impl Finding {
    /// A finding whose exception would name the file.
    fn new(
        rule: &'static str,
        path: &str,
        line: usize,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            line,
            rule,
            place: path.to_owned(),
            what: what.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}:{}: {}: {}\n    mend: {}",
            self.path, self.line, self.rule, self.what, self.mend
        )
    }
}

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    floors::check,
    purity::check,
    lengths::check,
    map::check,
    names::check,
    attributes::check,
    sleeps::check,
    headers::check,
    manifests::check,
    licences::check,
    words::check,
    links::check,
    mutants::check,
];

fn run(arguments: &[String]) -> Result<End, String> {
    options::split(arguments, &[])?.nothing_else()?;
    match check(&cargo::root()) {
        Ok(()) => {
            println!("tidy: nothing found");
            Ok(End::Good)
        }
        Err(why) => {
            println!("tidy: {why}");
            Ok(End::Bad)
        }
    }
}

/// Prints every finding; an error if there was one.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let mut tree = Tree::read(root)?;
    let unread = match licences::metadata() {
        Ok(metadata) => {
            tree.metadata = Some(metadata);
            None
        }
        // The other rules can be held all the same.
        Err(why) => Some(licences::unread(&why)),
    };
    let mut findings = findings(&tree);
    findings.extend(unread);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err("1 finding".to_owned()),
        count => Err(format!("{count} findings")),
    }
}

fn findings(tree: &Tree) -> Vec<Finding> {
    let mut found: Vec<Finding> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    found.sort();
    found.dedup();
    exceptions::apply(tree, found)
}
