//! Load over HTTP/1.1: writes a script for `wrk` and reads what the script prints at the end. wrk's own output has no 99.9th percentile.

use std::fs;
use std::time::Duration;

use super::load::{Latency, Load};
use super::peer::Door;
use super::request;
use super::running::{self, Server};
use super::stage::Stage;

/// Connections at a time.
const CONNECTIONS: u32 = 64;

/// Requests sent at once when pipelined.
pub(crate) const PIPELINED: u32 = 16;

/// Milliseconds that each connection waits between an answer and its next request when paced, at most; it draws from 1 to this.
const PACE: u32 = 5;

/// How each connection behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    KeepAlive,
    Close,
    Pipelined,
    Paced,
}

/// One run.
pub(crate) fn run(
    stage: &Stage,
    server: &Server,
    door: Door,
    style: Style,
    seconds: u64,
) -> Result<Load, String> {
    let path = stage.folder.join("load.lua");
    fs::write(&path, script(style))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let url = format!("{}://127.0.0.1:{}/", door.scheme(), server.port(door));
    let words = format!("wrk -t1 -c{CONNECTIONS} -d{seconds} --timeout 10 -s load.lua {url}");
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let said = running::load(stage, Duration::from_secs(seconds + 20), &words)?;
    let load = read(&said)?;
    Ok(match style {
        // wrk corrects its times for requests that could not be sent in time, and miscounts those when it pipelines.
        Style::Pipelined => Load {
            latency: None,
            ..load
        },
        _ => load,
    })
}

/// What stands at the head of the last line that the script prints.
const MARK: &str = "result:";

fn script(style: Style) -> String {
    let mut text = format!("wrk.path = {}\n", quoted(request::PATH));
    for (name, value) in request::HEADERS {
        let (name, value) = (quoted(name), quoted(value));
        text.push_str(&format!("wrk.headers[{name}] = {value}\n"));
    }
    match style {
        Style::KeepAlive => {}
        Style::Close => text.push_str("wrk.headers[\"connection\"] = \"close\"\n"),
        Style::Pipelined => text.push_str(&format!(
            "local all\nfunction init() all = string.rep(wrk.format(), {PIPELINED}) end\nfunction request() return all end\n"
        )),
        Style::Paced => text.push_str(&format!(
            "function delay() return math.random(1, {PACE}) end\n"
        )),
    }
    text.push_str(&format!(
        "function done(summary, latency)
  local e = summary.errors
  io.write(string.format(\"{MARK} %d %d %d %d %d %d %d %d %d %d\\n\", summary.requests, summary.duration,
    e.connect, e.read, e.write, e.timeout, e.status,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
"
    ));
    text
}

/// A Lua string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn read(said: &str) -> Result<Load, String> {
    let line = said.lines().find_map(|line| line.strip_prefix(MARK));
    let line = line.ok_or_else(|| format!("wrk printed no result: {said}"))?;
    let numbers: Vec<f64> = line.split_whitespace().flat_map(str::parse).collect();
    let [
        requests,
        duration,
        connect,
        read,
        write,
        timeout,
        status,
        p50,
        p99,
        p999,
    ] = numbers[..]
    else {
        return Err(format!("wrk printed a result of another form: {line}"));
    };
    if connect + read + write + timeout > 0.0 {
        return Err(format!(
            "wrk met errors: {connect} connecting, {read} reading, {write} writing, {timeout} timeouts"
        ));
    }
    // wrk counts every status above 399 as an error; 503 is what we ask for.
    if requests < 1.0 || status < requests {
        return Err(format!("of {requests} answers only {status} were refusals"));
    }
    Ok(Load {
        responses: requests,
        seconds: duration / 1e6,
        latency: Some(Latency { p50, p99, p999 }),
        first_byte: None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Latency, Style, quoted, read, script};

    #[test]
    fn each_style_has_its_script() {
        let table = [
            (Style::KeepAlive, "wrk.headers[\"accept\"]"),
            (Style::Close, "wrk.headers[\"connection\"] = \"close\""),
            (Style::Pipelined, "string.rep(wrk.format(), 16)"),
            (Style::Paced, "math.random(1, 5)"),
        ];
        for (style, part) in table {
            assert!(script(style).contains(part), "{style:?}");
        }
        assert_eq!(quoted("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
    }

    #[test]
    fn only_refusals_without_errors_are_a_result() {
        let load = read("Running\nresult: 1000 2000000 0 0 0 0 1000 50 99 999\n").unwrap();
        assert_eq!((load.responses, load.seconds), (1000.0, 2.0));
        let latency = Latency {
            p50: 50.0,
            p99: 99.0,
            p999: 999.0,
        };
        assert_eq!(load.latency, Some(latency));
        let mistakes = [
            ("Running\n", "no result"),
            ("result: 1 2 3\n", "another form"),
            ("result: 1000 2000000 0 1 0 0 1000 5 9 9\n", "1 reading"),
            ("result: 1000 2000000 0 0 0 0 999 5 9 9\n", "only 999"),
            ("result: 0 2000000 0 0 0 0 0 0 0 0\n", "of 0 answers"),
        ];
        for (said, part) in mistakes {
            assert!(read(said).unwrap_err().contains(part), "{said}");
        }
    }
}
