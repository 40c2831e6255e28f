//! Renders the metrics page from one snapshot: adds the workers up and gives each number its name from the table in
//! `family`. Pure: whoever calls it brings everything that is shown.

use std::collections::BTreeMap;

use sorry_core::answer::Method;
use sorry_core::answer::crawler::Crawler;

use super::door::{Bound, Door, Doors};
pub use super::exposition::Format;
use super::exposition::Page;
use super::facts::{Certificate, Facts, Reread, Snapshot};
use super::family;
use super::kernel_metrics;
use super::process::Process;
use super::watched;
use crate::count::{
    BUCKETS, Cell, Kind, LatencyCounts, Limit, Protocol, SiteCounts, Sites, WorkerCounts,
};
use crate::http1::Fault;

/// The whole page.
pub fn render(snapshot: &Snapshot, process: &Process, format: Format) -> String {
    let mut page = Page::new(format);
    let facts = &snapshot.facts;
    let workers = Workers(snapshot.workers.iter().map(AsRef::as_ref).collect());
    page.family(&family::BUILD).add(&[&facts.version], 1);
    answers(&mut page, &snapshot.sites);
    crawlers(&mut page, &snapshot.sites);
    workers.latency(&mut page);
    workers.requests(&mut page);
    workers.connections(&mut page);
    workers.limits(&mut page, facts);
    doors(&mut page, &snapshot.doors);
    workers.tls(&mut page);
    certificates(&mut page, &facts.certificates);
    workers.turns(&mut page);
    configuration(&mut page, facts);
    watched::render(&mut page, &facts.standing);
    kernel_metrics::render(&mut page, &facts.kernel);
    self::process(&mut page, facts, process);
    page.finish()
}

fn answers(page: &mut Page, sites: &Sites) {
    let mut samples = page.family(&family::ANSWERS);
    for (site, counts) in sites.all() {
        for kind in Kind::all() {
            for protocol in Protocol::ALL {
                for method in Method::ALL {
                    let cell = |counts: &SiteCounts| counts.answers(kind, protocol, method).get();
                    let count: u64 = counts.iter().map(cell).sum();
                    if count > 0 {
                        let values = [&site, kind.label(), protocol.label(), method.label()];
                        samples.add(&values, count);
                    }
                }
            }
        }
    }
}

fn crawlers(page: &mut Page, sites: &Sites) {
    let mut samples = page.family(&family::CRAWLERS);
    for (site, counts) in sites.all() {
        for crawler in Crawler::ALL {
            let count: u64 = counts.iter().map(|c| c.crawler(crawler).get()).sum();
            if count > 0 {
                samples.add(&[&site, crawler.label()], count);
            }
        }
    }
}

struct Workers<'a>(Vec<&'a WorkerCounts>);

impl Workers<'_> {
    fn sum(&self, cell: impl Fn(&WorkerCounts) -> &Cell) -> u64 {
        self.0.iter().map(|counts| cell(counts).get()).sum()
    }

    fn latency(&self, page: &mut Page) {
        let sum = |of: &dyn Fn(&LatencyCounts) -> u64| -> u64 {
            self.0.iter().map(|counts| of(&counts.latency)).sum()
        };
        let buckets = (0..BUCKETS).map(|bucket| {
            let fell = sum(&|latency| latency.bucket(bucket));
            (LatencyCounts::upper_bound(bucket), fell)
        });
        page.family(&family::LATENCY)
            .histogram(buckets, seconds(sum(&LatencyCounts::nanoseconds)));
    }

    fn requests(&self, page: &mut Page) {
        let mut samples = page.family(&family::BAD_REQUESTS);
        for fault in Fault::ALL {
            samples.add(&[fault.label()], self.sum(|counts| counts.fault(fault)));
        }
        page.family(&family::HTTP2_ERRORS)
            .add(&[], self.sum(|counts| &counts.http2_errors));
    }

    fn connections(&self, page: &mut Page) {
        page.family(&family::ACCEPTED)
            .add(&[], self.sum(|counts| &counts.accepted));
        page.family(&family::OPEN)
            .add(&[], self.sum(|counts| &counts.open));
        page.family(&family::ABORTED)
            .add(&[], self.sum(|counts| &counts.aborted));
    }

    fn limits(&self, page: &mut Page, facts: &Facts) {
        let mut samples = page.family(&family::LIMITS);
        for limit in Limit::ALL {
            let reached = self.sum(|counts| counts.limit(limit)) + facts.reached(limit);
            samples.add(&[limit.label()], reached);
        }
    }

    fn tls(&self, page: &mut Page) {
        page.family(&family::HANDSHAKES)
            .add(&[], self.sum(|counts| &counts.handshakes));
        page.family(&family::HANDSHAKE_FAILURES)
            .add(&[], self.sum(|counts| &counts.handshake_failures));
        page.family(&family::TLS_ON_PLAIN)
            .add(&[], self.sum(|counts| &counts.tls_on_plain));
        page.family(&family::PROXY_FAULTS)
            .add(&[], self.sum(|counts| &counts.proxy_header_faults));
    }

    fn turns(&self, page: &mut Page) {
        page.family(&family::WORKERS).add(&[], self.0.len());
        let mut samples = page.family(&family::TURNS);
        for (number, counts) in self.0.iter().enumerate() {
            samples.add(&[&number.to_string()], counts.turns.get());
        }
    }
}

