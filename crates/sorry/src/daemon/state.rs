//! Everything the control thread knows, and the steps that change it: publish, reload, refresh.
//!
//! A change is planned whole before any of it is applied: a new configuration with a mistake in it, a page that does
//! not render, an address that is taken leave everything as it was.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;

use super::changes::differences;
use super::crew::Crew;
use super::descriptors;
use super::doors::{Change, DoorError, Doors};
use super::earlier::{Earlier, Room};
use super::folders;
use super::pages::{self, Found, Loaded, Reached};
use super::secrets;
use super::wire::{self, Fixed, Retired};
use super::worker::{Front, Shared, Shortage};
use crate::admin::{Moment, ReloadOutcome, ReloadReport};
use crate::answer::ListenerId;
use crate::config::{self, Config, Mistake, Report};
use crate::count;
use crate::listen::file_watch::FileWatch;
use crate::listen::passed::Passed;
use crate::listen::tls::Tls;

/// Closed listeners whose connections still find their own site; connections live for seconds.
const RETIRED: usize = 16;

/// Reads the configuration again, from wherever it came.
pub type Read = Box<dyn Fn() -> Result<Config, Report> + Send>;

/// What is in force.
pub(super) struct State {
    pub(super) config: Arc<Config>,
    pub(super) pages: Vec<Loaded>,
    /// Which pages these are: it grows whenever they are made anew, by a reload or because an expected return has passed.
    edition: u64,
    /// Files of the pages before them.
    earlier: Earlier,
    pub(super) doors: Doors,
    pub(super) numbers: Vec<ListenerId>,
    pub(super) tls: Option<Tls>,
    /// Made before the certificates were read; taken by whoever watches.
    pub(super) watch: Option<FileWatch>,
    pub(super) counts: Arc<count::Sites>,
    pub(super) connections: usize,
    /// Listeners that reloads have closed; the oldest are forgotten.
    retired: Vec<Retired>,
    pub(super) generation: u64,
    pub(super) workers: NonZeroUsize,
    pub(super) last_reload: Option<ReloadReport>,
    pub(super) started: Moment,
    /// The configuration file, where there is one.
    pub(super) configuration: Option<String>,
    /// How reading each certificate again has ended.
    pub(super) rereads: secrets::Rereads,
    /// Limits that pages went beyond.
    pub(super) reached: Reached,
}

/// What is settled before the configuration is put in force.
pub(super) struct Origin {
    pub(super) workers: NonZeroUsize,
    pub(super) connections: usize,
    pub(super) file: Option<String>,
}

