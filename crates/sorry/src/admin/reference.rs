//! The manual's page on metrics, made from the same table and the same labels as the metrics themselves.
//!
//! A test holds `docs/manual/metrics.md` equal to it; `UPDATE_EXPECT=1` rewrites the file.

use std::fmt::Write as _;

use sorry_core::answer::Method;
use sorry_core::answer::crawler::Crawler;
use sorry_core::event::Why;
use sorry_core::health::{Reason, Verdict};
use sorry_core::incident;

use super::door::{Bound, Door};
use super::exposition::Family;
use super::family::FAMILIES;
use super::kernel_metrics;
use super::watched;
use crate::count::{Kind, Limit, Protocol};
use crate::http1::Fault;

const BEFORE: &str = "\
# Metrics

`sorry` shows its metrics at `/metrics` on an address of their own: `listen` in `[metrics]` of the configuration for `sorry run`,
`--metrics ADDRESS` for `sorry serve`, which reads none. Without it there are none. Scrapers get Prometheus text (0.0.4), or OpenMetrics (1.0) if their `Accept` asks for it. The endpoint has neither TLS nor
passwords, so give it an address that only the scraper can reach.

This page is generated from the program's own table; do not edit it.

";

const LABELS: &str = "
## Labels

`site` is a site's name in the configuration. Requests for host names that are nobody's are counted under `other`, so
that strangers cannot make metrics grow; the access log calls them `\"host_known\":false`, `sorry status` counts them
beside the sites. A site without `hosts` is meant by every name. `name` is the first name of a certificate, `file` where it is, `worker`
a number from 0. `real_server` is a real server's address as configured, `check` the kind of one of its checks, `switch` a switch, `window` a window's name, `reference` an
address that must answer, `peer` a peer's name, `receiver` the name of a receiver of alerts, and `channel` how it is told; `interface` a network device, `vip` an address and port that
the kernel answers for. The other labels have these values:

";

const ALERTS: &str = "
## What to watch

A sorry server that refuses is doing its work; these say that something is wrong with it:

```yaml
groups:
  - name: sorry
    rules:
      - alert: SorrySiteDown
        expr: sorry_site_live == 0 and sorry_site_ordered == 0
        annotations: { summary: 'too few real servers work; `sorry explain` shows why' }
      - alert: SorryDoubt
        expr: max(sorry_doubt) == 1
        annotations: { summary: 'the monitor does not believe its own eyes, and switches nothing' }
      - alert: SorryNoWayOut
        expr: min(sorry_reference_up) == 0
        for: 10m
        annotations: { summary: 'a reference does not answer; without any of them nothing is believed' }
      - alert: SorrySwitchWaits
        expr: sorry_switch_waiting == 1
        for: 5m
        annotations: { summary: '`sorry approve SITE SWITCH` lets it' }
      - alert: SorryRealServerCertificateEnds
        expr: sorry_check_certificate_not_after_timestamp_seconds - time() < 14 * 86400
      - alert: SorryKernelNotAsWanted
        expr: min(sorry_kernel_as_wanted) == 0
        for: 1m
        annotations: { summary: 'the kernel does not do what is wanted; `sorry kernel status` shows where' }
      - alert: SorryForgets
        expr: sorry_journal_writable == 0
      - alert: SorryAlertsWait
        expr: sorry_alerts_waiting > 0 and increase(sorry_alerts_total{outcome=\"delivered\"}[15m]) == 0
      - alert: SorryReloadRefused
        expr: sorry_configuration_reload_successful == 0
        annotations: { summary: 'a new configuration has mistakes; `sorry status` shows them' }
      - alert: SorryCertificateEnds
        expr: sorry_tls_certificate_not_after_timestamp_seconds - time() < 21 * 86400
      - alert: SorryCertificateNotReread
        expr: sorry_tls_certificate_reload_successful == 0
      - alert: SorryOutOfDescriptors
        expr: increase(sorry_limit_reached_total{limit=\"descriptors\"}[5m]) > 0
      - alert: SorryFull
        expr: increase(sorry_limit_reached_total{limit=\"connections\"}[5m]) > 0
      - alert: SorryAndBalancerDisagree
        expr: >-
          increase(sorry_bad_requests_total{reason=\"proxy-header\"}[5m]) > 0
          or increase(sorry_proxy_header_faults_total[5m]) > 0
        annotations: { summary: 'a PROXY header where none is expected, or none where one is; the log names listener and balancer' }
      - alert: SorryWorkerStuck
        expr: increase(sorry_worker_turns_total[2m]) == 0
      - alert: SorryRefusesSearchEngines
        expr: increase(sorry_crawler_refusals_total{crawler=~\"google|bing\"}[1d]) > 0
        for: 1d
        annotations: { summary: 'an outage of more than a day or two costs places in search results' }
```

