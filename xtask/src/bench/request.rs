//! The one request that every case makes: what a browser sends when somebody opens a page. `wrk`, `h2load`, `curl` and our own
//! connections are all given this.

/// A page deep in a shop; no server here has a rule for it.
pub(crate) const PATH: &str = "/collections/shoes/blue-suede?size=42&page=3";

/// Chrome's headers for a typed address, apart from Host. Only Accept-Encoding differs from what a browser sends: nobody compresses,
/// so that every server writes a page of the same length.
pub(crate) const HEADERS: &[(&str, &str)] = &[
    (
        "sec-ch-ua",
        "\"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"",
    ),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", "\"Linux\""),
    ("upgrade-insecure-requests", "1"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ),
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    ),
    ("sec-fetch-site", "none"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-user", "?1"),
    ("sec-fetch-dest", "document"),
    ("accept-encoding", "identity"),
    ("accept-language", "en-GB,en;q=0.9"),
];

/// The request on HTTP/1.1, on a connection that stays open.
pub(crate) fn http1(host: &str) -> String {
    let mut text = format!("GET {PATH} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in HEADERS {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text
}

/// Each header as a `name: value` argument behind `-H`.
pub(crate) fn arguments() -> Vec<String> {
    let pairs = HEADERS
        .iter()
        .map(|(name, value)| format!("{name}: {value}"));
    pairs.flat_map(|pair| ["-H".to_owned(), pair]).collect()
}

#[cfg(test)]
mod tests {
    use super::http1;

    #[test]
    fn it_is_as_long_as_a_browsers() {
        let length = http1("127.0.0.1:12345").len();
        assert!((540..=640).contains(&length), "{length}");
    }
}
