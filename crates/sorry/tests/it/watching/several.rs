//! Several checks of one kind on a real server: all must be good, each has its own name wherever people look, and keeps what is known of it
//! across a reload that moves it.

use serde_json::Value;

use super::world::{Plan, World};

const THREE: Plan = Plan {
    reals: 1,
    quorum: 1,
    more: "check.file = [{ path = \"front\", label = \"front\" }, { path = \"side\" }, { path = \"back\", label = \"back\" }]\n",
};

/// One is gone, and another stands in another place.
const MOVED: Plan = Plan {
    more: "check.file = [{ path = \"back\", label = \"back\" }, { path = \"side\" }]\n",
    ..THREE
};

fn checks(world: &World) -> Vec<Value> {
    let checks = world.site()["real_servers"][0]["checks"].clone();
    checks.as_array().expect("checks").clone()
}

fn names(world: &World) -> Vec<Value> {
    checks(world)
        .iter()
        .map(|check| check["kind"].clone())
        .collect()
}

fn history(world: &World, name: &str) -> String {
    let checks = checks(world);
    let check = checks.iter().find(|check| check["kind"] == name);
    let history = check.and_then(|check| check["history"].as_str());
    history.expect("a history").to_owned()
}

#[test]
fn all_of_them_must_be_good_and_are_kept_by_name() {
    let world = World::start(&THREE);
    assert_eq!(names(&world), ["http", "front", "file 2", "back"]);
    let sign = world.folder.path().join("back");
    std::fs::write(&sign, "").expect("write a file");
    world.wait_real(0, "down");
    let (_, explained) = world.verb(&["explain", "shop"]);
    assert!(
        explained.contains("its back check says down"),
        "{explained}"
    );
    let results = |name: &str, result: &str| {
        let real = world.address(0);
        let labels =
            format!("site=\"shop\",real_server=\"{real}\",check=\"{name}\",result=\"{result}\"");
        world.metric(&format!("sorry_check_results_total{{{labels}}}"))
    };
    assert!(results("back", "bad").is_some_and(|bad| bad >= 3.0));
    assert_eq!(results("file 2", "bad"), Some(0.0));

    world.configure(&MOVED);
    let (code, printed) = world.verb(&["reload"]);
    assert_eq!(code, 0, "{printed}");
    assert_eq!(names(&world), ["http", "back", "file 2"]);
    let kept = history(&world, "back");
    assert!(kept.contains('1') && kept.ends_with('0'), "{kept}");
    assert_eq!(world.site()["real_servers"][0]["state"], "down");
    std::fs::remove_file(&sign).expect("remove it");
    world.wait_real(0, "up");
}
