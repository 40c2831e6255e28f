//! Values of the right type that mean nothing or too much.

use super::{check, check_after_site, check_sorry};
use expect_test::expect;

#[test]
fn statuses() {
    check_sorry(
        "status = 200\nredirect = 301",
        expect![[r#"
        error[out-of-range]: status: 200 does not say that the server is at fault
         --> sorry.toml:5:10
          |
        5 | status = 200
          |          ^^^
          |
          = help: a page that says 200 is taken for the site by caches and crawlers; a balancer's check may ask for the path of `alive`

        error[out-of-range]: redirect: 301 is not a temporary redirect
         --> sorry.toml:6:12
          |
        6 | redirect = 301
          |            ^^^
          |
          = help: browsers remember a permanent redirect after the site is back: use 302 or 307
    "#]],
    );
    check_sorry(
        "status = 302\nredirect = 303",
        expect![[r#"
        error[out-of-range]: status: 302 does not say that the server is at fault
         --> sorry.toml:5:10
          |
        5 | status = 302
          |          ^^^
          |
          = help: mode = "redirect" sends people to a page that answers with this status

        error[out-of-range]: redirect: 303 is not a temporary redirect
         --> sorry.toml:6:12
          |
        6 | redirect = 303
          |            ^^^
          |
          = help: it may be 302 or 307
    "#]],
    );
    check_sorry(
        "status = 404",
        expect![[r#"
        error[out-of-range]: status: 404 does not say that the server is at fault
         --> sorry.toml:5:10
          |
        5 | status = 404
          |          ^^^
          |
          = help: a 4xx blames the client, and 404 or 410 make search engines forget the site
    "#]],
    );
    check_sorry(
        "status = -1\nredirect = 99999999999999999999",
        expect![[r#"
            error[out-of-range]: status: -1 does not say that the server is at fault
             --> sorry.toml:5:10
              |
            5 | status = -1
              |          ^^
              |
              = help: 503 is what a site that is down says

            error[out-of-range]: redirect: `99999999999999999999` is out of range
             --> sorry.toml:6:12
              |
            6 | redirect = 99999999999999999999
              |            ^^^^^^^^^^^^^^^^^^^^
              |
              = help: for example: redirect = 307
        "#]],
    );
}

#[test]
fn durations_and_sizes() {
    check_sorry(
        "retry-after = \"0s\"",
        expect![[r#"
        error[out-of-range]: retry-after: `0s` is out of range
         --> sorry.toml:5:15
          |
        5 | retry-after = "0s"
          |               ^^^^
          |
          = help: it may be from 1s to 30d
    "#]],
    );
    check_after_site(
        r#"[limits]
head-bytes = "32"
head-time = "10 secs"
body-bytes = "64 mb"
body-time = "1m1h"
idle-time = "1.5s"
linger-time = "2s "
connection-age = "forever"
tls-handshake-time = ""
page-bytes = "2 TiB"
drain-time = "2d"
http2-header-bytes = "12345678901234567890123 B"
http2-unread-body-bytes = "1 KiB"
"#,
        expect![[r#"
            error[invalid]: head-bytes: `32` has no unit
             --> sorry.toml:3:15
              |
            3 | head-bytes = "32"
              |               ^^
              |
              = help: the units are B, KiB, MiB, GiB, kB, MB and GB: "32 B" is bytes

            error[invalid]: head-time: `secs` is not a unit of time
             --> sorry.toml:4:17
              |
            4 | head-time = "10 secs"
              |                 ^^^^
              |
              = help: write "10s"

            error[invalid]: body-bytes: `mb` is not a unit of size
             --> sorry.toml:5:18
              |
            5 | body-bytes = "64 mb"
              |                  ^^
              |
              = help: write "64 MB"

            error[invalid]: body-time: units must go from long to short, each once
             --> sorry.toml:6:16
              |
            6 | body-time = "1m1h"
              |                ^^
              |
              = help: write it like "1h30m" or "2m"

            error[invalid]: idle-time: fractions and separators are not understood
             --> sorry.toml:7:15
              |
            7 | idle-time = "1.5s"
              |               ^
              |
              = help: use a smaller unit: "1h30m" rather than "1.5h"

            error[invalid]: connection-age: `forever` does not begin with a number
             --> sorry.toml:9:19
              |
            9 | connection-age = "forever"
              |                   ^^^^^^^
              |
              = help: write it like "90s", "2m" or "1h30m"

            error[invalid]: tls-handshake-time: an empty text is not a duration
              --> sorry.toml:10:22
               |
            10 | tls-handshake-time = ""
               |                      ^^
               |
               = help: write it like "90s", "2m" or "1h30m"

            error[out-of-range]: page-bytes: `2 TiB` is out of range
              --> sorry.toml:11:14
               |
            11 | page-bytes = "2 TiB"
               |              ^^^^^^^
               |
               = help: it may be from 1 KiB to 1 GiB

            error[out-of-range]: drain-time: `2d` is out of range
              --> sorry.toml:12:14
               |
            12 | drain-time = "2d"
               |              ^^^^
               |
               = help: it may be from 0s to 1d

            error[out-of-range]: http2-header-bytes: `12345678901234567890123` is too large
              --> sorry.toml:13:23
               |
            13 | http2-header-bytes = "12345678901234567890123 B"
               |                       ^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: write it like "32 KiB" or "20 MB"

            error[out-of-range]: http2-unread-body-bytes: `1 KiB` is out of range
              --> sorry.toml:14:27
               |
            14 | http2-unread-body-bytes = "1 KiB"
               |                           ^^^^^^^
               |
               = help: it may be from 64 KiB to 1 TiB
        "#]],
    );
}

#[test]
fn whole_numbers() {
    check(
        &format!(
            "workers = 0\n{}[limits]\nconnections = -5\nrequests-per-connection = 0\ntls-handshakes = 0xFFFF_FFFF\nhttp2-streams = 0b0\nassets = 99999999999999999999999\n",
            super::SITE
        ),
        expect![[r#"
            error[out-of-range]: workers: `0` is out of range
             --> sorry.toml:1:11
              |
            1 | workers = 0
              |           ^
              |
              = help: it may be 1 to 1024

            error[out-of-range]: connections: `-5` is out of range
             --> sorry.toml:4:15
              |
            4 | connections = -5
              |               ^^
              |
              = help: it may be 1 to 10000000

            error[out-of-range]: requests-per-connection: `0` is out of range
             --> sorry.toml:5:27
              |
            5 | requests-per-connection = 0
              |                           ^
              |
              = help: it may be 1 to 1000000000

            error[out-of-range]: tls-handshakes: `0xFFFFFFFF` is out of range
             --> sorry.toml:6:18
              |
            6 | tls-handshakes = 0xFFFF_FFFF
              |                  ^^^^^^^^^^^
              |
              = help: it may be 1 to 1000000

            error[out-of-range]: http2-streams: `0b0` is out of range
             --> sorry.toml:7:17
              |
            7 | http2-streams = 0b0
              |                 ^^^
              |
              = help: it may be 1 to 100000

            error[out-of-range]: assets: `99999999999999999999999` is out of range
             --> sorry.toml:8:10
              |
            8 | assets = 99999999999999999999999
              |          ^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: it may be 0 to 100000
        "#]],
    );
}

#[test]
fn words() {
    check_sorry(
        "mode = \"inplace\"\nretry-after-form = \"http-date\"\nevent-stream = \"off\"\nalt-svc = \"keep\"\ncsp = \"none\"\nretry-after = \"Auto\"",
        expect![[r#"
            error[invalid]: mode: `inplace` is not one of the words allowed
             --> sorry.toml:5:8
              |
            5 | mode = "inplace"
              |        ^^^^^^^^^
              |
              = help: did you mean "in-place"? It may be "in-place" or "redirect"

            error[invalid]: retry-after-form: `http-date` is not one of the words allowed
             --> sorry.toml:6:20
              |
            6 | retry-after-form = "http-date"
              |                    ^^^^^^^^^^^
              |
              = help: it may be "seconds" or "date"

            error[invalid]: event-stream: `off` is not one of the words allowed
             --> sorry.toml:7:16
              |
            7 | event-stream = "off"
              |                ^^^^^
              |
              = help: it may be "answer" or "status"

            error[invalid]: alt-svc: `keep` is not one of the words allowed
             --> sorry.toml:8:11
              |
            8 | alt-svc = "keep"
              |           ^^^^^^
              |
              = help: it may be "auto", "clear" or "leave"

            error[invalid]: csp: `none` is not a policy
             --> sorry.toml:9:7
              |
            9 | csp = "none"
              |       ^^^^^^
              |
              = help: it may be "auto", "off", or directives such as "default-src 'self'"

            error[invalid]: retry-after: `Auto` does not begin with a number
              --> sorry.toml:10:16
               |
            10 | retry-after = "Auto"
               |                ^^^^
               |
               = help: write it like "90s", "2m" or "1h30m"
        "#]],
    );
    check_after_site(
        "[log]\nlevel = \"warning\"\naccess = \"JSON\"\naccess-file = \"\"",
        expect![[r#"
            error[invalid]: level: `warning` is not one of the words allowed
             --> sorry.toml:3:9
              |
            3 | level = "warning"
              |         ^^^^^^^^^
              |
              = help: did you mean "warn"? It may be "off", "error", "warn", "info", "debug" or "trace"

            error[invalid]: access: `JSON` is not one of the words allowed
             --> sorry.toml:4:10
              |
            4 | access = "JSON"
              |          ^^^^^^
              |
              = help: did you mean "json"? It may be "none", "json" or "combined"

            error[invalid]: access-file: an empty text is not a path
             --> sorry.toml:5:15
              |
            5 | access-file = ""
              |               ^^
              |
              = help: for example: access-file = "/var/log/sorry/access.log"
        "#]],
    );
}

#[test]
fn times() {
    check_sorry(
        "until = \"14:00\"",
        expect![[r#"
            error[invalid]: until: `14:00` has no date
             --> sorry.toml:5:9
              |
            5 | until = "14:00"
              |         ^^^^^^^
              |
              = help: a file is read again at every reload, when the day may be another: write "2026-11-21 14:00"
        "#]],
    );
    check_sorry(
        "until = \"tomorrow\"",
        expect![[r#"
        error[invalid]: until: `tomorrow` is not a date and time
         --> sorry.toml:5:9
          |
        5 | until = "tomorrow"
          |         ^^^^^^^^^^
          |
          = help: write it like "2026-11-21T14:00:00+01:00" or "2026-11-21 14:00 Europe/Berlin"
    "#]],
    );
    check_sorry(
        "until = 2026-11-21",
        expect![[r#"
        error[invalid]: until: `2026-11-21` has no time of day
         --> sorry.toml:5:9
          |
        5 | until = 2026-11-21
          |         ^^^^^^^^^^
          |
          = help: for example "2026-11-21 14:00"
    "#]],
    );
    check_sorry(
        "until = 2026-03-29T02:30:00",
        expect![[r#"
            error[invalid]: until: clocks in this machine's time zone skip 2026-03-29 02:30
             --> sorry.toml:5:9
              |
            5 | until = 2026-03-29T02:30:00
              |         ^^^^^^^^^^^^^^^^^^^
              |
              = help: write "2026-03-29T02:30:00+01:00" or "2026-03-29T02:30:00+02:00"
        "#]],
    );
    check_sorry(
        "until = \"2026-02-30 14:00 UTC\"",
        expect![[r#"
        error[invalid]: until: `2026-02-30 14:00` is not a date and time
         --> sorry.toml:5:10
          |
        5 | until = "2026-02-30 14:00 UTC"
          |          ^^^^^^^^^^^^^^^^
          |
          = help: write it like "2026-11-21T14:00:00+01:00" or "2026-11-21 14:00 Europe/Berlin"
    "#]],
    );
}

#[test]
fn what_is_said() {
    check_sorry(
        "say = \"\"",
        expect![[r#"
        error[invalid]: say: there is nothing in it to say
         --> sorry.toml:5:7
          |
        5 | say = ""
          |       ^^
          |
          = help: leave the key out to say nothing
    "#]],
    );
    check_sorry(
        &format!("say = \"{}\"", "x".repeat(501)),
        expect![[r#"
        error[out-of-range]: say: 501 characters are too many: at most 500
         --> sorry.toml:5:7
          |
        5 | say = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
          |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: put longer text into a page of your own
    "#]],
    );
    check_sorry(
        "say = \"\"\"\nOne line.\nA\ttab.\"\"\"",
        expect![[r#"
        error[invalid]: say: the control character U+0009 cannot be said
         --> sorry.toml:7:2
          |
        7 | A    tab."""
          |  ^^^^
          |
          = help: only line breaks are allowed
    "#]],
    );
    check_sorry(
        "say = \"bell\\u0007\"",
        expect![[r#"
        error[invalid]: say: the control character U+0007 cannot be said
         --> sorry.toml:5:7
          |
        5 | say = "bell\u0007"
          |       ^^^^^^^^^^^^
          |
          = help: only line breaks are allowed
    "#]],
    );
}

#[test]
fn paths_and_policies() {
    check_sorry(
        "page = \"\"\nrobots = \"a\\u0000b\"",
        expect![[r#"
        error[invalid]: page: an empty text is not a path
         --> sorry.toml:5:8
          |
        5 | page = ""
          |        ^^
          |
          = help: for example: page = "pages/shop"

        error[invalid]: robots: a path holds no zero byte
         --> sorry.toml:6:10
          |
        6 | robots = "a\u0000b"
          |          ^^^^^^^^^^
          |
          = help: for example: robots = "robots.txt"
    "#]],
    );
    check_sorry(
        "alive = \"healthz\"\nredirect-page = \"/page?x=1\"",
        expect![[r#"
            error[invalid]: alive: `healthz` does not begin with `/`
             --> sorry.toml:5:9
              |
            5 | alive = "healthz"
              |         ^^^^^^^^^
              |
              = help: give the path alone, such as "/.sorry/alive"

            error[invalid]: redirect-page: a query or fragment is not part of the path
             --> sorry.toml:6:23
              |
            6 | redirect-page = "/page?x=1"
              |                       ^^^^
              |
              = help: write "/page"
        "#]],
    );
    check_sorry(
        "alive = \"/café\"",
        expect![[r#"
        error[invalid]: alive: `é` cannot stand in the path of a URL
         --> sorry.toml:5:14
          |
        5 | alive = "/café"
          |              ^
          |
          = help: write it percent-encoded
    "#]],
    );
    check_sorry(
        "csp = \"default-src 'self'\\n\"",
        expect![[r#"
        error[invalid]: csp: `\u{a}` cannot stand in a header
         --> sorry.toml:5:7
          |
        5 | csp = "default-src 'self'\n"
          |       ^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: a policy is one line of printable ASCII
    "#]],
    );
    check_after_site(
        "[admin]\nsocket = \"admin.sock\"",
        expect![[r#"
        error[invalid]: socket: `admin.sock` is not the absolute path of a socket
         --> sorry.toml:3:10
          |
        3 | socket = "admin.sock"
          |          ^^^^^^^^^^^^
          |
          = help: for example "/run/sorry/shop.sock"
    "#]],
    );
    check_after_site(
        "[metrics]\nlisten = \":9503\"",
        expect![[r#"
            error[invalid]: listen: `:9503` is not an IP address and port
             --> sorry.toml:3:10
              |
            3 | listen = ":9503"
              |          ^^^^^^^
              |
              = help: "127.0.0.1:9503" is for this machine alone; for others give the address that they may reach
        "#]],
    );
}
