//! What is not believed, and what a switch does meanwhile; in the tables' own words.

use std::time::Duration;

use expect_test::expect;

use super::setup::{setup, site, switch};
use super::tables::{check, one};
use crate::event::{Act, Unsure};

#[test]
fn what_seems_to_be_down_together_is_not_believed() {
    let sites = || vec![site("a", 2), site("b", 2), site("c", 2)];
    let all = "1 0- 0- 1- 1- 2- 2- 4- 4-";
    check(
        setup(sites()),
        &["0 0+ 1+ 2+ 3+ 4+ 5+", all, "30 look", "31 look"],
        &expect![[r#"
            0 0+ 1+ 2+ 3+ 4+ 5+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1; switch 0: 3 live 1:1; switch 0: 4 live 1:1; switch 0: 5 live 1:1; switch 0: 6 live 1:1
            1 0- 0- 1- 1- 2- 2- 4- 4- -> 0 Suspect; 0 Normal; switch 0: 7 live 0:1; 1 Suspect; 1 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 8 sorry 0:0; 2 Suspect; 2 Normal; switch 0: 9 live 0:1; 4 Suspect; 4 Normal; Doubt(Mass { down: 4, of: 6 }); site 0 live (doubted) after 0 s; switch 0: 10 live 1:1; switch 0: 11 live 1:1; switch 0: 12 live 1:1
            30 look -> switch 0: 10 live 1:1; switch 0: 11 live 1:1; switch 0: 12 live 1:1
            31 look -> DoubtOver; site 0 sorry (no-quorum) after 30 s; switch 0: 13 sorry 0:0; switch 0: 14 live 0:1; switch 0: 15 live 0:1
            a: sorry (no-quorum)
            b: live (quorum)
            c: live (quorum)
        "#]],
    );
    check(
        setup(sites()),
        &["0 0+ 1+ 2+ 3+ 4+ 5+", all, "5 served=3"],
        &expect![[r#"
            0 0+ 1+ 2+ 3+ 4+ 5+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1; switch 0: 3 live 1:1; switch 0: 4 live 1:1; switch 0: 5 live 1:1; switch 0: 6 live 1:1
            1 0- 0- 1- 1- 2- 2- 4- 4- -> 0 Suspect; 0 Normal; switch 0: 7 live 0:1; 1 Suspect; 1 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 8 sorry 0:0; 2 Suspect; 2 Normal; switch 0: 9 live 0:1; 4 Suspect; 4 Normal; Doubt(Mass { down: 4, of: 6 }); site 0 live (doubted) after 0 s; switch 0: 10 live 1:1; switch 0: 11 live 1:1; switch 0: 12 live 1:1
            5 served=3 -> DoubtOver; site 0 sorry (no-quorum) after 4 s; switch 0: 13 sorry 0:0; switch 0: 14 live 0:1; switch 0: 15 live 0:1
            a: sorry (no-quorum)
            b: live (quorum)
            c: live (quorum)
        "#]],
    );
    check(
        setup(sites()),
        &["0 0+ 1+ 2+ 3+ 4+ 5+", all, "5 down", "6 up"],
        &expect![[r#"
            0 0+ 1+ 2+ 3+ 4+ 5+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1; switch 0: 3 live 1:1; switch 0: 4 live 1:1; switch 0: 5 live 1:1; switch 0: 6 live 1:1
            1 0- 0- 1- 1- 2- 2- 4- 4- -> 0 Suspect; 0 Normal; switch 0: 7 live 0:1; 1 Suspect; 1 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 8 sorry 0:0; 2 Suspect; 2 Normal; switch 0: 9 live 0:1; 4 Suspect; 4 Normal; Doubt(Mass { down: 4, of: 6 }); site 0 live (doubted) after 0 s; switch 0: 10 live 1:1; switch 0: 11 live 1:1; switch 0: 12 live 1:1
            5 down -> order kept; site 0 sorry (ordered) after 4 s; switch 0: 13 sorry 1:1
            6 up -> order gone; site 0 live (doubted) after 1 s; switch 0: 14 live 1:1
            a: live (doubted)
            b: live (doubted)
            c: live (doubted)
        "#]],
    );
    let mut voting = setup(sites());
    voting.votes = 2;
    check(
        voting,
        &["0 0+ 1+ 2+ 3+ 4+ 5+", all, "2 peer=1", "3 peer=2"],
        &expect![[r#"
            0 0+ 1+ 2+ 3+ 4+ 5+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1; switch 0: 3 live 1:1; switch 0: 4 live 1:1; switch 0: 5 live 1:1; switch 0: 6 live 1:1
            1 0- 0- 1- 1- 2- 2- 4- 4- -> 0 Suspect; 0 Normal; switch 0: 7 live 0:1; 1 Suspect; 1 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 8 sorry 0:0; 2 Suspect; 2 Normal; switch 0: 9 live 0:1; 4 Suspect; 4 Normal; Doubt(Mass { down: 4, of: 6 }); ask peers about 0; site 0 live (doubted) after 0 s; switch 0: 10 live 1:1; ask peers about 1; switch 0: 11 live 1:1; ask peers about 2; switch 0: 12 live 1:1
            2 peer=1 -> switch 0: 10 live 1:1
            3 peer=2 -> site 0 sorry (no-quorum) after 2 s; switch 0: 13 sorry 0:0
            a: sorry (no-quorum)
            b: live (doubted)
            c: live (doubted)
        "#]],
    );
}

#[test]
fn peers_are_asked_of_a_site_that_is_struck_in_the_course_of_a_doubt() {
    let mut voting = setup(vec![site("a", 1), site("b", 1), site("c", 1), site("d", 1)]);
    voting.votes = 1;
    check(
        voting,
        &["0 0+ 1+ 2+ 3+", "1 0- 0- 1- 1- 2- 2-", "5 3- 3-"],
        &expect![[r#"
            0 0+ 1+ 2+ 3+ -> switch 0: 1 live 1; switch 0: 2 live 1; switch 0: 3 live 1; switch 0: 4 live 1
            1 0- 0- 1- 1- 2- 2- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 5 sorry 0; 1 Suspect; 1 Normal; site 1 sorry (no-quorum) after 1 s; switch 0: 6 sorry 0; 2 Suspect; 2 Normal; Doubt(Mass { down: 3, of: 4 }); ask peers about 0; site 0 live (doubted) after 0 s; switch 0: 7 live 1; ask peers about 1; site 1 live (doubted) after 0 s; switch 0: 8 live 1; ask peers about 2; switch 0: 9 live 1
            5 3- 3- -> 3 Suspect; 3 Normal; ask peers about 3; switch 0: 4 live 1
            a: live (doubted)
            b: live (doubted)
            c: live (doubted)
            d: live (doubted)
        "#]],
    );
}

#[test]
fn what_is_taken_back_waits_for_nothing() {
    let mut hasty = site("a", 1);
    hasty.damping.dwell_sorry = Duration::from_secs(5);
    check(
        setup(vec![hasty, site("b", 1), site("c", 1)]),
        &["0 0+ 1+ 2+", "1 0- 0- 1- 1- 2- 2-"],
        &expect![[r#"
            0 0+ 1+ 2+ -> switch 0: 1 live 1; switch 0: 2 live 1; switch 0: 3 live 1
            1 0- 0- 1- 1- 2- 2- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 4 sorry 0; 1 Suspect; 1 Normal; site 1 sorry (no-quorum) after 1 s; switch 0: 5 sorry 0; 2 Suspect; 2 Normal; Doubt(Mass { down: 3, of: 3 }); site 0 live (doubted) after 0 s; switch 0: 6 live 1; site 1 live (doubted) after 0 s; switch 0: 7 live 1; switch 0: 8 live 1
            a: live (doubted)
            b: live (doubted)
            c: live (doubted)
        "#]],
    );
}

#[test]
fn what_was_taken_back_is_no_flapping() {
    check(
        setup(vec![site("a", 1), site("b", 1), site("c", 1)]),
        &[
            "0 0+ 1+ 2+",
            "1 0- 0-",
            "2 0+ 0+",
            "500 0- 0- 1- 1- 2- 2-",
            "530 look",
            "531 0+ 0+",
        ],
        &expect![[r#"
            0 0+ 1+ 2+ -> switch 0: 1 live 1; switch 0: 2 live 1; switch 0: 3 live 1
            1 0- 0- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 4 sorry 0
            2 0+ 0+ -> site 0 live (quorum) after 1 s; switch 0: 5 live 1
            500 0- 0- 1- 1- 2- 2- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 498 s; switch 0: 6 sorry 0; 1 Suspect; 1 Normal; site 1 sorry (no-quorum) after 500 s; switch 0: 7 sorry 0; 2 Suspect; 2 Normal; Doubt(Mass { down: 3, of: 3 }); site 0 live (doubted) after 0 s; switch 0: 8 live 1; site 1 live (doubted) after 0 s; switch 0: 9 live 1; switch 0: 10 live 1
            530 look -> DoubtOver; site 0 sorry (no-quorum) after 30 s; switch 0: 11 sorry 0; site 1 sorry (no-quorum) after 30 s; switch 0: 12 sorry 0; site 2 sorry (no-quorum) after 530 s; switch 0: 13 sorry 0
            531 0+ 0+ -> site 0 live (quorum) after 1 s; switch 0: 14 live 1
            a: live (quorum)
            b: sorry (no-quorum)
            c: sorry (no-quorum)
        "#]],
    );
}

#[test]
fn whoever_reaches_nothing_switches_nothing() {
    let blind = || {
        let mut setup = one();
        setup.watch.references = 1;
        setup
    };
    check(
        blind(),
        &[
            "0 0+ 1+",
            "1 ref=-",
            "2 0- 0- 1- 1-",
            "99 look",
            "100 ref=+",
            "101 0+ 0+ 1+ 1+",
        ],
        &expect![[r#"
            0 0+ 1+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1
            1 ref=- -> Doubt(References)
            2 0- 0- 1- 1- -> 0 Suspect; 0 Normal; switch 0: 2 live 1:1; 1 Suspect; 1 Normal
            99 look -> switch 0: 2 live 1:1
            100 ref=+ -> 
            101 0+ 0+ 1+ 1+ -> switch 0: 2 live 1:1; DoubtOver
            shop: live (quorum)
        "#]],
    );
    check(
        blind(),
        &[
            "0 0+ 1+",
            "1 ref=-",
            "2 0- 0- 1- 1-",
            "99 look",
            "100 ref=+",
            "130 look",
        ],
        &expect![[r#"
            0 0+ 1+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1
            1 ref=- -> Doubt(References)
            2 0- 0- 1- 1- -> 0 Suspect; 0 Normal; switch 0: 2 live 1:1; 1 Suspect; 1 Normal
            99 look -> switch 0: 2 live 1:1
            100 ref=+ -> 
            130 look -> DoubtOver; site 0 sorry (no-quorum) after 130 s; switch 0: 3 sorry 0:0
            shop: sorry (no-quorum)
        "#]],
    );
}

#[test]
fn a_switch_whose_way_back_is_long_stays_while_nobody_is_sure() {
    let mut sites = vec![site("a", 2), site("b", 2), site("c", 2)];
    sites[0].switches = vec![switch("dns", Act::Act, Unsure::Stay)];
    let mut setup = setup(sites);
    setup.votes = 1;
    check(
        setup,
        &[
            "0 0+ 1+ 2+ 3+ 4+ 5+",
            "1 0- 0- 1- 1- 2- 2- 4- 4-",
            "31 look",
            "40 peer=1",
        ],
        &expect![[r#"
            0 0+ 1+ 2+ 3+ 4+ 5+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1; switch 0: 3 live 1:1; switch 0: 4 live 1:1; switch 0: 5 live 1:1; switch 0: 6 live 1:1
            1 0- 0- 1- 1- 2- 2- 4- 4- -> 0 Suspect; 0 Normal; switch 0: 7 live 0:1; 1 Suspect; 1 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 8 sorry 0:0; 2 Suspect; 2 Normal; switch 0: 9 live 0:1; 4 Suspect; 4 Normal; Doubt(Mass { down: 4, of: 6 }); ask peers about 0; site 0 live (doubted) after 0 s; switch 0: 10 live 1:1; ask peers about 1; switch 0: 11 live 1:1; ask peers about 2; switch 0: 12 live 1:1
            31 look -> DoubtOver; site 0 sorry (no-quorum) after 30 s; Stays(SwitchId { site: SiteId(0), index: 0 }, Sorry); switch 0: 10 live 1:1; switch 0: 14 live 0:1; switch 0: 15 live 0:1
            40 peer=1 -> switch 0: 13 sorry 0:0
            a: sorry (no-quorum)
            b: live (quorum)
            c: live (quorum)
        "#]],
    );
}