/// What a configuration needs before it can be in force.
struct Prepared {
    pages: Vec<Loaded>,
    secrets: secrets::Read,
    change: Change,
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl State {
    /// Prepares the first configuration; its sockets are open when this returns.
    pub(super) fn new(
        config: Config,
        origin: Origin,
        passed: &mut Passed,
    ) -> Result<(State, Change), Report> {
        let doors = Doors::default();
        let mut reached = Reached::default();
        let reads = Reads {
            in_force: None,
            reached: &mut reached,
        };
        let prepared = prepare(&config, &doors, passed, origin.workers, reads)?;
        let (tls, watch) = prepared.secrets.adopt();
        let mut state = State {
            config: Arc::new(config),
            pages: prepared.pages,
            edition: 1,
            earlier: Earlier::default(),
            doors,
            numbers: Vec::new(),
            tls,
            watch,
            counts: Arc::new(count::Sites::new(origin.workers.get())),
            connections: origin.connections,
            retired: Vec::new(),
            generation: 1,
            workers: origin.workers,
            last_reload: None,
            started: Moment::now(),
            configuration: origin.file,
            rereads: secrets::Rereads::default(),
            reached,
        };
        let mut change = prepared.change;
        state.numbers = std::mem::take(&mut change.numbers);
        state.doors.apply(&mut change);
        Ok((state, change))
    }

    /// What workers are to read now.
    pub(super) fn front(&self) -> Option<Front> {
        let fixed = Fixed {
            config: &self.config,
            counts: &self.counts,
            listeners: &self.numbers,
            tls: self.tls.as_ref(),
            connections: self.connections,
            retired: &self.retired,
            earlier: &self.earlier,
            now: now(),
        };
        wire::front(&fixed, &self.pages)
    }

    /// The shared state of workers, published for the first time.
    pub(super) fn share(&self) -> Option<Arc<Shared>> {
        let front = Arc::new(ArcSwap::from_pointee(self.front()?));
        Some(Arc::new(Shared {
            front,
            open: AtomicUsize::new(0),
            shortage: Shortage::none(),
        }))
    }

    /// Publishes what is in force.
    pub(super) fn publish(&self, shared: &Shared) {
        if let Some(front) = self.front() {
            shared.front.store(Arc::new(front));
        }
    }

    /// Reads everything again and puts it in force, or leaves all as it is.
    pub(super) fn reload(&mut self, read: &Read, crew: &Crew, shared: &Shared) -> ReloadReport {
        let report = match read().and_then(|config| self.adopt(config, crew, shared)) {
            Ok(report) => report,
            Err(refused) => self.refused(&refused),
        };
        self.last_reload = Some(report.clone());
        report
    }

    /// What is worth a second look then is what was refused, not what is in force.
    fn refused(&self, refused: &Report) -> ReloadReport {
        let told = refused.to_json();
        ReloadReport {
            mistakes: told["mistakes"].as_array().cloned().unwrap_or_default(),
            shown: refused.render(config::Color::Plain),
            warnings: refused.warnings().to_vec(),
            ..self.report(ReloadOutcome::Refused, &[])
        }
    }

    /// A reload that is not even tried.
    pub(super) fn refuse_reload(&mut self, why: &str) -> ReloadReport {
        let report = ReloadReport {
            mistakes: vec![serde_json::json!({ "code": "busy", "message": why })],
            shown: format!("error: {why}\n"),
            ..self.report(ReloadOutcome::Refused, &[])
        };
        self.last_reload = Some(report.clone());
        report
    }

    fn adopt(
        &mut self,
        config: Config,
        crew: &Crew,
        shared: &Shared,
    ) -> Result<ReloadReport, Report> {
        let mut passed = Passed::default();
        let in_force = self.tls.as_ref().map(|tls| (tls, &*self.config));
        let reads = Reads {
            in_force,
            reached: &mut self.reached,
        };
        let prepared = prepare(&config, &self.doors, &mut passed, self.workers, reads)?;
        let mut change = prepared.change;
        let mut changes = differences(&self.config, &config);
        changes.extend(change.told());
        self.retire(&change.closed, &shared.front.load());
        self.numbers = std::mem::take(&mut change.numbers);
        self.doors.apply(&mut change);
        let listeners = config.listeners.len();
        self.connections =
            descriptors::connections(config.limits.connections, listeners, self.workers);
        self.turn_pages(Arc::new(config), prepared.pages);
        (self.tls, self.watch) = prepared.secrets.adopt();
        self.rereads = secrets::Rereads::worked(&self.config, Moment::now());
        self.generation += 1;
        // Workers must know what a listener means before they accept on it.
        self.publish(shared);
        crew.open(std::mem::take(&mut change.shares));
        crew.close(&change.closed);
        Ok(self.report(ReloadOutcome::Applied, &changes))
    }

    /// Puts new pages in the place of the old ones, whose files stay for those who still look at them.
    fn turn_pages(&mut self, config: Arc<Config>, pages: Vec<Loaded>) {
        let old = self.config.sites.iter().zip(&self.pages);
        for (site, old) in old {
            let mut new = config.sites.iter().zip(&pages);
            let new = new.find(|(known, _)| known.name == site.name);
            let Some((_, new)) = new else { continue };
            let room = self
                .earlier
                .keep(&site.name, &old.page, &new.page, Instant::now());
            if room == Room::Short {
                log::warn!(
                    "site {}: the earlier page's files are too large to keep; who still looks at that page will miss some",
                    site.name
                );
            }
        }
        (self.config, self.pages) = (config, pages);
        self.edition += 1;
    }

    /// The pages that lack compressed variants, and which edition they are; nothing where there is nothing to do.
    pub(super) fn to_compress(&self) -> Option<(u64, Vec<Loaded>)> {
        let done = self.pages.iter().all(|loaded| loaded.page.is_compressed());
        (!done).then(|| (self.edition, self.pages.clone()))
    }

    /// Puts compressed pages in force, unless others have taken their place meanwhile: those may say another return.
    pub(super) fn take_compressed(&mut self, edition: u64, pages: Vec<Loaded>, shared: &Shared) {
        if edition == self.edition {
            self.pages = pages;
            self.publish(shared);
        }
    }

    /// Forgets files of earlier pages that nobody may have in use any more.
    pub(super) fn forget_earlier(&mut self, shared: &Shared) {
        self.earlier.forget(Instant::now());
        self.publish(shared);
    }

    /// When there is next something to forget.
    pub(super) fn next_to_forget(&self) -> Option<Instant> {
        self.earlier.next_end()
    }

    fn retire(&mut self, closed: &[ListenerId], front: &Front) {
        let gone = |id: &ListenerId| Retired {
            id: *id,
            known: Arc::clone(front.sites.known()),
            entrance: front.entrances.get(id).cloned(),
        };
        self.retired.extend(closed.iter().map(gone));
        let forgotten = self.retired.len().saturating_sub(RETIRED);
        self.retired.drain(..forgotten);
    }

    /// What works and is worth a second look.
    pub(super) fn warnings(&self) -> Vec<String> {
        let pages = page_warnings(&self.pages);
        let expired = self
            .tls
            .iter()
            .flat_map(|tls| secrets::expired(&tls.certificates().current()));
        let of_keys = self.config.warnings.iter().cloned();
        of_keys
            .chain(pages)
            .chain(passed_returns(&self.config))
            .chain(expired)
            .collect()
    }

    /// When each site is expected back, in words.
    pub(super) fn expected_returns(&self) -> Vec<String> {
        let told = |site: &Arc<config::Site>| {
            let until = site.sorry.until?;
            let left = u64::try_from(until.as_second())
                .ok()?
                .checked_sub(now())
                .filter(|left| *left > 0)?;
            let left = config::duration::format(Duration::from_secs(left));
            Some(format!(
                "site {} is expected back at {until}, in {left}",
                site.name
            ))
        };
        self.config.sites.iter().filter_map(told).collect()
    }

    fn report(&self, outcome: ReloadOutcome, changes: &[String]) -> ReloadReport {
        ReloadReport {
            outcome,
            at: Moment::now(),
            generation: self.generation,
            changes: changes.to_vec(),
            mistakes: Vec::new(),
            shown: String::new(),
            warnings: self.warnings(),
        }
    }

    /// Makes the pages again for this moment, after an expected return has passed. A page that cannot be read now stays
    /// as it is: only its files were at fault, and nobody asked for a reload.
    pub(super) fn refresh(&mut self, shared: &Shared) {
        let now = i64::try_from(now()).unwrap_or(i64::MAX);
        match pages::load(&self.config, now, &mut self.reached) {
            Ok(pages) => self.turn_pages(Arc::clone(&self.config), pages),
            Err(found) => {
                for mistake in found.mistakes {
                    log::warn!("a page stays as it is: {}", mistake.message);
                }
            }
        }
        self.publish(shared);
    }

    /// The next expected return, in seconds since 1970.
    pub(super) fn next_until(&self) -> Option<u64> {
        let now = now();
        let untils = self.config.sites.iter().filter_map(|site| site.sorry.until);
        untils
            .filter_map(|until| u64::try_from(until.as_second()).ok())
            .filter(|until| *until > now)
            .min()
    }
}

/// What `run` would find, without keeping anything: warnings, or everything that is wrong.
pub(super) fn check(config: &Config) -> Result<Vec<String>, Report> {
    let mut found = Found {
        mistakes: folders::missing(config),
        warnings: config.warnings.clone(),
    };
    read_all(config, None, &mut Reached::default(), &mut found);
    match found.mistakes.is_empty() {
        true => Ok(found.warnings),
        false => Err(refusal(config, found)),
    }
}

/// Reads pages and certificates. What is wrong with them, and what they are warned of, is found.
fn read_all(
    config: &Config,
    in_force: Option<(&Tls, &Config)>,
    reached: &mut Reached,
    found: &mut Found,
) -> Option<(Vec<Loaded>, secrets::Read)> {
    let now = i64::try_from(now()).unwrap_or(i64::MAX);
    let pages = match pages::load(config, now, reached) {
        Ok(pages) => {
            found.warnings.extend(page_warnings(&pages));
            Some(pages)
        }
        Err(of_pages) => {
            found.mistakes.extend(of_pages.mistakes);
            found.warnings.extend(of_pages.warnings);
            None
        }
    };
    found.warnings.extend(passed_returns(config));
    let secrets = match secrets::load(config, in_force) {
        Ok(secrets) => {
            found.warnings.extend(secrets.expired());
            Some(secrets)
        }
        Err(of_secrets) => {
            found.mistakes.extend(of_secrets);
            None
        }
    };
    pages.zip(secrets)
}

fn page_warnings(pages: &[Loaded]) -> impl Iterator<Item = String> {
    pages
        .iter()
        .flat_map(|loaded| pages::in_words(&loaded.page.warnings))
}

/// The report on mistakes, with what else there is to say.
fn refusal(config: &Config, found: Found) -> Report {
    let report = config.report(found.mistakes).unwrap_or_default();
    report.with_warnings(found.warnings)
}

/// What reading a configuration has to do with what was before.
struct Reads<'a> {
    in_force: Option<(&'a Tls, &'a Config)>,
    reached: &'a mut Reached,
}

