//! The page in the binary: twelve languages, one style, one script.
//!
//! Without anybody's words its bodies were rendered and compressed by the build; with words they are rendered here
//! and compressed in the background like any other page.

pub(super) mod html;
pub(super) mod languages;

use bytes::Bytes;
use html::Shown;
use languages::{LANGUAGES, Language};

use super::csp::{Directive, Policy};
use super::words::Words;
use super::{Document, Encoded};

/// What the build made of one language.
struct Prebuilt {
    body: &'static [u8],
    gzip: &'static [u8],
    br: &'static [u8],
    zstd: &'static [u8],
}

/// In the order of [`LANGUAGES`].
static PREBUILT: [Prebuilt; LANGUAGES.len()] = include!(concat!(env!("OUT_DIR"), "/prebuilt.rs"));

/// One document per language, the default first.
pub(super) fn documents(words: &Words) -> Vec<Document> {
    let mut policy = Policy::new();
    policy.allow_block(Directive::Script, &html::script());
    policy.allow_block(Directive::Style, &html::style());
    let csp = policy.value();
    languages(&words.default_language)
        .map(|(language, prebuilt)| Document {
            language: language.tag.into(),
            body: body(language, prebuilt, words),
            csp: csp.clone(),
            encoded: encoded(prebuilt, words),
        })
        .collect()
}

/// All languages, the one that serves `default` best first.
pub(super) fn all(default: &str) -> impl Iterator<Item = &'static Language> {
    languages(default).map(|(language, _)| language)
}

fn languages(default: &str) -> impl Iterator<Item = (&'static Language, &'static Prebuilt)> {
    let primary = default.split('-').next().unwrap_or_default();
    let first = LANGUAGES
        .iter()
        .position(|language| language.tag.eq_ignore_ascii_case(primary))
        .unwrap_or(0);
    let others = (0..LANGUAGES.len()).filter(move |index| *index != first);
    std::iter::once(first)
        .chain(others)
        .map(|index| (&LANGUAGES[index], &PREBUILT[index]))
}

/// Whether the page is the one that the build rendered.
fn is_prebuilt(words: &Words) -> bool {
    let Words {
        site,
        said,
        until,
        page_path,
        // The page for people does not show the status, and each language has its own body.
        status: _,
        status_phrase: _,
        default_language: _,
    } = words;
    site.is_empty() && said.is_none() && until.is_none() && page_path.is_none()
}

fn body(language: &Language, prebuilt: &'static Prebuilt, words: &Words) -> Bytes {
    if is_prebuilt(words) {
        return Bytes::from_static(prebuilt.body);
    }
    let said = words.said.as_ref().map(sorry_core::said::Said::html);
    let until = words.until_for_machines().zip(words.until_for_people());
    let shown = Shown {
        site: &words.site,
        said: said.as_deref(),
        until: until
            .as_ref()
            .map(|(machine, people)| (machine.as_str(), people.as_str())),
        page_path: words.page_path.as_deref(),
    };
    html::render(language, &shown).into()
}

fn encoded(prebuilt: &'static Prebuilt, words: &Words) -> Encoded {
    if !is_prebuilt(words) {
        return Encoded::default();
    }
    Encoded {
        gzip: Some(Bytes::from_static(prebuilt.gzip)),
        br: Some(Bytes::from_static(prebuilt.br)),
        zstd: Some(Bytes::from_static(prebuilt.zstd)),
    }
}

#[cfg(test)]
mod tests;
