//! Everything that a configuration names, opened and read before anything of it is in force. All mistakes are found together,
//! with what is worth a second look; nothing that is in force changes.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::advice::{self, Use};
use super::cautions;
use super::checks;
use super::doors::{Change, DoorError, Doors};
use super::entrusted;
use super::folders;
use super::kernel;
use super::pages::{self, Found, Loaded, Reached};
use super::programs::Programs;
use super::sandbox;
use super::secrets;
use super::state::now;
use crate::check::Watched;
use crate::config::{self, Config, Mistake, Report};
use crate::listen::passed::Passed;
use crate::listen::tls::Tls;

/// What a configuration needs before it can be in force.
pub(super) struct Prepared {
    pub(super) pages: Vec<Loaded>,
    pub(super) secrets: secrets::Read,
    pub(super) change: Change,
    /// What is to be watched.
    pub(super) watched: Vec<Watched>,
}

/// What `run` would find, without keeping anything: warnings, or everything that is wrong.
pub(super) fn check(config: &Config) -> Result<Vec<String>, Report> {
    let mut found = Found {
        mistakes: folders::missing(config),
        warnings: config.warnings.clone(),
    };
    read_all(config, None, &mut Reached::default(), &mut found);
    // A start tells of them as it tries to attach.
    found.warnings.extend(kernel::missing_devices(config));
    found.mistakes.extend(
        checks::prepare(config, &Arc::default())
            .err()
            .unwrap_or_default(),
    );
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
            found.warnings.extend(page_warnings(config, &pages));
            Some(pages)
        }
        Err(of_pages) => {
            found.mistakes.extend(of_pages.mistakes);
            found.warnings.extend(of_pages.warnings);
            None
        }
    };
    found.warnings.extend(passed_returns(config));
    found.warnings.extend(passed_windows(config));
    found.warnings.extend(cautions::of_admin(config));
    found.warnings.extend(sandbox::cautions(config));
    found.mistakes.extend(entrusted::mistakes(config));
    let secrets = match secrets::load(config, in_force) {
        Ok(secrets) => {
            found.warnings.extend(secrets.cautions(config));
            Some(secrets)
        }
        Err(of_secrets) => {
            found.mistakes.extend(of_secrets);
            None
        }
    };
    pages.zip(secrets)
}

pub(super) fn page_warnings(config: &Config, pages: &[Loaded]) -> Vec<String> {
    let own = pages
        .iter()
        .flat_map(|loaded| pages::in_words(&loaded.page.warnings));
    own.chain(kernel::cautions(config, pages)).collect()
}

/// The report on mistakes, with what else there is to say.
fn refusal(config: &Config, found: Found) -> Report {
    let report = config.report(found.mistakes).unwrap_or_default();
    report.with_warnings(found.warnings)
}

/// What reading a configuration has to do with what was before.
pub(super) struct Reads<'a> {
    pub(super) in_force: Option<(&'a Tls, &'a Config)>,
    pub(super) reached: &'a mut Reached,
    pub(super) programs: &'a Arc<Programs>,
}

/// Opens and reads everything that a configuration names, and changes nothing.
pub(super) fn prepare(
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
    let Reads {
        in_force,
        reached,
        programs,
    } = reads;
    let read = read_all(config, in_force, reached, &mut found);
    let watched =
        checks::prepare(config, programs).map_err(|mistakes| found.mistakes.extend(mistakes));
    // Sockets come last: what is opened for a configuration that is refused is closed again.
    let change = match found.mistakes.is_empty() {
        true => doors
            .plan(config, passed, workers)
            .map_err(|errors| found.mistakes.extend(told(config, &errors))),
        false => Err(()),
    };
    match (read, watched, change) {
        (Some((pages, secrets)), Ok(watched), Ok(change)) => Ok(Prepared {
            pages,
            secrets,
            change,
            watched,
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
    let told = |(index, error): &(usize, DoorError)| match error {
        DoorError::Bind(error) => advice::mistake(Use::Site, place(index), error),
        error => Mistake::new(config::Code::BadListener, place(index), error.to_string()),
    };
    errors.iter().map(told).collect()
}

/// Returns that were expected and have passed: visitors are no longer told of them.
pub(super) fn passed_returns(config: &Config) -> Vec<String> {
    let passed = |site: &&Arc<config::Site>| {
        site.sorry
            .until
            .is_some_and(|until| u64::try_from(until.as_second()).is_ok_and(|until| until <= now()))
    };
    let told = |site: &Arc<config::Site>| {
        format!(
            "{}: the expected return in `until` has passed, and visitors are not told of it",
            config.called(site)
        )
    };
    config.sites.iter().filter(passed).map(told).collect()
}

/// Windows that open once and have closed: they do nothing any more.
fn passed_windows(config: &Config) -> Vec<String> {
    let now = sorry_core::moment::Wall(now().saturating_mul(1000));
    let passed = |window: &config::window::Window| match &window.when {
        sorry_core::window::Window::Once(span) => span.end <= now,
        sorry_core::window::Window::Every(_) => false,
    };
    let told = |site: &Arc<config::Site>| {
        let windows = site.windows.iter().filter(|window| passed(window));
        let told = windows.map(|window| {
            let why = format!(
                "{}: the window {} has passed and does nothing any more",
                config.called(site),
                window.name
            );
            config.told(window.place, &why)
        });
        told.collect::<Vec<_>>()
    };
    config.sites.iter().flat_map(told).collect()
}
