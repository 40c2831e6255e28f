//! Looks at a server from outside: its metrics, its memory, and whether it still serves.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::harness::{Answer, PATIENCE, Server, exchange, until};

/// One site on a plain listener with metrics, and these limits.
pub(super) fn server(folder: &std::path::Path, limits: &str) -> Server {
    Server::run(folder, &configuration(limits, "[\"127.0.0.1:0\"]"))
}

/// The configuration of [`server`], with its listeners.
pub(super) fn configuration(limits: &str, listen: &str) -> String {
    format!(
        "workers = 2\n[admin]\nsocket = \"none\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n[limits]\n{limits}\n[[site]]\n\
         name = \"shop\"\nhosts = [\"shop.example\"]\n[site.sorry]\nlisten = {listen}\n"
    )
}

/// One sample of the metrics page; absent counts as zero.
pub(crate) fn metric(server: &Server, sample: &str) -> f64 {
    let page = metrics(server);
    let line = page.lines().find_map(|line| line.strip_prefix(sample));
    line.map_or(0.0, |value| value.trim().parse().expect("a number"))
}

/// All answers of all sites.
pub(super) fn answers(server: &Server) -> f64 {
    let page = metrics(server);
    let lines = page
        .lines()
        .filter(|line| line.starts_with("sorry_answers_total{"));
    let values = lines.filter_map(|line| line.rsplit_once(' '));
    values
        .map(|(_, value)| value.parse::<f64>().expect("a number"))
        .sum()
}

/// The whole metrics page.
fn metrics(server: &Server) -> String {
    let line = server.said("metrics on http://").expect("metrics are on");
    let address = line
        .split_once("http://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .and_then(|(address, _)| address.parse::<SocketAddr>().ok());
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let bytes = exchange(address.expect("an address"), request);
    let (answer, _) = Answer::parse(&bytes, "GET").expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.text()
}

/// Waits until a limit has been counted.
pub(super) fn await_limit(server: &Server, limit: &str) {
    await_metric(server, &limit_sample(limit));
}

/// How often a limit was reached.
pub(super) fn limit(server: &Server, limit: &str) -> f64 {
    metric(server, &limit_sample(limit))
}

fn limit_sample(limit: &str) -> String {
    format!("sorry_limit_reached_total{{limit=\"{limit}\"}}")
}

/// Waits until a counter has moved.
pub(super) fn await_metric(server: &Server, sample: &str) {
    let moved = || (metric(server, sample) > 0.0).then_some(());
    until(Instant::now() + PATIENCE, moved, sample);
}

/// Resident memory in KiB.
pub(super) fn resident_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()));
    let status = status.expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|kib| kib.parse().ok())
        .expect("a number of KiB")
}

/// Processor time that the server has spent, in user and system mode (proc_pid_stat(5), fields 14 and 15).
pub(super) fn processor_time(server: &Server) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid()));
    let stat = stat.expect("the server runs");
    // The second field is the program's name in parentheses, and may hold anything.
    let (_, fields) = stat.rsplit_once(") ").expect("a name");
    let ticks: u64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().expect("a number of ticks"))
        .sum();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

/// A client that does nothing wrong gets its answer.
pub(super) fn assert_serves(server: &Server) {
    let bytes =
        server.exchange(b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
    let (answer, _) = Answer::parse(&bytes, "GET").expect("an answer");
    assert_eq!(answer.status(), 503);
}
