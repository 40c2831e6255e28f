//! What is answered in the kernel: what the keys mean, and what cannot be.

use super::{check, read, valid};
use crate::config::{KernelHook, KernelWhen, OnCrash};
use expect_test::expect;
use std::time::Duration;

const KERNEL: &str = "kernel = { interfaces = [\"eth0\"] }\n";

#[test]
fn without_addresses_of_its_own_a_site_is_answered_for_where_it_listens_in_the_clear() {
    let config = valid(&format!(
        "{KERNEL}[[site]]\nname = \"shop\"\nsorry.kernel = \"when down\"\n{}",
        "sorry.listen = [\"192.0.2.1:80\", \"[2001:db8::1]:80\", \"[::]:8503\", \"unix:/run/shop.sock\", { address = \"192.0.2.2:80\", proxy-protocol-from = [\"10.0.0.0/8\"] }]"
    ));
    let sorry = &config.sites[0].sorry;
    assert_eq!(sorry.kernel, KernelWhen::Down);
    let vips: Vec<String> = sorry.kernel_vips.iter().map(ToString::to_string).collect();
    assert_eq!(vips, ["192.0.2.1:80", "[2001:db8::1]:80"]);
}

#[test]
fn terms_have_usual_values_and_others() {
    let usual = valid("[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:80\"]\n").kernel;
    assert_eq!(
        (usual.hook, usual.on_crash, usual.rate),
        (KernelHook::Auto, OnCrash::Pass, Some(20_000))
    );
    assert_eq!(
        (usual.rotate, usual.drain, usual.lease),
        (
            Duration::from_secs(600),
            Duration::from_secs(30),
            Duration::from_secs(10)
        )
    );
    let other = valid(
        "[kernel]\ninterfaces = [\"eth0\", \"eth1\"]\nhook = \"tc\"\nrotate = \"5m\"\ndrain = \"1m\"\non-crash = \"keep\"\nlease = \"30s\"\n\
         deny = [\"198.51.100.0/24\"]\nallow = [\"10.0.0.0/8\"]\nrate = \"none\"\nsample = 1000\n\
         [[site]]\nname = \"shop\"\nsorry.listen = [\"[::]:8503\"]\nsorry.kernel = \"when overloaded\"\nsorry.kernel-vips = [\"203.0.113.10:80\"]\n",
    );
    let kernel = &other.kernel;
    assert_eq!(
        (kernel.hook, kernel.on_crash, kernel.rate, kernel.sample),
        (KernelHook::Tc, OnCrash::Keep, None, 1000)
    );
    assert_eq!(
        (
            kernel.deny.len(),
            kernel.allow.len(),
            kernel.interfaces.len()
        ),
        (1, 1, 2)
    );
    assert_eq!(
        other.sites[0].sorry.kernel_vips,
        ["203.0.113.10:80".parse().unwrap()]
    );
}

