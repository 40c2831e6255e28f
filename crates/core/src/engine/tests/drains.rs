//! Real servers that operators drain.

use std::time::Duration;

use expect_test::expect;

use super::setup::{setup, site};
use super::tables::{check, one};

#[test]
fn a_drained_real_server_gets_no_visitors_and_does_not_count() {
    check(
        one(),
        &["0 0+ 1+", "1 drain=0", "2 1- 1-", "3 undrain=0"],
        &expect![[r#"
            0 0+ 1+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1
            1 drain=0 -> switch 0: 3 live 0:1
            2 1- 1- -> 1 Suspect; 1 Normal; site 0 sorry (no-quorum) after 2 s; switch 0: 4 sorry 0:0
            3 undrain=0 -> site 0 live (quorum) after 1 s; switch 0: 5 live 1:0
            shop: live (quorum)
        "#]],
    );
}

#[test]
fn an_operator_who_drains_is_not_held_back_and_is_no_flapping() {
    let mut steady = site("shop", 1);
    steady.damping.dwell_live = Duration::from_secs(60);
    check(
        setup(vec![steady]),
        &[
            "0 0+",
            "100 0- 0-",
            "101 0+ 0+",
            "102 drain=0",
            "103 undrain=0",
            "104 drain=0",
            "105 undrain=0",
        ],
        &expect![[r#"
            0 0+ -> switch 0: 1 live 1
            100 0- 0- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 100 s; switch 0: 2 sorry 0
            101 0+ 0+ -> site 0 live (quorum) after 1 s; switch 0: 3 live 1
            102 drain=0 -> site 0 sorry (no-quorum) after 1 s; switch 0: 4 sorry 0
            103 undrain=0 -> site 0 live (quorum) after 1 s; switch 0: 5 live 1
            104 drain=0 -> site 0 sorry (no-quorum) after 1 s; switch 0: 6 sorry 0
            105 undrain=0 -> site 0 live (quorum) after 1 s; switch 0: 7 live 1
            shop: live (quorum)
        "#]],
    );
}

/// Only what the operator has taken away is his word: what fails beside it flaps like anything else.
#[test]
fn who_flaps_beside_a_drained_one_is_damped() {
    check(
        setup(vec![site("shop", 2)]),
        &[
            "0 0+ 1+",
            "1 drain=0",
            "2 1- 1-",
            "3 1+ 1+",
            "4 1- 1-",
            "5 1+ 1+",
            "14 look",
            "15 look",
            "16 1- 1-",
        ],
        &expect![[r#"
            0 0+ 1+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1
            1 drain=0 -> switch 0: 3 live 0:1
            2 1- 1- -> 1 Suspect; 1 Normal; site 0 sorry (no-quorum) after 2 s; switch 0: 4 sorry 0:0
            3 1+ 1+ -> site 0 live (quorum) after 1 s; switch 0: 5 live 0:1
            4 1- 1- -> 1 Suspect; 1 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 6 sorry 0:0
            5 1+ 1+ -> switch 0: 6 sorry 0:0
            14 look -> switch 0: 6 sorry 0:0
            15 look -> site 0 live (quorum) after 11 s; switch 0: 7 live 0:1
            16 1- 1- -> 1 Suspect; 1 Normal; site 0 sorry (no-quorum) after 1 s; Flaps(SiteId(0), 2); switch 0: 8 sorry 0:0
            shop: sorry (no-quorum)
        "#]],
    );
}

/// What has been steady since has forgotten its flaps, whatever takes it down.
#[test]
fn whoever_undrains_does_not_wait_for_flaps_of_long_ago() {
    check(
        setup(vec![site("shop", 1)]),
        &[
            "0 0+",
            "1 0- 0-",
            "2 0+ 0+",
            "3 0- 0-",
            "4 0+ 0+",
            "13 look",
            "14 look",
            "20 drain=0",
            "21 undrain=0",
            "200 drain=0",
            "201 undrain=0",
        ],
        &expect![[r#"
            0 0+ -> switch 0: 1 live 1
            1 0- 0- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 2 sorry 0
            2 0+ 0+ -> site 0 live (quorum) after 1 s; switch 0: 3 live 1
            3 0- 0- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 4 sorry 0
            4 0+ 0+ -> switch 0: 4 sorry 0
            13 look -> switch 0: 4 sorry 0
            14 look -> site 0 live (quorum) after 11 s; switch 0: 5 live 1
            20 drain=0 -> site 0 sorry (no-quorum) after 6 s; switch 0: 6 sorry 0
            21 undrain=0 -> site 0 live (quorum) after 1 s; switch 0: 7 live 1
            200 drain=0 -> site 0 sorry (no-quorum) after 179 s; switch 0: 8 sorry 0
            201 undrain=0 -> site 0 live (quorum) after 1 s; switch 0: 9 live 1
            shop: live (quorum)
        "#]],
    );
}

#[test]
fn what_is_ordered_is_not_doubted_with_what_is_seen() {
    let mut doubting = setup(vec![site("shop", 2)]);
    doubting.watch.references = 1;
    check(
        doubting,
        &[
            "0 0+ 1+ ref=+",
            "1 ref=-",
            "2 drain=0",
            "3 drain=1",
            "4 undrain=1",
        ],
        &expect![[r#"
            0 0+ 1+ ref=+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1
            1 ref=- -> Doubt(References)
            2 drain=0 -> switch 0: 3 live 0:1
            3 drain=1 -> site 0 sorry (no-quorum) after 3 s; switch 0: 4 sorry 0:0
            4 undrain=1 -> site 0 live (quorum) after 1 s; switch 0: 5 live 0:1
            shop: live (quorum)
        "#]],
    );
}
