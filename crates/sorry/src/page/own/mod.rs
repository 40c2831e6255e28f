//! An operator's own page: templates, languages and assets from a file or a folder.
//!
//! Two passes: the first renders every template and follows every reference, so that all mistakes come together; the
//! second moves what refers to a file of the folder under `/.sorry/<hash>/`, where it works under any URL. One hash over
//! all assets names one folder for all of them: so references among assets, in style sheets, modules and pictures, keep
//! working as they are, circles included, and no asset is changed.

mod check;
mod css;
mod files;
mod markup;
mod names;
mod reference;
mod relocate;
mod rest;
mod srcset;
mod strays;
mod template;
mod xml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sorry_core::answer::template::Template;

use super::csp::Policy;
use super::mistake::{Mistake, PageError};
use super::source::{Bounds, Exceeded};
use super::words::Words;
use super::{Asset, Document, Encoded, Page, digest, media_type, problem};
use check::{Check, Learned, Text};
use files::Files;
use names::Part;
use template::{Fault, Includes, Job, Kind};

/// A page from one file; what it refers to lies beside it.
pub(super) fn file(path: &Path, words: &Words, bounds: &Bounds) -> Result<Page, PageError> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut loader = Loader::open(folder, words, bounds)?;
    match loader.files.read_within_bounds(path, path, "page") {
        Ok(bytes) => {
            let language = words.default_language.to_ascii_lowercase().into();
            loader.page(path.to_owned(), language, &bytes);
        }
        Err(mistake) => loader.mistakes.push(mistake),
    }
    loader.finish(Which::ReferredTo)
}

/// A page from a folder.
pub(super) fn folder(path: &Path, words: &Words, bounds: &Bounds) -> Result<Page, PageError> {
    let mut loader = Loader::open(path, words, bounds)?;
    let mistakes = loader.files.read_all();
    loader.mistakes.extend(mistakes);
    loader.sort_parts();
    loader.finish(Which::PartsOfPages)
}

/// Which files become assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// What the page and its style sheets refer to.
    ReferredTo,
    /// That, and all of the kinds that pages are made of: scripts and their parts refer to files in ways nobody can read.
    PartsOfPages,
}

/// A template of the page for people, rendered.
struct Draft {
    path: PathBuf,
    language: Box<str>,
    source: String,
    html: String,
}

/// Everything about one page while it is being loaded.
struct Loader<'a> {
    words: &'a Words,
    bounds: &'a Bounds,
    files: Files,
    includes: Includes,
    /// The names of files that templates have asked for.
    included: BTreeSet<String>,
    drafts: Vec<Draft>,
    texts: Vec<(Box<str>, Template)>,
    json: Option<Template>,
    xml: Option<Template>,
    /// Files with mistakes that nothing could be made of, by what they are for.
    lost: Vec<(Kind, Box<str>)>,
    mistakes: Vec<Mistake>,
    warnings: Vec<Mistake>,
}