The time of 99 % of the answers: `histogram_quantile(0.99, rate(sorry_answer_seconds_bucket[5m]))`.
";

/// The whole page, in Markdown.
pub fn reference() -> String {
    let mut page = BEFORE.to_owned();
    page.push_str("| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n");
    for family in FAMILIES {
        page.push_str(&row(family));
    }
    page.push_str(LABELS);
    for (label, values) in labels() {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        let _infallible = writeln!(page, "- `{label}`: {}", values.join(", "));
    }
    page.push_str(ALERTS);
    page
}

fn row(family: &Family) -> String {
    let labels: Vec<String> = family
        .labels
        .iter()
        .map(|label| format!("`{label}`"))
        .collect();
    format!(
        "| `{}` | {} | {} | {} |\n",
        family.sample_name(),
        family.kind.name(),
        labels.join(", "),
        family.help
    )
}

/// Labels whose values are known beforehand.
fn labels() -> [(&'static str, Vec<&'static str>); 19] {
    [
        ("answer", Kind::all().map(Kind::label).collect()),
        ("protocol", Protocol::ALL.map(Protocol::label).into()),
        ("method", Method::ALL.map(Method::label).into()),
        ("crawler", Crawler::ALL.map(Crawler::label).into()),
        ("reason", Fault::ALL.map(Fault::label).into()),
        ("reason of a check", reasons()),
        ("limit", Limit::ALL.map(Limit::label).into()),
        ("door", Door::ALL.map(Door::label).into()),
        ("limit of a door", Bound::ALL.map(Bound::label).into()),
        ("why", Why::ALL.map(Why::label).into()),
        ("to", watched::ROUTES.into()),
        ("state", watched::STATES.into()),
        ("result", watched::RESULTS.into()),
        ("cause", watched::CAUSES.into()),
        ("outcome", watched::OUTCOMES.into()),
        ("hook", kernel_metrics::HOOKS.into()),
        ("mode", kernel_metrics::MODES.into()),
        ("what", kernel_metrics::counted()),
        (
            "kind",
            incident::Kind::ALL.map(incident::Kind::label).into(),
        ),
    ]
}

/// Those that a probe which did not end well may have.
fn reasons() -> Vec<&'static str> {
    let all = Reason::ALL.into_iter();
    let bad = all.filter(|reason| reason.verdict() != Verdict::Good);
    bad.map(Reason::label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect_file;

    #[test]
    fn the_manual_says_what_the_program_shows() {
        expect_file!["../../../../docs/manual/metrics.md"].assert_eq(&reference());
    }

    #[test]
    fn help_needs_no_escaping_and_units_end_names() {
        for family in FAMILIES {
            let plain = |c: char| c != '\\' && c != '"' && c != '|' && !c.is_control();
            assert!(family.help.chars().all(plain), "{}", family.name);
            assert!(family.help.ends_with('.'), "{}", family.name);
            if let Some(unit) = family.unit {
                assert!(
                    family.name.ends_with(&format!("_{unit}")),
                    "{}",
                    family.name
                );
            }
        }
    }

    #[test]
    fn every_label_is_explained() {
        let page = reference();
        for label in FAMILIES.iter().flat_map(|family| family.labels) {
            let explained =
                page.contains(&format!("\n- `{label}`: ")) || page.contains(&format!("`{label}` "));
            assert!(explained || *label == "version", "{label}");
        }
    }
}
