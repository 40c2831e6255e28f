//! `cargo xtask help [VERB]`: what the developer's commands are and how each is used.

use crate::VERBS;
use crate::verb::{self, End, Verb};

pub(crate) const VERB: Verb = Verb {
    name: "help",
    summary: "say what a verb does and how it is used",
    usage: "cargo xtask help [VERB]",
    run,
};

fn run(arguments: &[String]) -> Result<End, String> {
    match arguments {
        [] => overview(),
        [name, ..] => teach(verb::find(VERBS, name)?),
    }
    Ok(End::Good)
}

/// All verbs, a line each.
pub(crate) fn overview() {
    println!(
        "The developer's commands. On a fresh Debian machine with Rust, this is all it takes:\n"
    );
    println!("    cargo xtask test --setup     install what the tests need, then run every test");
    println!("    cargo xtask check            formatting, lints, docs and the law of the house\n");
    println!("Verbs:");
    for verb in VERBS {
        println!("    {:<8} {}", verb.name, verb.summary);
    }
    println!("\n`cargo xtask help VERB` says more of each.");
    println!("Exit codes: 0 all is well; 1 something failed or was found; 2 it could not be done.");
}

/// One verb in full.
pub(crate) fn teach(verb: &Verb) {
    println!("{}\n\n{}", verb.summary, verb.usage);
}
