//! The results of one case: samples become a table of medians, beside which targets are judged. Written as text, Markdown or JSON.

use super::case::{Case, Work};
use super::peer::Peer;
use super::target::Judged;
use crate::json;

/// What one run yields, in the order that the columns expect; none where a run cannot tell.
pub(crate) type Sample = Vec<Option<f64>>;

/// What becomes of a figure's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reduce {
    Median,
    Least,
    Most,
    /// Half of what lies between the least and the most, in per cent of the median.
    Spread,
    /// Our median divided by this server's.
    OursToThis,
}

struct Column {
    key: &'static str,
    title: &'static str,
    /// Which figure of a sample.
    of: usize,
    how: Reduce,
    decimals: usize,
}

const fn column(
    key: &'static str,
    title: &'static str,
    of: usize,
    how: Reduce,
    decimals: usize,
) -> Column {
    Column {
        key,
        title,
        of,
        how,
        decimals,
    }
}

use Reduce::{Least, Median, Most, OursToThis, Spread};

/// Under load: CPU us, user us, answers per second, share of the core, others' share, bytes, then three of latency.
const LOAD: &[Column] = &[
    column("cpu_us", "CPU us/answer", 0, Median, 2),
    column("spread_percent", "+- %", 0, Spread, 1),
    column("ours_to_this", "ours : it", 0, OursToThis, 2),
    column("user_us", "of it user", 1, Median, 2),
    column("per_second", "answers/s", 2, Median, 0),
    column("core_percent", "core %", 3, Median, 0),
    column("p50_us", "p50 us", 6, Median, 0),
    column("p99_us", "p99 us", 7, Median, 0),
    column("p999_us", "p99.9 us", 8, Median, 0),
    column("bytes", "bytes", 5, Median, 0),
    column("others_percent", "others %", 4, Median, 0),
];

/// The same, with the time from a connection's start to the first byte of its answer.
const HANDSHAKES: &[Column] = &[
    column("cpu_us", "CPU us/answer", 0, Median, 2),
    column("spread_percent", "+- %", 0, Spread, 1),
    column("ours_to_this", "ours : it", 0, OursToThis, 2),
    column("user_us", "of it user", 1, Median, 2),
    column("per_second", "connections/s", 2, Median, 0),
    column("core_percent", "core %", 3, Median, 0),
    column("first_byte_us", "first byte us, mean", 6, Median, 0),
    column("first_byte_most_us", "most", 7, Median, 0),
    column("bytes", "bytes", 5, Median, 0),
    column("others_percent", "others %", 4, Median, 0),
];

const START: &[Column] = &[
    column("first_answer_ms", "first answer ms", 0, Median, 1),
    column("least_ms", "least", 0, Least, 1),
    column("most_ms", "most", 0, Most, 1),
    column("ours_to_this", "ours : it", 0, OursToThis, 2),
];

const IDLE: &[Column] = &[
    column("program_mib", "program MiB", 0, Median, 2),
    column("rss_mib", "resident MiB", 1, Median, 2),
    column("pss_mib", "shared once MiB", 2, Median, 2),
    column("wakeups", "wake-ups/s", 3, Median, 2),
    column("cpu_ppm", "CPU ppm", 4, Median, 0),
    column("connections", "connections", 5, Median, 0),
    column("held_rss_mib", "resident with them MiB", 6, Median, 2),
    column("per_connection_bytes", "bytes for each", 7, Median, 0),
];

pub(crate) struct Sheet {
    pub(crate) case: &'static Case,
    rows: Vec<(Peer, Vec<Option<f64>>)>,
    pub(crate) judged: Vec<Judged>,
}

impl Sheet {
    pub(crate) fn new(case: &'static Case, samples: &[(Peer, Vec<Sample>)]) -> Self {
        let columns = columns(case);
        let ours = samples.iter().find(|(peer, _)| *peer == Peer::Sorry);
        let cell = |peer: Peer, runs: &[Sample], column: &Column| match column.how {
            OursToThis if peer == Peer::Sorry => None,
            OursToThis => {
                let ours = reduce(&ours?.1, column.of, Median)?;
                Some(ours / reduce(runs, column.of, Median)?)
            }
            how => reduce(runs, column.of, how),
        };
        let rows: Vec<(Peer, Vec<Option<f64>>)> = samples
            .iter()
            .map(|(peer, runs)| {
                let cells = columns.iter().map(|column| cell(*peer, runs, column));
                (*peer, cells.collect())
            })
            .collect();
        let figure = |key: &str, peer: Peer| {
            let at = columns.iter().position(|column| column.key == key)?;
            rows.iter().find(|(p, _)| *p == peer)?.1[at]
        };
        let judged = case
            .targets
            .iter()
            .filter_map(|target| target.judge(|peer| figure(target.column, peer)))
            .collect();
        Self { case, rows, judged }
    }

