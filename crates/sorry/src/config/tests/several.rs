//! Several checks of one kind: how they are written, what they are called, and what is wrong with them.

use super::{check, valid};
use crate::config::Config;
use expect_test::expect;

const HEAD: &str = "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n";
const REAL: &str = "[[site.real-server]]\naddress = \"10.0.0.11:8080\"\n";

fn names(config: &Config) -> Vec<&str> {
    let checks = config.sites[0].reals[0].checks.iter();
    checks.map(|check| &*check.name).collect()
}

#[test]
fn each_way_of_writing_them_names_them_apart() {
    for (site, real, expected) in [
        ("check.http = {}", "", &["http"][..]),
        ("check.http = [{}]", "", &["http"]),
        (
            "check.http = [{}, {}, {}]",
            "",
            &["http", "http 2", "http 3"],
        ),
        (
            "check = { http = [{ label = \"login\" }, {}], tcp = {} }",
            "",
            &["login", "http 2", "tcp"],
        ),
        (
            "[[site.check.http]]\n[[site.check.http]]\nlabel = \"login\"\n[site.check.https]\nlabel = \"http\"",
            "",
            &[],
        ),
        (
            "[[site.check.https]]\npath = \"/a\"\n[[site.check.https]]\npath = \"/b\"\n[site.check.icmp]",
            "",
            &["https", "https 2", "icmp"],
        ),
        (
            "check.tcp = {}",
            "[[site.real-server.check.file]]\npath = \"/a\"\n[[site.real-server.check.file]]\npath = \"/b\"\n",
            &["file", "file 2"],
        ),
    ] {
        let text = format!("{HEAD}{site}\n{REAL}{real}");
        match super::read(&text) {
            Ok(config) => assert_eq!(names(&config), expected, "{text}"),
            Err(report) => assert!(
                expected.is_empty() && report.to_string().contains("called `http`"),
                "{report}"
            ),
        }
    }
}

#[test]
fn one_of_them_may_move_and_is_still_the_same() {
    let config = |checks: &str| valid(&format!("{HEAD}check.http = {checks}\n{REAL}"));
    let before = config("[{ label = \"a\" }, { label = \"b\", path = \"/b\" }]");
    let after = config("[{ label = \"b\", path = \"/b\" }, { label = \"a\" }]");
    let of = |config: &Config, name: &str| {
        let mut checks = config.sites[0].reals[0].checks.iter();
        checks.find(|check| *check.name == *name).cloned()
    };
    for name in ["a", "b"] {
        let (before, after) = (of(&before, name).unwrap(), of(&after, name).unwrap());
        assert!(before.is_as(&after), "{before:?} {after:?}");
    }
}

#[test]
fn a_mistake_is_told_where_it_is() {
    check(
        &format!(
            "{HEAD}{REAL}{}",
            r#"check.http = [{ path = "/" }, { paht = "/" }, { status = [] }, 7]
check.tcp = []
check.udp = [{ label = "a b" }]
check.exec = [{ command = ["/bin/a"], weight-by-exit-code = true }, { command = ["/bin/b"], weight-by-exit-code = true }, {}]
check.file = [{ path = "/a", label = "exec" }, { path = "/b", label = "both" }, { path = "/b", label = "both" }]
[[site.real-server.check.https]]
[[site.real-server.check.https]]
paht = "/"
"#
        ),
        expect![[r#"
            error[unknown-key]: unknown key `paht` in [[site.real-server.check.http]]
             --> sorry.toml:6:33
              |
            6 | check.http = [{ path = "/" }, { paht = "/" }, { status = [] }, 7]
              |                                 ^^^^
              |
              = help: did you mean `path`?

            error[invalid]: status: no status would be good
             --> sorry.toml:6:58
              |
            6 | check.http = [{ path = "/" }, { paht = "/" }, { status = [] }, 7]
              |                                                          ^^
              |
              = help: for example: status = ["200-299"]

            error[wrong-type]: http: an entry must be a table, not a whole number
             --> sorry.toml:6:64
              |
            6 | check.http = [{ path = "/" }, { paht = "/" }, { status = [] }, 7]
              |                                                                ^
              |
              = help: for example: http = { path = "/healthz" }

            error[invalid]: an empty array checks nothing
             --> sorry.toml:7:13
              |
            7 | check.tcp = []
              |             ^^
              |
              = help: leave it out, or write `{}` for a check that says nothing else

            error[invalid]: label: ` ` cannot stand in a name
             --> sorry.toml:8:26
              |
            8 | check.udp = [{ label = "a b" }]
              |                          ^
              |
              = help: use letters, digits, `-`, `_` and `.`

            error[conflict]: a second check says what the real server weighs
             --> sorry.toml:9:69
              |
            9 | check.exec = [{ command = ["/bin/a"], weight-by-exit-code = true }, { command = ["/bin/b"], weight-by-exit-code = true }, {}]
              |               ----------------------------------------------------  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |               |
              |               the other one is here

            error[missing]: `command` is missing in [[site.real-server.check.exec]]
             --> sorry.toml:9:123
              |
            9 | check.exec = [{ command = ["/bin/a"], weight-by-exit-code = true }, { command = ["/bin/b"], weight-by-exit-code = true }, {}]
              |                                                                                                                           ^^
              |
              = help: for example: command = ["/usr/local/lib/sorry/deep-check", "shop"]

            error[duplicate]: label: a second check is called `exec`
              --> sorry.toml:10:38
               |
             9 | check.exec = [{ command = ["/bin/a"], weight-by-exit-code = true }, { command = ["/bin/b"], weight-by-exit-code = true }, {}]
               |               ---------------------------------------------------- the other one is here
            10 | check.file = [{ path = "/a", label = "exec" }, { path = "/b", label = "both" }, { path = "/b", label = "both" }]
               |                                      ^^^^^^

            error[duplicate]: label: a second check is called `both`
              --> sorry.toml:10:104
               |
            10 | check.file = [{ path = "/a", label = "exec" }, { path = "/b", label = "both" }, { path = "/b", label = "both" }]
               |                                                                       ------ the other one is here     ^^^^^^

            error[unknown-key]: unknown key `paht` in [[site.real-server.check.https]]
              --> sorry.toml:13:1
               |
            13 | paht = "/"
               | ^^^^
               |
               = help: did you mean `path`?
        "#]],
    );
    check(
        &format!("{HEAD}check.tcp = [{}]\n{REAL}", "{}, ".repeat(65)),
        expect![[r#"
            error[out-of-range]: a real server has at most 64 checks
             --> sorry.toml:4:270
              |
            4 | ...{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, ]
              |                                                                    ^^
        "#]],
    );
}
