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

/// A rule that is ready.
#[derive(Debug)]
pub(super) enum Rule {
    Contains(Box<memmem::Finder<'static>>),
    Regex { pattern: Regex, must_match: bool },
    Digest([u8; 32]),
}

impl Rule {
    pub(super) fn prepare(rule: &BodyRule) -> Result<Rule, PrepareError> {
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
    pub(super) fn judge(&self, body: &[u8], whole: Whole) -> Result<(), Failure> {
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
