//! Names, hosts, origins, addresses and networks that are none.

use super::{check, check_listen, check_sorry};
use expect_test::expect;

#[test]
fn names_and_hosts() {
    check(
        r#"sorry.listen = ["127.0.0.1:8503"]
[[site]]
name = "my shop"
hosts = [
  "münchen.example",
  "https://shop.example.com/",
  "shop.example.com:443",
  "*",
  "a.*.example",
  "shop_.example..com",
  "::1",
  "-x.example",
]
[[site]]
name = ""
hosts = ["ok.example"]
[[site]]
name = "-x"
hosts = ["ok2.example"]
"#,
        expect![[r#"
            error[invalid]: name: ` ` cannot stand in a name
             --> sorry.toml:3:11
              |
            3 | name = "my shop"
              |           ^
              |
              = help: use letters, digits, `-`, `_` and `.`

            error[invalid]: hosts: `münchen.example` is not in ASCII
             --> sorry.toml:5:5
              |
            5 |   "münchen.example",
              |     ^
              |
              = help: write the name as browsers send it, in its xn-- form (`idn2 NAME` prints it)

            error[invalid]: hosts: `https://shop.example.com/` is a URL
             --> sorry.toml:6:3
              |
            6 |   "https://shop.example.com/",
              |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: write the host alone: "shop.example.com"

            error[invalid]: hosts: `shop.example.com:443` has a port
             --> sorry.toml:7:20
              |
            7 |   "shop.example.com:443",
              |                    ^^^^
              |
              = help: a site answers for a host on all ports: "shop.example.com"

            error[invalid]: hosts: `*` alone is not a host name
             --> sorry.toml:8:3
              |
            8 |   "*",
              |   ^^^
              |
              = help: `default = true` makes a site answer for all unknown hosts

            error[invalid]: hosts: `*` may only be the whole leftmost label
             --> sorry.toml:9:6
              |
            9 |   "a.*.example",
              |      ^
              |
              = help: for example "*.shop.example.com"

            error[invalid]: hosts: two dots without a label between them
              --> sorry.toml:10:3
               |
            10 |   "shop_.example..com",
               |   ^^^^^^^^^^^^^^^^^^^^
               |
               = help: for example: hosts = ["shop.example.com", "*.shop.example.com"]

            error[invalid]: hosts: an IPv6 address as a host stands in brackets
              --> sorry.toml:11:3
               |
            11 |   "::1",
               |   ^^^^^
               |
               = help: write "[::1]"

            error[invalid]: hosts: a label neither begins nor ends with `-`
              --> sorry.toml:12:4
               |
            12 |   "-x.example",
               |    ^^
               |
               = help: for example: hosts = ["shop.example.com", "*.shop.example.com"]

            error[invalid]: name: an empty text is not a name
              --> sorry.toml:15:8
               |
            15 | name = ""
               |        ^^
               |
               = help: for example: name = "shop"

            error[invalid]: name: a name begins with a letter, a digit or `_`
              --> sorry.toml:18:9
               |
            18 | name = "-x"
               |         ^
               |
               = help: for example: name = "shop"
        "#]],
    );
}

#[test]
fn origins() {
    check_sorry(
        r#"cors.origins = [
  "*",
  "app.example.com",
  "https://app.example.com/",
  "https://app.example.com:443",
  "https://*.example.com",
  "https://app.example.com:0",
]"#,
        expect![[r#"
            error[invalid]: origins: `*` cannot be trusted with credentials
             --> sorry.toml:6:3
              |
            6 |   "*",
              |   ^^^
              |
              = help: answers without credentials are open to every origin anyway; list those that need more

            error[invalid]: origins: `app.example.com` does not begin with https:// or http://
             --> sorry.toml:7:3
              |
            7 |   "app.example.com",
              |   ^^^^^^^^^^^^^^^^^
              |
              = help: write it like "https://app.example.com" or "http://localhost:3000"

            error[invalid]: origins: an origin has no path
             --> sorry.toml:8:27
              |
            8 |   "https://app.example.com/",
              |                           ^
              |
              = help: write "https://app.example.com"

            error[invalid]: origins: browsers leave out `:443` in an https origin
             --> sorry.toml:9:28
              |
            9 |   "https://app.example.com:443",
              |                            ^^^
              |
              = help: write "https://app.example.com"

            error[invalid]: origins: an origin names one host
              --> sorry.toml:10:3
               |
            10 |   "https://*.example.com",
               |   ^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: list each origin

            error[invalid]: origins: `0` is not a port
              --> sorry.toml:11:28
               |
            11 |   "https://app.example.com:0",
               |                            ^
               |
               = help: write it like "https://app.example.com" or "http://localhost:3000"
        "#]],
    );
}

#[test]
fn addresses() {
    check_listen(
        r#"  "8503",
  "localhost:8503",
  "::1:8503",
  "203.0.113.10",
  "unix:sorry.sock",
  "unix:@sorry",
  "systemd:",
  "tcp://0.0.0.0:80","#,
        expect![[r#"
            error[invalid]: listen: `8503` is not an IP address and port
             --> sorry.toml:4:3
              |
            4 |   "8503",
              |   ^^^^^^
              |
              = help: "0.0.0.0:8503" listens on every IPv4 address, "[::]:8503" on IPv6 as well

            error[invalid]: listen: `localhost:8503` is not an IP address and port
             --> sorry.toml:5:3
              |
            5 |   "localhost:8503",
              |   ^^^^^^^^^^^^^^^^
              |
              = help: names are not looked up: "127.0.0.1:8503" or "[::1]:8503"

            error[invalid]: listen: `::1:8503` is not an IP address and port
             --> sorry.toml:6:3
              |
            6 |   "::1:8503",
              |   ^^^^^^^^^^
              |
              = help: an IPv6 address stands in brackets: "[::1]:8503"

            error[invalid]: listen: `203.0.113.10` is not an IP address and port
             --> sorry.toml:7:3
              |
            7 |   "203.0.113.10",
              |   ^^^^^^^^^^^^^^
              |
              = help: add the port: "203.0.113.10:8503"

            error[invalid]: listen: `sorry.sock` is not the absolute path of a socket
             --> sorry.toml:8:9
              |
            8 |   "unix:sorry.sock",
              |         ^^^^^^^^^^
              |
              = help: for example "/run/sorry/shop.sock"

            error[invalid]: listen: abstract sockets have no owner and no mode
             --> sorry.toml:9:9
              |
            9 |   "unix:@sorry",
              |         ^^^^^^
              |
              = help: give an absolute path, such as "/run/sorry/shop.sock"

            error[invalid]: listen: `` is not a FileDescriptorName
              --> sorry.toml:10:3
               |
            10 |   "systemd:",
               |   ^^^^^^^^^^
               |
               = help: use the name of the .socket unit's FileDescriptorName=, or the unit's own name

            error[invalid]: listen: `tcp://0.0.0.0:80` is not an IP address and port
              --> sorry.toml:11:3
               |
            11 |   "tcp://0.0.0.0:80",
               |   ^^^^^^^^^^^^^^^^^^
               |
               = help: for example: listen = ["[::]:8503"]
        "#]],
    );
}

#[test]
fn networks_and_modes() {
    check_listen(
        r#"  { address = "127.0.0.1:1", proxy-protocol-from = ["10.0.0.1/8", "10.0.0.0/40", "lan"] },
  { address = "unix:/run/a.sock", mode = "rw" },
  { address = "unix:/run/b.sock", mode = "1777" },"#,
        expect![[r#"
            error[invalid]: proxy-protocol-from: `10.0.0.1/8` has bits behind its prefix
             --> sorry.toml:4:53
              |
            4 |   { address = "127.0.0.1:1", proxy-protocol-from = ["10.0.0.1/8", "10.0.0.0/40", "lan"] },
              |                                                     ^^^^^^^^^^^^
              |
              = help: the network is "10.0.0.0/8"; one address has no prefix

            error[invalid]: proxy-protocol-from: `40` is not a prefix length
             --> sorry.toml:4:77
              |
            4 |   { address = "127.0.0.1:1", proxy-protocol-from = ["10.0.0.1/8", "10.0.0.0/40", "lan"] },
              |                                                                             ^^
              |
              = help: it may be 0 to 32

            error[invalid]: proxy-protocol-from: `lan` is not an IP address
             --> sorry.toml:4:83
              |
            4 |   { address = "127.0.0.1:1", proxy-protocol-from = ["10.0.0.1/8", "10.0.0.0/40", "lan"] },
              |                                                                                   ^^^
              |
              = help: write a network like "10.0.0.0/8" or "2001:db8::/32", or one address

            error[invalid]: mode: `rw` is not a mode in octal
             --> sorry.toml:5:42
              |
            5 |   { address = "unix:/run/a.sock", mode = "rw" },
              |                                          ^^^^
              |
              = help: three digits of 0 to 7, as for chmod: "0660"

            error[invalid]: mode: `1777` is not a mode in octal
             --> sorry.toml:6:42
              |
            6 |   { address = "unix:/run/b.sock", mode = "1777" },
              |                                          ^^^^^^
              |
              = help: three digits of 0 to 7, as for chmod: "0660"
        "#]],
    );
}
