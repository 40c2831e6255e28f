//! Tables of what was measured, for people.

use super::runs::{Measure, Runs};
use crate::bench::sheet::padded;

/// Kinds of packets by their names in lines, and in words.
const KINDS: [(&str, &str); 8] = [
    ("syn", "SYN -> SYN-ACK"),
    ("syn-near-listed", "the same, a list is asked"),
    ("ack", "the handshake's ACK -> nothing"),
    ("request-curl", "curl's request -> page of 1.2 KB"),
    ("request-browser", "a browser's request -> page of 1.2 KB"),
    ("fin", "FIN -> ACK"),
    ("foreign", "of another's connection -> passed"),
    ("other-port", "for another port -> passed"),
];

pub(super) fn markdown(runs: &Runs) -> String {
    let tables = [connections(runs), flood(runs), packets(runs), memory(runs)];
    tables.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// A table with a line above it; none where it would be empty.
fn table(title: &str, heads: &[&str], lines: Vec<Vec<String>>) -> Option<String> {
    if lines.is_empty() {
        return None;
    }
    let mut all = vec![
        heads
            .iter()
            .map(|head| (*head).to_owned())
            .collect::<Vec<_>>(),
        heads
            .iter()
            .enumerate()
            .map(|(at, _)| if at == 0 { "---" } else { "---:" }.to_owned())
            .collect(),
    ];
    all.extend(lines);
    Some(format!("**{title}**\n\n{}", padded(&all)))
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(String::new, |value| format!("{value:.decimals$}"))
}

/// How many of something a whole core would do.
fn for_a_core(measure: &Measure) -> Option<f64> {
    measure.median("ns").map(|ns| 1e9 / ns)
}

fn connections(runs: &Runs) -> Option<String> {
    let line = |measure: &Measure| {
        let us = measure.median("ns").map(|ns| ns / 1e3);
        let names = [
            ("server", "nginx"),
            ("page", measure.name("page")),
            ("flight", measure.name("flight")),
        ];
        let nginx = runs.figure("connection", &names, "ns").map(|ns| ns / 1e3);
        let part = nginx
            .zip(us)
            .map(|(nginx, us)| nginx / us)
            .filter(|_| measure.name("server") != "nginx");
        vec![
            format!(
                "{}, {} in flight",
                measure.name("page"),
                measure.name("flight")
            ),
            measure.name("server").to_owned(),
            number(us, 2),
            number(measure.spread("ns"), 1),
            number(part, 1),
            number(measure.median("rate"), 0),
            number(for_a_core(measure), 0),
            number(measure.median("core"), 0),
            number(measure.median("clients"), 0),
            number(measure.median("others"), 0),
            number(measure.median("packets"), 1),
            number(measure.median("bytes"), 0),
            number(measure.median("lost"), 0),
        ]
    };
    let heads = [
        "connections",
        "server",
        "CPU us each",
        "+- %",
        "nginx : it",
        "each second",
        "each second and core",
        "core %",
        "clients' core %",
        "others %",
        "packets",
        "bytes",
        "lost",
    ];
    table(
        "Whole connections, from SYN to the last ACK",
        &heads,
        runs.of("connection").map(line).collect(),
    )
}

fn flood(runs: &Runs) -> Option<String> {
    let line = |measure: &Measure| {
        vec![
            measure.name("server").to_owned(),
            number(measure.median("ns"), 0),
            number(measure.spread("ns"), 1),
            number(measure.median("rate"), 0),
            number(for_a_core(measure), 0),
            number(measure.median("core"), 0),
        ]
    };
    let heads = [
        "server",
        "CPU ns each",
        "+- %",
        "each second",
        "each second and core",
        "core %",
    ];
    table(
        "A flood of SYNs, each answered",
        &heads,
        runs.of("flood").map(line).collect(),
    )
}

fn packets(runs: &Runs) -> Option<String> {
    let ways = [("xdp", "4"), ("xdp", "6"), ("tc", "4"), ("tc", "6")];
    let line = |(kind, words): &(&str, &str)| {
        let times = ways.map(|(server, family)| {
            let names = [("server", server), ("family", family), ("kind", *kind)];
            runs.figure("packet", &names, "ns")
        });
        times.iter().any(Option::is_some).then(|| {
            let mut cells = vec![(*words).to_owned()];
            cells.extend(times.iter().map(|ns| number(*ns, 0)));
            cells
        })
    };
    let heads = [
        "nanoseconds of",
        "XDP, IPv4",
        "XDP, IPv6",
        "TC, IPv4",
        "TC, IPv6",
    ];
    table(
        "Single packets, on trial",
        &heads,
        KINDS.iter().filter_map(line).collect(),
    )
}

fn memory(runs: &Runs) -> Option<String> {
    let line = |measure: &Measure| {
        vec![
            measure.name("server").to_owned(),
            number(measure.median("connections"), 0),
            number(measure.median("sockets"), 0),
        ]
    };
    let heads = ["server", "connections", "sockets kept afterwards"];
    table(
        "What is left",
        &heads,
        runs.of("memory").map(line).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::runs::{EXAMPLE, Runs};
    use super::markdown;

    #[test]
    fn runs_become_tables() {
        let text = markdown(&Runs::read(EXAMPLE).unwrap());
        let lines = [
            "| 1.2KB, 128 in flight |    xdp |        0.75 |  6.7 |       29.3 |      925000 |              1333333 |     61 |",
            "| 1.2KB, 128 in flight |  nginx |       22.00 |  4.5 |            |       44000 |                45455 |     98 |",
            "| xdp    |         150 |  0.0 |     5000000 |              6666667 |     80 |",
            "| SYN -> SYN-ACK |        50 |       110 |          |          |",
            "| nginx  |       90000 |                   30000 |",
        ];
        for line in lines {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
