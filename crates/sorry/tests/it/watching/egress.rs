//! How probes leave this machine: with a mark, by an interface, from a port. In a network of its own, where the kernel and the other end
//! say what has come.

use super::cable::{Cable, sh};
use super::world::{Plan, World};

/// Puts these keys into the http check.
fn configure(world: &World, before: &str, keys: &str) {
    let mut text = before.replace("path = \"/\",", &format!("path = \"/\", {keys},"));
    if keys.contains("source-port") {
        // One probe at a time.
        text = text.replace("timeout = \"500ms\"", "timeout = \"150ms\"");
    }
    std::fs::write(world.file(), text).expect("write the configuration");
}

fn reload(world: &World) {
    let (code, printed) = world.verb(&["reload"]);
    assert_eq!(code, 0, "{printed}");
}

fn reason(world: &World) -> String {
    let site = world.site();
    let reason = &site["real_servers"][0]["checks"][0]["reason"];
    reason.as_str().expect("a reason").to_owned()
}

#[test]
fn probes_leave_as_they_are_told_to() {
    let cable = Cable::lay();
    let (real_servers, addresses) = cable.real_servers();
    let plan = Plan {
        reals: 1,
        quorum: 1,
        more: "",
    };
    let mut world = World::far(&plan, &cable.near, &addresses[..1]);
    let before = std::fs::read_to_string(world.file()).expect("the configuration");

    // There is no way for what has the mark, so that only what has it finds none.
    let rule = |verb: &str| {
        sh(&format!(
            "ip -n {} rule {verb} fwmark 42 unreachable",
            cable.near
        ));
    };
    rule("add");
    configure(&world, &before, "mark = 42");
    let (code, printed) = world.verb(&["reload"]);
    assert_ne!(code, 0, "{printed}");
    assert!(printed.contains("CAP_NET_ADMIN was given up"), "{printed}");
    world.wait_real(0, "up");
    world.crash();
    world.begin();
    world.wait_real(0, "down");
    assert_eq!(reason(&world), "unreachable");
    rule("delete");
    world.wait_real(0, "up");

    // An address of the cable alone, by the wrong interface and by the right one.
    let of_link = format!("address = \"[{}]:8004\"", Cable::FAR_OF_LINK);
    configure(&world, &before, &of_link);
    let (code, printed) = world.verb(&["reload"]);
    assert_ne!(code, 0, "{printed}");
    assert!(printed.contains("add the `interface`"), "{printed}");
    configure(&world, &before, &format!("{of_link}, interface = \"lo\""));
    reload(&world);
    world.wait_real(0, "down");
    let right = format!("{of_link}, interface = \"{}\"", cable.near_end);
    configure(&world, &before, &right);
    reload(&world);
    world.wait_real(0, "up");

    // A server that answers one port alone.
    configure(&world, &before, "address = \":8005\"");
    reload(&world);
    world.wait_real(0, "down");
    assert_eq!(reason(&world), "status");
    configure(&world, &before, "address = \":8005\", source-port = 10053");
    reload(&world);
    world.wait_real(0, "up");
    drop(real_servers);
}
