//! Three real servers, of which two are needed: one dies, two die, they come back; and everybody is told right.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use super::world::{Plan, World};
use crate::harness::{Answer, PATIENCE, connect, run, text, until};

const TWO_OF_THREE: Plan = Plan {
    reals: 3,
    quorum: 2,
    more: "",
};

/// The words of an alert that matter.
fn told(alert: &serde_json::Value) -> (String, String, String) {
    let word = |key: &str| alert[key].as_str().unwrap_or("-").to_owned();
    (word("phase"), word("kind"), word("key"))
}

#[test]
fn one_dies_two_die_and_they_come_back() {
    let mut world = World::start(&TWO_OF_THREE);
    world.wait_site("live", "quorum");
    world.kill(0);
    world.wait_real(0, "down");
    let site = world.site();
    assert_eq!(site["route"], "live", "two are enough");
    assert_eq!(site["quorum"]["up"], 2);
    assert_eq!(site["real_servers"][0]["checks"][0]["reason"], "refused");

    let (code, printed) = world.verb(&["alert", "test", "ops"]);
    assert_eq!((code, &*printed), (0, "ops took a test alert\n"));
    assert_eq!(world.alert()["kind"], "test");
    let (code, printed) = world.verb(&["alert", "test", "nobody"]);
    assert!(
        code != 0 && printed.contains("no alert receiver nobody"),
        "{printed}"
    );

    world.kill(1);
    let site = world.wait_site("sorry", "no-quorum");
    assert_eq!(site["quorum"]["up"], 1);
    let firing = world.alert();
    let (phase, kind, key) = told(&firing);
    assert_eq!((&*phase, &*kind), ("firing", "outage"), "{firing}");
    assert!(
        firing["text"]
            .as_str()
            .is_some_and(|text| text.contains("refused")),
        "{firing}"
    );

    let (_, explained) = world.verb(&["explain", "shop"]);
    for words in [
        "visitors are told sorry since",
        "too few real servers work (1 of 3 by weight)",
        "2 is needed",
        &format!("{} is down", world.address(0)),
        "its http check says down: refused",
        &format!("{} is up", world.address(2)),
    ] {
        assert!(explained.contains(words), "{words}\n{explained}");
    }
    assert_eq!(world.metric("sorry_site_live{site=\"shop\"}"), Some(0.0));
    let up = |number| format!("sorry_real_server_up{{site=\"shop\",real_server=\"{number}\"}}");
    assert_eq!(world.metric(&up(world.address(1))), Some(0.0));
    assert_eq!(world.metric(&up(world.address(2))), Some(1.0));
    let refused = format!(
        "sorry_check_failures_total{{site=\"shop\",real_server=\"{}\",check=\"http\",reason=\"refused\"}}",
        world.address(1)
    );
    assert!(
        world.metric(&refused) >= Some(2.0),
        "as many as `fall` says"
    );
    let open = "sorry_incidents_open{kind=\"outage\"}";
    assert_eq!(world.metric(open), Some(1.0));

    // Whoever reaches the sorry listener is refused politely, whatever the state.
    let url = world.daemon().url("/");
    let refused = text(&run("curl", &["-sSi", &url]).stdout);
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");

    world.revive(1);
    world.wait_site("live", "quorum");
    let resolved = world.alert();
    assert_eq!(told(&resolved), ("resolved".into(), "outage".into(), key));
    assert!(resolved["seconds"].is_u64());
    assert_eq!(world.metric("sorry_site_live{site=\"shop\"}"), Some(1.0));

    let history = world.json(&["history"]);
    let outages: Vec<_> = history["incidents"]
        .as_array()
        .expect("an array")
        .iter()
        .filter(|incident| incident["kind"] == "outage")
        .collect();
    assert_eq!(outages.len(), 1, "{history}");
    assert!(outages[0]["ended"].is_string() && outages[0]["planned"] == false);
    world.no_stray_alert("one alert for each transition");
}

#[test]
fn a_reload_in_an_outage_keeps_the_outage() {
    let mut world = World::start(&TWO_OF_THREE);
    world.kill(0);
    world.kill(1);
    let before = world.wait_site("sorry", "no-quorum");
    world.alert();
    // Another path and another number: the site and its servers keep their names.
    let other = Plan {
        more: "sorry.say = \"We know.\"\n",
        ..TWO_OF_THREE
    };
    world.configure(&other);
    let (code, printed) = world.verb(&["reload"]);
    assert_eq!(code, 0, "{printed}");
    let after = world.site();
    assert_eq!(after["route"], "sorry");
    assert_eq!(after["since"], before["since"], "nothing has begun anew");
    assert_eq!(after["real_servers"][0]["state"], "down");
    assert_eq!(after["turned"]["sorry"], 1);
    // A broken file changes nothing and says why.
    std::fs::write(world.file(), "[[site]]\nname = \"shop\"\nreal-server = 1\n").expect("write");
    let socket = world.socket();
    let reload = run(
        crate::harness::SORRY,
        &["reload", "--admin", socket.to_str().expect("a path")],
    );
    assert!(!reload.status.success());
    assert!(
        text(&reload.stderr).contains("real-server"),
        "{}",
        text(&reload.stderr)
    );
    world.configure(&other);
    assert_eq!(world.site()["since"], before["since"]);
    world.no_stray_alert("one alert for each transition");
}

