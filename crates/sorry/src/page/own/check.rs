//! Follows every reference of a page: which files it needs, which other hosts it asks, what its policy must allow.
//!
//! Pure but for the files it asks for. It changes nothing; the second pass, in `own`, moves what was found here.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::csp::{Directive, Policy};
use super::super::media_type;
use super::super::mistake::Mistake;
use super::files::Files;
use super::markup::{Finding, Purpose, What};
use super::names::{self, Part};
use super::reference::{self, Target};
use super::{css, srcset};

/// What was learned on the way through all documents.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<Mistake>,
    /// The files that are referred to.
    pub(super) assets: BTreeSet<String>,
    /// Sources that style sheets need; they are the same for all documents.
    allowed: BTreeSet<(Directive, String)>,
    /// Style sheets that have been read.
    styles: BTreeSet<String>,
}

impl Learned {
    /// Adds what the style sheets need.
    pub(super) fn allow(&self, policy: &mut Policy) {
        for (directive, source) in &self.allowed {
            policy.allow(*directive, source);
        }
    }
}

/// One file with references in it.
pub(super) struct Text<'a> {
    /// The file.
    pub(super) path: PathBuf,
    /// The folder it lies in, from the page's own on.
    pub(super) folder: &'a str,
    /// What the operator wrote, for line numbers.
    pub(super) source: &'a str,
    /// What was made of it; places are places in here.
    pub(super) made: &'a str,
}

impl Text<'_> {
    /// The line of the source on which `needle`, which stands at `at` in what was made, was written. Templates may
    /// repeat or leave out lines, so it is looked for: the nth one made is the nth one written.
    fn line(&self, at: usize, needle: &str) -> usize {
        let line_of = |text: &str, at: usize| text[..at].matches('\n').count() + 1;
        let at = self.made.floor_char_boundary(at);
        if needle.is_empty() || self.source == self.made {
            return line_of(self.made, at);
        }
        let before = self.made[..at].matches(needle).count();
        let written = || self.source.match_indices(needle).map(|(at, _)| at);
        let place = written().nth(before).or_else(|| written().last());
        place.map_or_else(|| line_of(self.made, at), |at| line_of(self.source, at))
    }

    fn mistake(&self, at: usize, needle: &str, message: String) -> Mistake {
        Mistake {
            file: self.path.clone(),
            line: Some(self.line(at, needle)),
            message,
            exceeds: None,
        }
    }
}

/// Walks through documents and the style sheets they lead to.
pub(super) struct Check<'a> {
    pub(super) files: &'a mut Files,
    pub(super) learned: Learned,
}

