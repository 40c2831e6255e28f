//! What a run under load yields, whichever generator made the load: `wrk` for HTTP/1.1, `h2load` for HTTP/2 and for handshakes.

/// One run, as its generator tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Load {
    /// Whole answers with the right status.
    pub(crate) responses: f64,
    pub(crate) seconds: f64,
    pub(crate) latency: Option<Latency>,
    /// Of a whole new connection up to the first byte of its answer, in microseconds.
    pub(crate) first_byte: Option<FirstByte>,
}

/// Microseconds from a request to the end of its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct FirstByte {
    pub(crate) mean: f64,
    pub(crate) most: f64,
}

impl Latency {
    /// From every single time, in any order.
    pub(crate) fn of(mut times: Vec<u32>) -> Option<Self> {
        times.sort_unstable();
        Some(Self {
            p50: percentile(&times, 500)?,
            p99: percentile(&times, 990)?,
            p999: percentile(&times, 999)?,
        })
    }
}

/// The nearest rank, from sorted values.
fn percentile(sorted: &[u32], per_mille: usize) -> Option<f64> {
    let rank = (sorted.len() * per_mille).div_ceil(1000).max(1);
    sorted.get(rank - 1).map(|value| f64::from(*value))
}

#[cfg(test)]
mod tests {
    use super::Latency;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let times = (1..=1000).rev().collect();
        let latency = Latency::of(times).unwrap();
        assert_eq!(
            (latency.p50, latency.p99, latency.p999),
            (500.0, 990.0, 999.0)
        );
        assert_eq!(Latency::of(vec![7]).unwrap().p999, 7.0);
        assert_eq!(Latency::of(vec![]), None);
    }
}
