//! What the body of an answer must be, made ready once: a text to look for, a regular expression, a digest. Called by the http
//! checkers, which collect no more of a body than is needed here.

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};
use sorry_core::health::Reason;

use crate::config::check::BodyRule;

use super::failure::Failure;
use super::prepared::PrepareError;

/// The most memory that a regular expression may take, compiled.
const REGEX_MAX_BYTES: usize = 1 << 20;

/// Rules that are ready, all of which must hold.
#[derive(Debug)]
pub(super) struct Rules(Box<[Rule]>);

impl Rules {
    pub(super) fn prepare(rules: &[BodyRule]) -> Result<Rules, PrepareError> {
        let rules: Result<_, _> = rules.iter().map(Rule::prepare).collect();
        rules.map(Rules)
    }

    /// Whether any body is good.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What they say of a body. That it is too long for one of them counts for less than that it is wrong for another, whatever
    /// the rest of it may be.
    pub(super) fn judge(&self, body: &[u8], whole: Whole) -> Result<(), Failure> {
        let mut failures = self
            .0
            .iter()
            .filter_map(|rule| rule.judge(body, whole).err());
        let Some(first) = failures.next() else {
            return Ok(());
        };
        if first.reason == Reason::Body {
            return Err(first);
        }
        Err(failures
            .find(|other| other.reason == Reason::Body)
            .unwrap_or(first))
    }
}

/// A rule that is ready.
#[derive(Debug)]
enum Rule {
    Contains(Box<memmem::Finder<'static>>),
    Regex { pattern: Regex, must_match: bool },
    Digest([u8; 32]),
}

impl Rule {
    fn prepare(rule: &BodyRule) -> Result<Rule, PrepareError> {
        Ok(match rule {
            BodyRule::Contains(text) => {
                Rule::Contains(Box::new(memmem::Finder::new(text).into_owned()))
            }
            BodyRule::Regex(pattern) => Rule::Regex {
                pattern: compile(pattern)?,
                must_match: true,
            },
            BodyRule::NotRegex(pattern) => Rule::Regex {
                pattern: compile(pattern)?,
                must_match: false,
            },
            BodyRule::Digest(digest) => Rule::Digest(*digest),
        })
    }

    /// What it says of a body; `whole` unless it is only the beginning of one that is longer than is read.
    fn judge(&self, body: &[u8], whole: Whole) -> Result<(), Failure> {
        let (good, words) = match self {
            Rule::Contains(finder) => (
                finder.find(body).is_some(),
                "the body does not contain what it must",
            ),
            Rule::Regex {
                pattern,
                must_match: true,
            } => (
                pattern.is_match(body),
                "the body does not match the regular expression",
            ),
            Rule::Regex { pattern, .. } => {
                let found = pattern.is_match(body);
                if found {
                    // More of it changes nothing.
                    return Err(Failure::new(
                        Reason::Body,
                        "the body matches what it must not match",
                    ));
                }
                (whole == Whole::Yes, "")
            }
            Rule::Digest(digest) => {
                let own = ring::digest::digest(&ring::digest::SHA256, body);
                let same = whole == Whole::Yes && own.as_ref() == digest;
                (same, "the body has another digest")
            }
        };
        match (good, whole) {
            (true, _) => Ok(()),
            (false, Whole::Yes) => Err(Failure::new(Reason::Body, words)),
            (false, Whole::Cut) => Err(Failure::new(
                Reason::TooLong,
                "the body is longer than `body-bytes`",
            )),
        }
    }
}

/// Whether all of a body is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Yes,
    Cut,
}

fn compile(pattern: &str) -> Result<Regex, PrepareError> {
    let compiled = RegexBuilder::new(pattern)
        .size_limit(REGEX_MAX_BYTES)
        .build();
    compiled.map_err(|error| {
        PrepareError::general(format!("cannot use the regular expression: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rules_must_hold() {
        use Whole::{Cut, Yes};
        let contains = |text: &str| BodyRule::Contains(text.as_bytes().into());
        let not = |pattern: &str| BodyRule::NotRegex(pattern.into());
        for (rules, body, whole, expected) in [
            (&[][..], "anything", Yes, None),
            (&[], "anything", Cut, None),
            (&[contains("ok"), not("error")], "ok", Yes, None),
            (
                &[contains("ok"), not("error")],
                "fine",
                Yes,
                Some(Reason::Body),
            ),
            (
                &[contains("ok"), not("error")],
                "ok, error",
                Yes,
                Some(Reason::Body),
            ),
            (
                &[contains("ok"), not("error")],
                "ok",
                Cut,
                Some(Reason::TooLong),
            ),
            // More of it cannot mend that.
            (
                &[contains("ok"), not("error")],
                "error",
                Cut,
                Some(Reason::Body),
            ),
            (
                &[
                    BodyRule::Regex("^o".into()),
                    contains("k"),
                    BodyRule::Digest([0; 32]),
                ],
                "ok",
                Yes,
                Some(Reason::Body),
            ),
        ] {
            let judged = Rules::prepare(rules).unwrap().judge(body.as_bytes(), whole);
            let reason = judged.err().map(|failure| failure.reason);
            assert_eq!(reason, expected, "{rules:?} {body:?} {whole:?}");
        }
    }

    #[test]
    fn bodies_are_judged() {
        use Whole::{Cut, Yes};
        let digest = |text: &str| {
            let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
            BodyRule::Digest(digest.as_ref().try_into().unwrap())
        };
        let contains = |text: &str| BodyRule::Contains(text.as_bytes().into());
        for (rule, body, whole, expected) in [
            (contains("ok"), "it is ok", Yes, None),
            (contains("ok"), "it is ok", Cut, None),
            (contains("ok"), "it is", Yes, Some(Reason::Body)),
            (contains("ok"), "it is", Cut, Some(Reason::TooLong)),
            (BodyRule::Regex("^v[0-9]+$".into()), "v12", Yes, None),
            (BodyRule::Regex("^v".into()), "w", Yes, Some(Reason::Body)),
            (
                BodyRule::Regex("^v".into()),
                "w",
                Cut,
                Some(Reason::TooLong),
            ),
            (BodyRule::NotRegex("(?i)error".into()), "fine", Yes, None),
            (
                BodyRule::NotRegex("(?i)error".into()),
                "an ERROR",
                Cut,
                Some(Reason::Body),
            ),
            (
                BodyRule::NotRegex("error".into()),
                "fine",
                Cut,
                Some(Reason::TooLong),
            ),
            (digest("hello"), "hello", Yes, None),
            (digest("hello"), "hello!", Yes, Some(Reason::Body)),
            (digest("hello"), "hello", Cut, Some(Reason::TooLong)),
        ] {
            let judged = Rule::prepare(&rule).unwrap().judge(body.as_bytes(), whole);
            assert_eq!(
                judged.err().map(|failure| failure.reason),
                expected,
                "{rule:?} {body:?} {whole:?}"
            );
        }
        let error = Rule::prepare(&BodyRule::Regex("(".into())).unwrap_err();
        assert!(error.to_string().contains("regular expression"), "{error}");
    }
}
