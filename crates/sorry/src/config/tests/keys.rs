//! Keys: unknown, misplaced, missing.

use super::{check, check_after_site};
use expect_test::expect;

#[test]
fn an_empty_file() {
    check(
        "",
        expect![[r#"
            error[missing]: `site` is missing
            --> sorry.toml
             = help: for example: [[site]]
                     name = "shop"
                     sorry.listen = ["127.0.0.1:8503"]
        "#]],
    );
}

#[test]
fn misspelled_keys_at_every_depth() {
    check(
        r#"worker = 4
[[site]]
name = "shop"
host = ["shop.example.com"]
[site.sorry]
listen = [{ address = "127.0.0.1:8503", proxy_protocol_from = ["10.0.0.0/8"] }]
retry_after = "2m"
Status = 503
cors.origin = []
[limit]
[limits]
head-byte = "4 KiB"
"#,
        expect![[r#"
            error[unknown-key]: unknown key `worker`
             --> sorry.toml:1:1
              |
            1 | worker = 4
              | ^^^^^^
              |
              = help: did you mean `workers`?

            error[unknown-key]: unknown key `host` in [[site]]
             --> sorry.toml:4:1
              |
            4 | host = ["shop.example.com"]
              | ^^^^
              |
              = help: did you mean `hosts`?

            error[unknown-key]: unknown key `proxy_protocol_from` in an entry of site.sorry.listen
             --> sorry.toml:6:41
              |
            6 | listen = [{ address = "127.0.0.1:8503", proxy_protocol_from = ["10.0.0.0/8"] }]
              |                                         ^^^^^^^^^^^^^^^^^^^
              |
              = help: did you mean `proxy-protocol-from`?

            error[unknown-key]: unknown key `retry_after` in [site.sorry]
             --> sorry.toml:7:1
              |
            7 | retry_after = "2m"
              | ^^^^^^^^^^^
              |
              = help: did you mean `retry-after`?

            error[unknown-key]: unknown key `Status` in [site.sorry]
             --> sorry.toml:8:1
              |
            8 | Status = 503
              | ^^^^^^
              |
              = help: did you mean `status`?

            error[unknown-key]: unknown key `origin` in [site.sorry.cors]
             --> sorry.toml:9:6
              |
            9 | cors.origin = []
              |      ^^^^^^
              |
              = help: did you mean `origins`?

            error[unknown-key]: unknown key `limit`
              --> sorry.toml:10:2
               |
            10 | [limit]
               |  ^^^^^
               |
               = help: did you mean `limits`?

            error[unknown-key]: unknown key `head-byte` in [limits]
              --> sorry.toml:12:1
               |
            12 | head-byte = "4 KiB"
               | ^^^^^^^^^
               |
               = help: did you mean `head-bytes`?
        "#]],
    );
}

#[test]
fn keys_of_other_tables_say_where_they_belong() {
    check_after_site(
        "retry-after = \"2m\"\nweight = 2\n[sorry]\npage = \"x\"\n[log]\nsocket = \"/x\"\n[admin]\nlisten = \"x\"\n",
        expect![[r#"
            error[unknown-key]: unknown key `retry-after`
             --> sorry.toml:2:1
              |
            2 | retry-after = "2m"
              | ^^^^^^^^^^^
              |
              = help: `retry-after` is a key of [site.sorry]

            error[unknown-key]: unknown key `weight`
             --> sorry.toml:3:1
              |
            3 | weight = 2
              | ^^^^^^
              |
              = help: `weight` is a key of [[site.real-server]]

            error[unknown-key]: unknown key `page` in [sorry]
             --> sorry.toml:5:1
              |
            5 | page = "x"
              | ^^^^
              |
              = help: `page` is a key of [site.sorry]: each site has its own, and [sorry] is for `listen` alone

            error[unknown-key]: unknown key `socket` in [log]
             --> sorry.toml:7:1
              |
            7 | socket = "/x"
              | ^^^^^^
              |
              = help: `socket` is a key of [admin]

            error[invalid]: listen: `x` is not an IP address and port
             --> sorry.toml:9:10
              |
            9 | listen = "x"
              |          ^^^
              |
              = help: for example: listen = "10.0.0.2:9504"
        "#]],
    );
}

#[test]
fn a_short_key_with_letters_exchanged_is_told_what_was_meant() {
    super::check_sorry(
        "sya = \"x\"",
        expect![[r#"
            error[unknown-key]: unknown key `sya` in [site.sorry]
             --> sorry.toml:5:1
              |
            5 | sya = "x"
              | ^^^
              |
              = help: did you mean `say`?
        "#]],
    );
}

#[test]
fn the_smallest_configuration_that_is_shown_works() {
    super::valid(crate::config::spec::SMALLEST);
    let none = super::read("workers = 2").unwrap_err().to_string();
    assert!(
        none.contains("sorry.listen = [\"127.0.0.1:8503\"]"),
        "{none}"
    );
}

#[test]
fn keys_of_later_releases_are_unknown() {
    check(
        "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\nlisten = [\"0.0.0.0:80\"]\n[[site.real-server]]\naddress = \"10.0.0.11:80\"\n[site.stale]\nmax-stale = \"24h\"\n",
        expect![[r#"
            error[unknown-key]: unknown key `listen` in [[site]]
             --> sorry.toml:4:1
              |
            4 | listen = ["0.0.0.0:80"]
              | ^^^^^^
              |
              = help: `listen` is a key of [site.sorry], [sorry], [metrics] or [admin]

            error[unknown-key]: unknown key `stale` in [[site]]
             --> sorry.toml:7:7
              |
            7 | [site.stale]
              |       ^^^^^
              |
              = help: the keys here are name, hosts, default, sorry, check, alpha, real-server, quorum, damping, window
        "#]],
    );
}

#[test]
fn control_characters_in_a_key_do_not_reach_the_terminal() {
    check_after_site(
        "\"\\u001b[2Jx\" = 1",
        expect![[r#"
            error[unknown-key]: unknown key `\u{1b}[2Jx`
             --> sorry.toml:2:1
              |
            2 | "\u001b[2Jx" = 1
              | ^^^^^^^^^^^^
              |
              = help: the keys here are workers, pin-workers, sandbox, site, state, down-for, sorry, check, watch, kernel, alert, tls, limits, metrics, admin, log
        "#]],
    );
}

#[test]
fn what_is_missing() {
    check(
        "[[site]]\nhosts = [\"shop.example.com\"]\n[site.sorry]\nlisten = [{ tls = false }]\n[[site]]\nname = \"blog\"\n[[tls]]\nkey = \"x\"\n",
        expect![[r#"
            error[missing]: `name` is missing in [[site]]
             --> sorry.toml:1:1
              |
            1 | [[site]]
              | ^^^^^^^^
              |
              = help: for example: name = "shop"

            error[missing]: `address` is missing in an entry of site.sorry.listen
             --> sorry.toml:4:11
              |
            4 | listen = [{ tls = false }]
              |           ^^^^^^^^^^^^^^^
              |
              = help: for example: address = "203.0.113.10:443"

            error[missing]: site `blog` listens nowhere
             --> sorry.toml:5:1
              |
            5 | [[site]]
              | ^^^^^^^^
              |
              = help: add `listen` to its [site.sorry], or to the [sorry] of the whole file: listen = ["127.0.0.1:8503"]

            error[missing]: `certificate` is missing in [[tls]]
             --> sorry.toml:7:1
              |
            7 | [[tls]]
              | ^^^^^^^
              |
              = help: for example: certificate = "/etc/sorry/tls/shop.crt"
        "#]],
    );
}
