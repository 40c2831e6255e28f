//! Many requests at a time from the client's namespace, and what the programs that make them have counted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::clients::python;
use super::world::{Family, World};
use crate::harness::text;

/// What became of a crowd of connections, one request each.
#[derive(Debug, Deserialize)]
pub(crate) struct Crowd {
    /// How many got a whole body before the deadline.
    pub(crate) finished: u64,
    /// How many of each status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// How many of each body, by its SHA-256.
    pub(crate) digests: BTreeMap<String, u64>,
    /// What went wrong, and how often.
    pub(crate) errors: BTreeMap<String, u64>,
    /// From the first packet of a connection to its end, in seconds, of those that finished.
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    /// All of it.
    pub(crate) seconds: f64,
}

/// So many requests, as many of them at a time as `at_once` says, each on a connection of its own (Python's asyncio).
pub(crate) fn crowd(
    world: &World,
    family: Family,
    requests: u32,
    at_once: u32,
    deadline: Duration,
) -> Crowd {
    let address = world.address(family).to_string();
    let [requests, at_once] = [requests, at_once].map(|number| number.to_string());
    let seconds = deadline.as_secs().to_string();
    // Python starts before the deadline begins to count, and tells what came after it has passed.
    let limit = deadline + Duration::from_secs(20);
    let arguments = [&address, "80", &requests, &at_once, &seconds];
    python(world, limit, "via_asyncio.py", &arguments)
}

/// What a load generator has counted.
#[derive(Debug)]
pub(crate) struct Load {
    /// Answers that were read whole.
    pub(crate) complete: u64,
    /// Of these: neither 2xx nor 3xx.
    pub(crate) refused: u64,
    /// What was no whole answer: errors of connecting, reading and writing, time-outs; with ab, bodies of another length, too.
    pub(crate) failed: u64,
    /// All that it printed.
    pub(crate) said: String,
}

/// ab: HTTP/1.0, a connection for each request.
pub(crate) fn ab(world: &World, family: Family, requests: u32, at_once: u32) -> Load {
    let url = world.url(family, "/a");
    let [requests, at_once] = [requests, at_once].map(|number| number.to_string());
    let flags = ["-q", "-s", "30", "-n", &requests, "-c", &at_once, &url];
    let said = generator(world, "ab", &flags);
    Load {
        complete: number(&said, "Complete requests:", 0),
        refused: number(&said, "Non-2xx responses:", 0),
        failed: number(&said, "Failed requests:", 0),
        said,
    }
}

/// Whether wrk uses a connection again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reuse {
    KeepAlive,
    Close,
}

/// wrk, for whole seconds.
pub(crate) fn wrk(world: &World, family: Family, reuse: Reuse, at_once: u32, seconds: u32) -> Load {
    let url = world.url(family, "/a");
    let [at_once, seconds] = [at_once, seconds].map(|number| number.to_string());
    let mut flags = vec!["-t", "1", "-c", &at_once, "-d", &seconds];
    if let Reuse::Close = reuse {
        flags.extend(["-H", "Connection: close"]);
    }
    flags.push(&url);
    let said = generator(world, "wrk", &flags);
    // `Socket errors: connect 0, read 0, write 0, timeout 0`, which is not printed where all are 0.
    let errors = (0..4).map(|place| number(&said, "Socket errors:", 2 * place + 1));
    let requests = said.lines().find(|line| line.contains(" requests in "));
    Load {
        complete: requests.map_or(0, |line| number(line, "", 0)),
        refused: number(&said, "Non-2xx or 3xx responses:", 0),
        failed: errors.sum(),
        said,
    }
}

fn generator(world: &World, program: &str, flags: &[&str]) -> String {
    let output = world.client().run(Duration::from_secs(120), program, flags);
    text(&[output.stdout, output.stderr].concat())
}

/// The word at that place after `label`, as a number; 0 where nothing is said of it.
fn number(said: &str, label: &str, place: usize) -> u64 {
    let mut lines = said.lines().map(str::trim);
    let rest = lines.find_map(|line| line.strip_prefix(label));
    let word = rest.and_then(|rest| rest.split_whitespace().nth(place));
    word.and_then(|word| word.trim_end_matches(',').parse().ok())
        .unwrap_or(0)
}
