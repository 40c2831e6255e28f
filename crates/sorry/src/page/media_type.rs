//! Which media type a file has, by the end of its name.

/// The type of what nobody knows: browsers neither show nor run it.
const UNKNOWN: &str = "application/octet-stream";

/// Endings in lower case, and whether such files are worth compressing.
const TABLE: &[(&[&str], &str, Worth)] = &[
    (&["css"], "text/css; charset=utf-8", Worth::Text),
    (
        &["js", "mjs"],
        "text/javascript; charset=utf-8",
        Worth::Text,
    ),
    (&["svg"], "image/svg+xml", Worth::Text),
    (&["json", "map"], "application/json", Worth::Text),
    (&["webmanifest"], "application/manifest+json", Worth::Text),
    (&["txt", "md"], "text/plain; charset=utf-8", Worth::Text),
    (&["csv"], "text/csv; charset=utf-8", Worth::Text),
    (&["vtt"], "text/vtt; charset=utf-8", Worth::Text),
    (&["xml"], "application/xml", Worth::Text),
    (&["rss"], "application/rss+xml", Worth::Text),
    (&["atom"], "application/atom+xml", Worth::Text),
    (&["ics"], "text/calendar; charset=utf-8", Worth::Text),
    (&["wasm"], "application/wasm", Worth::Text),
    (&["ico"], "image/vnd.microsoft.icon", Worth::Text),
    (&["bmp"], "image/bmp", Worth::Text),
    (&["ttf"], "font/ttf", Worth::Text),
    (&["otf"], "font/otf", Worth::Text),
    (&["eot"], "application/vnd.ms-fontobject", Worth::Text),
    (&["woff"], "font/woff", Worth::Dense),
    (&["woff2"], "font/woff2", Worth::Dense),
    (&["png", "apng"], "image/png", Worth::Dense),
    (&["jpg", "jpeg"], "image/jpeg", Worth::Dense),
    (&["gif"], "image/gif", Worth::Dense),
    (&["webp"], "image/webp", Worth::Dense),
    (&["avif"], "image/avif", Worth::Dense),
    (&["jxl"], "image/jxl", Worth::Dense),
    (&["mp3"], "audio/mpeg", Worth::Dense),
    (&["m4a", "aac"], "audio/mp4", Worth::Dense),
    (&["ogg", "oga", "opus"], "audio/ogg", Worth::Dense),
    (&["wav"], "audio/wav", Worth::Dense),
    (&["flac"], "audio/flac", Worth::Dense),
    (&["mp4", "m4v"], "video/mp4", Worth::Dense),
    (&["webm"], "video/webm", Worth::Dense),
    (&["ogv"], "video/ogg", Worth::Dense),
    (&["pdf"], "application/pdf", Worth::Dense),
];

/// What compression does to a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// It gets smaller.
    Text,
    /// It is compressed already.
    Dense,
}

/// The media type of a file called `name`.
pub(super) fn of(name: &str) -> &'static str {
    let ending = ending(name);
    TABLE
        .iter()
        .find(|(endings, _, _)| endings.contains(&ending.as_str()))
        .map_or(UNKNOWN, |(_, media_type, _)| media_type)
}

/// Whether bodies of this type get smaller.
pub(super) fn shrinks(media_type: &str) -> bool {
    TABLE
        .iter()
        .any(|(_, known, worth)| *known == media_type && *worth == Worth::Text)
}

/// Whether a file called `name` is of a kind that pages are made of, and browsers ask for by themselves: style, script,
/// picture, font, sound, film, subtitles. Text, data and documents may be in a page's folder by mistake.
pub(super) fn is_part_of_pages(name: &str) -> bool {
    let media_type = of(name);
    let kind = media_type.split('/').next().unwrap_or_default();
    matches!(kind, "image" | "font" | "audio" | "video")
        || matches!(
            ending(name).as_str(),
            "css" | "js" | "mjs" | "wasm" | "webmanifest" | "vtt" | "eot"
        )
}

/// Whether a file called `name` is a font, as a Content-Security-Policy tells fonts from pictures.
pub(super) fn is_font(name: &str) -> bool {
    let media_type = of(name);
    media_type.starts_with("font/") || media_type == "application/vnd.ms-fontobject"
}

/// Whether a file called `name` is a style sheet.
pub(super) fn is_style(name: &str) -> bool {
    ending(name) == "css"
}

/// Whether a file called `name` is a page.
pub(super) fn is_html(name: &str) -> bool {
    matches!(ending(name).as_str(), "html" | "htm" | "xhtml")
}

/// What follows the last dot of a file's name, in lower case.
fn ending(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or_default();
    last.rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_types() {
        for (name, media_type, smaller) in [
            ("a.css", "text/css; charset=utf-8", true),
            ("img/Logo.PNG", "image/png", false),
            ("a.min.js", "text/javascript; charset=utf-8", true),
            ("logo.svg", "image/svg+xml", true),
            ("font.woff2", "font/woff2", false),
            ("notes", UNKNOWN, false),
            ("v1.2/notes", UNKNOWN, false),
            ("a.exe", UNKNOWN, false),
        ] {
            assert_eq!(of(name), media_type, "{name}");
            assert_eq!(shrinks(of(name)), smaller, "{name}");
        }
        assert!(is_font("a.ttf") && is_font("b.eot") && !is_font("c.svg"));
        for (name, part) in [
            ("a.css", true),
            ("a.MJS", true),
            ("a.svg", true),
            ("a.woff2", true),
            ("a.eot", true),
            ("a.mp4", true),
            ("a.vtt", true),
            ("a.webmanifest", true),
            ("backup.sql", false),
            ("customers.csv", false),
            ("notes.txt", false),
            ("data.json", false),
            ("app.js.map", false),
            ("logo.svg.bak", false),
            ("report.pdf", false),
            ("css", false),
        ] {
            assert_eq!(is_part_of_pages(name), part, "{name}");
        }
        assert!(is_html("x/Page.HTM") && !is_html("html"));
    }

    #[test]
    fn no_ending_stands_twice_and_text_names_its_charset() {
        let mut seen = std::collections::BTreeSet::new();
        for (endings, media_type, _) in TABLE {
            for ending in *endings {
                assert!(seen.insert(ending), "{ending}");
                assert_eq!(of(&format!("a.{ending}")), *media_type);
            }
            let has_charset = media_type.ends_with("; charset=utf-8");
            assert_eq!(media_type.starts_with("text/"), has_charset, "{media_type}");
        }
    }
}
