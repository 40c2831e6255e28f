//! From a page source and the operator's words to bodies in every dialect that has one.
//!
//! [`load`] reads the source, checks it and makes a [`Page`]; [`Page::compress`] makes the same page with compressed
//! variants and is slow. Nothing here knows HTTP heads or chooses an answer: prepared answers are put together from a
//! `Page` next door, and which of them a request gets is `sorry_core::answer`'s decision.

mod builtin;
mod compress;
mod csp;
mod digest;
mod head;
mod media_type;
mod mistake;
mod own;
pub mod prepared;
mod problem;
mod source;
mod text;
mod words;

pub use mistake::{Mistake, PageError};
pub use source::{Bounds, Exceeded, Source};
pub use words::Words;

use bytes::Bytes;
use sorry_core::answer::encoding::Encoding;
use sorry_core::answer::template::Template;

/// Reads `source` and makes the page of it with the operator's `words`, in plain bodies; the built-in page without
/// words has its compressed variants at once. All mistakes are reported together.
pub fn load(source: &Source, words: &Words, bounds: &Bounds) -> Result<Page, PageError> {
    match source {
        Source::BuiltIn => Ok(built_in(words)),
        Source::File(path) => own::file(path, words, bounds),
        Source::Folder(path) => own::folder(path, words, bounds),
    }
}

fn built_in(words: &Words) -> Page {
    let problem_json = problem::json(words);
    Page {
        html: builtin::documents(words),
        xml: problem::xml(words),
        text: text::all(words),
        event_stream: problem::event_stream(&problem_json),
        problem_json,
        assets: Vec::new(),
        warnings: Vec::new(),
        digest: Box::default(),
    }
}

/// Every body of one site's refusal.
#[derive(Debug, Clone)]
pub struct Page {
    /// The page for people, one per language, the site's default first; never empty. Solid: HTML has no holes.
    pub html: Vec<Document>,
    /// The problem document (RFC 9457), for `application/problem+json` and `application/json` alike.
    pub problem_json: Template,
    /// The same as XML (RFC 9457, appendix B).
    pub xml: Template,
    /// Plain text by language tag, the site's default first; never empty. Built-in ones have at most 200 bytes.
    pub text: Vec<(Box<str>, Template)>,
    /// A whole event stream: when to reconnect, one event `sorry` with the problem document.
    pub event_stream: Template,
    /// The page's own files, in the order of their paths.
    pub assets: Vec<Asset>,
    /// What works and is still worth a second look.
    pub warnings: Vec<Mistake>,
    /// A digest of the operator's files that it was made of; empty where there are none.
    pub digest: Box<str>,
}

/// One page for people, in one language.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its language tag in lower case: `de`, `pt-br`.
    pub language: Box<str>,
    /// The HTML, in UTF-8.
    pub body: Bytes,
    /// The value of its Content-Security-Policy.
    pub csp: Box<str>,
    /// The body in other codings.
    pub encoded: Encoded,
}

/// A file that the page uses.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its path as browsers ask for it, percent-encoded: `/.sorry/<hash>/img/logo.png`.
    pub path: Box<str>,
    /// Its media type, with a charset where it is text.
    pub content_type: &'static str,
    /// What is in it.
    pub body: Bytes,
    /// The body in other codings.
    pub encoded: Encoded,
}

/// A body in other content codings, each only where it is smaller than the plain one.
#[derive(Debug, Clone, Default)]
pub struct Encoded {
    /// RFC 1952
    pub gzip: Option<Bytes>,
    /// RFC 7932
    pub br: Option<Bytes>,
    /// RFC 8878, with a window that browsers accept (RFC 9659)
    pub zstd: Option<Bytes>,
}

impl Page {
    /// Whether every page has its compressed variants, so that [`Page::compress`] has nothing to do.
    pub fn is_compressed(&self) -> bool {
        let done = |encoded: &Encoded| encoded.gzip.is_some();
        self.html.iter().all(|document| done(&document.encoded)) && self.assets.is_empty()
    }

    /// Takes over the compressed variants of whatever has the same bytes in `old`.
    pub fn reuse(&mut self, old: &Page) {
        for document in &mut self.html {
            let same = |old: &&Document| old.body == document.body;
            if let Some(old) = old.html.iter().find(same) {
                document.encoded = old.encoded.clone();
            }
        }
        for asset in &mut self.assets {
            let same = |old: &&Asset| old.path == asset.path && old.body == asset.body;
            if let Some(old) = old.assets.iter().find(same) {
                asset.encoded = old.encoded.clone();
            }
        }
    }

    /// The same page with compressed variants where they are smaller. Slow, seconds for large assets: for a thread in
    /// the background. Variants that are there already are kept.
    pub fn compress(&self) -> Page {
        let mut page = self.clone();
        for document in &mut page.html {
            document.encoded.complete(&document.body);
        }
        for asset in &mut page.assets {
            if media_type::shrinks(asset.content_type) {
                asset.encoded.complete(&asset.body);
            }
        }
        page
    }
}

impl Asset {
    /// How much memory it takes, in all its codings.
    pub fn bytes(&self) -> usize {
        let Encoded { gzip, br, zstd } = &self.encoded;
        let variants = [gzip, br, zstd].into_iter().flatten();
        self.body.len() + variants.map(Bytes::len).sum::<usize>()
    }
}

impl Encoded {
    /// The variant in `encoding`; none for identity.
    pub fn variant(&self, encoding: Encoding) -> Option<&Bytes> {
        match encoding {
            Encoding::Identity => None,
            Encoding::Gzip => self.gzip.as_ref(),
            Encoding::Brotli => self.br.as_ref(),
            Encoding::Zstd => self.zstd.as_ref(),
        }
    }

    /// Makes the variants of `body` that are missing.
    fn complete(&mut self, body: &Bytes) {
        let smaller = |variant: Option<Vec<u8>>| {
            variant
                .filter(|variant| variant.len() < body.len())
                .map(Bytes::from)
        };
        if self.gzip.is_none() {
            self.gzip = smaller(compress::gzip(body));
        }
        if self.br.is_none() {
            self.br = smaller(compress::brotli(body));
        }
        if self.zstd.is_none() {
            self.zstd = smaller(compress::zstd(body));
        }
    }
}

#[cfg(test)]
mod tests;
