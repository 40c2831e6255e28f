//! Metrics of what is watched and decided: sites, real servers, checks, doubt, the journal.

use std::collections::{BTreeMap, BTreeSet};

use super::exposition::{Family, Page};
use super::family::{
    ALERTS, ALERTS_WAITING, CHECK_CERTIFICATE, CHECK_FAILURES, CHECK_LATE, CHECK_RESULTS,
    CHECK_SECONDS, DOUBT, INCIDENTS_OPEN, JOURNAL_OK, ORDER_UNTIL, ORDERED, PEER_UP, QUORUM,
    REAL_DRAINED, REAL_UP, REAL_WEIGHT, REFERENCE_UP, REMAINING, SITE_FLAPS, SITE_LIVE, SITE_SINCE,
    SITE_TURNS, SITE_WEIGHT, SITE_WHY, STEADY_UNTIL, SWITCH_FAILURES, SWITCH_WAITING,
    WINDOW_CLOSES, WINDOW_OPEN, WINDOW_OPENS,
};
use super::standing::{
    AskedStanding, CheckStanding, LateStanding, ReceiverStanding, SiteStanding, Standing,
    SwitchStanding, WindowStanding,
};

/// Adds them all.
pub(super) fn render(page: &mut Page, standing: &Standing) {
    sites(page, &standing.sites);
    real_servers(page, &standing.sites);
    checks(page, &standing.sites);
    late(page, &standing.late);
    let mut samples = page.family(&DOUBT);
    let cause = standing.doubt.as_ref().map(|doubt| doubt.cause.as_str());
    for known in CAUSES {
        samples.add(&[known], u8::from(cause == Some(known)));
    }
    asked(page, &REFERENCE_UP, &standing.references);
    asked(page, &PEER_UP, &standing.peers);
    let mut samples = page.family(&INCIDENTS_OPEN);
    for (kind, count) in &standing.open_incidents {
        samples.add(&[kind], *count);
    }
    page.family(&JOURNAL_OK)
        .add(&[], u8::from(standing.unkept.is_none()));
    receivers(page, &standing.receivers);
}

/// What may become of an alert.
pub(super) const OUTCOMES: [&str; 3] = ["delivered", "failed", "lost"];

/// How a probe may end.
pub(super) const RESULTS: [&str; 3] = ["good", "bad", "void"];

/// What may be believed of a real server.
pub(super) const STATES: [&str; 3] = ["up", "down", "unknown"];

/// Where a site may be turned.
pub(super) const ROUTES: [&str; 2] = ["live", "sorry"];

/// What doubt may come from.
pub(super) const CAUSES: [&str; 2] = ["references", "mass"];

fn sites(page: &mut Page, sites: &[SiteStanding]) {
    each(page, &SITE_LIVE, sites, |site| {
        Some(u64::from(site.route == "live"))
    });
    let mut samples = page.family(&SITE_WHY);
    for site in sites {
        samples.add(&[&site.name, &site.why], 1);
    }
    each(page, &SITE_SINCE, sites, |site| Some(site.since.0));
    let mut samples = page.family(&SITE_TURNS);
    for site in sites {
        for (to, times) in ROUTES.iter().zip([site.turned.live, site.turned.sorry]) {
            samples.add(&[&site.name, to], times);
        }
    }
    each(page, &SITE_FLAPS, sites, |site| Some(u64::from(site.flaps)));
    each(page, &QUORUM, sites, |site| {
        let watched = !site.real_servers.is_empty();
        watched.then_some(u64::from(site.quorum.at_least))
    });
    let mut samples = page.family(&SITE_WEIGHT);
    for site in sites.iter().filter(|site| !site.real_servers.is_empty()) {
        let sums = &site.quorum;
        for (state, sum) in STATES.iter().zip([sums.up, sums.down, sums.unknown]) {
            samples.add(&[&site.name, state], sum);
        }
    }
    each(page, &ORDERED, sites, |site| {
        Some(u64::from(site.order.is_some()))
    });
    each(page, &ORDER_UNTIL, sites, |site| {
        let until = site.order.as_ref()?.until?;
        Some(until.0)
    });
    each(page, &STEADY_UNTIL, sites, |site| {
        Some(site.steady_until?.0)
    });
    each(page, &REMAINING, sites, |site| site.remaining_seconds);
    windows(page, sites);
    switches(page, &SWITCH_WAITING, sites, |switch| {
        u32::from(switch.waiting.is_some())
    });
    switches(page, &SWITCH_FAILURES, sites, |switch| switch.failures);
}

/// A page with the same sample twice would be refused whole, so of windows with one name the one that opens first is shown.
fn windows(page: &mut Page, sites: &[SiteStanding]) {
    let mut each = |family, number: fn(&WindowStanding) -> Option<u64>| {
        let mut samples = page.family(family);
        for site in sites {
            let mut shown = BTreeSet::new();
            for window in &site.windows {
                if shown.insert(&window.name)
                    && let Some(number) = number(window)
                {
                    samples.add(&[&site.name, &window.name], number);
                }
            }
        }
    };
    each(&WINDOW_OPEN, |window| Some(u64::from(window.open)));
    each(&WINDOW_OPENS, |window| Some(window.opens?.0));
    each(&WINDOW_CLOSES, |window| Some(window.closes?.0));
}

