//! What a reference in a page or a style sheet points at, and how a file's name is written in a URL.
//!
//! Only the spelling is looked at; whether a file exists is somebody else's question.

use std::fmt::Write as _;

/// Where a reference leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// Nowhere else: nothing, a fragment, a query, `mailto:` and the like.
    Here,
    /// `data:`
    Data,
    /// `javascript:`
    Script,
    /// Another host: its origin as a Content-Security-Policy names it, if it can be named.
    External(Option<String>),
    /// A path on the site itself.
    Site,
    /// A file of the folder.
    File(File),
    /// A place above the folder.
    Outside,
}

/// A file of the folder as a reference names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Its name from the folder on: `img/logo.png`.
    pub(super) name: String,
    /// Query and fragment with their marks.
    pub(super) suffix: String,
}

/// Reads a reference in a file of `folder`, which is a name like `css` or nothing for the page's own.
pub(super) fn read(reference: &str, folder: &str) -> Target {
    let reference =
        reference.trim_matches(|c: char| c.is_ascii_whitespace() || c.is_ascii_control());
    if let Some(scheme) = scheme(reference) {
        return match scheme.to_ascii_lowercase().as_str() {
            "data" => Target::Data,
            "javascript" => Target::Script,
            "http" | "https" | "ws" | "wss" => {
                Target::External(origin(reference, scheme.len() + 1))
            }
            _ => Target::Here,
        };
    }
    let (path, suffix) = split_suffix(reference);
    // Browsers take a backslash for a slash (URL Standard, section 4.4).
    let path = path.replace('\\', "/");
    if path.starts_with("//") {
        return Target::External(origin(reference, 0));
    }
    if path.starts_with('/') {
        return Target::Site;
    }
    if path.is_empty() {
        return Target::Here;
    }
    match joined(folder, &decoded(&path)) {
        Some(name) => Target::File(File {
            name,
            suffix: suffix.to_owned(),
        }),
        None => Target::Outside,
    }
}

/// A file's name as a path of a URL: what browsers encode is encoded (URL Standard, "path percent-encode set"), and
/// what would mean something else.
pub(super) fn url_path(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        let plain = matches!(byte, b'!'..=b'~')
            && !matches!(
                byte,
                b'"' | b'#' | b'<' | b'>' | b'?' | b'`' | b'{' | b'}' | b'%' | b'\\' | b'^'
            );
        if plain {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Whether a browser that reads `reference` in a style sheet asks for the path that [`url_path`] gives `name`.
pub(super) fn is_asked_for_as(reference: &str, name: &str) -> bool {
    let (path, _) = split_suffix(reference.trim());
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    // Browsers leave escapes as they are and encode the rest.
    let mut asked = String::new();
    for (index, part) in path.replace('\\', "/").split('%').enumerate() {
        if index > 0 {
            asked.push('%');
        }
        asked.push_str(&url_path(part));
    }
    last(&asked) == last(&url_path(name))
}

/// The letters before the colon, if it is a URL with a scheme (URL Standard, section 4.3).
fn scheme(reference: &str) -> Option<&str> {
    let (scheme, _) = reference.split_once(':')?;
    let letters = scheme
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    (letters && scheme.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(scheme)
}

/// The origin of a URL whose scheme ends at `scheme_end`. Nothing that could end a directive gets into a policy.
fn origin(url: &str, scheme_end: usize) -> Option<String> {
    let url = url.replace('\\', "/");
    let host_start = scheme_end + url[scheme_end..].strip_prefix("//").map(|_| 2)?;
    let host = &url[host_start..];
    let host = &host[..host.find(['/', '?', '#']).unwrap_or(host.len())];
    let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
    let named = !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'));
    let scheme = url[..scheme_end].to_ascii_lowercase();
    named.then(|| match scheme_end {
        0 => host,
        _ => format!("{scheme}//{host}"),
    })
}

fn split_suffix(reference: &str) -> (&str, &str) {
    reference.split_at(reference.find(['?', '#']).unwrap_or(reference.len()))
}

/// `folder` and a relative path as one name without dots; nothing where it leads above the page's folder.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Undoes percent-encoding; what is none, or would not be text, stays.
fn decoded(path: &str) -> String {
    let mut out = Vec::with_capacity(path.len());
    let bytes = path.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = path
            .get(at + 1..at + 3)
            .filter(|digits| bytes[at] == b'%' && digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, suffix: &str) -> Target {
        Target::File(File {
            name: name.into(),
            suffix: suffix.into(),
        })
    }

    fn external(origin: &str) -> Target {
        Target::External(Some(origin.into()))
    }

    #[test]
    fn references_lead_where_browsers_go() {
        for (reference, folder, expected) in [
            ("logo.png", "", file("logo.png", "")),
            (" ./img/../logo.png\n", "", file("logo.png", "")),
            ("logo.png", "img", file("img/logo.png", "")),
            ("../logo.png?v=2#x", "css", file("logo.png", "?v=2#x")),
            ("my%20logo.png", "", file("my logo.png", "")),
            ("100%.png", "", file("100%.png", "")),
            ("%ff.png", "", file("%ff.png", "")),
            ("img\\logo.png", "", file("img/logo.png", "")),
            ("../logo.png", "", Target::Outside),
            ("img/../../x", "", Target::Outside),
            ("%2e%2e/x", "", Target::Outside),
            ("/logo.png", "", Target::Site),
            ("\\logo.png", "", Target::Site),
            ("//CDN.example/x", "", external("cdn.example")),
            ("/\\cdn.example/x", "", external("cdn.example")),
            (
                "HTTPS://u:p@cdn.example:8443/x?y",
                "",
                external("https://cdn.example:8443"),
            ),
            (
                "https://[2001:db8::1]/x",
                "",
                external("https://[2001:db8::1]"),
            ),
            ("https://a; script-src */x", "", Target::External(None)),
            ("https:x", "", Target::External(None)),
            ("", "", Target::Here),
            ("#top", "", Target::Here),
            ("?a=b", "", Target::Here),
            ("mailto:help@shop.example", "", Target::Here),
            ("tel:+49", "", Target::Here),
            ("data:,", "", Target::Data),
            ("JavaScript:alert(1)", "", Target::Script),
        ] {
            assert_eq!(read(reference, folder), expected, "{reference:?}");
        }
    }

    #[test]
    fn names_are_written_as_browsers_ask_for_them() {
        for (name, path) in [
            ("img/logo.png", "img/logo.png"),
            ("my logo (1).png", "my%20logo%20(1).png"),
            ("größe.png", "gr%C3%B6%C3%9Fe.png"),
            ("a#b?c%d\"e\\f", "a%23b%3Fc%25d%22e%5Cf"),
            ("it's&co.png", "it's&co.png"),
        ] {
            assert_eq!(url_path(name), path);
        }
        for (reference, name, same) in [
            ("my logo.png", "my logo.png", true),
            ("../x/my%20logo.png?v", "x/my logo.png", true),
            ("größe.png", "größe.png", true),
            ("gr%C3%B6%C3%9Fe.png", "größe.png", true),
            ("gr%c3%b6%c3%9fe.png", "größe.png", false),
            ("%6Cogo.png", "logo.png", false),
        ] {
            assert_eq!(is_asked_for_as(reference, name), same, "{reference}");
        }
    }
}