    /// A Markdown table, padded so that it is one for the eye as well, and a line for each target.
    pub(crate) fn markdown(&self) -> String {
        let columns = columns(self.case);
        let mut lines = vec![vec!["server".to_owned()], vec!["---".to_owned()]];
        lines[0].extend(columns.iter().map(|c| c.title.to_owned()));
        lines[1].extend(columns.iter().map(|_| "---:".to_owned()));
        for (peer, cells) in &self.rows {
            let numbers = cells.iter().zip(columns).map(|(cell, column)| match cell {
                Some(number) => format!("{number:.*}", column.decimals),
                None => String::new(),
            });
            lines.push(
                [peer.name().to_owned()]
                    .into_iter()
                    .chain(numbers)
                    .collect(),
            );
        }
        let mut text = format!("**{}**: {}\n\n", self.case.name, self.case.about);
        text.push_str(&padded(&lines));
        for judged in &self.judged {
            text.push_str(&format!("\n{}\n", judged.text));
        }
        text
    }

    pub(crate) fn json(&self) -> String {
        let columns = columns(self.case);
        let rows = self.rows.iter().map(|(peer, cells)| {
            let mut row = format!("{{\"server\":{}", json::quoted(peer.name()));
            for (cell, column) in cells.iter().zip(columns) {
                let value = cell.map_or("null".to_owned(), |n| format!("{n}"));
                row.push_str(&format!(",{}:{value}", json::quoted(column.key)));
            }
            row + "}"
        });
        let judged = self.judged.iter().map(|judged| {
            format!(
                "{{\"figure\":{},\"ours\":{},\"verdict\":{},\"text\":{}}}",
                json::quoted(judged.column),
                judged.ours,
                json::quoted(judged.verdict.word()),
                json::quoted(&judged.text)
            )
        });
        format!(
            "{{\"case\":{},\"rows\":[{}],\"targets\":[{}]}}",
            json::quoted(self.case.name),
            rows.collect::<Vec<_>>().join(","),
            judged.collect::<Vec<_>>().join(",")
        )
    }
}

fn columns(case: &Case) -> &'static [Column] {
    match case.work {
        Work::Http1(..) | Work::Http2(_) => LOAD,
        Work::Handshakes => HANDSHAKES,
        Work::Start => START,
        Work::Idle => IDLE,
    }
}

fn reduce(runs: &[Sample], of: usize, how: Reduce) -> Option<f64> {
    let mut values: Vec<f64> = runs
        .iter()
        .filter_map(|sample| sample.get(of).copied().flatten())
        .collect();
    values.sort_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    let middle = values.len() / 2;
    let median = match values.len() % 2 {
        0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    };
    Some(match how {
        Median | OursToThis => median,
        Least => least,
        Most => most,
        Spread => (most - least) / 2.0 / median * 100.0,
    })
}

/// Lines of a table; numbers stand at the right.
pub(crate) fn padded(lines: &[Vec<String>]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max();
    let widths: Vec<usize> = (0..lines[0].len()).flat_map(width).collect();
    let mut text = String::new();
    for line in lines {
        for (at, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let fill = if cell.starts_with("---") { "-" } else { " " };
            let pad = fill.repeat(width - cell.len());
            match at {
                0 => text.push_str(&format!("| {cell}{pad} |")),
                _ => text.push_str(&format!(" {pad}{cell} |")),
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Peer, Sheet};
    use crate::bench::case::CASES;
    use crate::bench::target::Verdict;
    use crate::json;

    fn sheet() -> Sheet {
        let runs = |times: [f64; 3]| times.map(|time| vec![Some(time)]).to_vec();
        let case = CASES.iter().find(|case| case.name == "start").unwrap();
        Sheet::new(
            case,
            &[
                (Peer::Sorry, runs([9.0, 7.0, 8.0])),
                (Peer::Nginx, runs([15.0, 18.0, 16.0])),
            ],
        )
    }

    #[test]
    fn samples_become_a_table() {
        let sheet = sheet();
        assert_eq!(
            sheet.markdown(),
            "\
**start**: from the start of the program to its first whole answer, 20 times

| server | first answer ms | least | most | ours : it |
| ------ | --------------: | ----: | ---: | --------: |
| sorry  |             8.0 |   7.0 |  9.0 |           |
| nginx  |            16.0 |  15.0 | 18.0 |      0.50 |

start to first answer: 8.00 ms: **goal** (gate 20 ms)
"
        );
        assert_eq!(sheet.judged[0].verdict, Verdict::Goal);
    }

    #[test]
    fn the_json_says_the_same() {
        let read = json::parse(&sheet().json()).unwrap();
        assert_eq!(read.at("case").text(), Some("start"));
        let rows = read.at("rows").list();
        assert_eq!(rows[1].at("first_answer_ms"), &json::Json::Number(16.0));
        assert_eq!(rows[0].at("ours_to_this"), &json::Json::Null);
        let target = &read.at("targets").list()[0];
        assert_eq!(target.at("verdict").text(), Some("goal"));
    }

    #[test]
    fn every_target_has_its_column() {
        for case in CASES {
            for target in case.targets {
                let found = super::columns(case).iter().any(|c| c.key == target.column);
                assert!(found, "{} {}", case.name, target.column);
            }
        }
    }
}
