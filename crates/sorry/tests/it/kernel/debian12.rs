//! On the kernel of Debian 12, which is older than the one that tests run on: the real binary in a guest, which boots once for
//! all that is asked here. `SCRIPT` is what runs there; each test looks at its part of what that printed.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use super::guest::{self, Guest};

use crate::harness::{SORRY, run, text};

/// What runs in the guest, under `sh -eu`: a command that fails ends it, and its status is the guest's.
const SCRIPT: &str = r#"
echo '== kernel'
cat /proc/version
echo '== program'
sorry --version
echo '== veth'
ip link add left type veth peer name right
ip link show dev left
echo '== bpffs'
mount -t bpf bpf /sys/fs/bpf
mkdir /sys/fs/bpf/sorry
grep bpf /proc/mounts
echo '== types'
ls /sys/kernel/btf
echo '== modules'
modprobe sch_ingress
modprobe cls_bpf
cut -d ' ' -f 1 /proc/modules
echo '== selftest'
sorry kernel selftest --json
echo '== wire'
ip netns add client
ip link set right netns client
ip addr add 10.9.0.1/24 dev left
ip link set left up
ip netns exec client ip addr add 10.9.0.2/24 dev right
ip netns exec client ip link set right up
for hook in xdp tc; do
    cat >/run/sorry.toml <<END
state = "none"
admin.socket = "/run/sorry.sock"
kernel = { interfaces = ["left"], hook = "$hook" }
[[site]]
name = "shop"
sorry = { listen = ["10.9.0.1:80"], kernel = "when down" }
END
    rm -f /run/log
    sorry run --config /run/sorry.toml 2>/run/log &
    until grep -qs ready /run/log && sorry kernel status --json --admin /run/sorry.sock | grep -q '"mode": "on"'; do
        kill -0 $! || { cat /run/log; exit 1; }
    done
    echo "== at $hook"
    sorry kernel status --json --admin /run/sorry.sock
    if [ $hook = tc ]; then
        echo '== answered'
        ip netns exec client curl -sS -i -m 10 http://10.9.0.1/ 2>&1
        echo '== user space'
        sorry status --json --admin /run/sorry.sock | grep '"answers"'
    fi
    echo '== killed'
    kill -KILL $!
    wait $! || true
done
echo '== again'
# Each with a log of its own: what another one has written there is no word of this one.
sorry run --config /run/sorry.toml 2>/run/log-again &
until grep -qs ready /run/log-again; do
    kill -0 $! || { cat /run/log-again; exit 1; }
done
cat /run/log-again
for process in 1 2; do
    log=/run/log-$process
    sorry run --config /run/sorry.toml --takeover 2>$log &
    until grep -qs ready $log; do
        kill -0 $! || { cat $log; exit 1; }
    done
    echo "== take-over $process"
    cat $log
done
ip netns exec client curl -sS -m 10 -D - -o /dev/null http://10.9.0.1/ 2>&1
kill -KILL $!
wait $! || true
echo '== end'
"#;

/// A boot and the script take a minute where every instruction is emulated, most of it for the verifier, which looks at the programs of seven
/// processes; this allows for a slow machine. A guest that hangs costs this much.
const PATIENCE: Duration = Duration::from_secs(200);

/// What the script printed between `== part` and the next such line. The first test that asks boots the guest.
fn part(part: &str) -> &'static str {
    static ONCE: OnceLock<Result<Guest, String>> = OnceLock::new();
    let guest = ONCE.get_or_init(|| guest::run(SCRIPT, PATIENCE));
    let guest = guest.as_ref().unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(guest.status, 0, "{guest}");
    let begin = format!("== {part}\n");
    let (_, rest) = guest
        .printed
        .split_once(&begin)
        .unwrap_or_else(|| panic!("no part {part:?}; {guest}"));
    rest.split_once("== ").expect("the script has an end").0
}

#[test]
fn the_guest_has_debian_12s_own_kernel() {
    let version = part("kernel");
    assert!(version.starts_with("Linux version 6.1."), "{version}");
    assert!(version.contains(" Debian 6.1."), "{version}");
}

#[test]
fn our_program_runs_there() {
    let here = run(SORRY, &["--version"]);
    assert_eq!(part("program"), text(&here.stdout));
}

#[test]
fn a_pair_of_interfaces_can_be_made_there() {
    let link = part("veth");
    assert!(link.contains("left@right"), "{link}");
    // Nobody loaded it by hand: the kernel asks for the module as it does on a real machine.
    assert!(part("modules").contains("veth\n"));
}

#[test]
fn programs_can_be_pinned_and_types_looked_up_there() {
    assert!(part("bpffs").contains(" /sys/fs/bpf bpf "));
    assert!(part("types").contains("vmlinux\n"));
}

#[test]
fn filters_can_be_attached_to_an_interface_there() {
    let modules: Vec<&str> = part("modules").lines().collect();
    assert!(modules.contains(&"sch_ingress"), "{modules:?}");
    assert!(modules.contains(&"cls_bpf"), "{modules:?}");
}

#[test]
fn its_verifier_takes_our_programs_and_they_answer_as_user_space_does() {
    let said: Value = serde_json::from_str(part("selftest")).expect("JSON");
    assert_eq!(said["right"], true, "{said}");
    for (hook, name) in said["hooks"]
        .as_array()
        .expect("hooks")
        .iter()
        .zip(["xdp", "tc"])
    {
        assert_eq!(hook["hook"], name);
        assert!(hook["tried"].as_u64() > Some(5), "{said}");
    }
}

/// Its traffic control hook knows no links: what is attached there would stay, but for its lease.
#[test]
fn they_are_attached_to_a_device_and_a_client_is_answered() {
    for (hook, lease) in [("xdp", Value::Null), ("tc", Value::from(10))] {
        let said: Value = serde_json::from_str(part(&format!("at {hook}"))).expect("JSON");
        let interface = &said["interfaces"][0];
        assert_eq!(interface["hook"], hook, "{said}");
        assert_eq!(interface["lease_seconds"], lease, "{said}");
        assert_eq!(
            interface["selftest"]["wrong"].as_array().map(Vec::len),
            Some(0),
            "{said}"
        );
    }
    let answer = part("answered");
    assert!(answer.contains("503 Service Unavailable"), "{answer}");
    assert!(
        part("user space").contains("\"answers\": 0"),
        "{}",
        part("user space")
    );
}

#[test]
fn a_filter_that_a_crash_has_left_is_taken_away_by_the_next_process() {
    let log = part("again");
    assert!(
        log.contains("a filter that was left at left by a process before this one is taken away"),
        "{log}"
    );
    assert!(log.contains("attached to left (tc)"), "{log}");
}

/// The filter of the process that it takes over from must go on until then; that of the one before is nobody's.
#[test]
fn take_overs_leave_one_filter_at_most() {
    let taken_away = "the filter that the last take-over left at left is taken away";
    assert!(!part("take-over 1").contains(taken_away));
    let second = part("take-over 2");
    assert!(second.contains(taken_away), "{second}");
    assert!(second.contains("503 Service Unavailable"), "{second}");
    assert!(!second.contains("\nDate:"), "the kernel answers: {second}");
}

#[test]
fn a_guest_that_does_not_end_is_ended() {
    // Far too little for a boot.
    let why = guest::run("", Duration::from_millis(300)).expect_err("it cannot have ended");
    assert!(why.contains("has not ended"), "{why}");
}