/// Opens and reads everything that a configuration names, and changes nothing.
fn prepare(
    config: &Config,
    doors: &Doors,
    passed: &mut Passed,
    workers: NonZeroUsize,
    reads: Reads<'_>,
) -> Result<Prepared, Report> {
    let mut found = Found {
        mistakes: folders::missing(config),
        warnings: config.warnings.clone(),
    };
    let Reads { in_force, reached } = reads;
    let read = read_all(config, in_force, reached, &mut found);
    // Sockets come last: what is opened for a configuration that is refused is closed again.
    let change = match found.mistakes.is_empty() {
        true => doors
            .plan(config, passed, workers)
            .map_err(|errors| found.mistakes.extend(told(config, &errors))),
        false => Err(()),
    };
    match (read, change) {
        (Some((pages, secrets)), Ok(change)) => Ok(Prepared {
            pages,
            secrets,
            change,
        }),
        _ => Err(refusal(config, found)),
    }
}

fn told(config: &Config, errors: &[(usize, DoorError)]) -> Vec<Mistake> {
    let place = |index: &usize| {
        config
            .listeners
            .get(*index)
            .map_or(config::Place::File, |listener| listener.place)
    };
    let told = |(index, error): &(usize, DoorError)| {
        Mistake::new(config::Code::BadListener, place(index), error.to_string())
    };
    errors.iter().map(told).collect()
}

