//! What is right alone and wrong together.

use super::{check, check_listen, check_sorry, valid};
use expect_test::expect;

#[test]
fn sites_that_listen_nowhere() {
    check(
        "[[site]]\nname = \"shop\"\n[[site]]\nname = \"blog\"\nsorry.listen = []\n[[site]]\nname = \"wiki\"\n[site.sorry]\nstatus = 502\n",
        expect![[r#"
            error[missing]: site `shop` listens nowhere
             --> sorry.toml:1:1
              |
            1 | [[site]]
              | ^^^^^^^^
              |
              = help: add `listen` to its [site.sorry], or to the [sorry] of the whole file: listen = ["127.0.0.1:8503"]

            error[invalid]: listen: an empty array listens nowhere
             --> sorry.toml:5:16
              |
            5 | sorry.listen = []
              |                ^^
              |
              = help: for example: listen = ["127.0.0.1:8503"]

            error[missing]: site `wiki` listens nowhere
             --> sorry.toml:6:1
              |
            6 | [[site]]
              | ^^^^^^^^
              |
              = help: add `listen` to its [site.sorry], or to the [sorry] of the whole file: listen = ["127.0.0.1:8503"]
        "#]],
    );
}

#[test]
fn a_shared_address_with_different_options() {
    check(
        r#"[[site]]
name = "shop"
hosts = ["shop.example.com"]
sorry.listen = ["203.0.113.10:8503", "[::]:8504"]
[[site]]
name = "blog"
hosts = ["blog.example.com"]
sorry.listen = [
  { address = "203.0.113.10:8503", proxy-protocol-from = ["10.0.0.0/8"] },
  { address = "[::]:8504", v6-only = true },
]
"#,
        expect![[r#"
            error[conflict]: 203.0.113.10:8503 is shared, but with another `proxy-protocol-from`
             --> sorry.toml:9:15
              |
            4 | sorry.listen = ["203.0.113.10:8503", "[::]:8504"]
              |                 ------------------- first given here
            ...
            9 |   { address = "203.0.113.10:8503", proxy-protocol-from = ["10.0.0.0/8"] },
              |               ^^^^^^^^^^^^^^^^^^^
              |
              = help: sites that share an address give it the same options

            error[conflict]: [::]:8504 is shared, but with another `v6-only`
              --> sorry.toml:10:15
               |
             4 | sorry.listen = ["203.0.113.10:8503", "[::]:8504"]
               |                                      ----------- first given here
            ...
            10 |   { address = "[::]:8504", v6-only = true },
               |               ^^^^^^^^^^^
               |
               = help: sites that share an address give it the same options
        "#]],
    );
}

#[test]
fn names_hosts_and_addresses_given_twice() {
    check(
        r#"[[site]]
name = "shop"
hosts = ["shop.example.com", "*.example.com", "Shop.Example.com."]
sorry.listen = ["127.0.0.1:8503", "127.0.0.1:8504", "127.0.0.1:8503"]
[[site]]
name = "shop"
hosts = ["blog.example.com", "*.EXAMPLE.com"]
sorry.listen = ["127.0.0.1:8503", "127.0.0.1:8504"]
"#,
        expect![[r#"
            error[duplicate]: shop.example.com is given twice
             --> sorry.toml:3:47
              |
            3 | hosts = ["shop.example.com", "*.example.com", "Shop.Example.com."]
              |          ------------------ first given here  ^^^^^^^^^^^^^^^^^^^

            error[duplicate]: 127.0.0.1:8503 is given twice
             --> sorry.toml:4:53
              |
            4 | sorry.listen = ["127.0.0.1:8503", "127.0.0.1:8504", "127.0.0.1:8503"]
              |                 ---------------- first given here   ^^^^^^^^^^^^^^^^

            error[duplicate]: a second site is named `shop`
             --> sorry.toml:6:8
              |
            2 | name = "shop"
              |        ------ first given here
            ...
            6 | name = "shop"
              |        ^^^^^^

            error[duplicate]: site `shop` already answers for *.example.com on 127.0.0.1:8503
             --> sorry.toml:7:30
              |
            3 | hosts = ["shop.example.com", "*.example.com", "Shop.Example.com."]
              |                              --------------- first given here
            ...
            7 | hosts = ["blog.example.com", "*.EXAMPLE.com"]
              |                              ^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn places_far_apart_are_shown_each_on_its_own() {
    let between = "#\n".repeat(100);
    check(
        &format!(
            "sorry.listen = [\"127.0.0.1:8503\"]\n[[site]]\nname = \"shop\"\nhosts = [\"a.example\"]\n{between}[[site]]\nname = \"shop\"\nhosts = [\"b.example\"]\n"
        ),
        expect![[r#"
            error[duplicate]: a second site is named `shop`
               --> sorry.toml:106:8
                |
            106 | name = "shop"
                |        ^^^^^^
                |
               ::: sorry.toml:3:8
                |
              3 | name = "shop"
                |        ------ first given here
        "#]],
    );
}

#[test]
fn two_default_sites_on_one_listener() {
    check(
        "sorry.listen = [\"127.0.0.1:8503\", \"127.0.0.1:8504\"]\n[[site]]\nname = \"shop\"\ndefault = true\n[[site]]\nname = \"blog\"\ndefault = true\n",
        expect![[r#"
            error[duplicate]: a second default site on 127.0.0.1:8503
             --> sorry.toml:7:11
              |
            4 | default = true
              |           ---- the first is here
            ...
            7 | default = true
              |           ^^^^
        "#]],
    );
}

#[test]
fn a_site_that_nobody_would_see() {
    check(
        "sorry.listen = [\"127.0.0.1:8503\"]\n[[site]]\nname = \"shop\"\nhosts = [\"shop.example.com\"]\n[[site]]\nname = \"blog\"\n",
        expect![[r#"
            error[conflict]: site `blog` has no hosts and is the default nowhere
             --> sorry.toml:5:1
              |
            5 | [[site]]
              | ^^^^^^^^
              |
              = help: nobody would ever see it: add `hosts`, or `default = true`
        "#]],
    );
}

#[test]
fn options_of_listeners() {
    check_listen(
        r#"  { address = "127.0.0.1:443", tls = true },
  { address = "127.0.0.1:80", https-redirect = true, mode = "0660", v6-only = true },
  { address = "unix:/run/sorry.sock", proxy-protocol-from = ["10.0.0.0/8"] },"#,
        expect![[r#"
            error[conflict]: a listener speaks TLS, but there is no certificate
             --> sorry.toml:4:38
              |
            4 |   { address = "127.0.0.1:443", tls = true },
              |                                      ^^^^
              |
              = help: add [[tls]] with `certificate` and `key`

            error[conflict]: https-redirect: the listener does not speak TLS
             --> sorry.toml:5:48
              |
            5 |   { address = "127.0.0.1:80", https-redirect = true, mode = "0660", v6-only = true },
              |                                                ^^^^
              |
              = help: it answers plain HTTP on a TLS port; add `tls = true`

            error[conflict]: mode: 127.0.0.1:80 is not a unix socket
             --> sorry.toml:5:61
              |
            5 |   { address = "127.0.0.1:80", https-redirect = true, mode = "0660", v6-only = true },
              |                                                             ^^^^^^
              |
              = help: only files have permissions; leave the key out

            error[conflict]: v6-only: 127.0.0.1:80 is not an IPv6 address
             --> sorry.toml:5:79
              |
            5 |   { address = "127.0.0.1:80", https-redirect = true, mode = "0660", v6-only = true },
              |                                                                               ^^^^
              |
              = help: leave the key out

            error[conflict]: proxy-protocol-from: peers of a unix socket have no IP address
             --> sorry.toml:6:61
              |
            6 |   { address = "unix:/run/sorry.sock", proxy-protocol-from = ["10.0.0.0/8"] },
              |                                                             ^^^^^^^^^^^^^^
              |
              = help: listen on a loopback address, such as 127.0.0.1:8503, for proxies that send the header
        "#]],
    );
}

#[test]
fn a_dual_stack_socket_takes_ipv4_too() {
    check_listen(
        "  \"[::]:80\",\n  \"0.0.0.0:80\"",
        expect![[r#"
        error[conflict]: [::]:80 takes 0.0.0.0:80 as well
         --> sorry.toml:4:3
          |
        4 |   "[::]:80",
          |   ^^^^^^^^^
        5 |   "0.0.0.0:80"
          |   ------------ also given here
          |
          = help: leave that one out, or add `v6-only = true` to this one
    "#]],
    );
}

#[test]
fn a_wildcard_takes_every_address_of_its_port() {
    check_listen(
        "  \"0.0.0.0:80\",\n  \"127.0.0.1:80\",\n  { address = \"[::]:81\", v6-only = true },\n  \"[::1]:81\",\n  \"[::]:82\",\n  \"10.0.0.1:82\"",
        expect![[r#"
            error[conflict]: 0.0.0.0:80 takes 127.0.0.1:80 as well
             --> sorry.toml:4:3
              |
            4 |   "0.0.0.0:80",
              |   ^^^^^^^^^^^^
            5 |   "127.0.0.1:80",
              |   -------------- also given here
              |
              = help: leave that one out: 0.0.0.0:80 is every address of its kind

            error[conflict]: [::]:81 takes [::1]:81 as well
             --> sorry.toml:6:15
              |
            6 |   { address = "[::]:81", v6-only = true },
              |               ^^^^^^^^^
            7 |   "[::1]:81",
              |   ---------- also given here
              |
              = help: leave that one out: [::]:81 is every address of its kind

            error[conflict]: [::]:82 takes 10.0.0.1:82 as well
             --> sorry.toml:8:3
              |
            8 |   "[::]:82",
              |   ^^^^^^^^^
            9 |   "10.0.0.1:82"
              |   ------------- also given here
              |
              = help: leave that one out, or add `v6-only = true` to this one
        "#]],
    );
    // None of these is in another's way.
    let apart = "site = [{ name = \"shop\" }]\n[sorry]\nlisten = [\"0.0.0.0:80\", \"127.0.0.1:81\", { address = \"[::]:80\", v6-only = true }, \
        \"0.0.0.0:0\", \"127.0.0.1:0\"]\n[metrics]\nlisten = \"127.0.0.1:9503\"\n";
    assert_eq!(valid(apart).listeners.len(), 5);
    check(
        "site = [{ name = \"shop\", sorry.listen = [\"0.0.0.0:9503\"] }]\n[metrics]\nlisten = \"127.0.0.1:9503\"\n",
        expect![[r#"
            error[conflict]: metrics: 127.0.0.1:9503 and 0.0.0.0:9503 overlap
             --> sorry.toml:3:10
              |
            1 | site = [{ name = "shop", sorry.listen = ["0.0.0.0:9503"] }]
              |                                          -------------- the listener is here
            2 | [metrics]
            3 | listen = "127.0.0.1:9503"
              |          ^^^^^^^^^^^^^^^^
              |
              = help: an address cannot be shared with a site
        "#]],
    );
    check(
        "site = [{ name = \"shop\", sorry.listen = [\"127.0.0.1:9503\"] }]\n[metrics]\nlisten = \"0.0.0.0:9503\"\n",
        expect![[r#"
            error[conflict]: metrics: 0.0.0.0:9503 and 127.0.0.1:9503 overlap
             --> sorry.toml:3:10
              |
            1 | site = [{ name = "shop", sorry.listen = ["127.0.0.1:9503"] }]
              |                                          ---------------- the listener is here
            2 | [metrics]
            3 | listen = "0.0.0.0:9503"
              |          ^^^^^^^^^^^^^^
              |
              = help: an address cannot be shared with a site
        "#]],
    );
}

#[test]
fn addresses_of_our_own() {
    check(
        "site = [{ name = \"shop\", sorry.listen = [\"127.0.0.1:9503\", \"unix:/run/sorry/admin.sock\"] }]\n[metrics]\nlisten = \"127.0.0.1:9503\"\n",
        expect![[r#"
            error[conflict]: unix:/run/sorry/admin.sock is where the admin socket is
             --> sorry.toml:1:60
              |
            1 | site = [{ name = "shop", sorry.listen = ["127.0.0.1:9503", "unix:/run/sorry/admin.sock"] }]
              |                                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: take another, or give [admin] another `socket`

            error[conflict]: metrics: 127.0.0.1:9503 is a sorry listener
             --> sorry.toml:3:10
              |
            1 | site = [{ name = "shop", sorry.listen = ["127.0.0.1:9503", "unix:/run/sorry/admin.sock"] }]
              |                                          ---------------- the listener is here
            2 | [metrics]
            3 | listen = "127.0.0.1:9503"
              |          ^^^^^^^^^^^^^^^^
              |
              = help: an address cannot be shared with a site
        "#]],
    );
}

#[test]
fn permissions_without_quotes_are_told_to_take_them() {
    check_listen(
        "{ address = \"unix:/run/s.sock\", mode = 0666 }",
        expect![[r#"
            error[syntax]: a number does not begin with 0
             --> sorry.toml:4:40
              |
            4 | { address = "unix:/run/s.sock", mode = 0666 }
              |                                        ^
              |
              = help: write "0666" where it stands for permissions
        "#]],
    );
}

#[test]
fn keys_that_change_nothing_are_warned_of() {
    let site = "[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:8503\"]\n";
    let idle =
        "redirect = 307\nredirect-page = \"/x\"\ncsp = \"off\"\n[log]\naccess-file = \"a.log\"\n";
    expect![[r#"
        sorry.toml:5: redirect: nobody is redirected without `mode = "redirect"`
        sorry.toml:6: redirect-page: nobody is redirected without `mode = "redirect"`
        sorry.toml:7: csp: it is for a page of your own, and there is no `page`
        sorry.toml:9: access-file: nothing is written there without `access = "json"` or "combined""#]]
    .assert_eq(&valid(&format!("{site}{idle}")).warnings.join("\n"));
    let used = "mode = \"redirect\"\npage = \"p\"\n";
    let used = format!("{site}{used}{idle}access = \"json\"\n");
    assert_eq!(valid(&used).warnings, [""; 0]);
    assert_eq!(valid(site).warnings, [""; 0]);
    // A mistake elsewhere does not hide them, but it may hide what would make use of a key.
    let mistaken = super::read(&format!("{site}{idle}level = 1\n")).unwrap_err();
    assert_eq!(mistaken.warnings().len(), 4);
    let broken = super::read(&format!("{site}mode = redirect\n{idle}")).unwrap_err();
    assert_eq!(broken.warnings(), [""; 0]);
}

#[test]
fn a_language_is_not_called_by_its_name() {
    check_sorry(
        "language = \"deutsch\"",
        expect![[r#"
            error[invalid]: language: `deutsch` is not a language tag
             --> sorry.toml:5:12
              |
            5 | language = "deutsch"
              |            ^^^^^^^^^
              |
              = help: did you mean "de"?
        "#]],
    );
    check_sorry(
        "language = \"klingon\"",
        expect![[r#"
            error[invalid]: language: `klingon` is not a language tag
             --> sorry.toml:5:12
              |
            5 | language = "klingon"
              |            ^^^^^^^^^
              |
              = help: for example "de" or "pt-BR"
        "#]],
    );
}

#[test]
fn paths_that_collide() {
    check_sorry(
        "alive = \"/\"",
        expect![[r#"
        error[conflict]: alive: `/` is the site's home page, which would answer 200
         --> sorry.toml:5:9
          |
        5 | alive = "/"
          |         ^^^
          |
          = help: choose a path that only the balancer asks for
    "#]],
    );
    check_sorry(
        "mode = \"redirect\"\nredirect-page = \"/x\"\nalive = \"/x\"",
        expect![[r#"
            error[conflict]: alive: `/x` is also the page that is redirected to
             --> sorry.toml:7:9
              |
            6 | redirect-page = "/x"
              |                 ---- the page is here
            7 | alive = "/x"
              |         ^^^^
        "#]],
    );
    check_sorry(
        "alive = \"/robots.txt\"\nrobots = \"robots.txt\"",
        expect![[r#"
            error[conflict]: alive: `/robots.txt` is answered with the file of `robots`
             --> sorry.toml:5:9
              |
            5 | alive = "/robots.txt"
              |         ^^^^^^^^^^^^^
            6 | robots = "robots.txt"
              |          ------------ the file is here
        "#]],
    );
}

#[test]
fn mistakes_of_one_key_do_not_hide_those_between_others() {
    check(
        "[[site]]\nname = \"a b\"\nhosts = [\"x.example\"]\nsorry.listen = [\"127.0.0.1:80\"]\nsorry.status = 1\n[[site]]\nname = \"c\"\nhosts = [\"x.example\"]\nsorry.listen = [\"127.0.0.1:80\", \"x\"]\n",
        expect![[r#"
            error[invalid]: name: ` ` cannot stand in a name
             --> sorry.toml:2:10
              |
            2 | name = "a b"
              |          ^
              |
              = help: use letters, digits, `-`, `_` and `.`

            error[out-of-range]: status: 1 does not say that the server is at fault
             --> sorry.toml:5:16
              |
            5 | sorry.status = 1
              |                ^
              |
              = help: 503 is what a site that is down says

            error[duplicate]: a site already answers for x.example on 127.0.0.1:80
             --> sorry.toml:8:10
              |
            3 | hosts = ["x.example"]
              |          ----------- first given here
            ...
            8 | hosts = ["x.example"]
              |          ^^^^^^^^^^^

            error[invalid]: listen: `x` is not an IP address and port
             --> sorry.toml:9:33
              |
            9 | sorry.listen = ["127.0.0.1:80", "x"]
              |                                 ^^^
              |
              = help: for example: listen = ["127.0.0.1:8503"]
        "#]],
    );
}
