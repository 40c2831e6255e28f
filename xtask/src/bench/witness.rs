//! Looks at an answer before it is measured: whether the server says, at this door, what every server here must say. Asks with `curl`,
//! which knows every protocol and none of us.

use std::process::Command;

use super::peer::Door;
use super::request;
use super::running::Server;
use super::stage::Stage;

/// Length of the answer that was seen: its head as HTTP/1 would write it, and its body.
pub(crate) fn look(stage: &Stage, server: &Server, door: Door) -> Result<usize, String> {
    let port = server.port(door);
    let url = format!("{}://127.0.0.1:{port}{}", door.scheme(), request::PATH);
    let mut seen = 0;
    for protocol in protocols(door) {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-S", "-k", "-i", "--max-time", "10", protocol]);
        let output = curl
            .args(request::arguments())
            .arg(&url)
            .output()
            .map_err(|error| format!("cannot start curl: {error}"))?;
        let complain = |what: String| {
            let name = server.peer.name();
            format!("{name} at {url} with curl {protocol}: {what}")
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(complain(said.trim_end().to_owned()));
        }
        judge(protocol, stage.page_bytes, &output.stdout).map_err(complain)?;
        seen = output.stdout.len();
    }
    Ok(seen)
}

const HTTP_1: &str = "--http1.1";

fn protocols(door: Door) -> &'static [&'static str] {
    match door {
        Door::Plain => &[HTTP_1],
        Door::H2c => &["--http2-prior-knowledge"],
        Door::Tls => &["--http2", HTTP_1],
    }
}

/// Whether this is a refusal with Retry-After that nobody may store, and the page.
fn judge(protocol: &str, page_bytes: usize, answer: &[u8]) -> Result<(), String> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n");
    let end = end.ok_or("no end of the head")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.lines();
    let first = match protocol {
        HTTP_1 => "HTTP/1.1 503",
        _ => "HTTP/2 503",
    };
    if !lines.next().is_some_and(|line| line.starts_with(first)) {
        return Err(format!("not {first}: {head}"));
    }
    let header = |name: &str| {
        head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let seconds = header("retry-after").and_then(|value| value.parse::<u32>().ok());
    if seconds.is_none_or(|seconds| seconds == 0) {
        return Err(format!("no Retry-After in seconds: {head}"));
    }
    if !header("cache-control").is_some_and(|value| value.contains("no-store")) {
        return Err(format!("no Cache-Control: no-store: {head}"));
    }
    let body = answer.len() - end - 4;
    if body != page_bytes {
        return Err(format!("a body of {body} bytes, not {page_bytes}: {head}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{HTTP_1, judge};

    const ANSWER: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 120\r\nCache-Control: no-store\r\n\r\npage";

    #[test]
    fn only_a_whole_refusal_passes() {
        assert_eq!(judge(HTTP_1, 4, ANSWER.as_bytes()), Ok(()));
        let table = [
            ("503", "200", "not HTTP/1.1 503"),
            ("120", "soon", "no Retry-After"),
            ("120", "0", "no Retry-After"),
            ("no-store", "public", "no Cache-Control"),
            ("page", "pages", "a body of 5 bytes"),
            ("\r\n\r\n", "", "no end of the head"),
        ];
        for (from, to, part) in table {
            let answer = ANSWER.replace(from, to);
            let why = judge(HTTP_1, 4, answer.as_bytes()).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        let h2 = ANSWER.replace("HTTP/1.1", "HTTP/2");
        assert_eq!(judge("--http2", 4, h2.as_bytes()), Ok(()));
        assert!(judge("--http2", 4, ANSWER.as_bytes()).is_err());
    }
}