impl Check<'_> {
    /// Follows what was found in one document and adds to its policy.
    pub(super) fn document(&mut self, text: &Text<'_>, findings: &[Finding], policy: &mut Policy) {
        for Finding { range, what } in findings {
            let made = &text.made[range.clone()];
            match what {
                What::Reference(value, purpose) => {
                    self.reference(text, range.start, value, *purpose, policy);
                }
                What::Srcset(value) => {
                    for address in srcset::addresses(value) {
                        let purpose = Purpose::Load(Directive::Image);
                        self.reference(text, range.start, &value[address], purpose, policy);
                    }
                }
                What::StyleBlock => self.style(text, range.start, made, policy),
                What::StyleAttribute(value) => {
                    policy.allow(Directive::StyleAttribute, "'unsafe-inline'");
                    self.style(text, range.start, value, policy);
                }
                What::ScriptBlock => policy.allow_block(Directive::Script, made),
                What::Handler(name) => self.warn(text, range.start, name, format!(
                    "{name} never runs: the page's Content-Security-Policy allows blocks and files of script, and no attributes"
                )),
                What::Base => self.refuse(text, range.start, made, "<base> would move every reference of the page; write them relative to the page's folder".to_owned()),
                What::Refresh => self.warn(text, range.start, made, "a refresh reloads whether the site is back or not, and takes what is being read away; {{ auto_return }} asks first".to_owned()),
            }
        }
    }

    fn style(&mut self, text: &Text<'_>, at: usize, style: &str, policy: &mut Policy) {
        for found in css::references(style) {
            // In an attribute the place is that of the attribute: escapes may have moved the rest.
            let inside = text.made.get(at..at + style.len()) == Some(style);
            let at = if inside { at + found.range.start } else { at };
            let purpose = Purpose::Load(directive_of_style(&found));
            self.reference(text, at, &found.value, purpose, policy);
        }
    }

    fn reference(
        &mut self,
        text: &Text<'_>,
        at: usize,
        value: &str,
        purpose: Purpose,
        policy: &mut Policy,
    ) {
        let target = reference::read(value, text.folder);
        if let Purpose::Load(directive) = purpose {
            for source in sources(&target) {
                policy.allow(directive, &source);
            }
        }
        match (target, purpose) {
            (Target::File(file), _) => {
                let wanted = self.want(&file.name);
                match wanted {
                    Ok(()) => self.follow(&file.name),
                    Err(why) => self.refuse(text, at, value, format!("{value:?} {why}")),
                }
            }
            (Target::Outside, _) => self.refuse(text, at, value, format!("{value:?} leads out of the page's folder")),
            (Target::Script, _) => self.warn(text, at, value, "javascript: never runs under the page's Content-Security-Policy".to_owned()),
            (Target::Site, Purpose::Load(_)) => self.warn(text, at, value, format!(
                "{value:?} asks the site itself, which is down; write it relative to the page's folder"
            )),
            (Target::External(_), Purpose::Load(_)) => self.warn(text, at, value, format!(
                "{value:?} asks another host while the site is down; a copy beside the page always works"
            )),
            (target, Purpose::Form) => self.form(text, at, value, target, policy),
            (Target::Here | Target::Data | Target::Site | Target::External(_), _) => {}
        }
    }

    fn form(
        &mut self,
        text: &Text<'_>,
        at: usize,
        value: &str,
        target: Target,
        policy: &mut Policy,
    ) {
        if let Target::External(Some(origin)) = target {
            policy.allow(Directive::Form, &origin);
            return;
        }
        policy.allow(Directive::Form, "'self'");
        self.warn(
            text,
            at,
            value,
            "the form is sent to the site itself, which is down".to_owned(),
        );
    }

    /// Style sheets have references of their own.
    fn follow(&mut self, name: &str) {
        if !media_type::is_style(name) || !self.learned.styles.insert(name.to_owned()) {
            return;
        }
        let Some(bytes) = self.files.all().get(name).cloned() else {
            return;
        };
        let style = String::from_utf8_lossy(&bytes);
        let text = Text {
            path: self.files.path(name),
            folder: name.rsplit_once('/').map_or("", |(folder, _)| folder),
            source: &style,
            made: &style,
        };
        let mut policy = Policy::new();
        for found in css::references(&style) {
            let directive = directive_of_style(&found);
            let target = reference::read(&found.value, text.folder);
            self.learned
                .allowed
                .extend(sources(&target).map(|source| (directive, source)));
            let at = found.range.start;
            self.reference(
                &text,
                at,
                &found.value,
                Purpose::Load(directive),
                &mut policy,
            );
            // Style sheets are served as they are, so the browser must ask for the name as it is served.
            if let Target::File(file) = target
                && !reference::is_asked_for_as(&found.value, &file.name)
            {
                let path = reference::url_path(&file.name);
                let message = format!(
                    "{:?} is asked for under another name than it is served; write it like {path:?}",
                    found.value
                );
                self.refuse(&text, at, &found.value, message);
            }
        }
    }

    /// Makes a file one of the page's assets, or says why it cannot be one.
    fn want(&mut self, name: &str) -> Result<(), String> {
        match names::part(name) {
            Part::Asset => {}
            Part::Partial => {
                return Err(
                    "is another page, and only the page itself is shown while the site is down"
                        .to_owned(),
                );
            }
            _ => {
                return Err(
                    "is the page itself, which has no address of its own; link to / instead"
                        .to_owned(),
                );
            }
        }
        match self.files.get(name) {
            Ok(Some(_)) => {
                self.learned.assets.insert(name.to_owned());
                Ok(())
            }
            Ok(None) => Err(
                "names a file that is not there; what is on the site itself begins with /"
                    .to_owned(),
            ),
            Err(mistake) => {
                if !self.learned.mistakes.contains(&mistake) {
                    self.learned.mistakes.push(mistake);
                }
                Ok(())
            }
        }
    }

    fn refuse(&mut self, text: &Text<'_>, at: usize, needle: &str, message: String) {
        self.learned
            .mistakes
            .push(text.mistake(at, needle, message));
    }

    fn warn(&mut self, text: &Text<'_>, at: usize, needle: &str, message: String) {
        self.learned
            .warnings
            .push(text.mistake(at, needle, message));
    }
}

/// What a policy must name for a target to be loaded.
fn sources(target: &Target) -> impl Iterator<Item = String> + use<> {
    let source = match target {
        Target::File(_) | Target::Site => Some("'self'".to_owned()),
        Target::Data => Some("data:".to_owned()),
        Target::External(origin) => origin.clone(),
        Target::Here | Target::Script | Target::Outside => None,
    };
    source.into_iter()
}

/// What a reference of a style sheet is loaded as: fonts are told by their names.
fn directive_of_style(found: &css::Reference) -> Directive {
    let path = found.value.split(['?', '#']).next().unwrap_or_default();
    let is_font_data = [
        "data:font/",
        "data:application/font",
        "data:application/x-font",
    ]
    .iter()
    .any(|prefix| found.value.starts_with(prefix));
    match found.kind {
        css::Kind::Import => Directive::Style,
        css::Kind::Url if is_font_data || media_type::is_font(path) => Directive::Font,
        css::Kind::Url => Directive::Image,
    }
}
