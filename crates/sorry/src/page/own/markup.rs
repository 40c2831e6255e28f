//! What in a page's HTML matters to how it is served: references, inline blocks, and what a
//! Content-Security-Policy will not let run.
//!
//! The tokenizer finds the tags; places are exact, so that everything else stays byte for byte. Text in, findings out.

use std::ops::Range;

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer, naive_next_state};

use super::super::csp::Directive;

/// Something in the page, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// What to replace where something is to be replaced: an attribute's value with its quotation marks, or the text
    /// of a block.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) what: What,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// An address, with character references undone.
    Reference(String, Purpose),
    /// Addresses of pictures in a `srcset`.
    Srcset(String),
    /// The text of a `<style>`.
    StyleBlock,
    /// The value of a `style` attribute.
    StyleAttribute(String),
    /// The text of a `<script>` without `src`.
    ScriptBlock,
    /// An attribute like `onclick`.
    Handler(String),
    /// `<base>`
    Base,
    /// `<meta http-equiv="refresh">`
    Refresh,
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// People follow it.
    Link,
    /// A form is sent there.
    Form,
    /// The browser loads it with the page.
    Load(Directive),
}

/// Everything that matters in `html`, in order. Line ends must be bare newlines: the tokenizer counts them so.
pub(super) fn scan(html: &str) -> Vec<Finding> {
    let emitter = DefaultEmitter::<usize>::new_with_span();
    let mut tokenizer = Tokenizer::new_with_emitter(html, emitter);
    let mut found = Vec::new();
    let mut block: Option<(What, usize)> = None;
    while let Some(token) = tokenizer.next() {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                close(&mut found, &mut block, tag.span.start);
                block = opened(&tag).map(|what| (what, tag.span.end));
                findings_of_tag(html, &tag, &mut found);
                // What is in <noscript> is markup to those who run no script, and loads nothing to the others.
                let state = naive_next_state(&tag.name).filter(|_| &**tag.name != b"noscript");
                if let Some(state) = state {
                    tokenizer.set_state(state);
                }
            }
            Token::EndTag(tag) => close(&mut found, &mut block, tag.span.start),
            _ => {}
        }
    }
    close(&mut found, &mut block, html.len());
    found
}

/// The block that a tag opens.
fn opened(tag: &StartTag<usize>) -> Option<What> {
    match &**tag.name {
        b"style" => Some(What::StyleBlock),
        b"script" if !tag.attributes.contains_key(&b"src"[..]) => Some(What::ScriptBlock),
        _ => None,
    }
}

fn close(found: &mut Vec<Finding>, block: &mut Option<(What, usize)>, end: usize) {
    if let Some((what, start)) = block.take() {
        found.push(Finding {
            range: start..end,
            what,
        });
    }
}

fn findings_of_tag(html: &str, tag: &StartTag<usize>, found: &mut Vec<Finding>) {
    let name = String::from_utf8_lossy(&tag.name).into_owned();
    let value_of = |attribute: &str| {
        tag.attributes
            .get(attribute.as_bytes())
            .map(|value| String::from_utf8_lossy(value).into_owned())
    };
    if name == "base" {
        found.push(Finding {
            range: tag.span.start..tag.span.end,
            what: What::Base,
        });
        return;
    }
    let refreshes = value_of("http-equiv").is_some_and(|v| v.eq_ignore_ascii_case("refresh"));
    if name == "meta" && refreshes {
        found.push(Finding {
            range: tag.span.start..tag.span.end,
            what: What::Refresh,
        });
    }
    let rel = value_of("rel").unwrap_or_default().to_ascii_lowercase();
    let destination = value_of("as").unwrap_or_default().to_ascii_lowercase();
    let mut seen = Vec::new();
    for attribute in attributes(&html[tag.span.start..tag.span.end], tag.span.start) {
        // Of two attributes of one name the first counts.
        if seen.contains(&attribute.name) {
            continue;
        }
        let value = value_of(&attribute.name).unwrap_or_default();
        let what = match (name.as_str(), attribute.name.as_str()) {
            (_, "style") => Some(What::StyleAttribute(value)),
            ("img" | "source", "srcset") | ("link", "imagesrcset") => Some(What::Srcset(value)),
            (_, handler) if handler.starts_with("on") => Some(What::Handler(handler.to_owned())),
            ("link", "href") => {
                purpose_of_link(&rel, &destination).map(|purpose| What::Reference(value, purpose))
            }
            (element, other) => {
                purpose(element, other).map(|purpose| What::Reference(value, purpose))
            }
        };
        seen.push(attribute.name);
        if let Some(what) = what {
            found.push(Finding {
                range: attribute.value,
                what,
            });
        }
    }
}

