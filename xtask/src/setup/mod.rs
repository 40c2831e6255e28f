//! `cargo xtask setup`: the Debian packages that tests and benchmarks need. Lists them with their reasons, finds what is missing, and
//! installs that without starting a daemon. `install.sh` does the installing, in a shell whose traps clean up however it ends.

mod install;
mod packages;

pub(crate) use install::{Background, missing};

use crate::json;
use crate::options::{self, Takes};
use crate::verb::{End, Verb};
use packages::{PACKAGES, Package};

pub(crate) const VERB: Verb = Verb {
    name: "setup",
    summary: "install the Debian packages that tests and benchmarks need",
    usage: "\
cargo xtask setup [--list] [--json]

    (nothing)   installs with apt-get what is missing; no daemon is started, no recommended package is added.
                A kernel for a guest is only unpacked, below /var/cache/sorry-setup.
                Needs root, or sudo that asks no password. Where nothing is missing, nothing is done.
    --list      only lists every package, whether it is there, and why it is needed
    --json      the list as JSON; alone it means --list

Exit codes: 0 everything is there; 1 with --list: something is missing; 2 could not be installed.",
    run,
};

fn run(arguments: &[String]) -> Result<End, String> {
    let known = [("--list", Takes::Nothing), ("--json", Takes::Nothing)];
    let options = options::split(arguments, &known)?;
    options.nothing_else()?;
    let missing = missing()?;
    if options.has("--json") {
        println!("{}", as_json(&missing));
        return Ok(verdict(&missing));
    }
    if options.has("--list") {
        print!("{}", as_table(&missing));
        return Ok(verdict(&missing));
    }
    if missing.is_empty() {
        println!(
            "setup: all {} packages are there; nothing to do",
            PACKAGES.len()
        );
        return Ok(End::Good);
    }
    println!("{}", told(&missing));
    install::install(&missing)?;
    println!("setup: all {} packages are there", PACKAGES.len());
    Ok(End::Good)
}

fn verdict(missing: &[&Package]) -> End {
    if missing.is_empty() {
        End::Good
    } else {
        End::Bad
    }
}

/// What is missing, a line each, with the reasons.
pub(crate) fn told(missing: &[&Package]) -> String {
    let mut text = format!(
        "{} of {} packages are missing:",
        missing.len(),
        PACKAGES.len()
    );
    for package in missing {
        text.push_str(&format!("\n    {:<22} {}", package.name, package.reason));
    }
    text
}

fn as_table(missing: &[&Package]) -> String {
    let mut text = String::new();
    for package in PACKAGES {
        let state = state(package, missing);
        text.push_str(&format!(
            "{:<22} {state:<8} {}\n",
            package.name, package.reason
        ));
    }
    text
}

fn as_json(missing: &[&Package]) -> String {
    let rows: Vec<String> = PACKAGES
        .iter()
        .map(|package| {
            format!(
                "{{\"package\":{},\"state\":{},\"reason\":{}}}",
                json::quoted(package.name),
                json::quoted(state(package, missing)),
                json::quoted(package.reason)
            )
        })
        .collect();
    format!("[{}]", rows.join(",\n "))
}

fn state(package: &Package, missing: &[&Package]) -> &'static str {
    if missing.iter().any(|m| m.name == package.name) {
        "missing"
    } else {
        "present"
    }
}

#[cfg(test)]
mod tests {
    use super::{PACKAGES, as_json, as_table, told};
    use crate::json;

    #[test]
    fn the_lists_tell_what_is_missing_and_why() {
        let missing = [&PACKAGES[1]];
        let table = as_table(&missing);
        assert_eq!(table.lines().count(), PACKAGES.len());
        assert_eq!(table.matches(" missing ").count(), 1);
        let rows = json::parse(&as_json(&missing)).unwrap();
        assert_eq!(rows.list().len(), PACKAGES.len());
        assert_eq!(rows.list()[1].at("state").text(), Some("missing"));
        assert_eq!(rows.list()[0].at("state").text(), Some("present"));
        assert!(told(&missing).contains(PACKAGES[1].reason));
    }
}
