//! Everything the control thread knows, and the steps that change it: publish, reload, refresh.
//!
//! A change is planned whole before any of it is applied: a new configuration with a mistake in it, a page that does
//! not render, an address that is taken leave everything as it was.

mod words;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;

use super::brain::Outlook;
use super::cautions;
use super::changes::{self, Side, differences};
use super::complaint::Complaints;
use super::crew::Crew;
use super::descriptors;
use super::doors::{Change, Doors};
use super::earlier::{Earlier, Room};
use super::pages::{self, Loaded, Reached};
use super::prepared::{Reads, page_warnings, passed_returns, prepare};
use super::programs::Programs;
use super::sandbox;
use super::secrets;
use super::spoken;
use super::wire::{self, Fixed, Retired};
use super::worker::{Front, Shared, Shortage};
use crate::admin::{Moment, ReloadOutcome, ReloadReport};
use crate::answer::ListenerId;
use crate::check::Watched;
use crate::config::{self, Config, Report};
use crate::count;
use crate::listen::file_watch::FileWatch;
use crate::listen::passed::Passed;
use crate::listen::tls::Tls;
use words::ordered;

/// Closed listeners whose connections still find their own site, at most; each keeps its configuration's pages in memory.
const RETIRED: usize = 16;

/// Reads the configuration again, from wherever it came.
pub type Read = Box<dyn Fn() -> Result<Config, Report> + Send>;

