//! The Content-Security-Policy of a page, put together from what the page contains: nothing is allowed that is not
//! there.
//!
//! `frame-ancestors` is left out on purpose: a site that others embed must be able to show its page in that frame.

use std::collections::{BTreeMap, BTreeSet};

use super::digest;

/// What may be loaded, in the order in which it is written (CSP Level 3, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Directive {
    Script,
    Style,
    StyleAttribute,
    Image,
    Font,
    Media,
    Frame,
    Object,
    Manifest,
    Form,
}

impl Directive {
    fn name(self) -> &'static str {
        match self {
            Directive::Script => "script-src",
            Directive::Style => "style-src",
            Directive::StyleAttribute => "style-src-attr",
            Directive::Image => "img-src",
            Directive::Font => "font-src",
            Directive::Media => "media-src",
            Directive::Frame => "frame-src",
            Directive::Object => "object-src",
            Directive::Manifest => "manifest-src",
            Directive::Form => "form-action",
        }
    }
}

/// A policy in the making.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    sources: BTreeMap<Directive, BTreeSet<Box<str>>>,
}

impl Policy {
    /// Pictures of the site's own and in data URLs, and nothing else.
    pub(super) fn new() -> Policy {
        let mut policy = Policy {
            sources: BTreeMap::new(),
        };
        policy.allow(Directive::Image, "'self'");
        policy.allow(Directive::Image, "data:");
        policy
    }

    /// Allows a source.
    pub(super) fn allow(&mut self, directive: Directive, source: &str) {
        self.sources
            .entry(directive)
            .or_default()
            .insert(source.into());
    }

    /// Allows an inline block by its hash.
    pub(super) fn allow_block(&mut self, directive: Directive, text: &str) {
        self.allow(directive, &digest::csp_source(text));
    }

    /// The value of the field. A script may ask its own origin, since that is how visitors get back.
    pub(super) fn value(&self) -> Box<str> {
        let mut value = String::from("default-src 'none'");
        for (directive, sources) in &self.sources {
            value.push_str("; ");
            value.push_str(directive.name());
            for source in sources {
                value.push(' ');
                value.push_str(source);
            }
        }
        value.push_str("; connect-src 'self'; base-uri 'none'");
        if !self.sources.contains_key(&Directive::Form) {
            value.push_str("; form-action 'none'");
        }
        value.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_is_allowed() {
        let mut policy = Policy::new();
        assert_eq!(
            &*policy.value(),
            "default-src 'none'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
        );
        policy.allow_block(Directive::Script, "alert('Hello, world.');");
        policy.allow(Directive::Style, "'self'");
        policy.allow(Directive::StyleAttribute, "'unsafe-inline'");
        policy.allow(Directive::Form, "'self'");
        assert_eq!(
            &*policy.value(),
            "default-src 'none'; script-src 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='; \
             style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; form-action 'self'; \
             connect-src 'self'; base-uri 'none'"
        );
    }
}
