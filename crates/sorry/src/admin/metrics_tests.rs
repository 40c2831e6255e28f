//! Tests of the metrics page: what stands on it, and that it is well-formed in both formats.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use expect_test::expect;
use sorry_core::answer::Dialect;
use sorry_core::answer::ask::Lines;

use super::super::metrics_reader::{Read, read};
use super::super::{Doors, Moment};
use super::*;

const WEIRD: &str = "wei\"rd\\\nsite";

fn snapshot() -> Snapshot {
    let sites = Arc::new(Sites::new(2));
    let shop = sites.named("shop");
    let html = Kind::Refusal(Dialect::Html);
    shop[0].answers(html, Protocol::Http11, Method::Get).add(7);
    shop[1].answers(html, Protocol::Http11, Method::Get).add(5);
    shop[1]
        .answers(Kind::Alive, Protocol::Http10, Method::Head)
        .bump();
    shop[1].crawler(Crawler::Google).add(3);
    sites.named(WEIRD)[0]
        .answers(Kind::Preflight, Protocol::Http2, Method::Options)
        .bump();
    let workers: Vec<Arc<WorkerCounts>> = (0..2).map(|_| Arc::default()).collect();
    for (n, worker) in [1, 10].into_iter().zip(&workers) {
        worker.accepted.add(4 * n);
        worker.open.add(n);
        worker.aborted.add(2 * n);
        worker.handshakes.add(3 * n);
        worker.handshake_failures.add(5 * n);
        worker.tls_on_plain.add(6 * n);
        worker.proxy_header_faults.add(7 * n);
        worker.http2_errors.add(8 * n);
        worker.turns.add(9 * n);
        worker.latency.record(Duration::from_micros(3), n);
        worker.latency.record(Duration::from_secs(1), 1);
        worker.limit(Limit::HeadBytes).add(n);
        worker.fault(Fault::Host).add(n);
    }
    let doors = Arc::new(Doors::default());
    doors.reached(Door::Admin, Bound::RequestBytes);
    Snapshot {
        sites,
        workers,
        doors,
        facts: facts(),
    }
}

fn facts() -> Facts {
    let certificate = |name: &str, file: &str, not_after, reread| Certificate {
        name: name.to_owned(),
        file: file.to_owned(),
        not_after: Moment(not_after),
        reread,
    };
    Facts {
        version: "1.2.3".to_owned(),
        started: Moment(1_700_000_000),
        generation: 4,
        reload: Some(Reread::Failed(Moment(1_700_000_100))),
        certificates: vec![
            certificate(
                "shop.example.com",
                "rsa.pem",
                1_800_000_000,
                Reread::Worked(Moment(1)),
            ),
            certificate(
                "shop.example.com",
                "ec.pem",
                1_790_000_000,
                Reread::Failed(Moment(2)),
            ),
            certificate(
                "blog.example.com",
                "b.pem",
                1_810_000_000,
                Reread::Worked(Moment(1)),
            ),
            // Named twice, told of once.
            certificate(
                "blog.example.com",
                "b.pem",
                1_810_000_000,
                Reread::Worked(Moment(1)),
            ),
        ],
        limits_reached: Vec::new(),
        standing: Arc::default(),
        kernel: Arc::default(),
        log_lines_dropped: Some(2),
        programs_hung: Some(1),
    }
}

fn process() -> Process {
    Process {
        cpu_seconds: Some(1.25),
        open_descriptors: Some(17),
        most_descriptors: None,
        virtual_bytes: Some(4096),
        resident_bytes: Some(1024),
    }
}

fn page(format: Format) -> String {
    render(&snapshot(), &process(), format)
}

