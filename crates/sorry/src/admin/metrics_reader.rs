//! A strict reader of both text formats, for tests: it refuses what a scraper might forgive. Written from the two
//! specifications (Prometheus text 0.0.4; OpenMetrics 1.0.0), not from the writer.

use std::collections::{BTreeMap, BTreeSet};

use super::Format;

/// A series: the sample's name and its labels in order of their names.
pub(super) type Series = (String, BTreeMap<String, String>);

/// Everything on a page.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Kind by the metric's name.
    pub(super) kinds: BTreeMap<String, String>,
    /// Unit by the metric's name.
    pub(super) units: BTreeMap<String, String>,
    /// Value by series.
    pub(super) samples: BTreeMap<Series, f64>,
}

impl Read {
    /// The value of a series.
    pub(super) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        self.samples
            .get(&(name.to_owned(), labels.collect()))
            .copied()
    }
}

/// Reads a page, or says what is wrong with it.
pub(super) fn read(page: &str, format: Format) -> Result<Read, String> {
    let mut read = Read::default();
    let mut seen = BTreeSet::new();
    let mut current: Option<(String, String)> = None;
    let mut lines = page
        .strip_suffix('\n')
        .ok_or("no line end at the end")?
        .split('\n');
    if format == Format::OpenMetrics && lines.next_back() != Some("# EOF") {
        return Err("no EOF".to_owned());
    }
    for line in lines {
        let Some(comment) = line.strip_prefix("# ") else {
            let (name, labels, value) =
                sample(line).ok_or_else(|| format!("bad sample: {line}"))?;
            let (family, kind) = current.as_ref().ok_or("a sample before any metric")?;
            belongs(&name, &labels, family, kind, format)?;
            if read.samples.insert((name, labels), value).is_some() {
                return Err(format!("twice: {line}"));
            }
            continue;
        };
        let mut words = comment.splitn(3, ' ');
        let (Some(what), Some(name), Some(text)) = (words.next(), words.next(), words.next())
        else {
            return Err(format!("bad comment: {line}"));
        };
        if !is_name(name) || text.is_empty() {
            return Err(format!("bad metadata: {line}"));
        }
        match what {
            "HELP" if seen.insert(name.to_owned()) => current = None,
            "TYPE"
                if read
                    .kinds
                    .insert(name.to_owned(), text.to_owned())
                    .is_none() =>
            {
                current = Some((name.to_owned(), text.to_owned()));
            }
            "UNIT" if format == Format::OpenMetrics && name.ends_with(&format!("_{text}")) => {
                read.units.insert(name.to_owned(), text.to_owned());
            }
            _ => return Err(format!("out of place: {line}")),
        }
    }
    histograms(&read)?;
    Ok(read)
}

/// Whether a sample's name, labels and kind fit the metric they stand under.
fn belongs(
    name: &str,
    labels: &BTreeMap<String, String>,
    family: &str,
    kind: &str,
    format: Format,
) -> Result<(), String> {
    let suffix = name
        .strip_prefix(family)
        .ok_or_else(|| format!("{name} under {family}"))?;
    let fits = match (kind, format) {
        ("counter", Format::OpenMetrics) => suffix == "_total",
        ("counter", Format::Text) => suffix.is_empty() && name.ends_with("_total"),
        ("info", Format::OpenMetrics) => suffix == "_info",
        ("gauge", _) => suffix.is_empty(),
        ("histogram", _) => match suffix {
            "_bucket" => labels.contains_key("le"),
            "_sum" | "_count" => !labels.contains_key("le"),
            _ => false,
        },
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("{name} is no sample of the {kind} {family}"))
    }
}

/// Buckets grow with their bounds, and the last one, without a bound, holds all.
fn histograms(read: &Read) -> Result<(), String> {
    for (name, _) in read.kinds.iter().filter(|(_, kind)| *kind == "histogram") {
        let bucket = format!("{name}_bucket");
        let mut buckets = Vec::new();
        for ((sample, labels), count) in &read.samples {
            if *sample == bucket {
                buckets.push((number(&labels["le"]).ok_or("a bad bound")?, *count));
            }
        }
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        if !buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1) {
            return Err(format!("{bucket} does not grow"));
        }
        let count = read.value(&format!("{name}_count"), &[]);
        let last = buckets.last().ok_or("no buckets")?;
        if last.0 != f64::INFINITY || Some(last.1) != count {
            return Err(format!("{bucket} does not end in all"));
        }
        read.value(&format!("{name}_sum"), &[]).ok_or("no sum")?;
    }
    Ok(())
}

fn sample(line: &str) -> Option<(String, BTreeMap<String, String>, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None => (BTreeMap::new(), rest),
    };
    let value = number(rest.strip_prefix(' ')?)?;
    is_name(name).then(|| (name.to_owned(), labels, value))
}

/// Labels up to the closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = after.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => value.push(match chars.next()? {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    _ => return None,
                }),
                c if c.is_control() => return None,
                c => value.push(c),
            }
        }
        let colon = name.contains(':');
        if !is_name(name) || colon || labels.insert(name.to_owned(), value).is_some() {
            return None;
        }
        rest = chars.as_str();
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return Some((labels, rest.strip_prefix('}')?)),
        }
    }
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        _ if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') => text.parse().ok(),
        _ => None,
    }
}

fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b':';
    !name.is_empty() && name.bytes().all(fits) && !name.as_bytes()[0].is_ascii_digit()
}

#[test]
fn the_reader_is_strict() {
    let gauge = "# HELP a b\n# TYPE a gauge\n";
    for (text, fine) in [
        ("a 1\n", true),
        ("a{b=\"c\\\\\\n\\\"\"} 1.5\n", true),
        ("a 1", false),
        ("a 1\na 2\n", false),
        ("a{b=\"c\n\"} 1\n", false),
        ("a{b=\"\\c\"} 1\n", false),
        ("a{b=\"c\",b=\"c\"} 1\n", false),
        ("a{1b=\"c\"} 1\n", false),
        ("a  1\n", false),
        ("a one\n", false),
        ("b 1\n", false),
        ("a_total 1\n", false),
        ("\n", false),
        ("# TYPE a gauge\na 1\n", false),
        ("# UNIT a seconds\n", false),
    ] {
        let page = format!("{gauge}{text}");
        assert_eq!(read(&page, Format::Text).is_ok(), fine, "{text}");
        let page = format!("{gauge}{text}# EOF\n");
        let open = fine || text == "a 1";
        assert_eq!(
            read(&page, Format::OpenMetrics).is_ok(),
            open && text != "a 1",
            "{text}"
        );
    }
    let bucket = |counts: [u8; 2]| {
        let [low, all] = counts;
        format!(
            "# HELP h x\n# TYPE h histogram\nh_bucket{{le=\"0.1\"}} {low}\nh_bucket{{le=\"+Inf\"}} {all}\nh_count {all}\nh_sum 1\n"
        )
    };
    assert!(read(&bucket([1, 2]), Format::Text).is_ok());
    assert!(read(&bucket([3, 2]), Format::Text).is_err());
    assert!(
        read(
            &bucket([1, 2]).replace("h_count 2", "h_count 3"),
            Format::Text
        )
        .is_err()
    );
    assert!(read("# HELP c x\n# TYPE c counter\nc 1\n", Format::Text).is_err());
}
