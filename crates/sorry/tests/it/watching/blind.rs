//! A monitor whose own network is cut: it switches nothing, and says so.

use super::cable::Cable;
use super::world::{Plan, World};

#[test]
fn whoever_reaches_no_reference_switches_nothing_and_says_so() {
    // A network of its own: the real servers, the reference and the daemon are on two ends of a cable that can be cut.
    let cable = Cable::lay();
    let (real_servers, addresses) = cable.real_servers();
    let plan = Plan {
        reals: 2,
        quorum: 1,
        more: "---[watch]\nreferences = [\"192.0.2.2:8003\"]\nevery = \"200ms\"\ntimeout = \"200ms\"\n",
    };
    let world = World::far(&plan, &cable.near, &addresses);
    world.wait_site("live", "quorum");
    cable.cut();
    world.wait_doubt("references");
    world.wait_real(0, "down");
    world.wait_real(1, "down");
    let site = world.site();
    assert_eq!(
        (&site["route"], &site["why"]),
        (&"live".into(), &"doubted".into()),
        "{site}"
    );
    let (_, explained) = world.verb(&["explain", "shop"]);
    assert!(explained.contains("no reference answers"), "{explained}");
    assert_eq!(world.metric("sorry_doubt{cause=\"references\"}"), Some(1.0));
    assert_eq!(
        world.metric("sorry_reference_up{reference=\"192.0.2.2:8003\"}"),
        Some(0.0)
    );
    // Orders still work.
    assert_eq!(world.verb(&["down", "shop", "--for", "1h"]).0, 0);
    assert_eq!(world.site()["route"], "sorry");
    assert_eq!(world.verb(&["up", "shop"]).0, 0);
    cable.mend();
    world.wait_real(0, "up");
    world.wait_real(1, "up");
    world.wait_site("live", "quorum");
    assert_eq!(world.site()["turned"]["sorry"], 1, "by the order alone");
    // Who is to be told hears of the doubt once, and of its end; of the real servers that seemed to be down nothing.
    let (begins, ends) = (world.alert(), world.alert());
    for (alert, phase) in [(&begins, "firing"), (&ends, "resolved")] {
        assert_eq!(alert["kind"], "doubt", "{alert}");
        assert_eq!(alert["phase"], phase, "{alert}");
        assert_eq!(alert["site"], serde_json::Value::Null, "{alert}");
    }
    assert_eq!(begins["key"], ends["key"]);
    assert_ne!(begins["id"], ends["id"]);
    let text = begins["text"].as_str().unwrap_or_default();
    assert!(text.contains("no reference answers"), "{begins}");
    world.no_stray_alert("of a doubt only its beginning and its end are told");
    drop(real_servers);
}
