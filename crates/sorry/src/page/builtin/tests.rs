//! The built-in page: size, languages, contrast, policy.

use std::collections::BTreeMap;

use super::super::words::tests::{bare, full};
use super::super::{Bounds, Page, Source, digest, load};
use super::*;
use sorry_core::said::Said;

fn page(words: &Words) -> Page {
    load(&Source::BuiltIn, words, &Bounds::default()).unwrap()
}

fn text(document: &Document) -> &str {
    std::str::from_utf8(&document.body).unwrap()
}

/// What stands between `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let start = text.find(before).unwrap() + before.len();
    &text[start..start + text[start..].find(after).unwrap()]
}

#[test]
fn every_language_fits_in_four_kibibytes() {
    // With a name, a sentence and a time; five hundred characters more take five hundred bytes and more.
    let words = Words {
        site: "shop.example.com".into(),
        said: Said::parse("We are moving to larger machines. Your basket is kept.").ok(),
        until: "2026-05-01T14:00:00Z".parse().ok(),
        ..Words::default()
    };
    for words in [bare(), words] {
        let page = page(&words);
        assert_eq!(page.html.len(), 12);
        for document in &page.html {
            let length = document.body.len();
            assert!(length <= 4096, "{} has {length} bytes", document.language);
        }
    }
}

#[test]
fn every_language_says_everything() {
    for words in [bare(), full()] {
        for (document, language) in page(&words).html.iter().zip(&LANGUAGES) {
            let html = text(document);
            assert_eq!(&*document.language, language.tag);
            let direction = if language.tag == "ar" { "rtl" } else { "ltr" };
            for part in [
                format!("<html lang=\"{}\" dir=\"{direction}\">", language.tag),
                format!("<title>{}", language.heading),
                format!("<h1>{}</h1>", language.heading),
                format!("<p>{}</p>", language.lead),
                format!("data-sorry-again hidden>{}</p>", language.again),
                format!(
                    "<noscript><p class=\"soft\">{}</p></noscript>",
                    language.later
                ),
                format!("hidden>{} <code data-sorry-id></code>", language.request),
                "<main>".to_owned(),
                "role=\"status\" aria-live=\"polite\"".to_owned(),
            ] {
                assert!(html.contains(&part), "{}: {part}", language.tag);
            }
            assert_eq!(html.contains(language.until), words.until.is_some());
            // Nothing is fetched from anywhere: no URL but the empty icon.
            assert_eq!(html.matches("href=").count(), 1);
            for part in ["src=", "url(", "://", "@import", "<base", "http-equiv"] {
                assert!(!html.contains(part), "{}: {part}", language.tag);
            }
        }
    }
}

#[test]
fn the_operators_words_are_shown_and_never_obeyed() {
    let html = page(&full()).html;
    let html = text(&html[0]);
    let name = "Fish &amp; &quot;Chips&quot; &lt;shop&gt;";
    assert!(html.contains(&format!("<p class=\"name\"><bdi>{name}</bdi></p>")));
    assert!(html.contains(&format!("<title>We’ll be back soon · {name}</title>")));
    assert!(html.contains(
        "<p class=\"said\" dir=\"auto\">A &lt;new&gt; &quot;engine&quot; &amp; more\nin the cellar</p>"
    ));
    assert!(html.contains(
        "<time datetime=\"2026-05-01T14:00:00Z\" data-sorry-until>2026-05-01 14:00 UTC</time>"
    ));
    let mut words = bare();
    words.page_path = Some("/\"page".into());
    let html = page(&words).html;
    assert!(text(&html[0]).contains("<script data-page=\"/&quot;page\">"));
}

