//! Reads the pages and the other files that answers are made of, and says what is wrong with them where they are named.

use std::path::Path;

use bytes::Bytes;
use sorry_core::said::Said;

use crate::config::plain_file::{self, PlainFileError};
use crate::config::{self, Config, Mistake, Purpose, Site};
use crate::count::Limit;
use crate::page::{self, Bounds, Exceeded, Page, Source, Words};

/// What one site's answers are made of.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) page: Page,
    pub(super) said: Option<Said>,
    pub(super) robots: Option<Bytes>,
}

impl Loaded {
    /// The same with bodies in all codings; slow.
    pub(super) fn compress(self) -> Loaded {
        Loaded {
            page: self.page.compress(),
            ..self
        }
    }
}

/// How often a page was refused because it goes beyond a limit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reached {
    page_bytes: u64,
    assets: u64,
}

impl Reached {
    fn count(&mut self, mistake: &page::Mistake) {
        match mistake.exceeds {
            Some(Exceeded::Bytes) => self.page_bytes += 1,
            Some(Exceeded::Assets) => self.assets += 1,
            None => {}
        }
    }

    /// By limit.
    pub(super) fn all(self) -> [(Limit, u64); 2] {
        [
            (Limit::PageBytes, self.page_bytes),
            (Limit::Assets, self.assets),
        ]
    }
}

/// A robots.txt longer than this is read by nobody (RFC 9309, section 2.5).
const ROBOTS_BYTES: u64 = 500 * 1024;

/// What there is to say of pages that cannot be taken.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) mistakes: Vec<Mistake>,
    /// Of those that could be taken, too.
    pub(super) warnings: Vec<String>,
}

/// Reads everything; all mistakes are reported together. `now` is in seconds since 1970.
pub(super) fn load(config: &Config, now: i64, reached: &mut Reached) -> Result<Vec<Loaded>, Found> {
    let mut found = Found::default();
    let mut loaded = Vec::new();
    for site in &config.sites {
        if let Some(one) = load_site(config, site, now, reached, &mut found) {
            found.warnings.extend(in_words(&one.page.warnings));
            loaded.push(one);
        }
    }
    if found.mistakes.is_empty() {
        Ok(loaded)
    } else {
        Err(found)
    }
}

/// What a page is warned of, in words.
pub(super) fn in_words(warnings: &[page::Mistake]) -> impl Iterator<Item = String> {
    warnings.iter().map(ToString::to_string)
}

fn load_site(
    config: &Config,
    site: &Site,
    now: i64,
    reached: &mut Reached,
    found: &mut Found,
) -> Option<Loaded> {
    let said = site
        .sorry
        .say
        .as_ref()
        .and_then(|said| Said::parse(said.as_str()).ok());
    let page = page::load(
        &source(site),
        &words(site, said.clone(), now),
        &bounds(config),
    )
    .map_err(|error| {
        let told = error.mistakes.iter().map(|mistake| {
            reached.count(mistake);
            named(
                config,
                site.sorry.page.as_deref(),
                Purpose::Page,
                &mistake.to_string(),
            )
            .inside(&mistake.file, mistake.line)
        });
        found.mistakes.extend(told);
        found.warnings.extend(in_words(&error.warnings));
    })
    .ok();
    let robots = site.sorry.robots.as_deref();
    let robots = robots.and_then(|path| {
        let told = |why: String| named(config, Some(path), Purpose::Robots, &why);
        let read =
            read_robots(path).map_err(|why| found.mistakes.push(told(why).inside(path, None)));
        read.ok()
    });
    Some(Loaded {
        page: with_policy(page?, site),
        said,
        robots,
    })
}