/// What the address in an attribute is for, if it is one (HTML, index of attributes; SVG 2, section 16.1).
fn purpose(element: &str, attribute: &str) -> Option<Purpose> {
    use Directive::{Frame, Image, Media, Object, Script};
    let purpose = match (element, attribute) {
        ("a" | "area", "href" | "xlink:href") => Purpose::Link,
        ("form", "action") | ("button" | "input", "formaction") => Purpose::Form,
        ("img" | "input", "src") | ("video", "poster") => Purpose::Load(Image),
        ("body" | "table" | "tr" | "td" | "th", "background") => Purpose::Load(Image),
        ("image" | "use" | "feimage", "href" | "xlink:href") => Purpose::Load(Image),
        ("video" | "audio" | "source" | "track", "src") => Purpose::Load(Media),
        ("script", "src" | "href" | "xlink:href") => Purpose::Load(Script),
        ("iframe" | "frame", "src") => Purpose::Load(Frame),
        ("embed", "src") | ("object", "data") => Purpose::Load(Object),
        _ => return None,
    };
    Some(purpose)
}

/// The same for `<link>`, by its `rel` and `as` (HTML, section 4.6.7).
fn purpose_of_link(rel: &str, destination: &str) -> Option<Purpose> {
    let mut found = None;
    for keyword in rel.split_ascii_whitespace() {
        let directive = match keyword {
            "stylesheet" => Directive::Style,
            "modulepreload" => Directive::Script,
            "manifest" => Directive::Manifest,
            "preload" | "prefetch" => match destination {
                "script" | "worker" => Directive::Script,
                "style" => Directive::Style,
                "font" => Directive::Font,
                "audio" | "video" | "track" => Directive::Media,
                _ => Directive::Image,
            },
            keyword if keyword.contains("icon") => Directive::Image,
            _ => continue,
        };
        found = found.or(Some(Purpose::Load(directive)));
    }
    found
}

/// An attribute as it stands in a tag.
struct Attribute {
    /// In lower case.
    name: String,
    /// Its value with its quotation marks; empty, behind the name, where it has none.
    value: Range<usize>,
}

/// The attributes of `tag`, which begins at `offset`: the states of HTML, sections 13.2.5.32 to 13.2.5.39. The tokenizer
/// has their values; this has their places.
fn attributes(tag: &str, offset: usize) -> Vec<Attribute> {
    let bytes = tag.as_bytes();
    let until = |from: usize, stop: &dyn Fn(u8) -> bool| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().position(|b| stop(*b)).unwrap_or(rest.len())
    };
    let is_space = |b: u8| b.is_ascii_whitespace();
    let mut found = Vec::new();
    let mut at = until(1, &|b| is_space(b) || matches!(b, b'/' | b'>'));
    loop {
        at = until(at, &|b| !is_space(b) && b != b'/');
        if at >= bytes.len() || bytes[at] == b'>' {
            return found;
        }
        // An equals sign at the beginning belongs to the name.
        let end = until(at + 1, &|b| is_space(b) || matches!(b, b'/' | b'>' | b'='));
        let name = tag[at..end].to_ascii_lowercase();
        let equals = until(end, &|b| !is_space(b));
        if bytes.get(equals) != Some(&b'=') {
            found.push(Attribute {
                name,
                value: offset + end..offset + end,
            });
            at = end;
            continue;
        }
        let start = until(equals + 1, &|b| !is_space(b));
        at = match bytes.get(start) {
            Some(quote @ (b'"' | b'\'')) => (until(start + 1, &|b| b == *quote) + 1).min(tag.len()),
            Some(b'>') | None => start,
            Some(_) => until(start, &|b| is_space(b) || b == b'>'),
        };
        found.push(Attribute {
            name,
            value: offset + start..offset + at,
        });
    }
}

