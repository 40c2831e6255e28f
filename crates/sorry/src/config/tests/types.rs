//! Values of the wrong type.

use super::{check, check_listen, check_sorry};
use expect_test::expect;

#[test]
fn wrong_types() {
    check(
        r#"workers = "4"
pin-workers = "yes"
[[site]]
name = 5
hosts = "shop.example.com"
default = 1
[site.sorry]
listen = "127.0.0.1:8503"
page = ["a"]
status = "503"
retry-after = 120
until = true
say = { en = "x" }
mode = true
redirect = "302"
alive = 1.5
cors = ["https://a.example"]
csp = false
[limits]
head-bytes = 4096
connections = "many"
idle-time = 5
http2-streams = "100"
[metrics]
listen = 9503
"#,
        expect![[r#"
            error[wrong-type]: workers: must be "auto" or a whole number from 1 to 1024, not text
             --> sorry.toml:1:11
              |
            1 | workers = "4"
              |           ^^^
              |
              = help: without quotes: workers = 4

            error[wrong-type]: pin-workers: must be true or false, not text
             --> sorry.toml:2:15
              |
            2 | pin-workers = "yes"
              |               ^^^^^
              |
              = help: for example: pin-workers = true

            error[wrong-type]: name: must be a name of at most 64 letters, digits, "-", "_" or ".", not a whole number
             --> sorry.toml:4:8
              |
            4 | name = 5
              |        ^
              |
              = help: for example: name = "shop"

            error[wrong-type]: hosts: must be an array (each entry a host name such as "shop.example.com" or "*.shop.example.com"), not text
             --> sorry.toml:5:9
              |
            5 | hosts = "shop.example.com"
              |         ^^^^^^^^^^^^^^^^^^
              |
              = help: an array, even of one: hosts = ["shop.example.com"]

            error[wrong-type]: default: must be true or false, not a whole number
             --> sorry.toml:6:11
              |
            6 | default = 1
              |           ^
              |
              = help: for example: default = true

            error[wrong-type]: listen: must be an array (each entry an address such as "203.0.113.10:8503", "[::]:8503", "unix:/run/sorry/shop.sock" or "systemd:NAME"; or a table), not text
             --> sorry.toml:8:10
              |
            8 | listen = "127.0.0.1:8503"
              |          ^^^^^^^^^^^^^^^^
              |
              = help: an array, even of one: listen = ["127.0.0.1:8503"]

            error[wrong-type]: page: must be a path, not an array
             --> sorry.toml:9:8
              |
            9 | page = ["a"]
              |        ^^^^^
              |
              = help: for example: page = "pages/shop"

            error[wrong-type]: status: must be a status from 500 to 599, not text
              --> sorry.toml:10:10
               |
            10 | status = "503"
               |          ^^^^^
               |
               = help: without quotes: status = 503

            error[wrong-type]: retry-after: must be "auto" or a duration from 1s to 30d, such as "90s", not a whole number
              --> sorry.toml:11:15
               |
            11 | retry-after = 120
               |               ^^^
               |
               = help: for example: retry-after = "10m"

            error[wrong-type]: until: must be a date and time such as "2026-11-21T14:00:00+01:00" or "2026-11-21 14:00 Europe/Berlin", not true or false
              --> sorry.toml:12:9
               |
            12 | until = true
               |         ^^^^
               |
               = help: for example: until = "2026-11-21 14:00 Europe/Berlin"

            error[wrong-type]: say: must be text of at most 500 characters, not a table
              --> sorry.toml:13:7
               |
            13 | say = { en = "x" }
               |       ^^^^^^^^^^^^
               |
               = help: for example: say = "We are moving to a larger database."

            error[wrong-type]: mode: must be "in-place" or "redirect", not true or false
              --> sorry.toml:14:8
               |
            14 | mode = true
               |        ^^^^
               |
               = help: for example: mode = "redirect"

            error[wrong-type]: redirect: must be 302 or 307, not text
              --> sorry.toml:15:12
               |
            15 | redirect = "302"
               |            ^^^^^
               |
               = help: without quotes: redirect = 302

            error[wrong-type]: alive: must be the path of a URL such as "/.sorry/alive", not a number with a fraction
              --> sorry.toml:16:9
               |
            16 | alive = 1.5
               |         ^^^
               |
               = help: for example: alive = "/healthz"

            error[wrong-type]: cors: must be a table, not an array
              --> sorry.toml:17:8
               |
            17 | cors = ["https://a.example"]
               |        ^^^^^^^^^^^^^^^^^^^^^
               |
               = help: for example: cors = { origins = ["https://app.example.com"] }

            error[wrong-type]: csp: must be "auto", "off" or a policy such as "default-src 'self'", not true or false
              --> sorry.toml:18:7
               |
            18 | csp = false
               |       ^^^^^
               |
               = help: for example: csp = "default-src 'self'"

            error[wrong-type]: head-bytes: must be a size from 1 KiB to 1 MiB, such as "64 KiB", not a whole number
              --> sorry.toml:20:14
               |
            20 | head-bytes = 4096
               |              ^^^^
               |
               = help: for example: head-bytes = "64 KiB"

            error[wrong-type]: connections: must be "auto" or a whole number from 1 to 10000000, not text
              --> sorry.toml:21:15
               |
            21 | connections = "many"
               |               ^^^^^^
               |
               = help: for example: connections = 20000

            error[wrong-type]: idle-time: must be a duration from 100ms to 1h, such as "90s", not a whole number
              --> sorry.toml:22:13
               |
            22 | idle-time = 5
               |             ^
               |
               = help: for example: idle-time = "1s"

            error[wrong-type]: http2-streams: must be a whole number from 1 to 100000, not text
              --> sorry.toml:23:17
               |
            23 | http2-streams = "100"
               |                 ^^^^^
               |
               = help: without quotes: http2-streams = 100

            error[wrong-type]: listen: must be an IP address and port such as "127.0.0.1:9503", not a whole number
              --> sorry.toml:25:10
               |
            25 | listen = 9503
               |          ^^^^
               |
               = help: for example: listen = "127.0.0.1:9503"
        "#]],
    );
}

#[test]
fn wrong_types_in_arrays() {
    check(
        "[[site]]\nname = \"shop\"\nhosts = [1, [\"b\"]]\nsorry.listen = [\"127.0.0.1:8503\", 8503, [\"[::]:80\"]]\nsorry.cors.origins = [true]\n",
        expect![[r#"
            error[wrong-type]: hosts: an entry must be a host name such as "shop.example.com" or "*.shop.example.com", not a whole number
             --> sorry.toml:3:10
              |
            3 | hosts = [1, ["b"]]
              |          ^
              |
              = help: for example: hosts = ["shop.example.com", "*.shop.example.com"]

            error[wrong-type]: hosts: an entry must be a host name such as "shop.example.com" or "*.shop.example.com", not an array
             --> sorry.toml:3:13
              |
            3 | hosts = [1, ["b"]]
              |             ^^^^^
              |
              = help: for example: hosts = ["shop.example.com", "*.shop.example.com"]

            error[wrong-type]: listen: an entry must be an address such as "203.0.113.10:8503", "[::]:8503", "unix:/run/sorry/shop.sock" or "systemd:NAME"; or a table, not a whole number
             --> sorry.toml:4:35
              |
            4 | sorry.listen = ["127.0.0.1:8503", 8503, ["[::]:80"]]
              |                                   ^^^^
              |
              = help: for example: listen = ["127.0.0.1:8503"]

            error[wrong-type]: listen: an entry must be an address such as "203.0.113.10:8503", "[::]:8503", "unix:/run/sorry/shop.sock" or "systemd:NAME"; or a table, not an array
             --> sorry.toml:4:41
              |
            4 | sorry.listen = ["127.0.0.1:8503", 8503, ["[::]:80"]]
              |                                         ^^^^^^^^^^^
              |
              = help: for example: listen = ["127.0.0.1:8503"]

            error[wrong-type]: origins: an entry must be an origin such as "https://app.example.com", not true or false
             --> sorry.toml:5:23
              |
            5 | sorry.cors.origins = [true]
              |                       ^^^^
              |
              = help: for example: origins = ["https://app.example.com"]
        "#]],
    );
    check_listen(
        "{ address = 80, proxy-protocol-from = [10], mode = 660, v6-only = \"no\" }",
        expect![[r#"
            error[wrong-type]: address: must be an address such as "203.0.113.10:8503", "[::]:8503", "unix:/run/sorry/shop.sock" or "systemd:NAME", not a whole number
             --> sorry.toml:4:13
              |
            4 | { address = 80, proxy-protocol-from = [10], mode = 660, v6-only = "no" }
              |             ^^
              |
              = help: for example: address = "203.0.113.10:443"

            error[wrong-type]: proxy-protocol-from: an entry must be a network such as "10.0.0.0/8", not a whole number
             --> sorry.toml:4:40
              |
            4 | { address = 80, proxy-protocol-from = [10], mode = 660, v6-only = "no" }
              |                                        ^^
              |
              = help: for example: proxy-protocol-from = ["10.0.0.0/8"]

            error[wrong-type]: mode: must be permissions in octal such as "0660", not a whole number
             --> sorry.toml:4:52
              |
            4 | { address = 80, proxy-protocol-from = [10], mode = 660, v6-only = "no" }
              |                                                    ^^^
              |
              = help: for example: mode = "0666"

            error[wrong-type]: v6-only: must be true or false, not text
             --> sorry.toml:4:67
              |
            4 | { address = 80, proxy-protocol-from = [10], mode = 660, v6-only = "no" }
              |                                                                   ^^^^
              |
              = help: for example: v6-only = true
        "#]],
    );
}

#[test]
fn one_bracket_or_two() {
    check(
        "[site]\nname = \"shop\"\n[tls]\nkey = \"x\"\n[[log]]\nlevel = \"info\"\n[[limits]]\n",
        expect![[r#"
            error[wrong-type]: site: must be an array of tables, not a table
             --> sorry.toml:1:1
              |
            1 | [site]
              | ^^^^^^
              |
              = help: there can be many: write [[site]] rather than [site]

            error[wrong-type]: tls: must be an array of tables, not a table
             --> sorry.toml:3:1
              |
            3 | [tls]
              | ^^^^^
              |
              = help: there can be many: write [[tls]] rather than [tls]

            error[wrong-type]: log: must be a table, not an array
             --> sorry.toml:5:1
              |
            5 | [[log]]
              | ^^^^^^^
              |
              = help: there is only one: write [log] rather than [[log]]

            error[wrong-type]: limits: must be a table, not an array
             --> sorry.toml:7:1
              |
            7 | [[limits]]
              | ^^^^^^^^^^
              |
              = help: there is only one: write [limits] rather than [[limits]]
        "#]],
    );
    check_sorry(
        "[[site.sorry.cors]]\norigins = []",
        expect![[r#"
            error[wrong-type]: cors: must be a table, not an array
             --> sorry.toml:5:1
              |
            5 | [[site.sorry.cors]]
              | ^^^^^^^^^^^^^^^^^^^
              |
              = help: there is only one: write [site.sorry.cors] rather than [[site.sorry.cors]]
        "#]],
    );
}

#[test]
fn a_table_where_a_value_belongs() {
    check(
        "workers = {}\nsite = 1\nsorry = 2\ntls = \"x\"\nlimits = 5\n",
        expect![[r#"
            error[wrong-type]: workers: must be "auto" or a whole number from 1 to 1024, not a table
             --> sorry.toml:1:11
              |
            1 | workers = {}
              |           ^^
              |
              = help: for example: workers = 4

            error[wrong-type]: site: must be an array of tables, not a whole number
             --> sorry.toml:2:8
              |
            2 | site = 1
              |        ^
              |
              = help: for example: [[site]]
                      name = "shop"
                      sorry.listen = ["127.0.0.1:8503"]

            error[wrong-type]: sorry: must be a table, not a whole number
             --> sorry.toml:3:9
              |
            3 | sorry = 2
              |         ^
              |
              = help: for example: sorry = { listen = ["[::]:8503"] }

            error[wrong-type]: tls: must be an array of tables, not text
             --> sorry.toml:4:7
              |
            4 | tls = "x"
              |       ^^^
              |
              = help: for example: [[tls]]

            error[wrong-type]: limits: must be a table, not a whole number
             --> sorry.toml:5:10
              |
            5 | limits = 5
              |          ^
              |
              = help: for example: limits = { connections = 20000 }
        "#]],
    );
}
