//! What happens while the disk is busy: a reload that gives sites other numbers, a disk that comes back, what is to be forgotten.

use super::*;
use crate::daemon::brain::schedule;

const NOW: Now = Now {
    tick: Tick(1),
    wall: Wall(1_795_000_000_000),
};

fn parsed(text: &str) -> Arc<Config> {
    let zone = jiff::tz::TimeZone::UTC;
    Arc::new(config::parse(text, "test", std::path::Path::new("/"), &zone).unwrap())
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Sites of these names, each with a real server.
fn sites(names: &[&str]) -> Arc<Config> {
    let site = |(number, name): (usize, &&str)| {
        format!(
            "[[site]]\nname = \"{name}\"\nsorry.listen = [\"127.0.0.1:0\"]\ncheck.tcp = {{}}\n\
             hosts = [\"{name}.example\"]\n\
             [[site.real-server]]\naddress = \"127.0.0.{}:80\"\n",
            number + 1
        )
    };
    let all: Vec<String> = names.iter().enumerate().map(site).collect();
    parsed(&all.concat())
}

fn mind(config: Arc<Config>, entries: Vec<Entry>) -> Mind {
    let past = Past {
        entries,
        ..Past::default()
    };
    Mind::new(config, switch(Act::Act), Hands::Free, past, NOW)
}

fn order(mind: &mut Mind, site: &str, order: Order) -> Reply {
    let (reply, answer) = oneshot::channel();
    let ordered = Ordered {
        site: site.to_owned(),
        order,
        by: "test".to_owned(),
        reason: None,
        reply,
    };
    mind.order(ordered, NOW);
    answer
}

/// What is wanted of the journal; whoever is to be answered is.
fn pens(mind: &mut Mind) -> Vec<(&'static str, Vec<Entry>)> {
    let mut pens = Vec::new();
    for action in mind.actions() {
        match action {
            Action::Write(entries) => pens.push(("write", entries)),
            Action::Rewrite(entries) => pens.push(("rewrite", entries)),
            Action::Answer(answer) => answer.give(&KernelStanding::default()),
            _ => {}
        }
    }
    pens
}

/// Until nothing is on its way to a disk that does what it is asked.
fn settle(mind: &mut Mind) {
    while !pens(mind).is_empty() {
        mind.written(Ok(Grown::No), NOW);
    }
}

#[test]
fn an_order_that_waits_for_the_disk_keeps_its_site_over_a_reload() {
    let mut mind = mind(sites(&["blog", "shop"]), Vec::new());
    settle(&mut mind);
    let mut answer = order(&mut mind, "shop", Order::Down(Down::default()));
    mind.reconfigure(sites(&["shop", "blog"]), NOW);
    settle(&mut mind);
    let done = answer.try_recv().unwrap().unwrap();
    assert_eq!((&*done.site.name, &*done.site.why), ("shop", "ordered"));
    let explained = mind.explain("shop", NOW).unwrap();
    let said = |word: &str| explained.inputs.iter().any(|seen| seen.what.contains(word));
    assert!(said("shop: ") && !said("blog: "), "{explained:?}");
}

#[test]
fn what_is_configured_no_more_is_gone_from_the_journal_too() {
    let mut mind = mind(sites(&["blog", "shop"]), Vec::new());
    settle(&mut mind);
    let _answer = order(&mut mind, "shop", Order::Down(Down::default()));
    settle(&mut mind);
    mind.reconfigure(sites(&["blog"]), NOW);
    let pens = pens(&mut mind);
    let (how, entries) = &pens[0];
    assert_eq!(*how, "rewrite");
    assert!(entries.iter().all(|entry| entry.site() == "blog"));
}

#[test]
fn a_disk_that_is_back_gets_what_it_has_missed() {
    let mut mind = mind(sites(&["shop"]), Vec::new());
    settle(&mut mind);
    let mut answer = order(&mut mind, "shop", Order::Down(Down::default()));
    assert_eq!(pens(&mut mind).len(), 1);
    mind.written(Err("it hangs".to_owned()), NOW);
    assert!(pens(&mut mind).is_empty());
    let done = answer.try_recv().unwrap().unwrap();
    assert!(done.told.iter().any(|line| line.contains("it hangs")));
    assert_eq!(done.unkept.as_deref(), Some("it hangs"));
    mind.disk_is_back(NOW);
    let missed = pens(&mut mind);
    let order = |entry: &Entry| matches!(entry, Entry::Order { .. });
    assert!(missed[0].0 == "rewrite" && missed[0].1.iter().any(order));
    mind.written(Ok(Grown::No), NOW);
    assert_eq!(mind.standing(NOW).unkept, None);
    mind.disk_is_back(NOW);
    assert!(pens(&mut mind).is_empty(), "nothing is missing");
}

/// As when a disk was full: nobody has to order anything for what was ordered to be kept.
#[test]
fn what_could_not_be_written_is_tried_again_by_itself() {
    let mut mind = mind(sites(&["shop"]), Vec::new());
    settle(&mut mind);
    let _answer = order(&mut mind, "shop", Order::Down(Down::default()));
    assert_eq!(pens(&mut mind).len(), 1);
    mind.written(Err("no space".to_owned()), NOW);
    assert!(pens(&mut mind).is_empty());
    let mut later = NOW;
    later.tick.0 += 10_000;
    assert!(mind.next_look(NOW).is_some_and(|at| at <= later.tick));
    mind.look(later);
    let missed = pens(&mut mind);
    let ordered = |entry: &Entry| matches!(entry, Entry::Order { order: Some(_), .. });
    assert!(missed[0].0 == "rewrite" && missed[0].1.iter().any(ordered));
    mind.written(Ok(Grown::No), later);
    assert_eq!(mind.standing(later).unkept, None);
}

#[test]
fn whoever_orders_hears_what_that_takes_the_place_of() {
    let mut mind = mind(configuration(1), Vec::new());
    settle(&mut mind);
    let mut tell = |given| told(&mut mind, given);
    let down = || Order::Down(Down::default());
    assert!(!tell(down()).contains("takes the place"));
    let again = tell(down());
    assert!(
        again.contains("that takes the place of what test had ordered until "),
        "{again}"
    );
    assert!(tell(Order::Live(Default::default())).contains("takes the place"));
    assert_eq!(tell(Order::Up {}), "live, and by its health from now on");
    assert_eq!(tell(Order::Up {}), "nothing was ordered, and it is live");
    let open = tell(Order::Schedule(nightly()));
    assert!(
        open.contains("is open now, since ") && open.ends_with("; sorry from now on"),
        "{open}"
    );
    tell(Order::Up {});
    let name = "night".to_owned();
    assert_eq!(
        tell(Order::Unschedule { name }),
        "the window night is given up"
    );
    let mut endless = nightly();
    endless.for_seconds = Some(400 * 86_400);
    assert!(tell(Order::Schedule(endless)).starts_with("Malformed: "));
}

#[test]
fn a_check_that_cannot_be_made_is_told_once() {
    let mut mind = mind(configuration(1), Vec::new());
    let silent = |mind: &Mind| {
        let told = mind.explain("shop", NOW).unwrap().inputs;
        let silent = told
            .iter()
            .filter(|seen| seen.what.contains("says nothing"));
        silent.count()
    };
    for (reason, told) in [
        (Reason::NotPermitted, 1),
        (Reason::NotPermitted, 1),
        (Reason::Ok, 1),
        (Reason::Local, 2),
    ] {
        mind.probed(&key(1), seen(reason), NOW);
        settle(&mut mind);
        assert_eq!(silent(&mind), told, "{reason:?}");
    }
}

#[test]
fn an_address_that_may_not_be_asked_says_nothing_of_the_network() {
    let config = parsed(
        "watch.references = [\"192.0.2.1:443\", \"192.0.2.2:443\"]\n[[site]]\nname = \"shop\"\n\
         sorry.listen = [\"127.0.0.1:0\"]\ncheck.tcp = {}\n[[site.real-server]]\naddress = \"127.0.0.1:80\"\n",
    );
    let mut mind = mind(config, Vec::new());
    for (reason, doubted) in [
        (Reason::NotPermitted, false),
        (Reason::Refused, false),
        (Reason::ConnectTimeout, true),
    ] {
        for _ in 0..5 {
            mind.reference(0, &seen(reason), NOW);
            mind.reference(1, &seen(reason), NOW);
        }
        settle(&mut mind);
        assert_eq!(mind.standing(NOW).doubt.is_some(), doubted, "{reason:?}");
    }
}

#[test]
fn a_window_that_is_open_says_that_what_it_ordered_stays() {
    let mut mind = mind(configuration(1), Vec::new());
    settle(&mut mind);
    let mut agreed = order(&mut mind, "shop", Order::Schedule(nightly()));
    settle(&mut mind);
    assert!(agreed.try_recv().unwrap().is_ok());
    let name = "night".to_owned();
    let mut given_up = order(&mut mind, "shop", Order::Unschedule { name });
    settle(&mut mind);
    let told = given_up.try_recv().unwrap().unwrap().told;
    assert!(
        told.iter().any(|line| line.contains("sorry up shop")),
        "{told:?}"
    );
    assert_eq!(schedule::stays("shop", "night", &[], NOW.wall), None);
}

#[test]
fn whoever_says_up_hears_which_windows_are_over_with_it() {
    let mut mind = mind(configuration(1), Vec::new());
    settle(&mut mind);
    let mut tell = |given| told(&mut mind, given);
    tell(Order::Schedule(nightly()));
    assert!(tell(Order::Up {}).contains("; the window night, which is open until"));
    tell(Order::Down(Down::default()));
    assert_eq!(tell(Order::Up {}), "live", "it is over already");
    let standing = mind.standing(NOW);
    let window = &standing.sites[0].windows[0];
    assert!(window.ended_early && !window.open, "{window:?}");
}

/// A window that is open whenever the test runs.
fn nightly() -> crate::admin::order::Schedule {
    crate::admin::order::Schedule {
        name: "night".to_owned(),
        at: "00:00".to_owned(),
        days: DAYS.map(str::to_owned).to_vec(),
        zone: Some("UTC".to_owned()),
        for_seconds: Some(86_399),
        until: None,
        say: None,
        keep: crate::admin::order::Keep::Stale,
        on_overrun: None,
        announce_seconds: None,
    }
}

/// What came of an order, in words.
fn told(mind: &mut Mind, given: Order) -> String {
    let mut answer = order(mind, "shop", given);
    settle(mind);
    match answer.try_recv().unwrap() {
        Ok(done) => done.told.join("; "),
        Err(fault) => format!("{:?}: {}", fault.kind, fault.message),
    }
}

#[test]
fn nothing_with_an_end_lasts_for_longer_than_a_year() {
    const DAY: u64 = 86_400;
    let mut mind = mind(configuration(1), Vec::new());
    settle(&mut mind);
    let down = |days: u64| {
        Order::Down(Down {
            lasting: crate::admin::order::Lasting {
                for_seconds: Some(days * DAY),
                ..Default::default()
            },
            ..Default::default()
        })
    };
    let extend = |days: u64| Order::Extend {
        by_seconds: days * DAY,
    };
    let too_long = "Malformed: that is more than a year away; for something without an end there is `sorry down shop --endless`";
    for (given, expected) in [
        (extend(1), "Impossible: nothing is ordered of shop"),
        (down(400), too_long),
        (down(366), "down for maintenance until"),
        (extend(1), too_long),
        (down(200), "down for maintenance until"),
        (extend(166), "what was ordered lasts until"),
        (extend(1), too_long),
        (extend(u64::MAX / DAY), too_long),
        (extend(0), "Malformed: "),
    ] {
        let shown = format!("{given:?}");
        let told = told(&mut mind, given);
        assert!(told.starts_with(expected), "{shown}: {told}");
    }
}

/// It used to be shown by the clocks of the daemon's machine.
#[test]
fn a_window_that_comes_once_is_shown_by_the_clocks_that_were_meant() {
    let once = |at: &str, zone: Option<&str>| {
        Order::Schedule(crate::admin::order::Schedule {
            name: "database".to_owned(),
            at: at.to_owned(),
            days: Vec::new(),
            zone: zone.map(str::to_owned),
            for_seconds: Some(3600),
            until: None,
            say: None,
            keep: crate::admin::order::Keep::Stale,
            on_overrun: None,
            announce_seconds: None,
        })
    };
    for given in [
        once("2099-12-01T01:00:00Z", Some("Europe/Berlin")),
        once("2099-12-01 02:00", Some("Europe/Berlin")),
        once("2099-12-01 02:00 Europe/Berlin", None),
    ] {
        let mut before = mind(configuration(1), Vec::new());
        settle(&mut before);
        let mut agreed = order(&mut before, "shop", given);
        let entries: Vec<Entry> = pens(&mut before)
            .into_iter()
            .flat_map(|(_, entries)| entries)
            .collect();
        before.written(Ok(Grown::No), NOW);
        settle(&mut before);
        assert!(agreed.try_recv().unwrap().is_ok());
        let shown = |mind: &Mind| mind.standing(NOW).sites[0].windows[0].when.clone();
        let expected = "2099-12-01 02:00 to 2099-12-01 03:00 Europe/Berlin";
        assert_eq!(shown(&before), expected);
        // So does the process after it.
        assert_eq!(shown(&mind(configuration(1), entries)), expected);
    }
    // Whoever types it may know zones that are not known here; moments need none.
    let mut mind = mind(configuration(1), Vec::new());
    settle(&mut mind);
    let mut unknown = |at: &str| told(&mut mind, once(at, Some("Nowhere/Town")));
    let agreed = unknown("2099-12-01T01:00:00Z");
    assert!(agreed.contains("opens at"), "{agreed}");
    let refused = unknown("2099-12-01 02:00");
    assert!(refused.starts_with("Malformed: "), "{refused}");
}
