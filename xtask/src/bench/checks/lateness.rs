//! How late probes began, as our metrics tell it: a histogram, so that a share of them is known to be at most as late as a bound.

use super::super::exchange;
use std::io::{Read as _, Write as _};

/// Probes so far: by how late they began, and how many were bad.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lateness {
    pub(super) bad: u64,
    /// Upper bounds in milliseconds, the last without one, and how many were at most so late.
    buckets: Vec<(f64, u64)>,
}

impl Lateness {
    /// Asks the metrics at that port.
    pub(super) fn ask(port: u16) -> Result<Lateness, String> {
        let cannot = |error: std::io::Error| format!("cannot ask for metrics: {error}");
        let mut stream = exchange::connect(port).map_err(cannot)?;
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).map_err(cannot)?;
        let mut page = String::new();
        stream.read_to_string(&mut page).map_err(cannot)?;
        Ok(Lateness::read(&page))
    }

    pub(super) fn read(page: &str) -> Lateness {
        let mut lateness = Lateness::default();
        for (name, value) in page.lines().filter_map(|line| line.rsplit_once(' ')) {
            let Ok(count) = value.trim().parse() else {
                continue;
            };
            if let Some(bound) = name.strip_prefix("sorry_check_late_seconds_bucket{le=\"") {
                let seconds = bound.trim_end_matches("\"}").parse();
                let seconds: f64 = seconds.unwrap_or(f64::INFINITY);
                lateness.buckets.push((seconds * 1e3, count));
            }
            if name.starts_with("sorry_check_results") && name.contains("result=\"bad\"") {
                lateness.bad += count;
            }
        }
        lateness
    }

    /// Of those alone that came after `before`.
    pub(super) fn since(self, before: Option<&Lateness>) -> Lateness {
        let Some(before) = before else { return self };
        let earlier = |place: usize| before.buckets.get(place).map_or(0, |(_, count)| *count);
        let buckets = self.buckets.iter().enumerate();
        Lateness {
            bad: self.bad.saturating_sub(before.bad),
            buckets: buckets
                .map(|(place, (bound, count))| (*bound, count.saturating_sub(earlier(place))))
                .collect(),
        }
    }

    /// So many of a thousand began at most so late, in milliseconds.
    pub(super) fn at_most(&self, permille: u64) -> f64 {
        let all = self.buckets.last().map_or(0, |(_, count)| *count);
        let enough = |count: u64| count * 1000 >= all * permille;
        let bucket = self.buckets.iter().find(|(_, count)| enough(*count));
        bucket.map_or(f64::NAN, |(bound, _)| *bound)
    }
}

#[cfg(test)]
mod tests {
    use super::Lateness;

    fn page(counts: [u64; 3], bad: u64) -> Lateness {
        let [low, high, all] = counts;
        Lateness::read(&format!(
            "HTTP/1.1 200 OK\r\n\r\nsorry_check_results_total{{check=\"http\",result=\"bad\"}} {bad}\n\
             sorry_check_late_seconds_bucket{{le=\"0.001\"}} {low}\nsorry_check_late_seconds_bucket{{le=\"0.02\"}} {high}\n\
             sorry_check_late_seconds_bucket{{le=\"+Inf\"}} {all}\nsorry_check_late_seconds_count {all}\n"
        ))
    }

    #[test]
    fn shares_have_the_bound_of_their_bucket() {
        let late = page([500, 990, 1000], 3);
        assert_eq!((late.at_most(500), late.at_most(501)), (1.0, 20.0));
        assert_eq!(
            (late.at_most(990), late.at_most(991)),
            (20.0, f64::INFINITY)
        );
        let before = page([500, 500, 500], 1);
        let since = late.since(Some(&before));
        assert_eq!((since.bad, since.at_most(500)), (2, 20.0));
    }
}
