//! Paths of URLs and origins, as far as the configuration names them. Requests are read elsewhere.

use super::fault::{Fault, quoted};
use super::host::HostPattern;
use super::reader::FromText;
use std::fmt;

/// An absolute path as it stands in a request line: no query, no dot segments (RFC 3986, section 3.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UrlPath(Box<str>);

impl UrlPath {
    /// The path, beginning with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromText for UrlPath {
    fn form() -> String {
        "the path of a URL such as \"/.sorry/alive\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        const LONGEST: usize = 1024;
        if !text.starts_with('/') {
            let fault = Fault::new(format!("{} does not begin with `/`", quoted(text)));
            return Err(fault.hint("give the path alone, such as \"/.sorry/alive\""));
        }
        if text.len() > LONGEST {
            let fault = Fault::new(format!("a path has at most {LONGEST} bytes"));
            return Err(fault.out_of_range());
        }
        if let Some(at) = text.find(['?', '#']) {
            let fault = Fault::new("a query or fragment is not part of the path");
            return Err(fault
                .at(at..text.len())
                .hint(format!("write \"{}\"", &text[..at])));
        }
        if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_path_character(*c)) {
            let shown = quoted(&c.to_string());
            let fault = Fault::new(format!("{shown} cannot stand in the path of a URL"));
            return Err(fault
                .at(at..at + c.len_utf8())
                .hint("write it percent-encoded"));
        }
        check_percents(text)?;
        if text[1..]
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
        {
            return Err(Fault::new("clients resolve `.` and `..` before they ask"));
        }
        Ok(UrlPath(text.into()))
    }
}

/// `pchar`, `/` and `%` (RFC 3986, section 3.3).
fn is_path_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%".contains(c)
}

fn check_percents(text: &str) -> Result<(), Fault> {
    for (at, _) in text.match_indices('%') {
        let digits = text.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() < 2 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Fault::new("`%` is not followed by two hexadecimal digits").at(at..at + 1));
        }
    }
    Ok(())
}

/// A web origin exactly as browsers send it in `Origin` (RFC 6454, section 6.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(Box<str>);

impl Origin {
    /// `scheme://host` or `scheme://host:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromText for Origin {
    fn form() -> String {
        "an origin such as \"https://app.example.com\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        const HINT: &str = "write it like \"https://app.example.com\" or \"http://localhost:3000\"";
        if matches!(text, "*" | "null") {
            let fault = Fault::new(format!(
                "{} cannot be trusted with credentials",
                quoted(text)
            ));
            return Err(fault.hint("answers without credentials are open to every origin anyway; list those that need more"));
        }
        let scheme = text
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        let (scheme, usual_port) = match scheme.as_deref() {
            Some("https") => ("https", "443"),
            Some("http") => ("http", "80"),
            _ => {
                let fault = Fault::new(format!(
                    "{} does not begin with https:// or http://",
                    quoted(text)
                ));
                return Err(fault.hint(HINT));
            }
        };
        let start = scheme.len() + 3;
        let rest = &text[start..];
        if let Some(at) = rest.find(['/', '?', '#']) {
            let fault = Fault::new("an origin has no path");
            let range = start + at..text.len();
            return Err(fault
                .at(range.clone())
                .hint(format!("write \"{}\"", &text[..range.start])));
        }
        let (host, port) = split_port(rest);
        let host = origin_host(host).map_err(|mut fault| {
            fault.range = fault
                .range
                .map(|range| range.start + start..range.end + start);
            fault
        })?;
        let Some(port) = port else {
            return Ok(Origin(format!("{scheme}://{host}").into()));
        };
        let at = text.len() - port.len()..text.len();
        if port == usual_port {
            let fault = Fault::new(format!(
                "browsers leave out `:{port}` in an {scheme} origin"
            ));
            return Err(fault.at(at).hint(format!("write \"{scheme}://{host}\"")));
        }
        match port.parse::<u16>() {
            Ok(number) if number > 0 && number.to_string() == port => {
                Ok(Origin(format!("{scheme}://{host}:{number}").into()))
            }
            _ => Err(Fault::new(format!("{} is not a port", quoted(port)))
                .at(at)
                .hint(HINT)),
        }
    }
}

/// Host and port; the colons of an IPv6 address in brackets are not before a port.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

fn origin_host(text: &str) -> Result<String, Fault> {
    match HostPattern::from_text(text)? {
        HostPattern::Exactly(host) => Ok(host.into()),
        HostPattern::Below(_) => {
            Err(Fault::new("an origin names one host").hint("list each origin"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for text in ["/", "/.sorry/alive", "/a%20b", "/a:b@c", "/..."] {
            assert_eq!(UrlPath::from_text(text).expect(text).as_str(), text);
        }
        for (text, said) in [
            ("", "`` does not begin with `/`"),
            ("alive", "give the path alone"),
            ("https://x/alive", "does not begin with `/`"),
            ("/alive?x=1", "write \"/alive\""),
            ("/a b", "` ` cannot stand in the path of a URL"),
            ("/ä", "`ä` cannot stand"),
            ("/a%2", "two hexadecimal digits"),
            ("/a%zz", "two hexadecimal digits"),
            ("/a/../b", "clients resolve"),
        ] {
            let fault = UrlPath::from_text(text).expect_err(text);
            assert!(fault.to_string().contains(said), "{text}: {fault}");
        }
    }

    #[test]
    fn origins() {
        for (text, normal) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.com", "https://app.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("https://[::1]", "https://[::1]"),
        ] {
            assert_eq!(Origin::from_text(text).expect(text).as_str(), normal);
        }
        for (text, said) in [
            ("*", "cannot be trusted with credentials"),
            ("null", "cannot be trusted with credentials"),
            ("app.example.com", "does not begin with https:// or http://"),
            (
                "ftp://app.example.com",
                "does not begin with https:// or http://",
            ),
            (
                "https://app.example.com/",
                "write \"https://app.example.com\"",
            ),
            (
                "https://app.example.com:443",
                "write \"https://app.example.com\"",
            ),
            ("http://app.example.com:80", "browsers leave out `:80`"),
            ("https://app.example.com:0", "`0` is not a port"),
            ("https://app.example.com:+5", "`+5` is not a port"),
            ("https://*.example.com", "an origin names one host"),
            ("https://", "an empty text is not a host name"),
            ("https://app_example com", "` ` cannot stand in a host name"),
        ] {
            let fault = Origin::from_text(text).expect_err(text);
            assert!(fault.to_string().contains(said), "{text}: {fault}");
        }
    }
}
