//! What the operator says about one outage, as the page needs it.
//!
//! Plain values made by whoever read the configuration and the orders; nothing here looks at a clock.

use sorry_core::said::Said;

/// The words that a page is made of.
#[derive(Debug, Clone)]
pub struct Words {
    /// The site's name as people know it; empty where it has none, and then no name is shown.
    pub site: String,
    /// The reason, if somebody gave one.
    pub said: Option<Said>,
    /// When the site is expected back; nothing once that has passed.
    pub until: Option<jiff::Timestamp>,
    /// The status that refusals carry, 503 as a rule.
    pub status: u16,
    /// The phrase that belongs to it (RFC 9110, section 15).
    pub status_phrase: &'static str,
    /// The language of whoever asks for none: a tag as in `de` or `pt-BR`.
    pub default_language: Box<str>,
    /// In redirect mode the path of the page: there the script looks at `?from=` and returns to that path. Nothing
    /// where the page stands in the place of what was asked for.
    pub page_path: Option<Box<str>>,
}

impl Default for Words {
    /// No name, no reason, no time, 503, English, in place.
    fn default() -> Words {
        Words {
            site: String::new(),
            said: None,
            until: None,
            status: 503,
            status_phrase: "Service Unavailable",
            default_language: "en".into(),
            page_path: None,
        }
    }
}

impl Words {
    /// The expected return as RFC 3339 writes it, in whole seconds.
    pub(super) fn until_for_machines(&self) -> Option<String> {
        let until = self.until?;
        Some(until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// The expected return for people whose time zone nobody knows.
    pub(super) fn until_for_people(&self) -> Option<String> {
        let until = self.until?;
        Some(until.strftime("%Y-%m-%d %H:%M UTC").to_string())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use sorry_core::answer::template::{Filling, Template};

    /// Nobody said anything.
    pub(crate) fn bare() -> Words {
        Words::default()
    }

    /// Everything is said, with everything that needs escaping.
    pub(crate) fn full() -> Words {
        Words {
            site: "Fish & \"Chips\" <shop>".into(),
            said: Said::parse("A <new> \"engine\" & more\nin the cellar").ok(),
            until: "2026-05-01T14:00:00Z".parse().ok(),
            ..Words::default()
        }
    }

    /// A template as a client gets it.
    pub(crate) fn filled(template: &Template) -> String {
        let filling = Filling {
            date: sorry_core::date::imf_fixdate(0),
            now: 0,
            id: *b"0123456789abcdef",
            retry_after: 120,
        };
        let mut out = Vec::new();
        template.fill(&filling, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_written_for_machines_and_for_people() {
        let mut words = full();
        words.until = "2026-05-01T16:00:59.7+02:00".parse().ok();
        assert_eq!(words.until_for_machines().unwrap(), "2026-05-01T14:00:59Z");
        assert_eq!(words.until_for_people().unwrap(), "2026-05-01 14:00 UTC");
        assert_eq!(bare().until_for_people(), None);
    }
}
