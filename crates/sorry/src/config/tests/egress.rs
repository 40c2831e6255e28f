//! How probes leave this machine: what the keys mean, and what cannot be.

use super::{check, valid};
use expect_test::expect;
use std::time::Duration;

const HEAD: &str = "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n";
const REAL: &str = "[[site.real-server]]\naddress = \"10.0.0.11:8080\"\n";

#[test]
fn a_check_leaves_by_what_it_names() {
    let config = valid(&format!(
        "[check]\nsource = \"10.0.0.2\"\n{HEAD}{}\n{REAL}",
        r#"check.tcp = [{}, { source-port = 53, interface = "eth1", mark = 0x2a, source = "10.0.0.3" }]
check.icmp = { address = "fe80::1", interface = "eth1", source = "fe80::2" }
check.file = { path = "/run/down" }"#
    ));
    let checks = &config.sites[0].reals[0].checks;
    let told: Vec<String> = checks
        .iter()
        .map(|check| format!("{} {:?}\n", check.name, check.egress))
        .collect();
    expect![[r#"
        tcp Egress { source: Some(10.0.0.2), port: None, interface: None, mark: None }
        tcp 2 Egress { source: Some(10.0.0.3), port: Some(53), interface: Some("eth1"), mark: Some(42) }
        icmp Egress { source: Some(fe80::2), port: None, interface: Some("eth1"), mark: None }
        file Egress { source: None, port: None, interface: None, mark: None }
    "#]]
    .assert_eq(&told.concat());
    let suspect = |number: usize| checks[number].timing.suspect_every;
    assert_eq!(suspect(0), Duration::from_millis(200));
    assert_eq!(suspect(1), Duration::from_secs(1), "one at a time");
}

#[test]
fn what_no_probe_can_leave_by() {
    check(
        &format!(
            "{HEAD}{}\n{REAL}",
            r#"check.tcp = { source-port = 0, interface = "eth0:1", mark = 0 }
check.icmp = { source-port = 7 }
check.udp = { source-port = 65536, interface = "averyverylongname" }
check.http = { address = "[fe80::1]:80" }"#
        ),
        expect![[r#"
            error[out-of-range]: source-port: `0` is out of range
             --> sorry.toml:4:29
              |
            4 | check.tcp = { source-port = 0, interface = "eth0:1", mark = 0 }
              |                             ^
              |
              = help: it may be 1 to 65535

            error[invalid]: interface: `eth0:1` is no name of an interface
             --> sorry.toml:4:44
              |
            4 | check.tcp = { source-port = 0, interface = "eth0:1", mark = 0 }
              |                                            ^^^^^^^^
              |
              = help: `ip link` shows the names

            error[out-of-range]: mark: `0` is out of range
             --> sorry.toml:4:61
              |
            4 | check.tcp = { source-port = 0, interface = "eth0:1", mark = 0 }
              |                                                             ^
              |
              = help: it may be 1 to 4294967295

            error[conflict]: source-port: an echo request comes from a host, not from a port
             --> sorry.toml:5:30
              |
            5 | check.icmp = { source-port = 7 }
              |                              ^
              |
              = help: leave it out

            error[out-of-range]: source-port: `65536` is out of range
             --> sorry.toml:6:29
              |
            6 | check.udp = { source-port = 65536, interface = "averyverylongname" }
              |                             ^^^^^
              |
              = help: it may be 1 to 65535

            error[invalid]: interface: `averyverylongname` is longer than 15 bytes
             --> sorry.toml:6:48
              |
            6 | check.udp = { source-port = 65536, interface = "averyverylongname" }
              |                                                ^^^^^^^^^^^^^^^^^^^
              |
              = help: `ip link` shows the names

            error[missing]: [fe80::1]:80 is an address of one link alone, which nothing names
             --> sorry.toml:7:14
              |
            7 | check.http = { address = "[fe80::1]:80" }
              |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: add the `interface` to it, for example: interface = "eth1"
        "#]],
    );
}

/// Another one from the same port to the same place is no other connection, so that it would say nothing, for ever.
#[test]
fn a_port_has_one_probe_at_a_time() {
    check(
        &format!(
            "{HEAD}check.tcp = {{ source-port = 53, every = \"1s\", timeout = \"1s\" }}\n{REAL}"
        ),
        expect![[r#"
            error[conflict]: source-port: one probe is made at a time, so that `timeout` must be shorter than `every`
             --> sorry.toml:4:13
              |
            4 | check.tcp = { source-port = 53, every = "1s", timeout = "1s" }
              |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}
