//! Echoes, in a network of their own in which the group of this process may ask for them, and in one in which it may not.

use std::process::{Command, Stdio};

use sorry_core::health::Reason;
use sorry_server::config::check::Kind;

use super::asked::{LONG, SHORT, assert_ends, at};
use crate::harness::text;

/// Tells the test in its own network what is set there.
const INSIDE: &str = "SORRY_TEST_PING";

#[test]
fn echoes_come_back_where_they_may_be_asked_for() {
    let Ok(inside) = std::env::var(INSIDE) else {
        for range in ["0 2147483647", "1 0"] {
            again_inside(range);
        }
        return;
    };
    let v4 = at("127.0.0.1:0".parse().expect("an address"));
    let v6 = at("[::1]:0".parse().expect("an address"));
    let echo = (Reason::Ok, "echo");
    let refused = (Reason::NotPermitted, "net.ipv4.ping_group_range");
    let expected = if inside == "1 0" { refused } else { echo };
    for target in [v4, v6] {
        assert_ends(&inside, &Kind::Icmp, target, LONG, expected);
    }
    if inside != "1 0" {
        let away = at("192.0.2.1:0".parse().expect("an address"));
        let nowhere = (Reason::Unreachable, "the network cannot be reached");
        assert_ends("nowhere", &Kind::Icmp, away, SHORT, nowhere);
    }
}

/// Runs this test again in a network of its own: nothing in it but a loopback interface.
fn again_inside(range: &str) {
    const SCRIPT: &str = "ip link set lo up && echo \"$1\" > /proc/sys/net/ipv4/ping_group_range && exec \"$0\" --exact \
                          check::ping::echoes_come_back_where_they_may_be_asked_for --nocapture";
    let own = std::env::current_exe().expect("this test's own file");
    let output = Command::new("unshare")
        .args([
            "--net",
            "--mount-proc",
            "--fork",
            "--pid",
            "sh",
            "-c",
            SCRIPT,
        ])
        .arg(own)
        .arg(range)
        .env(INSIDE, range)
        .stdin(Stdio::null())
        .output()
        .expect("run unshare");
    let said = [text(&output.stdout), text(&output.stderr)].concat();
    assert!(output.status.success(), "{range}: {said}");
    assert!(said.contains("1 passed"), "{range}: {said}");
}
