//! The configuration as a whole: every mistake as the operator reads it, what valid files mean, what is generated, and that
//! no text makes it panic. What a single parser understands is tested beside it.

mod egress;
mod generated;
mod kernel;
mod keys;
mod meaning;
mod names;
mod of_site;
mod robust;
mod serve;
mod several;
mod syntax;
mod together;
mod told;
mod types;
mod values;
mod watched;
mod windows;

use super::{Color, Config, Report, parse};
use expect_test::Expect;
use jiff::tz::TimeZone;
use std::path::Path;

/// Central European time by its rule, so that tests need no time zone database.
fn zone() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

fn read(text: &str) -> Result<Config, Report> {
    parse(text, "sorry.toml", Path::new("/etc/sorry"), &zone())
}

#[track_caller]
fn valid(text: &str) -> Config {
    match read(text) {
        Ok(config) => config,
        Err(report) => panic!("{report}"),
    }
}

/// All that is wrong with a file.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a table of checks reads better"
)]
#[track_caller]
fn check(text: &str, expect: Expect) {
    match read(text) {
        Ok(config) => panic!("no mistake was found: {config:#?}"),
        Err(report) => expect.assert_eq(&report.render(Color::Plain)),
    }
}

/// All that is wrong with these lines of `[site.sorry]`.
#[track_caller]
fn check_sorry(lines: &str, expect: Expect) {
    let head = "[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:8503\"]\n";
    check(&format!("{head}{lines}\n"), expect);
}

/// All that is wrong with these entries of `listen`.
#[track_caller]
fn check_listen(entries: &str, expect: Expect) {
    let head = "site = [{ name = \"shop\" }]\n[sorry]\nlisten = [\n";
    check(&format!("{head}{entries}\n]\n"), expect);
}

/// All that is wrong with these lines after a valid site.
#[track_caller]
fn check_after_site(lines: &str, expect: Expect) {
    check(&format!("{SITE}{lines}\n"), expect);
}

/// The smallest file that works.
const SITE: &str = "site = [{ name = \"shop\", sorry.listen = [\"127.0.0.1:8503\"] }]\n";
