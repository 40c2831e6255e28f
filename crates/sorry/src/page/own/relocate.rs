//! Moves what refers to files of the page's folder to where they are served.
//!
//! The second pass: every reference has been checked, nothing can fail any more. Everything that is no reference stays byte
//! for byte.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::csp::{Directive, Policy};
use super::super::{Document, Encoded, digest};
use super::markup::{self, Finding, What};
use super::reference::{self, Target};
use super::{Draft, css, srcset};

/// Where the assets are served from.
pub(super) fn prefix(assets: &BTreeMap<String, Bytes>) -> String {
    let files = assets.iter().map(|(name, bytes)| (name.as_str(), &**bytes));
    format!("/.sorry/{}/", digest::short_name(files))
}

/// Moves what refers to files of the folder; the policy then allows the styles as they are sent.
pub(super) fn document(
    draft: &Draft,
    findings: &[Finding],
    mut policy: Policy,
    prefix: &str,
) -> Document {
    let moved = |address: &str| match reference::read(address, "") {
        Target::File(file) => Some(format!(
            "{prefix}{}{}",
            reference::url_path(&file.name),
            file.suffix
        )),
        _ => None,
    };
    let html = &draft.html;
    let mut out = String::with_capacity(html.len() + findings.len() * prefix.len());
    let mut done = 0;
    for Finding { range, what } in findings {
        let new = match what {
            What::Reference(value, _) => moved(value).map(|address| markup::quoted(&address)),
            What::Srcset(value) => Some(srcset::replace(value, moved))
                .filter(|new| new != value)
                .map(|new| markup::quoted(&new)),
            What::StyleAttribute(value) => Some(css::replace(value, |found| moved(&found.value)))
                .filter(|new| new != value)
                .map(|new| markup::quoted(&new)),
            What::StyleBlock => {
                let style = css::replace(&html[range.clone()], |found| moved(&found.value));
                policy.allow_block(Directive::Style, &style);
                Some(style)
            }
            What::ScriptBlock | What::Handler(_) | What::Base | What::Refresh => None,
        };
        if let Some(new) = new {
            out.push_str(&html[done..range.start]);
            out.push_str(&new);
            done = range.end;
        }
    }
    out.push_str(&html[done..]);
    Document {
        language: draft.language.clone(),
        body: out.into(),
        csp: policy.value(),
        encoded: Encoded::default(),
    }
}
