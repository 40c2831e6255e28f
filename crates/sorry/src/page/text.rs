//! The answer in plain text: what somebody at a terminal reads, in at most 200 bytes.

use sorry_core::answer::template::{Hole, Template};

use super::builtin;
use super::builtin::languages::Language;
use super::words::Words;

/// The longest text, in bytes.
const LONGEST: usize = 200;

/// The most of it that the site's name takes, in bytes.
const LONGEST_SITE: usize = 48;

const RETRY_AFTER: &str = "Retry-After: ";

/// The built-in texts, the default language first.
pub(super) fn all(words: &Words) -> Vec<(Box<str>, Template)> {
    builtin::all(&words.default_language)
        .map(|language| (language.tag.into(), text(language, words)))
        .collect()
}

/// The text in `language`: status and site, the reason or the page's own heading, the return, Retry-After.
fn text(language: &Language, words: &Words) -> Template {
    let Words {
        status,
        status_phrase,
        ..
    } = words;
    let mut head = format!("{status} {status_phrase}");
    if !words.site.is_empty() {
        let site = one_line(&words.site);
        head.push_str(&format!(": {}", cut(&site, LONGEST_SITE)));
    }
    let until = words
        .until_for_people()
        .map(|time| format!("{} {time}\n", language.until))
        .unwrap_or_default();
    let taken = head.len() + until.len() + RETRY_AFTER.len() + Hole::RetryAfterLeft.width() + 3;
    let said = words.said.as_ref().map(|said| one_line(said.as_str()));
    let reason = said.as_deref().unwrap_or(language.heading);
    let reason = cut(reason, LONGEST.saturating_sub(taken));
    Template::new()
        .text(format!("{head}\n{reason}\n{until}{RETRY_AFTER}"))
        .hole(Hole::RetryAfterLeft)
        .text("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `longest` bytes of `text`, cut after a word and marked with an ellipsis where something is left out.
fn cut(text: &str, longest: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= longest {
        return text.to_owned();
    }
    let room = text.floor_char_boundary(longest.saturating_sub(ELLIPSIS.len()));
    let kept = &text[..room];
    let at_word_end = text[room..].starts_with(' ');
    // A language without spaces, or one very long word, is cut between characters.
    let end = match kept.rfind(' ') {
        Some(space) if !at_word_end && 2 * space >= room => space,
        _ => room,
    };
    format!("{}{ELLIPSIS}", kept[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::super::builtin::languages::LANGUAGES;
    use super::super::words::tests::{bare, filled, full};
    use super::*;
    use expect_test::expect;
    use sorry_core::said::Said;

    #[test]
    fn a_terminal_shows_what_is_going_on() {
        expect![[r#"
            503 Service Unavailable
            We’ll be back soon
            Retry-After: 120    
        "#]]
        .assert_eq(&filled(&text(&LANGUAGES[0], &bare())));
        expect![[r#"
            503 Service Unavailable: Fish & "Chips" <shop>
            A <new> "engine" & more in the cellar
            Voraussichtlich wieder da: 2026-05-01 14:00 UTC
            Retry-After: 120    
        "#]]
        .assert_eq(&filled(&text(&LANGUAGES[1], &full())));
    }

    #[test]
    fn two_hundred_bytes_hold_every_language_and_every_reason() {
        for said in [
            "word ".repeat(100),
            "字".repeat(500),
            "ж".repeat(500),
            "🐟".repeat(500),
        ] {
            for site in ["", "shop", "магазин ".repeat(20).as_str()] {
                for language in &LANGUAGES {
                    let mut words = full();
                    words.site = site.into();
                    words.said = Some(Said::parse(&said).unwrap());
                    let long = filled(&text(language, &words));
                    assert!(long.len() <= LONGEST, "{} {long}", long.len());
                    assert!(long.contains('…'), "{long}");
                    assert!(long.contains(language.until), "{long}");
                    let reason = long.lines().nth(1).unwrap();
                    assert!(reason.len() > 20, "{long}");
                    words.said = None;
                    let own = filled(&text(language, &words));
                    assert!(own.contains(language.heading), "{own}");
                }
            }
        }
    }

    #[test]
    fn texts_are_cut_after_words() {
        for (long, longest, expected) in [
            ("one two three", 13, "one two three"),
            ("one two three", 12, "one two…"),
            ("one two three", 10, "one two…"),
            ("one two three", 9, "one…"),
            ("onetwothree", 9, "onetwo…"),
            ("äöü", 5, "ä…"),
            ("ab", 1, "…"),
        ] {
            assert_eq!(cut(long, longest), expected, "{long} {longest}");
        }
    }
}