/// `value` as an attribute's value in quotation marks.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('&', "&amp;").replace('"', "&quot;"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(html: &str) -> Vec<String> {
        scan(html)
            .into_iter()
            .map(|f| format!("{:?} [{}]", f.what, &html[f.range]))
            .collect()
    }

    #[test]
    fn everything_that_matters_is_found_with_its_place() {
        for (html, expected) in [
            ("<p>src=\"no.png\"</p><!-- <img src=no.png> -->", &[][..]),
            (
                "<img src=\"a.png\">",
                &[r#"Reference("a.png", Load(Image)) ["a.png"]"#],
            ),
            (
                "<IMG alt='>' SRC = a.png>",
                &[r#"Reference("a.png", Load(Image)) [a.png]"#],
            ),
            (
                "<img src='a&amp;b.png'/>",
                &[r#"Reference("a&b.png", Load(Image)) ['a&amp;b.png']"#],
            ),
            (
                "ü<img alt=ü src=a.png>",
                &[r#"Reference("a.png", Load(Image)) [a.png]"#],
            ),
            (
                "<img src=a.png src=b.png>",
                &[r#"Reference("a.png", Load(Image)) [a.png]"#],
            ),
            (
                "<img\nsrcset='a.png 1x'\nsrc>",
                &[
                    r#"Srcset("a.png 1x") ['a.png 1x']"#,
                    r#"Reference("", Load(Image)) []"#,
                ],
            ),
            (
                "<a href=terms.pdf>",
                &[r#"Reference("terms.pdf", Link) [terms.pdf]"#],
            ),
            (
                "<video poster=p.jpg src=v.mp4>",
                &[
                    r#"Reference("p.jpg", Load(Image)) [p.jpg]"#,
                    r#"Reference("v.mp4", Load(Media)) [v.mp4]"#,
                ],
            ),
            (
                "<link rel='shortcut icon' href=i.ico>",
                &[r#"Reference("i.ico", Load(Image)) [i.ico]"#],
            ),
            (
                "<link href=s.css rel=stylesheet>",
                &[r#"Reference("s.css", Load(Style)) [s.css]"#],
            ),
            ("<link rel=canonical href=/x>", &[]),
            (
                "<link rel=preload as=font href=f.woff2>",
                &[r#"Reference("f.woff2", Load(Font)) [f.woff2]"#],
            ),
            ("<style>a>b{}</style>", &["StyleBlock [a>b{}]"]),
            (
                "<style>a{b:'<img src=x>'}",
                &["StyleBlock [a{b:'<img src=x>'}]"],
            ),
            (
                "<script>if(a<b)'</p><img src=x>'</script>",
                &["ScriptBlock [if(a<b)'</p><img src=x>']"],
            ),
            (
                "<script src=a.js></script>",
                &[r#"Reference("a.js", Load(Script)) [a.js]"#],
            ),
            (
                "<title><img src=x></title><textarea><img src=x></textarea>",
                &[],
            ),
            (
                "<p style=\"color:red\" onclick=go()>",
                &[
                    r#"StyleAttribute("color:red") ["color:red"]"#,
                    r#"Handler("onclick") [go()]"#,
                ],
            ),
            (
                "<base href=/x><meta http-equiv=Refresh content=5>",
                &[
                    "Base [<base href=/x>]",
                    "Refresh [<meta http-equiv=Refresh content=5>]",
                ],
            ),
            (
                "<svg><use href='i.svg#a'/></svg>",
                &[r#"Reference("i.svg#a", Load(Image)) ['i.svg#a']"#],
            ),
            (
                "<form action=https://x/y>",
                &[r#"Reference("https://x/y", Form) [https://x/y]"#],
            ),
            (
                "<noscript><style>p{}</style></noscript>",
                &["StyleBlock [p{}]"],
            ),
            ("<img src=\"open", &[]),
        ] {
            assert_eq!(found(html), expected, "{html}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn places_are_places(parts in proptest::collection::vec(prop_oneof![
            Just("<img src="), Just("\""), Just("'"), Just(">"), Just("<style>"), Just("</style>"), Just("="), Just("ü"),
            Just("<script>"), Just("</script"), Just(" "), Just("/"), Just("&amp;"), Just("a.png"), Just("srcset"), Just("<a href"),
            Just("<!--"), Just("-->"), Just("\0"), Just("style"),
        ], 0..16)) {
            let html = parts.concat();
            for finding in scan(&html) {
                prop_assert!(html.get(finding.range.clone()).is_some(), "{:?} {finding:?}", html);
            }
        }
    }
}
