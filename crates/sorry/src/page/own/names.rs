//! Which part a file plays in a page's folder, by its name.

use super::super::media_type;
use crate::config::tag_of_language;

/// A file's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// `page.html`, `page.de.html`: the page, in the default language or the one named.
    Page(Option<Box<str>>),
    /// `index.html`, `index.de.html`: the page where there is no `page.html`.
    Index(Option<Box<str>>),
    /// `page.txt`, `page.de.txt`
    Text(Option<Box<str>>),
    /// `page.json`
    Json,
    /// `page.xml`
    Xml,
    /// `page.de.json`, `page.de.xml`: there is one for all languages, since programs read it.
    OneLanguageTooMany,
    /// Another HTML file: may be included, is never served, since what is served from here is served with 200.
    Partial,
    /// Anything else.
    Asset,
}

/// The part of the file called `name`.
pub(super) fn part(name: &str) -> Part {
    let pieces: Vec<&str> = name.split('.').collect();
    let (stem, tag, ending) = match pieces[..] {
        [stem, ending] => (stem, None, ending),
        [stem, tag, ending] if is_language(tag) => {
            (stem, Some(tag.to_ascii_lowercase().into()), ending)
        }
        _ => ("", None, ""),
    };
    match (stem, ending, tag) {
        ("page", "html" | "htm", tag) => Part::Page(tag),
        ("index", "html" | "htm", tag) => Part::Index(tag),
        ("page", "txt", tag) => Part::Text(tag),
        ("page", "json", None) => Part::Json,
        ("page", "xml", None) => Part::Xml,
        ("page", "json" | "xml", Some(_)) => Part::OneLanguageTooMany,
        _ if media_type::is_html(name) => Part::Partial,
        _ => Part::Asset,
    }
}

/// What is said of a file that is not shown and has almost the name of a page: what it should be called. No include asks for it.
pub(super) fn almost_a_page(name: &str) -> Option<String> {
    if !matches!(part(name), Part::Partial | Part::Asset) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let (stem, ending) = lower.rsplit_once('.')?;
    let is_for_people = ["html", "htm", "txt"].contains(&ending);
    let base = ["page", "index"]
        .iter()
        .find(|base| stem.starts_with(*base))?;
    let rest = stem.strip_prefix(base)?;
    if rest.is_empty() {
        let is_part = !matches!(part(&lower), Part::Partial | Part::Asset);
        return is_part.then(|| format!("is not shown under this name; call it {lower}"));
    }
    let word = rest.strip_prefix(['.', '_', '-'])?;
    let tag = word.replace('_', "-");
    let tag = tag_of_language(&tag).unwrap_or(&tag);
    if is_language(tag) && is_for_people {
        let meant = format!("{base}.{tag}.{ending}");
        let is_part = !matches!(part(&meant), Part::Partial | Part::Asset);
        return is_part.then(|| format!("is not shown under this name; call it {meant}"));
    }
    let is_another = rest.starts_with('.') && is_for_people && *base == "page";
    is_another
        .then(|| format!("is not shown: `{word}` is not a language tag such as `de` or `pt-br`"))
}

/// Whether it has the form of a language tag (BCP 47): two or three letters, then letters and digits, at most eight each.
fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let primary = subtags.next().unwrap_or_default();
    let short = |subtag: &str| (1..=8).contains(&subtag.len());
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags.all(|subtag| short(subtag) && subtag.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// What is wrong with a set of languages.
pub(super) fn gap_in(mut languages: Vec<&str>, ending: &str, default: &str) -> Option<String> {
    languages.sort_by_key(|language| *language != default);
    let first = languages.first()?;
    if *first != default {
        return Some(format!(
            "has page.{first}.{ending} but no page.{ending} for the default language, {default}"
        ));
    }
    let twice = (1..languages.len()).any(|index| languages[..index].contains(&languages[index]));
    twice.then(|| {
        format!(
            "has two pages in one language: page.{ending} is in the default language, {default}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_parts() {
        for (name, expected) in [
            ("page.html", Part::Page(None)),
            ("page.htm", Part::Page(None)),
            ("page.de.html", Part::Page(Some("de".into()))),
            ("page.pt-BR.html", Part::Page(Some("pt-br".into()))),
            (
                "page.zh-Hant-TW.html",
                Part::Page(Some("zh-hant-tw".into())),
            ),
            ("index.html", Part::Index(None)),
            ("index.fr.html", Part::Index(Some("fr".into()))),
            ("page.txt", Part::Text(None)),
            ("page.ja.txt", Part::Text(Some("ja".into()))),
            ("page.json", Part::Json),
            ("page.de.json", Part::OneLanguageTooMany),
            ("page.xml", Part::Xml),
            ("page.1.html", Part::Partial),
            ("page.deutsch.html", Part::Partial),
            ("pages.html", Part::Partial),
            ("sub/page.html", Part::Partial),
            ("page.de.extra.html", Part::Partial),
            ("index.txt", Part::Asset),
            ("logo.png", Part::Asset),
            ("page", Part::Asset),
            ("page.css", Part::Asset),
        ] {
            assert_eq!(part(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_almost_a_page_is_told_its_name() {
        for (name, expected) in [
            ("page_de.html", "call it page.de.html"),
            ("page-it.html", "call it page.it.html"),
            ("Page.fr.html", "call it page.fr.html"),
            ("page.deutsch.html", "call it page.de.html"),
            ("page_pt_BR.txt", "call it page.pt-br.txt"),
            ("Page.html", "call it page.html"),
            ("PAGE.JSON", "call it page.json"),
            ("index_de.html", "call it index.de.html"),
            ("page.klingon.html", "`klingon` is not a language tag"),
        ] {
            let said = almost_a_page(name).unwrap_or_default();
            assert!(
                said.ends_with(expected) || said.contains(expected),
                "{name}: {said}"
            );
        }
        for name in [
            "page.html",
            "page.de.html",
            "page.de.json",
            "pages.html",
            "page-footer.html",
            "page_de.css",
            "index.txt",
            "index_de.txt",
            "sub/page_de.html",
            "logo.png",
        ] {
            assert_eq!(almost_a_page(name), None, "{name}");
        }
    }
}