/// Returns that were expected and have passed: visitors are no longer told of them.
fn passed_returns(config: &Config) -> Vec<String> {
    let passed = |site: &&Arc<config::Site>| {
        site.sorry
            .until
            .is_some_and(|until| u64::try_from(until.as_second()).is_ok_and(|until| until <= now()))
    };
    let told = |site: &Arc<config::Site>| {
        format!(
            "site {}: the expected return in `until` has passed, and visitors are not told of it",
            site.name
        )
    };
    config.sites.iter().filter(passed).map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// A site whose page is expected back in the far future, and a worker's worth of shared state.
    fn started() -> (State, Arc<Shared>) {
        let text = "[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:0\"]\nuntil = \"2100-01-01T00:00:00Z\"\n";
        let config = config::parse(text, "test", Path::new("/"), &jiff::tz::TimeZone::UTC).unwrap();
        let origin = Origin {
            workers: NonZeroUsize::MIN,
            connections: 1,
            file: None,
        };
        let (state, _) = State::new(config, origin, &mut Passed::default()).unwrap();
        let shared = state.share().unwrap();
        (state, shared)
    }

    #[test]
    fn pages_that_were_compressed_too_late_do_not_take_the_place_of_newer_ones() {
        let (mut state, shared) = started();
        let (edition, old) = state.to_compress().expect("a page with words of its own");
        let compressed = |pages: Vec<Loaded>| pages.into_iter().map(Loaded::compress).collect();
        // The expected return passes while the background thread still works.
        state.refresh(&shared);
        state.take_compressed(edition, compressed(old), &shared);
        assert!(
            !state.pages[0].page.is_compressed(),
            "what was made before the return stays out"
        );
        let (edition, new) = state.to_compress().expect("the newer page");
        state.take_compressed(edition, compressed(new), &shared);
        assert!(state.pages[0].page.is_compressed());
        assert_eq!(state.generation, 1, "no reload was applied");
    }
}
