//! What the end of a path says about the dialect of an answer.

use super::dialect::Dialect;

/// The path of a request target without its query and fragment: origin-form, absolute-form, `*` or authority-form
/// (RFC 9112, section 3.2).
pub fn of_target(target: &[u8]) -> &[u8] {
    let end = target
        .iter()
        .position(|b| matches!(b, b'?' | b'#'))
        .unwrap_or(target.len());
    let target = &target[..end];
    if target.first() == Some(&b'/') || target == b"*" {
        return target;
    }
    match after_scheme(target) {
        Some(rest) => rest
            .iter()
            .position(|b| *b == b'/')
            .map_or(b"/", |slash| &rest[slash..]),
        None => b"",
    }
}

/// The authority of an absolute-form target.
pub fn authority_of_target(target: &[u8]) -> Option<&[u8]> {
    let rest = after_scheme(target)?;
    let end = rest
        .iter()
        .position(|b| matches!(b, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    Some(&rest[..end])
}

fn after_scheme(target: &[u8]) -> Option<&[u8]> {
    let colon = target.iter().position(|b| *b == b':')?;
    let scheme = &target[..colon];
    let letters = scheme
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let proper = letters && scheme.first().is_some_and(u8::is_ascii_alphabetic);
    if proper {
        target[colon + 1..].strip_prefix(b"//")
    } else {
        None
    }
}

/// The dialect that the extension of the last segment asks for.
pub(super) fn dialect(path: &[u8]) -> Option<Dialect> {
    let segment = path.rsplit(|b| *b == b'/').next()?;
    let dot = segment.iter().rposition(|b| *b == b'.')?;
    let mut lower = [0; 8];
    let extension = &segment[dot + 1..];
    let lower = lower.get_mut(..extension.len())?;
    lower.copy_from_slice(extension);
    lower.make_ascii_lowercase();
    match &*lower {
        b"html" | b"htm" | b"xhtml" => Some(Dialect::Html),
        b"json" | b"geojson" | b"jsonld" => Some(Dialect::Json),
        b"txt" => Some(Dialect::Text),
        b"xml" | b"rss" | b"atom" | b"rdf" => Some(Dialect::Xml),
        b"js" | b"mjs" | b"css" | b"map" | b"wasm" => Some(Dialect::EmptyNosniff),
        b"png" | b"jpg" | b"jpeg" | b"gif" | b"webp" | b"avif" | b"svg" | b"ico" | b"bmp"
        | b"apng" | b"jxl" => Some(Dialect::Empty),
        b"woff" | b"woff2" | b"ttf" | b"otf" | b"eot" => Some(Dialect::Empty),
        b"mp3" | b"mp4" | b"m4a" | b"m4v" | b"webm" | b"ogg" | b"oga" | b"ogv" | b"opus"
        | b"wav" | b"flac" | b"aac" | b"mov" | b"vtt" => Some(Dialect::Empty),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_one_path() {
        for (target, path, authority) in [
            ("/a/b?c=/d", "/a/b", None),
            ("/", "/", None),
            ("*", "*", None),
            ("http://shop.example/a?b", "/a", Some("shop.example")),
            ("https://shop.example", "/", Some("shop.example")),
            ("http://shop.example?x", "/", Some("shop.example")),
            ("shop.example:443", "", None),
            ("//double/slash", "//double/slash", None),
            ("1http://x/", "", None),
        ] {
            assert_eq!(of_target(target.as_bytes()), path.as_bytes(), "{target:?}");
            let expected = authority.map(str::as_bytes);
            assert_eq!(
                authority_of_target(target.as_bytes()),
                expected,
                "{target:?}"
            );
        }
    }

    #[test]
    fn extensions_speak() {
        for (path, expected) in [
            ("/api/v1/items.json", Some(Dialect::Json)),
            ("/feed.XML", Some(Dialect::Xml)),
            ("/a.min.js", Some(Dialect::EmptyNosniff)),
            ("/favicon.ico", Some(Dialect::Empty)),
            ("/x.woff2", Some(Dialect::Empty)),
            ("/index.html", Some(Dialect::Html)),
            ("/robots.txt", Some(Dialect::Text)),
            ("/v1.2/items", None),
            ("/a.", None),
            ("/.", None),
            ("/archive.verylongextension", None),
            ("", None),
        ] {
            assert_eq!(dialect(path.as_bytes()), expected, "{path:?}");
        }
    }
}