fn switches(
    page: &mut Page,
    family: &'static Family,
    sites: &[SiteStanding],
    number: impl Fn(&SwitchStanding) -> u32,
) {
    let mut samples = page.family(family);
    for site in sites {
        for switch in &site.switches {
            samples.add(&[&site.name, &switch.name], number(switch));
        }
    }
}

/// One that is named twice is shown once, as up while both answers were.
fn asked(page: &mut Page, family: &'static Family, asked: &[AskedStanding]) {
    let mut answered = BTreeMap::new();
    for one in asked {
        if let Some(now) = one.answered {
            *answered.entry(&one.name).or_insert(true) &= now;
        }
    }
    let mut samples = page.family(family);
    for (name, answered) in answered {
        samples.add(&[name], u8::from(answered));
    }
}

fn late(page: &mut Page, late: &LateStanding) {
    let buckets = late.buckets.iter().map(|bucket| {
        let seconds = bucket.up_to_ms.map(|millis| millis as f64 / 1e3);
        (seconds, bucket.probes)
    });
    // A daemon that watches nobody has only the bucket of all.
    let all = late.buckets.is_empty().then_some((None, 0));
    let buckets = buckets.chain(all);
    page.family(&CHECK_LATE)
        .histogram(buckets, late.sum_us as f64 / 1e6);
}

fn each(
    page: &mut Page,
    family: &'static Family,
    sites: &[SiteStanding],
    number: impl Fn(&SiteStanding) -> Option<u64>,
) {
    let mut samples = page.family(family);
    for site in sites {
        if let Some(number) = number(site) {
            samples.add(&[&site.name], number);
        }
    }
}

fn receivers(page: &mut Page, receivers: &[ReceiverStanding]) {
    let mut samples = page.family(&ALERTS);
    for one in receivers {
        let counts = [one.delivered, one.failed, one.lost];
        for (outcome, count) in OUTCOMES.iter().zip(counts) {
            samples.add(&[&one.name, &one.channel, outcome], count);
        }
    }
    let mut samples = page.family(&ALERTS_WAITING);
    for one in receivers {
        samples.add(&[&one.name, &one.channel], one.waiting);
    }
}

fn real_servers(page: &mut Page, sites: &[SiteStanding]) {
    let reals = || {
        let of_site = |site| of(site).map(move |real| (site, real));
        sites.iter().flat_map(of_site)
    };
    let mut samples = page.family(&REAL_UP);
    for (site, real) in reals().filter(|(_, real)| real.state != "unknown") {
        samples.add(&[&site.name, &real.name], u8::from(real.state == "up"));
    }
    let mut samples = page.family(&REAL_WEIGHT);
    for (site, real) in reals() {
        samples.add(&[&site.name, &real.name], real.weight);
    }
    let mut samples = page.family(&REAL_DRAINED);
    for (site, real) in reals() {
        samples.add(&[&site.name, &real.name], u8::from(real.drained));
    }
}

fn of(site: &SiteStanding) -> impl Iterator<Item = &super::standing::RealStanding> {
    site.real_servers.iter()
}

fn checks(page: &mut Page, sites: &[SiteStanding]) {
    let mut samples = page.family(&CHECK_RESULTS);
    for ([site, real], check) in all_checks(sites) {
        let total = &check.total;
        for (result, count) in RESULTS.iter().zip([total.good, total.bad, total.void]) {
            samples.add(&[site, real, &check.kind, result], count);
        }
    }
    let mut samples = page.family(&CHECK_FAILURES);
    for ([site, real], check) in all_checks(sites) {
        for (reason, count) in &check.failures {
            samples.add(&[site, real, &check.kind, reason], *count);
        }
    }
    let mut samples = page.family(&CHECK_CERTIFICATE);
    for ([site, real], check) in all_checks(sites) {
        if let Some(until) = check.certificate_until {
            samples.add(&[site, real, &check.kind], until.0);
        }
    }
    let mut samples = page.family(&CHECK_SECONDS);
    for ([site, real], check) in all_checks(sites) {
        if let Some(micros) = check.rtt_us {
            let took = std::time::Duration::from_micros(micros).as_secs_f64();
            samples.add(&[site, real, &check.kind], took);
        }
    }
}

/// Each with the names of its site and its real server.
fn all_checks(sites: &[SiteStanding]) -> impl Iterator<Item = ([&str; 2], &CheckStanding)> {
    let reals = sites.iter().flat_map(|site| {
        let name = site.name.as_str();
        of(site).map(move |real| ([name, real.name.as_str()], real))
    });
    reals.flat_map(|(names, real)| real.checks.iter().map(move |check| (names, check)))
}

#[cfg(test)]
#[path = "watched_tests.rs"]
mod tests;