impl<'a> Loader<'a> {
    fn open(folder: &Path, words: &'a Words, bounds: &'a Bounds) -> Result<Loader<'a>, PageError> {
        let files = Files::open(folder, *bounds).map_err(|mistake| PageError {
            mistakes: vec![mistake],
            warnings: Vec::new(),
        })?;
        Ok(Loader {
            words,
            bounds,
            files,
            includes: Includes::default(),
            included: BTreeSet::new(),
            drafts: Vec::new(),
            texts: Vec::new(),
            json: None,
            xml: None,
            lost: Vec::new(),
            mistakes: Vec::new(),
            warnings: Vec::new(),
        })
    }

    fn default_language(&self) -> Box<str> {
        self.words.default_language.to_ascii_lowercase().into()
    }

    /// Gives every file of the folder its part and renders those that have one.
    fn sort_parts(&mut self) {
        let files: Vec<(String, Bytes)> = self
            .files
            .all()
            .iter()
            .map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect();
        let text = |(name, bytes): &(String, Bytes)| {
            let text = std::str::from_utf8(bytes).ok()?;
            Some((name.clone(), text.to_owned()))
        };
        self.includes = Arc::new(files.iter().filter_map(text).collect());
        let has_page = files
            .iter()
            .any(|(name, _)| matches!(names::part(name), Part::Page(_)));
        for (name, bytes) in &files {
            let path = self.files.path(name);
            let language = |tag: Option<Box<str>>| tag.unwrap_or_else(|| self.default_language());
            match names::part(name) {
                Part::Page(tag) => self.page(path, language(tag), bytes),
                Part::Index(tag) if !has_page => self.page(path, language(tag), bytes),
                Part::Index(_) => {
                    let message = "is not used, since there is a page.html".to_owned();
                    self.warnings.push(files::mistake(&path, message));
                }
                Part::Text(tag) => {
                    let language = language(tag);
                    if let Some(template) = self.template(&path, Kind::Text, &language, bytes) {
                        self.texts.push((language, template));
                    }
                }
                Part::Json => {
                    self.json = self.template(&path, Kind::Json, &self.default_language(), bytes);
                }
                Part::Xml => {
                    self.xml = self.template(&path, Kind::Xml, &self.default_language(), bytes);
                }
                Part::OneLanguageTooMany => {
                    let message = "is for one language, but programs read it: there is one page.json and one page.xml for all".to_owned();
                    self.mistakes.push(files::mistake(&path, message));
                }
                Part::Partial | Part::Asset => {}
            }
        }
        // Where a template could not be rendered, nobody knows what it includes.
        let unasked = files.iter().map(|(name, _)| name);
        let unasked = unasked.filter(|name| self.lost.is_empty() && !self.included.contains(*name));
        let told = unasked.filter_map(|name| Some((name, names::almost_a_page(name)?)));
        let told = told.map(|(name, said)| files::mistake(&self.files.path(name), said));
        self.warnings.extend(told);
        self.order_languages();
    }

    /// Each language once, the default first.
    fn order_languages(&mut self) {
        let default = self.default_language();
        let folder = self.files.path("");
        self.drafts.sort_by_key(|draft| draft.language != default);
        self.texts.sort_by_key(|(language, _)| *language != default);
        let pages = self.drafts.iter().map(|draft| &*draft.language);
        let texts = self.texts.iter().map(|(language, _)| &**language);
        let found = [
            names::gap_in(self.with_lost(pages, Kind::Html), "html", &default),
            names::gap_in(self.with_lost(texts, Kind::Text), "txt", &default),
        ];
        for message in found.into_iter().flatten() {
            self.mistakes.push(files::mistake(&folder, message));
        }
    }

    /// Languages, and those whose files could not be used, which have been told.
    fn with_lost<'b>(
        &'b self,
        languages: impl Iterator<Item = &'b str>,
        kind: Kind,
    ) -> Vec<&'b str> {
        let lost = self.lost.iter().filter(|(of, _)| *of == kind);
        languages
            .chain(lost.map(|(_, language)| &**language))
            .collect()
    }

    /// Renders a page for people.
    fn page(&mut self, path: PathBuf, language: Box<str>, bytes: &[u8]) {
        let Some(source) = self.source(&path, bytes) else {
            self.lost.push((Kind::Html, language));
            return;
        };
        let page = self.job(&path, Kind::Html, &language, &source).html();
        let is_whole = page.faults.is_empty();
        self.included.extend(page.included);
        self.faults(&path, page.faults);
        let Some(html) = page.made else {
            self.lost.push((Kind::Html, language));
            return;
        };
        // Browsers read every line end as a newline, before they hash a block.
        let html = html.replace("\r\n", "\n").replace('\r', "\n");
        if is_whole {
            self.check_whole(&path, &html);
        }
        self.drafts.push(Draft {
            path,
            language,
            source,
            html,
        });
    }

    /// What has to do with the page as a whole.
    fn check_whole(&mut self, path: &Path, html: &str) {
        if html.trim().is_empty() {
            self.mistakes
                .push(files::mistake(path, "the page is empty".to_owned()));
        }
        if html.contains('\0') {
            let message = "has a NUL character in it, which no page may have".to_owned();
            self.mistakes.push(files::mistake(path, message));
        }
        if !html.contains(&super::builtin::html::script()) {
            let message =
                "does not bring visitors back by itself; put {{ auto_return }} before </body>"
                    .to_owned();
            self.warnings.push(files::mistake(path, message));
        }
    }

    fn template(
        &mut self,
        path: &Path,
        kind: Kind,
        language: &str,
        bytes: &[u8],
    ) -> Option<Template> {
        let made = self.source(path, bytes).and_then(|source| {
            let made = self.job(path, kind, language, &source).template();
            self.included.extend(made.included);
            self.faults(path, made.faults);
            made.made
        });
        if made.is_none() {
            self.lost.push((kind, language.into()));
        }
        made
    }

    /// The text of a template, without a byte order mark.
    fn source(&mut self, path: &Path, bytes: &[u8]) -> Option<String> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
            Err(error) => {
                let line = bytes[..error.valid_up_to()]
                    .iter()
                    .filter(|b| **b == b'\n')
                    .count()
                    + 1;
                self.mistakes.push(Mistake {
                    file: path.to_owned(),
                    line: Some(line),
                    message: "is not UTF-8 from here on; save it as UTF-8".to_owned(),
                    exceeds: None,
                });
                None
            }
        }
    }

    fn job<'b>(
        &'b self,
        path: &'b Path,
        kind: Kind,
        language: &'b str,
        source: &'b str,
    ) -> Job<'b> {
        let name = path.file_name().and_then(|name| name.to_str());
        Job {
            kind,
            name: name.unwrap_or("page"),
            source,
            language,
            words: self.words,
            includes: &self.includes,
            longest: self.bounds.file_bytes,
        }
    }

    fn faults(&mut self, path: &Path, faults: Vec<Fault>) {
        self.mistakes
            .extend(faults.into_iter().map(|fault| Mistake {
                file: path.with_file_name(fault.name),
                line: fault.line,
                message: fault.message,
                exceeds: fault.exceeds,
            }));
    }

    fn finish(mut self, which: Which) -> Result<Page, PageError> {
        let mut check = Check {
            files: &mut self.files,
            learned: Learned::default(),
        };
        let mut checked = Vec::new();
        for draft in &self.drafts {
            let findings = markup::scan(&draft.html);
            let mut policy = Policy::new();
            let text = Text {
                path: draft.path.clone(),
                folder: "",
                source: &draft.source,
                made: &draft.html,
            };
            check.document(&text, &findings, &mut policy);
            checked.push((findings, policy));
        }
        let learned = check.learned;
        let assets = self.assets(&learned, which);
        self.mistakes.extend(learned.mistakes.iter().cloned());
        self.warnings.extend(learned.warnings.iter().cloned());
        self.check_parts(&assets);
        if which == Which::PartsOfPages {
            // A copy of a database that somebody left there must not become public.
            self.warnings.extend(strays::warnings(&self.files, &assets));
        }
        if !self.mistakes.is_empty() {
            self.mistakes
                .sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
            // A file that several pages include is told of once.
            self.mistakes.dedup();
            return Err(PageError {
                mistakes: self.mistakes,
                warnings: self.warnings,
            });
        }
        let prefix = relocate::prefix(&assets);
        let html = std::iter::zip(&self.drafts, checked)
            .map(|(draft, (findings, mut policy))| {
                learned.allow(&mut policy);
                relocate::document(draft, &findings, policy, &prefix)
            })
            .collect();
        Ok(self.put_together(html, &assets, &prefix))
    }

    fn assets(&self, learned: &Learned, which: Which) -> BTreeMap<String, Bytes> {
        let is_asset = |name: &String| match which {
            _ if learned.assets.contains(name) => true,
            Which::PartsOfPages => {
                names::part(name) == Part::Asset && media_type::is_part_of_pages(name)
            }
            Which::ReferredTo => false,
        };
        let files = self.files.all().iter();
        files
            .filter(|(name, _)| is_asset(name))
            .map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect()
    }

    fn check_parts(&mut self, assets: &BTreeMap<String, Bytes>) {
        let folder = self.files.path("");
        let has_part = !self.texts.is_empty() || self.json.is_some() || self.xml.is_some();
        if self.drafts.is_empty() && !has_part && self.mistakes.is_empty() {
            let message =
                "has no page.html, nor any of index.html, page.json, page.txt and page.xml"
                    .to_owned();
            self.mistakes.push(files::mistake(&folder, message));
        }
        if assets.len() > self.bounds.assets {
            let message = format!(
                "has {} assets; a page may have {}",
                assets.len(),
                self.bounds.assets
            );
            let excess = files::excess(&folder, Exceeded::Assets, message);
            self.mistakes.push(excess);
        }
    }

    /// Of everything that was read. The one file of a page without a folder is not among the files.
    fn digest(&self) -> Box<str> {
        let files = self.files.all().iter();
        let files = files.map(|(name, bytes)| (name.as_str(), bytes.as_ref()));
        let sources = self.drafts.iter();
        let sources = sources.map(|draft| (&*draft.language, draft.source.as_bytes()));
        digest::short_name(files.chain(sources)).into()
    }

    /// What the operator has no own form of is built in.
    fn put_together(
        self,
        html: Vec<Document>,
        assets: &BTreeMap<String, Bytes>,
        prefix: &str,
    ) -> Page {
        let mut page = super::built_in(self.words);
        page.digest = self.digest();
        if !html.is_empty() {
            page.html = html;
        }
        if !self.texts.is_empty() {
            page.text = self.texts;
        }
        if let Some(xml) = self.xml {
            page.xml = xml;
        }
        if let Some(json) = self.json {
            page.event_stream = problem::event_stream(&json);
            page.problem_json = json;
        }
        page.assets = assets
            .iter()
            .map(|(name, body)| Asset {
                path: format!("{prefix}{}", reference::url_path(name)).into(),
                content_type: media_type::of(name),
                body: body.clone(),
                encoded: Encoded::default(),
            })
            .collect();
        page.assets.sort_by(|a, b| a.path.cmp(&b.path));
        page.warnings = self.warnings;
        page
    }
}

#[cfg(test)]
mod tests;
