//! Which part a file plays in a page's folder, by its name.

use super::super::media_type;

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

/// Whether it has the form of a language tag (BCP 47): letters, then letters and digits, at most eight each.
fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let primary = subtags.next().unwrap_or_default();
    let short = |subtag: &str| (1..=8).contains(&subtag.len());
    (2..=8).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags.all(|subtag| short(subtag) && subtag.bytes().all(|b| b.is_ascii_alphanumeric()))
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
}
