//! The built-in page as HTML: one text for the build script, which renders it without anybody's words, and for the
//! library, which renders it with them. Pure `std`, so that the build needs nothing for it.
//!
//! The page is static: what differs from request to request its script reads from the answer's head.

use super::languages::{Direction, Language};

const STYLE_SOURCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/page.css"));
const SCRIPT_SOURCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/return.js"));

/// What the script's source writes with blanks and visitors get without.
pub(crate) const OPERATORS: [&str; 18] = [
    " = ", " => ", " == ", " != ", " < ", " > ", " + ", " - ", " * ", " / ", " && ", " || ", " ? ",
    " : ", ", ", ": ", ") ", " {",
];

/// The names of colours; visitors get their first letters.
const COLOURS: [&str; 6] = ["back", "card", "text", "soft", "mark", "line"];

/// The words that a page shows beside its own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown<'a> {
    /// The site's name, plain; empty where there is none.
    pub(crate) site: &'a str,
    /// The reason, already as HTML.
    pub(crate) said: Option<&'a str>,
    /// The expected return: for machines (RFC 3339) and for people.
    pub(crate) until: Option<(&'a str, &'a str)>,
    /// The page's own path in redirect mode, plain.
    pub(crate) page_path: Option<&'a str>,
}

/// The text between `<style>` and `</style>`.
pub(crate) fn style() -> String {
    let style = terse(STYLE_SOURCE).replace("}\n", "}");
    COLOURS.iter().fold(style, |style, name| {
        style.replace(&format!("--{name}"), &format!("--{}", &name[..1]))
    })
}

/// The text between `<script>` and `</script>`.
pub(crate) fn script() -> String {
    let script = terse(SCRIPT_SOURCE);
    OPERATORS.iter().fold(script, |script, operator| {
        script.replace(operator, operator.trim())
    })
}

/// The element that brings visitors back.
pub(crate) fn auto_return(page_path: Option<&str>) -> String {
    let page = page_path
        .map(|path| format!(" data-page=\"{}\"", escape(path)))
        .unwrap_or_default();
    format!("<script{page}>{}</script>", script())
}

/// The whole page in `language`.
pub(crate) fn render(language: &Language, shown: &Shown<'_>) -> String {
    let Language {
        tag,
        heading,
        lead,
        again,
        later,
        request,
        ..
    } = language;
    let direction = match language.direction {
        Direction::Ltr => "ltr",
        Direction::Rtl => "rtl",
    };
    let site = escape(shown.site);
    let (title_end, name) = match shown.site {
        "" => (String::new(), String::new()),
        _ => (
            format!(" · {site}"),
            format!("<p class=\"name\"><bdi>{site}</bdi></p>\n"),
        ),
    };
    let said = shown
        .said
        .map(|said| format!("<p class=\"said\" dir=\"auto\">{said}</p>\n"))
        .unwrap_or_default();
    let until = shown
        .until
        .map(|(machine, people)| {
            let label = language.until;
            format!(
                "<p>{label} <time datetime=\"{machine}\" data-sorry-until>{people}</time></p>\n"
            )
        })
        .unwrap_or_default();
    let style = style();
    let auto_return = auto_return(shown.page_path);
    // The empty icon spares every visitor's browser a request for /favicon.ico. There is no refresh for browsers
    // without script: it would ignore Retry-After, and reloading what somebody reads is a failure of WCAG 2.2.1 (F41).
    format!(
        r#"<!doctype html>
<html lang="{tag}" dir="{direction}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{heading}{title_end}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
<main>
<i aria-hidden="true"></i>
{name}<h1>{heading}</h1>
<p>{lead}</p>
{said}<div role="status" aria-live="polite">
{until}<p class="soft" data-sorry-again hidden>{again}</p>
<noscript><p class="soft">{later}</p></noscript>
</div>
<p class="soft" hidden>{request} <code data-sorry-id></code></p>
</main>
{auto_return}
"#
    )
}

/// Leaves out full-line comments, indentation and empty lines; ends of lines stay, so that no statement changes.
fn terse(source: &str) -> String {
    let lines: Vec<&str> = source
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with("/*"))
        .collect();
    lines.join("\n")
}

/// Plain text as HTML text or inside quotation marks.
fn escape(plain: &str) -> String {
    plain
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