#[test]
fn the_default_language_comes_first_and_all_others_follow() {
    for (default, first) in [
        ("en", "en"),
        ("de-AT", "de"),
        ("AR", "ar"),
        ("sv", "en"),
        ("", "en"),
    ] {
        let mut words = bare();
        words.default_language = default.into();
        let page = page(&words);
        assert_eq!(&*page.html[0].language, first, "{default}");
        let tags: std::collections::BTreeSet<_> = page.html.iter().map(|d| &d.language).collect();
        assert_eq!(tags.len(), 12);
        let texts: Vec<_> = page.text.iter().map(|(tag, _)| tag).collect();
        assert_eq!(
            texts,
            page.html.iter().map(|d| &d.language).collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_policy_allows_exactly_the_two_blocks() {
    for document in &page(&full()).html {
        let html = text(document);
        let script = digest::csp_source(between(html, "<script>", "</script>"));
        let style = digest::csp_source(between(html, "<style>", "</style>"));
        let expected = format!(
            "default-src 'none'; script-src {script}; style-src {style}; img-src 'self' data:; \
             connect-src 'self'; base-uri 'none'; form-action 'none'"
        );
        assert_eq!(*document.csp, *expected);
        let handler = html
            .match_indices(" on")
            .any(|(at, _)| between(&html[at..], " ", ">").contains('='));
        assert!(!html.contains(" style=") && !handler);
    }
}

#[test]
fn the_build_and_the_library_render_the_same() {
    for ((language, prebuilt), document) in languages("en").zip(&page(&bare()).html) {
        let rendered = html::render(language, &Shown::default());
        assert_eq!(rendered.as_bytes(), prebuilt.body);
        assert_eq!(document.body, rendered);
        for variant in [prebuilt.gzip, prebuilt.br, prebuilt.zstd] {
            assert!(variant.len() < prebuilt.body.len() * 6 / 10);
        }
    }
}

#[test]
fn leaving_out_blanks_changes_no_string_of_the_script() {
    let script = html::script();
    let mut strings = 0;
    for (index, part) in script.split('\'').enumerate() {
        // Every second part is inside quotation marks.
        if index % 2 == 1 {
            strings += 1;
            assert!(!part.contains(' '), "{part}");
        }
    }
    let source = include_str!("../../../assets/return.js");
    let code: String = source
        .lines()
        .filter(|line| !line.trim().starts_with("//"))
        .collect();
    assert_eq!(code.matches('\'').count(), 2 * strings);
    assert!(strings > 20 && !code.contains('"') && !code.contains('`'));
    for part in code.split('\'').skip(1).step_by(2) {
        let squeezed = html::OPERATORS
            .iter()
            .any(|operator| part.contains(operator));
        assert!(!squeezed, "{part}");
    }
}

/// The colours of one scheme by name: what the last block that names each says.
fn colours(block: &str) -> BTreeMap<&str, [f64; 3]> {
    block
        .split(';')
        .filter_map(|part| part.split_once("--"))
        .filter_map(|(_, rest)| rest.split_once(":#"))
        .map(|(name, hex)| (name, channels(hex)))
        .collect()
}

fn channels(hex: &str) -> [f64; 3] {
    let width = if hex.len() == 3 { 1 } else { 2 };
    [0, 1, 2].map(|index| {
        let digits = hex[index * width..(index + 1) * width].repeat(3 - width);
        f64::from(u8::from_str_radix(&digits, 16).unwrap()) / 255.0
    })
}

/// WCAG 2.2, "contrast ratio" and "relative luminance".
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |colour: [f64; 3]| {
        let [r, g, b] = colour.map(|c| match c {
            c if c <= 0.04045 => c / 12.92,
            c => ((c + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn contrast_is_that_of_wcag_aa() {
    assert!((contrast(channels("000"), channels("ffffff")) - 21.0).abs() < 0.01);
    assert!((contrast(channels("777777"), channels("fff")) - 4.48).abs() < 0.01);
    let style = html::style();
    let blocks: Vec<&str> = style
        .split(":root{")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 2, "light and dark; paper is light");
    for block in blocks {
        let colours = colours(block);
        for (front, back, least) in [
            ("t", "c", 7.0),
            ("s", "c", 4.5),
            // The name is text, the bar and the clock are graphics; one colour serves all.
            ("m", "c", 4.5),
            ("t", "b", 7.0),
        ] {
            let ratio = contrast(colours[front], colours[back]);
            assert!(ratio >= least, "{front} on {back}: {ratio:.2} in {block}");
        }
    }
    // No colour is written anywhere else.
    let outside: String = style
        .split('}')
        .filter(|rule| !rule.contains(":root{"))
        .collect();
    assert!(!outside.contains('#'), "{outside}");
}

#[test]
fn a_long_reason_is_shown_whole() {
    let mut words = bare();
    let reason = "зачем ".repeat(83);
    words.said = Some(Said::parse(&reason).unwrap());
    for document in &page(&words).html {
        assert!(text(document).contains(reason.trim()));
    }
}
