//! What a site says for all its real servers, and they for themselves.

use super::{check, valid};
use crate::config::check::Kind;
use expect_test::expect;
use std::fmt::Write as _;

const HEAD: &str = "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n";

/// What is believed first of each real server, and the Host fields of its http checks.
fn told(lines: &str) -> String {
    let config = valid(&format!("{HEAD}{lines}"));
    let mut told = String::new();
    for real in &config.sites[0].reals {
        let hosts = real.checks.iter().filter_map(|check| match &check.kind {
            Kind::Http(http) => Some(http.host.as_deref().unwrap_or("-")),
            _ => None,
        });
        let hosts: Vec<&str> = hosts.collect();
        let _ = writeln!(told, "{} {:?} [{}]", real.name, real.first, hosts.join(" "));
    }
    for warning in &config.warnings {
        let _ = writeln!(told, "{warning}");
    }
    told
}

const REALS: &str = r#"
[[site.real-server]]
address = "10.0.0.1:80"
[[site.real-server]]
address = "10.0.0.2:80"
alpha = false
check.http = [{}, { host = "third.example" }]
[[site.real-server]]
address = "10.0.0.3:80"
alpha = true
check = { host = "own.example", https = {}, tcp = {} }
"#;

#[test]
fn real_servers_have_what_their_site_says_or_what_they_say() {
    expect![[r#"
        10.0.0.1:80 Down [shop.example second.example]
        10.0.0.2:80 Unknown [shop.example third.example]
        10.0.0.3:80 Down [own.example]
    "#]]
    .assert_eq(&told(&format!(
        "alpha = true\ncheck = {{ host = \"shop.example\", http = {{}}, https = {{ host = \"second.example\" }} }}\n{REALS}"
    )));
    expect![[r#"
        10.0.0.1:80 Unknown []
        10.0.0.2:80 Unknown [- third.example]
        10.0.0.3:80 Down [own.example]
    "#]]
    .assert_eq(&told(REALS));
}

#[test]
fn a_host_may_be_there_for_the_checks_of_real_servers_alone() {
    expect![[r#"
        10.0.0.1:80 Unknown []
        10.0.0.2:80 Unknown [shop.example third.example]
        10.0.0.3:80 Down [own.example]
    "#]]
    .assert_eq(&told(&format!("check.host = \"shop.example\"\n{REALS}")));
    let real = "[[site.real-server]]\naddress = \"10.0.0.1:80\"\n";
    check(
        &format!("{HEAD}check.host = \"shop.example\"\n{real}"),
        expect![[r#"
            error[missing]: check: nothing is checked
             --> sorry.toml:4:1
              |
            4 | check.host = "shop.example"
              | ^^^^^
              |
              = help: name a kind of check, for example: check.http = { path = "/healthz" }
        "#]],
    );
    check(
        &format!("{HEAD}{real}check.host = \"shop.example\"\n"),
        expect![[r#"
            error[missing]: check: nothing is checked
             --> sorry.toml:6:1
              |
            6 | check.host = "shop.example"
              | ^^^^^
              |
              = help: name a kind of check, for example: check.http = { path = "/healthz" }
        "#]],
    );
}

#[test]
fn alpha_does_nothing_where_nothing_is_checked() {
    let real = "[[site.real-server]]\naddress = \"10.0.0.1:80\"\n";
    expect![[r#"
        10.0.0.1:80 Unknown []
        sorry.toml:4: alpha: nothing checks a real server of this site, so they are all taken to be up all the same
    "#]].assert_eq(&told(&format!("alpha = true\n{real}")));
    expect![[r#"
        10.0.0.1:80 Unknown []
        sorry.toml:6: alpha: nothing checks this real server, so it is taken to be up all the same
    "#]]
    .assert_eq(&told(&format!("{real}alpha = true\n")));
}