/// The samples that are not zero; long rows of zeros say nothing.
fn samples(page: &str) -> String {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter(|line| !line.ends_with(" 0") && !line.contains("_bucket"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn parsed(format: Format) -> Read {
    read(&page(format), format).unwrap()
}

#[test]
fn workers_are_added_up_and_named() {
    expect![[r#"
        sorry_build_info{version="1.2.3"} 1
        sorry_answers_total{site="shop",answer="html",protocol="http/1.1",method="GET"} 12
        sorry_answers_total{site="shop",answer="alive",protocol="http/1.0",method="HEAD"} 1
        sorry_answers_total{site="wei\"rd\\\nsite",answer="preflight",protocol="http/2",method="OPTIONS"} 1
        sorry_crawler_refusals_total{site="shop",crawler="google"} 3
        sorry_answer_seconds_count 13
        sorry_answer_seconds_sum 2.000033
        sorry_bad_requests_total{reason="host"} 11
        sorry_http2_errors_total 88
        sorry_connections_accepted_total 44
        sorry_connections_open 11
        sorry_connections_aborted_total 22
        sorry_limit_reached_total{limit="head-bytes"} 11
        sorry_door_limit_reached_total{door="admin",limit="request-bytes"} 1
        sorry_tls_handshakes_total 33
        sorry_tls_handshake_failures_total 55
        sorry_tls_on_plain_port_total 66
        sorry_proxy_header_faults_total 77
        sorry_tls_certificate_not_after_timestamp_seconds{name="blog.example.com",file="b.pem"} 1810000000
        sorry_tls_certificate_not_after_timestamp_seconds{name="shop.example.com",file="ec.pem"} 1790000000
        sorry_tls_certificate_not_after_timestamp_seconds{name="shop.example.com",file="rsa.pem"} 1800000000
        sorry_tls_certificate_reload_successful{name="blog.example.com",file="b.pem"} 1
        sorry_tls_certificate_reload_successful{name="shop.example.com",file="rsa.pem"} 1
        sorry_workers 2
        sorry_worker_turns_total{worker="0"} 9
        sorry_worker_turns_total{worker="1"} 90
        sorry_configuration_generation 4
        sorry_configuration_reload_timestamp_seconds 1700000100
        sorry_access_log_lines_dropped_total 2
        sorry_programs_hung 1
        sorry_journal_writable 1
        process_cpu_seconds_total 1.25
        process_open_fds 17
        process_virtual_memory_bytes 4096
        process_resident_memory_bytes 1024
        process_start_time_seconds 1700000000
    "#]]
    .assert_eq(&samples(&page(Format::Text)));
}

#[test]
fn samples_are_the_same_in_both_formats() {
    let text = parsed(Format::Text);
    let open = parsed(Format::OpenMetrics);
    assert_eq!(text.samples, open.samples);
    let key = |series: &str| (series.to_owned(), [("site", WEIRD)]);
    let (name, labels) = key("sorry_answers_total");
    let labels = [
        labels[0],
        ("answer", "preflight"),
        ("protocol", "http/2"),
        ("method", "OPTIONS"),
    ];
    assert_eq!(text.value(&name, &labels), Some(1.0));
    assert!(text.units.is_empty());
}

#[test]
fn metadata_follows_the_format() {
    let metadata = |format| {
        let page = page(format);
        let lines = page
            .lines()
            .filter(|l| l.starts_with("# TYPE") || l.starts_with("# UNIT") || *l == "# EOF");
        lines
            .map(|line| format!("{}\n", &line[2..]))
            .collect::<String>()
    };
    expect![[r#"
        TYPE sorry_build_info gauge
        TYPE sorry_answers_total counter
        TYPE sorry_crawler_refusals_total counter
        TYPE sorry_answer_seconds histogram
        TYPE sorry_bad_requests_total counter
        TYPE sorry_http2_errors_total counter
        TYPE sorry_connections_accepted_total counter
        TYPE sorry_connections_open gauge
        TYPE sorry_connections_aborted_total counter
        TYPE sorry_limit_reached_total counter
        TYPE sorry_door_limit_reached_total counter
        TYPE sorry_admin_requests_refused_total counter
        TYPE sorry_tls_handshakes_total counter
        TYPE sorry_tls_handshake_failures_total counter
        TYPE sorry_tls_on_plain_port_total counter
        TYPE sorry_proxy_header_faults_total counter
        TYPE sorry_tls_certificate_not_after_timestamp_seconds gauge
        TYPE sorry_tls_certificate_reload_successful gauge
        TYPE sorry_workers gauge
        TYPE sorry_worker_turns_total counter
        TYPE sorry_configuration_generation gauge
        TYPE sorry_configuration_reload_successful gauge
        TYPE sorry_configuration_reload_timestamp_seconds gauge
        TYPE sorry_access_log_lines_dropped_total counter
        TYPE sorry_programs_hung gauge
        TYPE sorry_site_live gauge
        TYPE sorry_site_reason gauge
        TYPE sorry_site_since_timestamp_seconds gauge
        TYPE sorry_site_turns_total counter
        TYPE sorry_site_flaps gauge
        TYPE sorry_site_quorum gauge
        TYPE sorry_site_weight gauge
        TYPE sorry_site_ordered gauge
        TYPE sorry_site_order_until_timestamp_seconds gauge
        TYPE sorry_site_steady_until_timestamp_seconds gauge
        TYPE sorry_site_remaining_seconds gauge
        TYPE sorry_window_open gauge
        TYPE sorry_window_opens_timestamp_seconds gauge
        TYPE sorry_window_closes_timestamp_seconds gauge
        TYPE sorry_switch_waiting gauge
        TYPE sorry_switch_failures gauge
        TYPE sorry_real_server_up gauge
        TYPE sorry_real_server_weight gauge
        TYPE sorry_real_server_drained gauge
        TYPE sorry_check_results_total counter
        TYPE sorry_check_failures_total counter
        TYPE sorry_check_certificate_not_after_timestamp_seconds gauge
        TYPE sorry_check_seconds gauge
        TYPE sorry_check_late_seconds histogram
        TYPE sorry_doubt gauge
        TYPE sorry_reference_up gauge
        TYPE sorry_peer_up gauge
        TYPE sorry_incidents_open gauge
        TYPE sorry_journal_writable gauge
        TYPE sorry_alerts_total counter
        TYPE sorry_alerts_waiting gauge
        TYPE sorry_kernel_attached gauge
        TYPE sorry_kernel_selftest_wrong gauge
        TYPE sorry_kernel_mode gauge
        TYPE sorry_kernel_as_wanted gauge
        TYPE sorry_kernel_packets_total counter
        TYPE process_cpu_seconds_total counter
        TYPE process_open_fds gauge
        TYPE process_max_fds gauge
        TYPE process_virtual_memory_bytes gauge
        TYPE process_resident_memory_bytes gauge
        TYPE process_start_time_seconds gauge
    "#]]
    .assert_eq(&metadata(Format::Text));
    expect![[r#"
        TYPE sorry_build info
        TYPE sorry_answers counter
        TYPE sorry_crawler_refusals counter
        TYPE sorry_answer_seconds histogram
        UNIT sorry_answer_seconds seconds
        TYPE sorry_bad_requests counter
        TYPE sorry_http2_errors counter
        TYPE sorry_connections_accepted counter
        TYPE sorry_connections_open gauge
        TYPE sorry_connections_aborted counter
        TYPE sorry_limit_reached counter
        TYPE sorry_door_limit_reached counter
        TYPE sorry_admin_requests_refused counter
        TYPE sorry_tls_handshakes counter
        TYPE sorry_tls_handshake_failures counter
        TYPE sorry_tls_on_plain_port counter
        TYPE sorry_proxy_header_faults counter
        TYPE sorry_tls_certificate_not_after_timestamp_seconds gauge
        UNIT sorry_tls_certificate_not_after_timestamp_seconds seconds
        TYPE sorry_tls_certificate_reload_successful gauge
        TYPE sorry_workers gauge
        TYPE sorry_worker_turns counter
        TYPE sorry_configuration_generation gauge
        TYPE sorry_configuration_reload_successful gauge
        TYPE sorry_configuration_reload_timestamp_seconds gauge
        UNIT sorry_configuration_reload_timestamp_seconds seconds
        TYPE sorry_access_log_lines_dropped counter
        TYPE sorry_programs_hung gauge
        TYPE sorry_site_live gauge
        TYPE sorry_site_reason gauge
        TYPE sorry_site_since_timestamp_seconds gauge
        UNIT sorry_site_since_timestamp_seconds seconds
        TYPE sorry_site_turns counter
        TYPE sorry_site_flaps gauge
        TYPE sorry_site_quorum gauge
        TYPE sorry_site_weight gauge
        TYPE sorry_site_ordered gauge
        TYPE sorry_site_order_until_timestamp_seconds gauge
        UNIT sorry_site_order_until_timestamp_seconds seconds
        TYPE sorry_site_steady_until_timestamp_seconds gauge
        UNIT sorry_site_steady_until_timestamp_seconds seconds
        TYPE sorry_site_remaining_seconds gauge
        UNIT sorry_site_remaining_seconds seconds
        TYPE sorry_window_open gauge
        TYPE sorry_window_opens_timestamp_seconds gauge
        UNIT sorry_window_opens_timestamp_seconds seconds
        TYPE sorry_window_closes_timestamp_seconds gauge
        UNIT sorry_window_closes_timestamp_seconds seconds
        TYPE sorry_switch_waiting gauge
        TYPE sorry_switch_failures gauge
        TYPE sorry_real_server_up gauge
        TYPE sorry_real_server_weight gauge
        TYPE sorry_real_server_drained gauge
        TYPE sorry_check_results counter
        TYPE sorry_check_failures counter
        TYPE sorry_check_certificate_not_after_timestamp_seconds gauge
        UNIT sorry_check_certificate_not_after_timestamp_seconds seconds
        TYPE sorry_check_seconds gauge
        UNIT sorry_check_seconds seconds
        TYPE sorry_check_late_seconds histogram
        UNIT sorry_check_late_seconds seconds
        TYPE sorry_doubt gauge
        TYPE sorry_reference_up gauge
        TYPE sorry_peer_up gauge
        TYPE sorry_incidents_open gauge
        TYPE sorry_journal_writable gauge
        TYPE sorry_alerts counter
        TYPE sorry_alerts_waiting gauge
        TYPE sorry_kernel_attached gauge
        TYPE sorry_kernel_selftest_wrong gauge
        TYPE sorry_kernel_mode gauge
        TYPE sorry_kernel_as_wanted gauge
        TYPE sorry_kernel_packets counter
        TYPE process_cpu_seconds counter
        UNIT process_cpu_seconds seconds
        TYPE process_open_fds gauge
        TYPE process_max_fds gauge
        TYPE process_virtual_memory_bytes gauge
        UNIT process_virtual_memory_bytes bytes
        TYPE process_resident_memory_bytes gauge
        UNIT process_resident_memory_bytes bytes
        TYPE process_start_time_seconds gauge
        UNIT process_start_time_seconds seconds
        EOF
    "#]]
    .assert_eq(&metadata(Format::OpenMetrics));
}

#[test]
fn the_table_is_the_page() {
    let declared: Vec<&str> = family::FAMILIES.iter().map(|family| family.name).collect();
    let page = page(Format::OpenMetrics);
    let shown: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert_eq!(shown, declared);
}

#[test]
fn latency_is_a_histogram_in_seconds() {
    let read = parsed(Format::OpenMetrics);
    let bucket = |le| read.value("sorry_answer_seconds_bucket", &[("le", le)]);
    assert_eq!(bucket("0.000001"), Some(0.0));
    assert_eq!(bucket("0.000004"), Some(11.0));
    assert_eq!(bucket("0.262144"), Some(11.0));
    assert_eq!(bucket("+Inf"), Some(13.0));
    let buckets = read
        .samples
        .keys()
        .filter(|(name, _)| name == "sorry_answer_seconds_bucket");
    assert_eq!(buckets.count(), BUCKETS);
}

#[test]
fn alerts_can_be_written_before_anything_has_happened() {
    let empty = Snapshot {
        sites: Arc::new(Sites::new(1)),
        workers: vec![Arc::default()],
        doors: Arc::default(),
        facts: Facts {
            reload: None,
            certificates: Vec::new(),
            limits_reached: Vec::new(),
            standing: Arc::default(),
            log_lines_dropped: None,
            programs_hung: None,
            ..facts()
        },
    };
    for format in [Format::Text, Format::OpenMetrics] {
        let read = read(&render(&empty, &Process::default(), format), format).unwrap();
        for limit in Limit::ALL {
            let value = read.value("sorry_limit_reached_total", &[("limit", limit.label())]);
            assert_eq!(value, Some(0.0), "{limit:?}");
        }
        for fault in Fault::ALL {
            let value = read.value("sorry_bad_requests_total", &[("reason", fault.label())]);
            assert_eq!(value, Some(0.0), "{fault:?}");
        }
        let names: BTreeSet<&str> = read.samples.keys().map(|(name, _)| name.as_str()).collect();
        for absent in [
            "sorry_answers_total",
            "sorry_configuration_reload_successful",
            "process_open_fds",
        ] {
            assert!(!names.contains(absent), "{absent}");
        }
    }
}

#[test]
fn accept_chooses_the_format() {
    let prometheus_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                        text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                        text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    for (accept, expected) in [
        (prometheus_2, Format::OpenMetrics),
        (prometheus_3, Format::OpenMetrics),
        ("application/openmetrics-text", Format::OpenMetrics),
        (
            "text/plain, application/openmetrics-text",
            Format::OpenMetrics,
        ),
        (
            "Application/OpenMetrics-Text; Version=1.0.0",
            Format::OpenMetrics,
        ),
        ("application/openmetrics-text;version=0.0.1", Format::Text),
        (
            "application/openmetrics-text;q=0.1, text/plain",
            Format::Text,
        ),
        ("application/openmetrics-text;q=0", Format::Text),
        ("application/openmetrics-text;q=7", Format::Text),
        ("application/openmetrics-text;q", Format::Text),
        ("text/html,*/*;q=0.8", Format::Text),
        ("*/*", Format::Text),
        ("", Format::Text),
    ] {
        assert_eq!(
            Format::choose(&Lines::one(accept.as_bytes())),
            expected,
            "{accept}"
        );
    }
    assert_eq!(Format::choose(&Lines::default()), Format::Text);
}
