//! Tests of what the metrics page shows of what is watched.

use expect_test::expect;

use super::super::exposition::Format;
use super::super::metrics_reader::read;
use super::super::moment::Moment;
use super::super::standing::WaitingStanding;
use super::super::standing_table::tests::{NOW, sample};
use super::*;

/// A world in which much is wrong at once.
fn standing() -> Standing {
    let mut standing = sample();
    standing.sites[1].name = "blog".to_owned();
    let shop = &mut standing.sites[0];
    let mut twin = shop.windows[0].clone();
    twin.opens = None;
    shop.windows.push(twin);
    let mut other = shop.switches[0].clone();
    other.name = "nginx".to_owned();
    other.waiting = None::<WaitingStanding>;
    shop.switches.push(other);
    shop.real_servers[1].checks[0].kind = "tcp".to_owned();
    let check = &mut shop.real_servers[1].checks[1];
    check.failures = [("refused".to_owned(), 5), ("local".to_owned(), 1)].into();
    check.certificate_until = Some(Moment(NOW + 86_400));
    let asked = |name: &str, answered| AskedStanding {
        name: name.to_owned(),
        answered,
    };
    standing.references = vec![
        asked("192.0.2.1", Some(true)),
        asked("192.0.2.2:53", Some(false)),
        asked("192.0.2.1", Some(false)),
        asked("192.0.2.3", None),
    ];
    standing.peers = vec![asked("far", Some(true))];
    standing.open_incidents = [("outage".to_owned(), 2), ("doubt".to_owned(), 0)].into();
    standing
}

fn page(format: Format) -> String {
    let mut page = Page::new(format);
    render(&mut page, &standing());
    page.finish()
}

/// What a metric shows, in its lines.
fn shown(names: &[&str]) -> String {
    let page = page(Format::Text);
    let of = |line: &&str| names.iter().any(|name| line.starts_with(name));
    let lines = page.lines().filter(of);
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn failures_are_told_by_their_reason() {
    expect![[r#"
        sorry_check_failures_total{site="shop",real_server="10.0.0.2:80",check="http",reason="local"} 1
        sorry_check_failures_total{site="shop",real_server="10.0.0.2:80",check="http",reason="refused"} 5
        sorry_check_certificate_not_after_timestamp_seconds{site="shop",real_server="10.0.0.2:80",check="http"} 1767355200
    "#]]
    .assert_eq(&shown(&["sorry_check_failures", "sorry_check_certificate"]));
}

#[test]
fn what_waits_and_what_comes_is_told() {
    expect![[r#"
        sorry_site_steady_until_timestamp_seconds{site="shop"} 1767268860
        sorry_site_remaining_seconds{site="down"} 240
        sorry_window_open{site="shop",window="nightly"} 0
        sorry_window_opens_timestamp_seconds{site="shop",window="nightly"} 1767528000
        sorry_window_closes_timestamp_seconds{site="shop",window="nightly"} 1767531600
        sorry_switch_waiting{site="shop",switch="ipvs"} 1
        sorry_switch_waiting{site="shop",switch="nginx"} 0
    "#]]
    .assert_eq(&shown(&[
        "sorry_site_steady",
        "sorry_site_remaining",
        "sorry_window",
        "sorry_switch_waiting",
    ]));
}

#[test]
fn who_was_asked_and_what_goes_on_is_told() {
    expect![[r#"
        sorry_reference_up{reference="192.0.2.1"} 0
        sorry_reference_up{reference="192.0.2.2:53"} 0
        sorry_peer_up{peer="far"} 1
        sorry_incidents_open{kind="doubt"} 0
        sorry_incidents_open{kind="outage"} 2
    "#]]
    .assert_eq(&shown(&[
        "sorry_reference",
        "sorry_peer",
        "sorry_incidents",
    ]));
}

/// A page with the same sample twice would be refused whole.
#[test]
fn the_page_is_well_formed_in_both_formats() {
    for format in [Format::Text, Format::OpenMetrics] {
        let read = read(&page(format), format).unwrap();
        let labels = [("reference", "192.0.2.2:53")];
        assert_eq!(read.value("sorry_reference_up", &labels), Some(0.0));
    }
}
