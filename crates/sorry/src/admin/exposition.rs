//! Writes samples in the two text formats that scrapers read: Prometheus text 0.0.4 and OpenMetrics 1.0.
//!
//! They differ in the names that metadata is given under, in the units and in the end of the page; samples are the
//! same. What is measured is not known here.

use std::fmt::{Display, Write as _};

use sorry_core::answer::ask::Lines;

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The one that a request's `Accept` asks for: OpenMetrics where it is wanted at least as much as plain text.
    pub fn choose(accept: &Lines<'_>) -> Format {
        let mut text = 0;
        let mut open = 0;
        for element in accept.elements().into_iter().flatten() {
            let Some((media_type, version, weight)) = wish(element) else {
                return Format::Text;
            };
            let best = match media_type.as_str() {
                "application/openmetrics-text" if matches!(&*version, "" | "1.0.0") => &mut open,
                "text/plain" | "text/*" | "*/*" => &mut text,
                _ => continue,
            };
            *best = weight.max(*best);
        }
        if open > 0 && open >= text {
            Format::OpenMetrics
        } else {
            Format::Text
        }
    }

    /// The media type of the page.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// An element of Accept: media type, version, and weight in thousandths. Scrapers send no quoted parameters; what does
/// not follow the grammar is nobody's wish.
fn wish(element: &[u8]) -> Option<(String, String, u16)> {
    let text = std::str::from_utf8(element).ok()?;
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next()?.to_ascii_lowercase();
    let (mut version, mut weight) = (String::new(), 1000);
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=')?;
        match name.trim().to_ascii_lowercase().as_str() {
            "version" => value.trim().clone_into(&mut version),
            "q" => weight = thousandths(value.trim())?,
            _ => {}
        }
    }
    Some((media_type, version, weight))
}

/// `qvalue` (RFC 9110, section 12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match (whole, format!("{decimals:0<3}").parse().ok()?) {
        ("0", decimals) => Some(decimals),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// What kind of numbers a metric has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows, and begins at nothing when the process starts.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How often values fell below bounds.
    Histogram,
    /// Always 1; what it says is in its labels.
    Info,
}

impl Kind {
    /// Its name in OpenMetrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Info => "info",
        }
    }

    /// What a sample's name ends in.
    fn suffix(self) -> &'static str {
        match self {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Histogram => "",
        }
    }
}

/// A metric, as it is declared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    /// Its name without `_total` and `_info`.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) kind: Kind,
    /// The base unit that ends its name, if it has one.
    pub(super) unit: Option<&'static str>,
    /// Names of its labels.
    pub(super) labels: &'static [&'static str],
    /// One sentence in plain words: nothing in it needs escaping.
    pub(super) help: &'static str,
}

impl Family {
    /// The name of its samples; a histogram's have more behind it.
    pub(super) fn sample_name(&self) -> String {
        format!("{}{}", self.name, self.kind.suffix())
    }
}

/// A page in the making.
#[derive(Debug)]
pub(super) struct Page {
    format: Format,
    text: String,
}

impl Page {
    /// An empty one.
    pub(super) fn new(format: Format) -> Page {
        Page {
            format,
            text: String::with_capacity(16 * 1024),
        }
    }

    /// Begins a metric; its samples must follow before the next one begins.
    pub(super) fn family(&mut self, family: &'static Family) -> Samples<'_> {
        let (name, kind) = match (self.format, family.kind) {
            (Format::OpenMetrics, kind) => (family.name.to_owned(), kind.name()),
            (Format::Text, Kind::Info) => (family.sample_name(), Kind::Gauge.name()),
            (Format::Text, kind) => (family.sample_name(), kind.name()),
        };
        self.line(format_args!("# HELP {name} {}", family.help));
        self.line(format_args!("# TYPE {name} {kind}"));
        if let (Format::OpenMetrics, Some(unit)) = (self.format, family.unit) {
            self.line(format_args!("# UNIT {name} {unit}"));
        }
        Samples { page: self, family }
    }

    /// The page's text.
    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _infallible = self.text.write_fmt(line);
        self.text.push('\n');
    }
}

/// Adds samples to one metric.
#[derive(Debug)]
pub(super) struct Samples<'a> {
    page: &'a mut Page,
    family: &'static Family,
}

impl Samples<'_> {
    /// One sample; `values` are its labels' in the order of the declaration.
    pub(super) fn add(&mut self, values: &[&str], value: impl Display) -> &mut Self {
        self.sample(self.family.kind.suffix(), values, None, &value);
        self
    }

    /// A histogram without labels of its own: for each bucket its upper bound (the last has none) and what fell into
    /// it alone; and the sum of all values.
    pub(super) fn histogram(
        &mut self,
        buckets: impl Iterator<Item = (Option<f64>, u64)>,
        sum: f64,
    ) {
        let mut count = 0;
        for (bound, fell) in buckets {
            count += fell;
            let bound = bound.map_or_else(|| "+Inf".to_owned(), decimal);
            self.sample("_bucket", &[], Some(&bound), &count);
        }
        self.sample("_count", &[], None, &count);
        self.sample("_sum", &[], None, &sum);
    }

    fn sample(&mut self, suffix: &str, values: &[&str], le: Option<&str>, value: &dyn Display) {
        debug_assert_eq!(
            values.len(),
            self.family.labels.len(),
            "{}",
            self.family.name
        );
        let text = &mut self.page.text;
        text.push_str(self.family.name);
        text.push_str(suffix);
        let le = le.map(|bound| ("le", bound));
        let named = self
            .family
            .labels
            .iter()
            .copied()
            .zip(values.iter().copied());
        let mut before = '{';
        for (name, value) in named.chain(le) {
            let _infallible = write!(text, "{before}{name}=\"{}\"", Escaped(value));
            before = ',';
        }
        if before == ',' {
            text.push('}');
        }
        self.page.line(format_args!(" {value}"));
    }
}

/// A bound in seconds, to the microsecond and without an exponent.
fn decimal(bound: f64) -> String {
    let text = format!("{bound:.6}");
    let short = text.trim_end_matches('0');
    if short.ends_with('.') {
        format!("{short}0")
    } else {
        short.to_owned()
    }
}

/// A label's value: both formats escape the same three characters.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