#[test]
fn what_the_kernel_cannot_do() {
    check(
        &format!(
            "{KERNEL}{}",
            r#"
[[site]]
name = "wild"
[site.sorry]
listen = ["[::]:8503"]
kernel = "when down"

[[site]]
name = "odd"
[site.sorry]
listen = ["192.0.2.1:8503"]
kernel = "when down"
kernel-vips = ["0.0.0.0:80", "203.0.113.1:0", "[::ffff:203.0.113.1]:80", "203.0.113.9:80"]
mode = "redirect"

[[site]]
name = "second"
[site.sorry]
listen = ["192.0.2.3:8503"]
kernel = "when down"
kernel-vips = ["203.0.113.9:80"]
"#
        ),
        expect![[r#"
            error[conflict]: [::]:8503 takes 192.0.2.1:8503 as well
              --> sorry.toml:6:11
               |
             6 | listen = ["[::]:8503"]
               |           ^^^^^^^^^^^
            ...
            12 | listen = ["192.0.2.1:8503"]
               |           ---------------- also given here
               |
               = help: leave that one out, or add `v6-only = true` to this one

            error[conflict]: [::]:8503 takes 192.0.2.3:8503 as well
              --> sorry.toml:6:11
               |
             6 | listen = ["[::]:8503"]
               |           ^^^^^^^^^^^
            ...
            20 | listen = ["192.0.2.3:8503"]
               |           ---------------- also given here
               |
               = help: leave that one out, or add `v6-only = true` to this one

            error[missing]: kernel: the site wild listens on no plain address of its own that the kernel could answer for
             --> sorry.toml:7:10
              |
            7 | kernel = "when down"
              |          ^^^^^^^^^^^
              |
              = help: name the addresses that visitors use: kernel-vips = ["203.0.113.10:80"]

            error[conflict]: kernel: it has one page for every path and cannot redirect
              --> sorry.toml:13:10
               |
            13 | kernel = "when down"
               |          ^^^^^^^^^^^
               |
               = help: leave out mode = "redirect", or kernel

            error[bad-listener]: kernel-vips: 0.0.0.0:80 is every address, and the kernel knows packets by theirs
              --> sorry.toml:14:16
               |
            14 | kernel-vips = ["0.0.0.0:80", "203.0.113.1:0", "[::ffff:203.0.113.1]:80", "203.0.113.9:80"]
               |                ^^^^^^^^^^^^
               |
               = help: name the addresses that visitors use: kernel-vips = ["203.0.113.10:80"]

            error[bad-listener]: kernel-vips: 203.0.113.1:0 has no port
              --> sorry.toml:14:30
               |
            14 | kernel-vips = ["0.0.0.0:80", "203.0.113.1:0", "[::ffff:203.0.113.1]:80", "203.0.113.9:80"]
               |                              ^^^^^^^^^^^^^^^
               |
               = help: name the addresses that visitors use: kernel-vips = ["203.0.113.10:80"]

            error[bad-listener]: kernel-vips: [::ffff:203.0.113.1]:80 is an IPv4 address inside IPv6, which no packet has
              --> sorry.toml:14:47
               |
            14 | kernel-vips = ["0.0.0.0:80", "203.0.113.1:0", "[::ffff:203.0.113.1]:80", "203.0.113.9:80"]
               |                                               ^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: name the addresses that visitors use: kernel-vips = ["203.0.113.10:80"]

            error[conflict]: kernel-vips: 203.0.113.9:80 is that of the site odd, too, and the kernel has one page for an address
              --> sorry.toml:22:16
               |
            14 | kernel-vips = ["0.0.0.0:80", "203.0.113.1:0", "[::ffff:203.0.113.1]:80", "203.0.113.9:80"]
               |                                                                          ---------------- the other one is here
            ...
            22 | kernel-vips = ["203.0.113.9:80"]
               |                ^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn there_is_room_for_so_many_addresses() {
    let vips = |many: u32| {
        let vips: Vec<String> = (1..=many)
            .map(|port| format!("\"192.0.2.1:{port}\""))
            .collect();
        format!(
            "[kernel]\ninterfaces = [\"eth0\"]\n[[site]]\nname = \"shop\"\nsorry.listen = [\"192.0.2.1:8503\"]\nsorry.kernel = \"when down\"\nsorry.kernel-vips = [{}]\n",
            vips.join(", ")
        )
    };
    assert!(read(&vips(256)).is_ok());
    let report = read(&vips(257)).unwrap_err().to_string();
    assert!(
        report.contains("kernel-vips: it answers for 256 addresses of all sites at most"),
        "{report}"
    );
}

#[test]
fn somewhere_it_must_be() {
    check(
        "[[site]]\nname = \"shop\"\nsorry.listen = [\"192.0.2.1:80\"]\nsorry.kernel = \"when down\"\n",
        expect![[r#"
            error[missing]: kernel: there is no interface at which it could answer
             --> sorry.toml:4:16
              |
            4 | sorry.kernel = "when down"
              |                ^^^^^^^^^^^
              |
              = help: name the devices at which clients' packets come in: [kernel] with interfaces = ["eth0"]
        "#]],
    );
    check(
        "[kernel]\ninterfaces = [\"eth0\", \"eth0\", \"a/b\"]\nhook = \"generic\"\nrate = \"non\"\nlease = \"1s\"\n\
         [[site]]\nname = \"shop\"\nsorry.listen = [\"192.0.2.1:80\"]\nsorry.kernel = \"always\"\n",
        expect![[r#"
            error[duplicate]: interface eth0 is given twice
             --> sorry.toml:2:23
              |
            2 | interfaces = ["eth0", "eth0", "a/b"]
              |               ------  ^^^^^^
              |               |
              |               first given here

            error[invalid]: interfaces: `a/b` is no name of an interface
             --> sorry.toml:2:31
              |
            2 | interfaces = ["eth0", "eth0", "a/b"]
              |                               ^^^^^
              |
              = help: `ip link` shows the names

            error[invalid]: hook: `generic` is not one of the words allowed
             --> sorry.toml:3:8
              |
            3 | hook = "generic"
              |        ^^^^^^^^^
              |
              = help: it may be "auto", "xdp" or "tc"

            error[invalid]: rate: `non` is not a rate
             --> sorry.toml:4:8
              |
            4 | rate = "non"
              |        ^^^^^
              |
              = help: did you mean "none"?

            error[out-of-range]: lease: `1s` is out of range
             --> sorry.toml:5:9
              |
            5 | lease = "1s"
              |         ^^^^
              |
              = help: it may be from 2s to 5m

            error[invalid]: kernel: `always` is not one of the words allowed
             --> sorry.toml:9:16
              |
            9 | sorry.kernel = "always"
              |                ^^^^^^^^
              |
              = help: it may be "never", "when down" or "when overloaded"
        "#]],
    );
}

#[test]
fn keys_that_do_nothing_are_told() {
    let config = valid(&format!(
        "{KERNEL}[[site]]\nname = \"shop\"\nsorry.listen = [\"192.0.2.1:80\"]\nsorry.kernel-vips = [\"203.0.113.9:443\"]\n"
    ));
    expect![[r#"
        sorry.toml:5: kernel-vips: the kernel answers for nobody without `kernel = "when down"` or "when overloaded"
        sorry.toml:1: interfaces: no site has `kernel`, so nothing is attached to them"#]].assert_eq(&config.warnings.join("\n"));
    let config = valid(&format!(
        "{KERNEL}[[site]]\nname = \"shop\"\nsorry.listen = [\"192.0.2.1:80\"]\nsorry.kernel = \"when down\"\nsorry.kernel-vips = [\"203.0.113.9:443\"]\n"
    ));
    expect!["sorry.toml:6: kernel-vips: 203.0.113.9:443 is where clients speak TLS, which the kernel does not: they would be answered in the clear and fail"].assert_eq(&config.warnings.join("\n"));
}

#[test]
fn what_may_surprise_is_told() {
    let config = valid(&format!(
        "{KERNEL}[sorry]\nlisten = [\"[::]:80\"]\n\
         [[site]]\nname = \"shop\"\nhosts = [\"shop.example\"]\nsorry.kernel = \"when down\"\n\
         sorry.kernel-vips = [\"203.0.113.9:80\", \"127.0.0.1:8080\"]\n\
         [[site]]\nname = \"blog\"\nhosts = [\"blog.example\"]\n"
    ));
    expect![[r#"
        sorry.toml:8: kernel-vips: 2 sites listen at 203.0.113.9:80, and while the kernel answers there, visitors of all of them get the page of shop
        sorry.toml:8: kernel-vips: 127.0.0.1:8080 is this machine's own: no packet for it comes in by a device, so the kernel answers nobody there"#]].assert_eq(&config.warnings.join("\n"));
}

#[test]
fn addresses_that_are_none_or_twice() {
    check(
        &format!(
            "{KERNEL}{}",
            r#"
[[site]]
name = "none"
[site.sorry]
listen = ["192.0.2.1:80"]
kernel = "when down"
kernel-vips = []

[[site]]
name = "twice"
[site.sorry]
listen = ["192.0.2.2:80"]
kernel = "when down"
kernel-vips = ["203.0.113.9:80", "203.0.113.9:80"]
"#
        ),
        expect![[r#"
            error[missing]: kernel-vips: there is no address in it
             --> sorry.toml:8:15
              |
            8 | kernel-vips = []
              |               ^^
              |
              = help: name the addresses that visitors use, or leave it out where they are those of `listen`

            error[conflict]: kernel-vips: 203.0.113.9:80 is given twice
              --> sorry.toml:15:34
               |
            15 | kernel-vips = ["203.0.113.9:80", "203.0.113.9:80"]
               |                ----------------  ^^^^^^^^^^^^^^^^
               |                |
               |                the other one is here
        "#]],
    );
}