fn doors(page: &mut Page, doors: &Doors) {
    let mut samples = page.family(&family::DOOR_LIMITS);
    for door in Door::ALL {
        for bound in Bound::ALL {
            samples.add(&[door.label(), bound.label()], doors.count(door, bound));
        }
    }
    let mut samples = page.family(&family::REFUSED);
    for door in [Door::Admin, Door::Remote] {
        samples.add(&[door.label()], doors.refusals(door));
    }
}

/// Two certificates may be for the same name (RSA and ECDSA), in two files. A file that is named twice is told of once: a
/// page with the same sample twice would be refused whole.
fn certificates(page: &mut Page, certificates: &[Certificate]) {
    let each = certificates.iter();
    let each: BTreeMap<_, _> = each
        .map(|certificate| ((&*certificate.name, &*certificate.file), certificate))
        .collect();
    let mut samples = page.family(&family::NOT_AFTER);
    for ((name, file), certificate) in &each {
        samples.add(&[name, file], certificate.not_after.0);
    }
    let mut samples = page.family(&family::CERTIFICATE_REREAD);
    for ((name, file), certificate) in &each {
        let worked = matches!(certificate.reread, Reread::Worked(_));
        samples.add(&[name, file], u8::from(worked));
    }
}

fn configuration(page: &mut Page, facts: &Facts) {
    page.family(&family::GENERATION).add(&[], facts.generation);
    let mut samples = page.family(&family::RELOAD_OK);
    if let Some(reload) = facts.reload {
        samples.add(&[], u8::from(matches!(reload, Reread::Worked(_))));
    }
    let mut samples = page.family(&family::RELOAD_AT);
    if let Some(reload) = facts.reload {
        samples.add(&[], reload.at().0);
    }
    let mut samples = page.family(&family::LOG_DROPPED);
    if let Some(dropped) = facts.log_lines_dropped {
        samples.add(&[], dropped);
    }
    let mut samples = page.family(&family::PROGRAMS_HUNG);
    if let Some(hung) = facts.programs_hung {
        samples.add(&[], hung);
    }
}

fn process(page: &mut Page, facts: &Facts, process: &Process) {
    let mut samples = page.family(&family::PROCESS_CPU);
    if let Some(seconds) = process.cpu_seconds {
        samples.add(&[], seconds);
    }
    for (family, number) in [
        (&family::PROCESS_OPEN_FDS, process.open_descriptors),
        (&family::PROCESS_MAX_FDS, process.most_descriptors),
        (&family::PROCESS_VIRTUAL, process.virtual_bytes),
        (&family::PROCESS_RESIDENT, process.resident_bytes),
        (&family::PROCESS_START, Some(facts.started.0)),
    ] {
        let mut samples = page.family(family);
        if let Some(number) = number {
            samples.add(&[], number);
        }
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64()
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