/// Whoever has asked for it hears that nobody watches any more, and that somebody does again.
#[test]
fn the_end_of_watching_is_told_where_that_is_wanted() {
    let mut world = World::start(&Plan {
        more: "quorum.omega = true\n",
        ..TWO_OF_THREE
    });
    world.wait_site("live", "quorum");
    world.daemon().signal("TERM");
    let ended = world.alert();
    let told = |alert: &serde_json::Value| {
        let subject = alert["subject"].as_str().unwrap_or_default();
        (alert["phase"].clone(), subject.to_owned())
    };
    let expected = "shop: watched no more: sorry was stopped";
    assert_eq!(told(&ended), ("firing".into(), expected.to_owned()));
    world.bury();
    world.begin();
    let again = world.alert();
    let expected = "shop: watched again";
    assert_eq!(told(&again), ("resolved".into(), expected.to_owned()));
    assert_eq!(again["incident"], ended["incident"]);
    // A crash is no end that anybody has asked for.
    world.wait_site("live", "quorum");
    world.crash();
    world.begin();
    world.wait_site("live", "quorum");
    world.no_stray_alert("a crash tells nothing by itself");
}

#[test]
fn a_successor_goes_on_where_its_predecessor_was() {
    let mut world = World::start(&TWO_OF_THREE);
    world.kill(0);
    world.kill(1);
    let before = world.wait_site("sorry", "no-quorum");
    let (code, printed) = world.verb(&["down", "shop", "--for", "1h", "--say", "Moving house."]);
    assert_eq!(code, 0, "{printed}");
    let mut old = world.daemon.take().expect("it runs");
    let mut command = std::process::Command::new(crate::harness::SORRY);
    command.env("STATE_DIRECTORY", world.state());
    command.args(["run", "--takeover"]).arg(world.file());
    world.daemon = Some(crate::harness::Server::spawn(command));
    assert!(old.wait().success());
    let site = world.wait_site("sorry", "ordered");
    assert_eq!(site["since"], before["since"]);
    assert_eq!(site["order"]["said"], "Moving house.");
    let (_, audit) = world.verb(&["audit"]);
    assert!(audit.contains("down"), "{audit}");
}

#[test]
fn nobody_stays_at_the_sorry_server_once_the_site_is_back() {
    let mut world = World::start(&Plan {
        reals: 1,
        quorum: 1,
        more: "",
    });
    world.kill(0);
    world.wait_site("sorry", "no-quorum");
    let mut visitor = connect(world.daemon().address());
    let mut ask = || -> Answer {
        visitor
            .write_all(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
            .expect("write");
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let count = visitor.read(&mut chunk).expect("read");
            bytes.extend_from_slice(&chunk[..count]);
            if let Some((answer, _)) = Answer::parse(&bytes, "GET") {
                return answer;
            }
            assert!(count > 0, "closed without an answer");
        }
    };
    assert_eq!(ask().field("connection"), None, "it may stay for a while");
    world.revive(0);
    world.wait_site("live", "quorum");
    let sent_away = || {
        let answer = ask();
        assert_eq!(answer.status(), 503, "whoever is here is still refused");
        (answer.field("connection") == Some("close")).then_some(())
    };
    until(Instant::now() + PATIENCE, sent_away, "it comes anew");
}

#[test]
fn how_long_the_last_outage_was_is_what_clients_hear_of_the_next() {
    let mut world = World::start(&Plan {
        reals: 1,
        quorum: 1,
        more: "",
    });
    let told = |world: &World| -> u64 {
        let head = text(&run("curl", &["-sSi", &world.daemon().url("/")]).stdout);
        let field = head
            .lines()
            .find_map(|line| line.strip_prefix("Retry-After: "));
        let field = field.unwrap_or_else(|| panic!("no Retry-After in {head}"));
        field.trim().parse().expect("a number of seconds")
    };
    world.kill(0);
    world.wait_site("sorry", "no-quorum");
    // Nobody knows yet: two minutes, and a fifth of that at most.
    let first = told(&world);
    assert!((120..=144).contains(&first), "{first}");
    let lasted = Instant::now() + Duration::from_secs(4);
    let long_enough = || (Instant::now() >= lasted).then_some(());
    until(lasted + PATIENCE, long_enough, "an outage of some seconds");
    world.revive(0);
    world.wait_site("live", "quorum");
    world.kill(0);
    let site = world.wait_site("sorry", "no-quorum");
    assert!(
        site["remaining_seconds"]
            .as_u64()
            .is_some_and(|left| left <= 60),
        "{site}"
    );
    // As short as the last one was; but whoever comes back at once is not welcome.
    let learned = || Some(told(&world)).filter(|seconds| (10..=12).contains(seconds));
    until(Instant::now() + PATIENCE, learned, "it has learned");
    // Longer than any before it: nobody knows again.
    let forgotten = || Some(told(&world)).filter(|seconds| (120..=144).contains(seconds));
    until(Instant::now() + PATIENCE, forgotten, "nothing is expected");
    assert_eq!(world.site()["remaining_seconds"], serde_json::Value::Null);
}
