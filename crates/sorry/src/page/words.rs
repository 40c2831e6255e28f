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
