//! The checks that a configuration asks for, made ready: files read, requests written, mistakes told at the line that is to blame.

use std::sync::Arc;

use super::programs::Programs;
use crate::check::{Key, PrepareError, Prepared, Shared, Subject, Watched};
use crate::config::check::{Check, Timing};
use crate::config::real_server::RealServer;
use crate::config::{Code, Config, Mistake, Site};

/// By what the checks of a real server are known, in their order.
pub(super) fn keys<'r>(
    site: &'r Arc<str>,
    real: &'r RealServer,
) -> impl Iterator<Item = Key> + use<'r> {
    let name: Arc<str> = Arc::from(&*real.name);
    real.checks.iter().map(move |check| Key::Check {
        site: Arc::clone(site),
        real_server: Arc::clone(&name),
        check: Arc::from(&*check.name),
    })
}

/// All checks and references, ready; or what is wrong with them.
pub(super) fn prepare(
    config: &Config,
    programs: &Arc<Programs>,
) -> Result<Vec<Watched>, Vec<Mistake>> {
    let shared = Shared::new(Arc::clone(programs) as _);
    let mut mistakes = Vec::new();
    let mut watched = references(config);
    for site in &config.sites {
        of_site(config, site, &shared, &mut watched, &mut mistakes);
    }
    match mistakes.is_empty() {
        true => Ok(watched),
        false => Err(mistakes),
    }
}

fn of_site(
    config: &Config,
    site: &Site,
    shared: &Shared,
    watched: &mut Vec<Watched>,
    mistakes: &mut Vec<Mistake>,
) {
    let name: Arc<str> = Arc::from(&*site.name);
    for real in &site.reals {
        let subject = Subject {
            site: Arc::clone(&name),
            real_server: Arc::from(&*real.name),
            address: real.address.to_string().into(),
        };
        for (key, check) in keys(&name, real).zip(&real.checks) {
            match Prepared::new(check, &subject, shared) {
                Ok(prepared) => watched.push(Watched {
                    key,
                    prepared: Arc::new(prepared),
                    timing: check.timing,
                    fall: check.thresholds.fall.get(),
                }),
                Err(error) => mistakes.push(mistake(config, check, &error)),
            }
        }
    }
}

/// At the line that names the file, where one is to blame.
fn mistake(config: &Config, check: &Check, error: &PrepareError) -> Mistake {
    let file = error.file.as_ref().and_then(|path| {
        let named = config.files.iter().find(|file| file.path == *path);
        named.map(|file| config.bad_file(file, error.what.clone()))
    });
    file.unwrap_or_else(|| Mistake::new(Code::Invalid, check.place, error.to_string()))
}

fn references(config: &Config) -> Vec<Watched> {
    let watch = &config.watch;
    let timing = Timing {
        every: watch.every,
        timeout: watch.timeout,
        suspect_every: watch.every,
        jitter: watch.every / 10,
    };
    let reference = |(index, target)| Watched {
        key: Key::Reference(index),
        prepared: Arc::new(Prepared::reference(target, watch.timeout)),
        timing,
        fall: 1,
    };
    (0..).zip(&watch.references).map(reference).collect()
}
