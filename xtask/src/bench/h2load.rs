//! Load by `h2load`: HTTP/2 with many streams, and new TLS connections at a steady rate. `wrk` can do neither: it has no HTTP/2, and its
//! new connections resume the old session where the server lets them.

use std::fs;
use std::time::Duration;

use super::load::{FirstByte, Latency, Load};
use super::peer::Door;
use super::request;
use super::running::{self, Server};
use super::stage::Stage;

/// Connections, and streams at a time on each.
const CONNECTIONS: u64 = 8;
const STREAMS: u64 = 100;

/// New connections per second.
pub(crate) const HANDSHAKES: u64 = 1000;

/// One run over HTTP/2, and a short one after it, in which h2load writes down the time of each request.
pub(crate) fn run(
    stage: &Stage,
    server: &Server,
    door: Door,
    seconds: u64,
) -> Result<Load, String> {
    let plain = format!("-t1 -c{CONNECTIONS} -m{STREAMS} -D {seconds}");
    h2load(stage, server, door, &plain, seconds)
}

/// The time of each request, from a run of one second.
pub(crate) fn latency(stage: &Stage, server: &Server, door: Door) -> Result<Latency, String> {
    const LOG: &str = "requests.log";
    let path = stage.folder.join(LOG);
    fs::remove_file(&path).ok();
    let logged = format!("-t1 -c{CONNECTIONS} -m{STREAMS} -D 1 --log-file={LOG}");
    h2load(stage, server, door, &logged, 1)?;
    let log = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    // Each line: when it began, its status, microseconds until its end.
    let times = log
        .lines()
        .filter_map(|l| l.split('\t').nth(2)?.parse().ok());
    Latency::of(times.collect()).ok_or_else(|| "h2load wrote down no request".to_owned())
}

/// New TLS connections at a steady rate, one request on each. h2load never resumes a session.
pub(crate) fn handshakes(stage: &Stage, server: &Server, seconds: u64) -> Result<Load, String> {
    let count = HANDSHAKES * seconds;
    let steady = format!("--h1 -t1 -c{count} -n{count} -r1 --rate-period=1ms");
    h2load(stage, server, Door::Tls, &steady, seconds)
}

fn h2load(
    stage: &Stage,
    server: &Server,
    door: Door,
    how: &str,
    seconds: u64,
) -> Result<Load, String> {
    let mut words = vec!["h2load".to_owned()];
    words.extend(how.split(' ').map(str::to_owned));
    words.extend(request::arguments());
    let port = server.port(door);
    let (scheme, path) = (door.scheme(), request::PATH);
    words.push(format!("{scheme}://127.0.0.1:{port}{path}"));
    let said = running::load(stage, Duration::from_secs(seconds * 3 + 30), &words)?;
    read(&said)
}

fn read(said: &str) -> Result<Load, String> {
    let result = || {
        let seconds = time(said.lines().find_map(|l| l.strip_prefix("finished in "))?)?;
        let status = said
            .lines()
            .find_map(|l| l.strip_prefix("status codes: "))?;
        let requests = said.lines().find_map(|l| l.strip_prefix("requests: "))?;
        Some((seconds / 1e6, counts(status), counts(requests)))
    };
    let (seconds, status, requests) =
        result().ok_or_else(|| format!("h2load printed a result of another form: {said}"))?;
    let [others @ .., responses] = status.as_slice() else {
        return Err(format!("h2load printed no status codes: {said}"));
    };
    // total, started, done, succeeded, failed, errored, timeout. What is under way when the time is over is errored.
    let errored = requests.get(5).copied().unwrap_or(f64::MAX);
    let under_way = (CONNECTIONS * STREAMS) as f64;
    if others.iter().any(|n| *n > 0.0) || *responses < 1.0 || errored > under_way {
        return Err(format!("h2load did not meet 503 alone: {said}"));
    }
    let first_byte = said.lines().find_map(|l| {
        let times: Vec<f64> = l
            .strip_prefix("time to 1st byte:")?
            .split_whitespace()
            .filter_map(time)
            .collect();
        // min, max, mean, deviation
        Some(FirstByte {
            mean: *times.get(2)?,
            most: *times.get(1)?,
        })
    });
    Ok(Load {
        responses: *responses,
        seconds,
        latency: None,
        first_byte,
    })
}

/// The numbers of `1 this, 2 that`.
fn counts(line: &str) -> Vec<f64> {
    let numbers = line.split(',').map(|part| part.trim().split(' ').next());
    numbers.flatten().flat_map(str::parse).collect()
}

/// `1.50ms` and the like in microseconds; what follows behind a comma is not read.
fn time(text: &str) -> Option<f64> {
    let text = text.split(',').next()?.trim();
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number: f64 = text[..unit].parse().ok()?;
    let scale = match &text[unit..] {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    Some(number * scale)
}

#[cfg(test)]
mod tests {
    use super::{FirstByte, counts, read, time};

    const SAID: &str = "\
starting benchmark...
finished in 2.00s, 500.95 req/s, 86.59KB/s
requests: 1000 total, 1000 started, 1000 done, 0 succeeded, 1000 failed, 0 errored, 0 timeout
status codes: 0 2xx, 0 3xx, 0 4xx, 1000 5xx
traffic: 172.85KB (177000) total, 105.47KB (108000) headers (space savings 0.00%), 1000B (1000) data
                     min         max         mean         sd        +/- sd
time for request:      141us     13.34ms      2.10ms      1.85ms    81.20%
time to 1st byte:     1.89ms     14.66ms      5.45ms      2.20ms    66.10%
";

    #[test]
    fn a_result_is_read() {
        let load = read(SAID).unwrap();
        assert_eq!((load.responses, load.seconds), (1000.0, 2.0));
        let first_byte = FirstByte {
            mean: 5450.0,
            most: 14660.0,
        };
        assert_eq!(load.first_byte, Some(first_byte));
    }

    #[test]
    fn anything_but_refusals_is_no_result() {
        let table = [
            ("0 2xx", "1 2xx"),
            ("1000 5xx", "0 5xx"),
            ("0 errored", "801 errored"),
            ("status codes", "codes"),
            ("finished in 2.00s", "finished in a while"),
        ];
        for (from, to) in table {
            assert!(read(&SAID.replace(from, to)).is_err(), "{to}");
        }
        assert!(read("").is_err());
    }

    #[test]
    fn times_and_counts_have_their_forms() {
        assert_eq!(time("2.00s, 500 req/s"), Some(2e6));
        assert_eq!(time("141us"), Some(141.0));
        assert_eq!(time("1.5ms"), Some(1500.0));
        assert_eq!(time("66.10%"), None);
        assert_eq!(counts("1 a, 22 b, c"), [1.0, 22.0]);
    }
}