/// What is in force.
pub(super) struct State {
    pub(super) config: Arc<Config>,
    /// The same as typed: without what operators have ordered since.
    typed: Arc<Config>,
    /// The checks of the configuration in force, until they are taken.
    watched: Vec<Watched>,
    /// What visitors are told beside what was typed, by site.
    outlooks: Vec<Outlook>,
    /// Whether anybody has said yet what they are told.
    is_told: bool,
    /// When a site was last sent to its real servers again.
    recovered: Option<Instant>,
    /// What the process was started with: some of it stays in force until it ends.
    pub(super) started_with: Arc<Config>,
    pub(super) pages: Vec<Loaded>,
    /// Which pages these are: it grows whenever they are made anew, by a reload or because an expected return has passed.
    edition: u64,
    /// The edition whose pages have all variants that they will have.
    compressed: u64,
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
    /// The second that the pages were made for.
    rendered: u64,
    pub(super) generation: u64,
    pub(super) workers: NonZeroUsize,
    pub(super) last_reload: Option<ReloadReport>,
    pub(super) started: Moment,
    /// Who runs the programs of checks and alerts.
    pub(super) programs: Arc<Programs>,
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
    pub(super) programs: Arc<Programs>,
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl State {
    /// Prepares the first configuration; its sockets are open when this returns. Visitors are told what the predecessor has told them.
    pub(super) fn new(
        typed: Config,
        origin: Origin,
        passed: &mut Passed,
    ) -> Result<(State, Change), Report> {
        let rendered = now();
        let outlooks = spoken::claim(passed);
        let is_told = outlooks.is_some();
        let outlooks = outlooks.unwrap_or_default();
        let config = ordered(&typed, &outlooks);
        let doors = Doors::default();
        let mut reached = Reached::default();
        let reads = Reads {
            in_force: None,
            reached: &mut reached,
            programs: &origin.programs,
        };
        let prepared = prepare(&config, &doors, passed, origin.workers, reads)?;
        let (tls, watch) = prepared.secrets.adopt();
        let typed = Arc::new(typed);
        let mut state = State {
            started_with: Arc::clone(&typed),
            typed,
            watched: prepared.watched,
            outlooks,
            is_told,
            recovered: None,
            config: Arc::new(config),
            pages: prepared.pages,
            edition: 1,
            compressed: 0,
            earlier: Earlier::default(),
            doors,
            numbers: Vec::new(),
            tls,
            watch,
            // The last set is that of the thread which drives the kernel.
            counts: Arc::new(count::Sites::new(origin.workers.get() + 1)),
            connections: origin.connections,
            retired: Vec::new(),
            rendered,
            generation: 1,
            workers: origin.workers,
            last_reload: None,
            started: Moment::now(),
            programs: origin.programs,
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
        wire::front(&self.fixed(&self.counts), &self.pages)
    }

    /// What answers are made of, counted there.
    pub(super) fn fixed<'a>(&'a self, counts: &'a count::Sites) -> Fixed<'a> {
        Fixed {
            config: &self.config,
            counts,
            listeners: &self.numbers,
            tls: self.tls.as_ref(),
            connections: self.connections,
            retired: &self.retired,
            earlier: &self.earlier,
            outlooks: &self.outlooks,
            recovered: self.recovered,
            now: now(),
        }
    }

    /// The shared state of workers, published for the first time.
    pub(super) fn share(&self) -> Option<Arc<Shared>> {
        let front = Arc::new(ArcSwap::from_pointee(self.front()?));
        Some(Arc::new(Shared {
            front,
            open: AtomicUsize::new(0),
            cut: AtomicUsize::new(0),
            shortage: Shortage::none(),
            complaints: Complaints::default(),
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
        let typed = config;
        let config = ordered(&typed, &self.outlooks);
        let in_force = self.tls.as_ref().map(|tls| (tls, &*self.config));
        let reads = Reads {
            in_force,
            reached: &mut self.reached,
            programs: &self.programs,
        };
        let rendered = now();
        let prepared = prepare(&config, &self.doors, &mut passed, self.workers, reads)?;
        self.rendered = rendered;
        let mut change = prepared.change;
        let mut changes = self.differences(&config, &prepared.pages, &prepared.secrets);
        changes.extend(change.told());
        self.retire(&change.closed, &shared.front.load());
        self.numbers = std::mem::take(&mut change.numbers);
        self.doors.apply(&mut change);
        let listeners = config.listeners.len();
        self.connections =
            descriptors::connections(config.limits.connections, listeners, self.workers);
        self.typed = Arc::new(typed);
        self.watched = prepared.watched;
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

    fn differences(
        &self,
        config: &Config,
        pages: &[Loaded],
        secrets: &secrets::Read,
    ) -> Vec<String> {
        let served = self.tls.as_ref().map(secrets::served).unwrap_or_default();
        let old = Side {
            config: &self.config,
            pages: &self.pages,
            certificates: &served,
        };
        let new = Side {
            config,
            pages,
            certificates: &secrets.certificates(),
        };
        differences(&old, &new)
    }

    /// What is configured and waits for a restart, in words.
    fn pending(&self) -> Vec<String> {
        let sockets = self.doors.outdated(&self.config, &self.numbers);
        changes::pending(&self.started_with, &self.config, &sockets)
    }

    /// Puts new pages in the place of the old ones, whose files stay for those who still look at them. What is the same in
    /// both keeps its compressed variants.
    fn turn_pages(&mut self, config: Arc<Config>, mut pages: Vec<Loaded>) {
        let old = self.config.sites.iter().zip(&self.pages);
        for (site, old) in old {
            let mut new = config.sites.iter().zip(&mut pages);
            let new = new.find(|(known, _)| known.name == site.name);
            let Some((_, new)) = new else { continue };
            new.page.reuse(&old.page);
            let room = self
                .earlier
                .keep(&site.name, &old.page, &new.page, Instant::now());
            if room == Room::Short {
                log::warn!(
                    "{}: the earlier page's files are too large to keep; who still looks at that page will miss some",
                    config.called(site)
                );
            }
        }
        (self.config, self.pages) = (config, pages);
        self.edition += 1;
    }

    /// The pages that may lack compressed variants, and which edition they are; nothing where there is nothing to do.
    pub(super) fn to_compress(&self) -> Option<(u64, Vec<Loaded>)> {
        let whole = self.pages.iter().all(|loaded| loaded.page.is_compressed());
        let done = whole || self.compressed == self.edition;
        (!done).then(|| (self.edition, self.pages.clone()))
    }

    /// Puts compressed pages in force, unless others have taken their place meanwhile: those may say another return.
    pub(super) fn take_compressed(&mut self, edition: u64, pages: Vec<Loaded>, shared: &Shared) {
        if edition == self.edition {
            self.pages = pages;
            self.compressed = edition;
            self.publish(shared);
        }
    }

    /// Forgets files of earlier pages that nobody may have in use any more, and listeners that nobody is connected to.
    pub(super) fn forget_earlier(&mut self, shared: &Shared) {
        let now = Instant::now();
        self.earlier.forget(now);
        self.retired.retain(|retired| retired.end > now);
        self.publish(shared);
    }

    /// When there is next something to forget.
    pub(super) fn next_to_forget(&self) -> Option<Instant> {
        let retired = self.retired.iter().map(|retired| retired.end);
        retired.chain(self.earlier.next_end()).min()
    }

    /// Keeps what the connections of closed listeners are answered from, for as long as a connection may live.
    fn retire(&mut self, closed: &[ListenerId], front: &Front) {
        let end = Instant::now() + front.times.life;
        let gone = |id: &ListenerId| Retired {
            id: *id,
            known: Arc::clone(front.sites.known()),
            entrance: front.entrances.get(id).cloned(),
            end,
        };
        self.retired.extend(closed.iter().map(gone));
        let forgotten = self.retired.len().saturating_sub(RETIRED);
        self.retired.drain(..forgotten);
    }

    /// What works and is worth a second look.
    pub(super) fn warnings(&self) -> Vec<String> {
        let pages = page_warnings(&self.config, &self.pages);
        let certificates = self.tls.iter().flat_map(|tls| {
            let served = tls.certificates().current();
            cautions::all(&self.config, &served, SystemTime::now())
        });
        let of_keys = self.config.warnings.iter().cloned();
        of_keys
            .chain(pages)
            .chain(passed_returns(&self.config))
            .chain(sandbox::cautions(&self.config))
            .chain(certificates)
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
                "{} is expected back at {until}, in {left}",
                self.config.called(site)
            ))
        };
        self.config.sites.iter().filter_map(told).collect()
    }

    pub(super) fn report(&self, outcome: ReloadOutcome, changes: &[String]) -> ReloadReport {
        ReloadReport {
            outcome,
            at: Moment::now(),
            generation: self.generation,
            changes: changes.to_vec(),
            pending: self.pending(),
            mistakes: Vec::new(),
            shown: String::new(),
            warnings: self.warnings(),
        }
    }

    /// The checks of the configuration in force; whoever takes them makes them.
    pub(super) fn take_watched(&mut self) -> Vec<Watched> {
        std::mem::take(&mut self.watched)
    }

    /// What was typed, as it was read last.
    pub(super) fn typed(&self) -> &Arc<Config> {
        &self.typed
    }

    /// Makes the pages again for this moment, after an expected return has passed. A page that cannot be read now stays
    /// as it is: only its files were at fault, and nobody asked for a reload.
    pub(super) fn refresh(&mut self, shared: &Shared) {
        self.render(Arc::clone(&self.config), shared);
    }

    fn render(&mut self, config: Arc<Config>, shared: &Shared) {
        self.rendered = now();
        let now = i64::try_from(self.rendered).unwrap_or(i64::MAX);
        match pages::load(&config, now, &mut self.reached) {
            Ok(pages) => self.turn_pages(config, pages),
            Err(found) => {
                for mistake in found.mistakes {
                    log::warn!("a page stays as it is: {}", mistake.message);
                }
                // What does not stand in pages, such as how long it lasts, is told rightly all the same.
                self.config = config;
            }
        }
        self.publish(shared);
    }

    /// The next expected return that the pages do not know to have passed, in seconds since 1970. It may have passed by now.
    pub(super) fn next_until(&self) -> Option<u64> {
        let untils = self.config.sites.iter().filter_map(|site| site.sorry.until);
        untils
            .filter_map(|until| u64::try_from(until.as_second()).ok())
            .filter(|until| *until > self.rendered)
            .min()
    }
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
            programs: Arc::default(),
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

    /// Whatever else happens in the second in which a return passes, the pages are made again.
    #[test]
    fn a_return_that_has_passed_is_due_until_the_pages_know() {
        let (mut state, shared) = started();
        let until = state.next_until().expect("a return");
        state.rendered = until;
        assert_eq!(state.next_until(), None, "the pages know");
        let config = Arc::make_mut(&mut state.config);
        let past = jiff::Timestamp::from_second(i64::try_from(now()).unwrap() - 1).unwrap();
        Arc::make_mut(&mut config.sites[0]).sorry.until = Some(past);
        state.rendered = now() - 5;
        assert_eq!(state.next_until(), u64::try_from(past.as_second()).ok());
        state.refresh(&shared);
        assert_eq!(state.next_until(), None);
    }

    #[test]
    fn what_has_not_changed_is_not_compressed_again() {
        let (mut state, shared) = started();
        let (edition, pages) = state.to_compress().expect("a page with words of its own");
        let pages = pages.into_iter().map(Loaded::compress).collect();
        state.take_compressed(edition, pages, &shared);
        assert!(state.to_compress().is_none(), "it is done");
        let body = state.pages[0].page.html[0].body.clone();
        state.refresh(&shared);
        let again = &state.pages[0].page.html[0];
        assert_eq!(again.body, body);
        assert!(again.encoded.br.is_some(), "its variants were kept");
    }

    #[test]
    fn a_closed_listener_is_forgotten_when_its_last_connection_has_ended() {
        let (mut state, shared) = started();
        let listener = state.numbers[0];
        state.retire(&[listener], &shared.front.load());
        let life = state.config.limits.connection_life;
        let end = state.next_to_forget().expect("something to forget");
        assert!(end <= Instant::now() + life);
        state.forget_earlier(&shared);
        assert_eq!(state.retired.len(), 1, "connections may still be there");
        state.retired[0].end = Instant::now();
        state.forget_earlier(&shared);
        assert!(state.retired.is_empty());
        assert_eq!(state.next_to_forget(), None);
    }
}