/// A mistake at the place that names the file.
pub(super) fn named(config: &Config, path: Option<&Path>, purpose: Purpose, what: &str) -> Mistake {
    let file = config
        .files
        .iter()
        .find(|file| Some(file.path.as_path()) == path && file.purpose == purpose);
    let mistake = match file {
        Some(file) => config.bad_file(file, what),
        None => Mistake::new(config::Code::BadFile, config::Place::File, what),
    };
    let is_absent = path.is_some_and(|path| !path.exists());
    match (purpose, mistake.place) {
        (Purpose::Page | Purpose::Robots, config::Place::Flag(_)) if is_absent => {
            mistake.hint("check the path; a relative one is taken from the folder that you are in")
        }
        (Purpose::Page | Purpose::Robots, _) if is_absent => mistake.hint(
            "check the path; a relative one is taken from the folder of the configuration file",
        ),
        _ => mistake,
    }
}

fn source(site: &Site) -> Source {
    match &site.sorry.page {
        None => Source::BuiltIn,
        Some(path) if path.is_dir() => Source::Folder(path.clone()),
        Some(path) => Source::File(path.clone()),
    }
}

fn words(site: &Site, said: Option<Said>, now: i64) -> Words {
    let sorry = &site.sorry;
    let name = site.hosts.iter().find_map(|host| match host {
        config::HostPattern::Exactly(name) => Some(name.to_string()),
        config::HostPattern::Below(_) => None,
    });
    Words {
        site: name.unwrap_or_default(),
        said,
        until: sorry.until.filter(|until| until.as_second() > now),
        status: sorry.status,
        status_phrase: phrase(sorry.status),
        default_language: sorry.language.clone(),
        page_path: match &sorry.mode {
            config::Mode::Redirect { page, .. } => Some(page.as_str().into()),
            config::Mode::InPlace => None,
        },
    }
}

fn bounds(config: &Config) -> Bounds {
    let limits = &config.limits;
    let file_bytes = usize::try_from(limits.page_bytes).unwrap_or(usize::MAX);
    Bounds {
        file_bytes,
        assets: limits.assets,
        // As the key's text says.
        total_bytes: file_bytes.saturating_mul(8),
    }
}

/// The operator's own policy for their own page.
fn with_policy(mut page: Page, site: &Site) -> Page {
    let policy: Option<&str> = match &site.sorry.csp {
        config::ContentSecurityPolicy::Auto => None,
        config::ContentSecurityPolicy::Off => Some(""),
        config::ContentSecurityPolicy::Text(text) => Some(text),
    };
    if let (Some(policy), true) = (policy, site.sorry.page.is_some()) {
        for document in &mut page.html {
            document.csp = policy.into();
        }
    }
    page
}

pub(super) fn read_robots(path: &Path) -> Result<Bytes, String> {
    match plain_file::read(path, ROBOTS_BYTES) {
        Ok(contents) => Ok(contents.bytes.into()),
        Err(PlainFileError::TooLong(most)) => Err(format!(
            "{} is longer than the {most} bytes that crawlers read of a robots.txt; shorten it",
            path.display()
        )),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

/// The phrase of a status: that of the IANA registry of HTTP status codes. One that nobody registered is called by the
/// name of its class (RFC 9110, section 15.6).
pub(super) fn phrase(status: u16) -> &'static str {
    match status {
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        506 => "Variant Also Negotiates",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        510 => "Not Extended",
        511 => "Network Authentication Required",
        _ => "Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_status_borrows_the_phrase_of_503() {
        let registered = [
            (500, "Internal Server Error"),
            (501, "Not Implemented"),
            (502, "Bad Gateway"),
            (503, "Service Unavailable"),
            (504, "Gateway Timeout"),
            (505, "HTTP Version Not Supported"),
            (506, "Variant Also Negotiates"),
            (507, "Insufficient Storage"),
            (508, "Loop Detected"),
            (510, "Not Extended"),
            (511, "Network Authentication Required"),
        ];
        for status in 500..=599 {
            let found = registered.iter().find(|(known, _)| *known == status);
            let expected = found.map_or("Server Error", |(_, phrase)| phrase);
            assert_eq!(phrase(status), expected, "{status}");
        }
    }
}
