//! What was typed becomes what it means: paths get their folder, sites their listeners, checks their pace, and what cannot be
//! together is found. Nothing is opened or looked up here; the files that must exist are only listed.

mod alerts;
mod bodies;
mod checks;
mod kernel;
mod listening;
mod own;
mod pace;
mod site;
mod sorry;
mod tls;
mod watch;
mod windows;

use super::diagnostics::{Code, Mistake, Place, Source};
use super::fault::{Fault, Kind};
use super::idle;
use super::limits::Limits;
use super::listener::{self, Certificates, Claim};
use super::log::{AdminSocket, Log};
use super::reader::At;
use super::spec;
use super::value::{Auto, FilePath, Whole};
use super::{Certificate, Config, FileUse, Purpose, STRANGERS, Workers};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Collects mistakes and the files that the configuration names.
struct Builder<'b> {
    world: &'b World<'b>,
    broken: HashSet<Place>,
    mistakes: &'b mut Vec<Mistake>,
    /// What works and is worth a second look, such as keys that do nothing: where it is, and why.
    cautions: Vec<(Place, String)>,
    files: &'b mut Vec<FileUse>,
}

/// What a text means depends on.
pub(super) struct World<'w> {
    /// The folder that relative paths are taken from.
    pub(super) base: &'w Path,
    /// The zone of times that name none.
    pub(super) zone: &'w TimeZone,
    /// What time it is, for which changes of clocks matter.
    pub(super) now: Timestamp,
    /// `$STATE_DIRECTORY`.
    pub(super) state_directory: Option<OsString>,
}

/// What is said of a configuration.
pub(super) struct Told<'t> {
    pub(super) mistakes: &'t mut Vec<Mistake>,
    pub(super) warnings: &'t mut Vec<String>,
    /// The files that it names.
    pub(super) files: &'t mut Vec<FileUse>,
    /// The tables that have a mistaken key, so that a key that is not there may have been meant to be.
    pub(super) broken: HashSet<Place>,
}

/// Builds the configuration. `None`, or mistakes, or both, when something is wrong.
pub(super) fn build(
    file: spec::File,
    source: Arc<Source>,
    world: &World<'_>,
    told: Told<'_>,
) -> Option<Config> {
    let Told {
        mistakes,
        warnings: told,
        files,
        broken,
    } = told;
    let mut builder = Builder {
        world,
        broken,
        mistakes,
        cautions: Vec::new(),
        files,
    };
    let certificates = builder.certificates(file.tls);
    let sites = builder.sites(file.site);
    let has = match &certificates {
        Some(none) if none.is_empty() => Certificates::None,
        _ => Certificates::Some,
    };
    let entries = builder.listener_entries(&sites, file.sorry.as_ref(), has);
    let claims: Vec<Claim<'_>> = sites.iter().zip(&entries).map(listening::claim).collect();
    let listeners = listener::gather(&claims, builder.mistakes);
    let own = builder.own(file.metrics, file.admin, &listeners);
    let state = builder.state(file.state.as_ref());
    let mut written = written(file.log.as_ref(), own.socket.as_ref(), world.base);
    written.extend(state.clone());
    let receivers = builder.receivers(file.alert, &sites);
    let watch = file.watch.and_then(|watch| builder.watch(watch.value));
    let usual = file.check.map(|pace| builder.usual(pace));
    let sites = sites.into_iter();
    let sites = sites.map(|site| builder.site(site, usual.as_ref()));
    let mut sites: Vec<_> = sites.collect();
    let kernel = builder.kernel(file.kernel, &mut sites, &listeners);
    let idle = file.log.as_ref().and_then(idle::log);
    builder.cautions.extend(idle);
    told.extend(idle::told(&builder.cautions, &source));
    let log = file.log?.value;
    Some(Config {
        workers: match file.workers?.value {
            Auto::Auto => Workers::OnePerCore,
            Auto::Given(Whole(count)) => Workers::Count(usize::try_from(count).ok()?),
        },
        pin_workers: file.pin_workers?.value,
        sandbox: file.sandbox?.value,
        certificates: certificates?,
        sites: sites.into_iter().collect::<Option<_>>()?,
        listeners,
        limits: Limits::from_spec(file.limits?.value)?,
        metrics_place: own.metrics_place(),
        metrics: own.metrics.map(|metrics| metrics.value),
        admin: own.socket?.value.0,
        remote: own.remote,
        state: state.map(|state| state.path),
        watch: watch?,
        kernel: kernel?,
        receivers: receivers?,
        down_for: file.down_for?.value.0,
        log: log_of(log, world.base)?,
        files: builder.files.clone(),
        written,
        source,
        warnings: told.clone(),
    })
}

fn log_of(log: spec::Log, base: &Path) -> Option<Log> {
    Some(Log {
        level: log.level?.value,
        access: log.access?.value,
        access_target: match log.access_file?.value {
            super::AccessTarget::File(path) => super::AccessTarget::File(base.join(path)),
            stdout => stdout,
        },
    })
}

/// The files that the process makes itself, beside the sockets of sites.
fn written(
    log: Option<&At<spec::Log>>,
    admin: Option<&At<AdminSocket>>,
    base: &Path,
) -> Vec<FileUse> {
    let log = log.and_then(|log| {
        let wanted = log.value.access.as_ref()?.value != super::AccessFormat::None;
        let target = log.value.access_file.as_ref().filter(|_| wanted)?;
        match &target.value {
            super::AccessTarget::Stdout => None,
            super::AccessTarget::File(path) => Some(FileUse {
                path: base.join(path),
                place: target.place,
                purpose: Purpose::AccessLog,
            }),
        }
    });
    let admin = admin.and_then(|admin| {
        Some(FileUse {
            path: admin.value.0.clone()?,
            place: admin.place,
            purpose: Purpose::AdminSocket,
        })
    });
    log.into_iter().chain(admin).collect()
}

impl Builder<'_> {
    /// Adds a mistake, unless it has been told: what many inherit would be told many times.
    fn tell(&mut self, mistake: Mistake) {
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
    }

    /// Adds what a parser found wrong with the value of a key.
    fn fault(&mut self, key: &str, place: Place, fault: Fault) {
        let code = match fault.kind {
            Kind::Invalid => Code::Invalid,
            Kind::OutOfRange => Code::OutOfRange,
        };
        let mut mistake = Mistake::new(code, place, format!("{key}: {}", fault.message));
        mistake.hint = fault.hint;
        self.tell(mistake);
    }

    /// Adds what works and is worth a second look.
    fn caution(&mut self, place: Place, why: impl Into<String>) {
        let caution = (place, why.into());
        if !self.cautions.contains(&caution) {
            self.cautions.push(caution);
        }
    }

    /// Whether a key of this table is mistaken, which has been told.
    fn is_broken(&self, table: Place) -> bool {
        self.broken.contains(&table)
    }

    /// At most one of these keys may be there. Says which are.
    fn at_most_one(&mut self, typed: &[(&'static str, Option<Place>)]) -> Vec<&'static str> {
        let mut there = typed
            .iter()
            .filter_map(|(key, place)| Some((*key, (*place)?)));
        let Some((first, first_place)) = there.next() else {
            return Vec::new();
        };
        let mut found = vec![first];
        for (key, place) in there {
            found.push(key);
            let message = format!("{key}: it stands instead of `{first}`, which is there, too");
            let mistake = Mistake::new(Code::Conflict, place, message);
            self.tell(mistake.also(first_place, "the other one is here"));
        }
        found
    }

    fn path(&mut self, path: At<FilePath>, purpose: Purpose) -> PathBuf {
        let full = self.world.base.join(path.value.0);
        self.files.push(FileUse {
            path: full.clone(),
            place: path.place,
            purpose,
        });
        full
    }

    /// The folder that is kept, if any.
    fn state(&self, typed: Option<&At<super::state_folder::StateFolder>>) -> Option<FileUse> {
        let typed = typed?;
        let from_manager = self.world.state_directory.as_deref();
        Some(FileUse {
            path: typed.value.path(self.world.base, from_manager)?,
            place: typed.place,
            purpose: Purpose::State,
        })
    }

    fn certificates(&mut self, tls: Option<At<Vec<At<spec::Tls>>>>) -> Option<Vec<Certificate>> {
        let tables = tls?.value.into_iter();
        let certificates = tables.map(|At { value: table, .. }| {
            let (certificate, key) = (table.certificate?, table.key?);
            Some(Certificate {
                certificate: self.path(certificate, Purpose::Certificate),
                key: self.path(key, Purpose::PrivateKey),
            })
        });
        certificates.collect()
    }

    fn sites(&mut self, sites: Option<At<Vec<At<spec::Site>>>>) -> Vec<At<spec::Site>> {
        let sites = sites.map(|sites| sites.value).unwrap_or_default();
        if sites.is_empty() && self.mistakes.is_empty() {
            let mistake =
                Mistake::new(Code::Missing, Place::File, "there is no site to answer for");
            self.tell(mistake.hint(format!("for example: {}", spec::SMALLEST)));
        }
        self.names_differ(&sites);
        sites
    }

    fn names_differ(&mut self, sites: &[At<spec::Site>]) {
        let mut seen = HashMap::new();
        for name in sites.iter().filter_map(|site| site.value.name.as_ref()) {
            if *name.value.0 == *STRANGERS {
                let mistake = Mistake::new(
                    Code::Conflict,
                    name.place,
                    "`other` is the label of unknown hosts in metrics",
                );
                self.mistakes
                    .push(mistake.hint("give the site another name"));
            }
            if let Some(first) = seen.insert(&name.value, name.place) {
                let message = format!("a second site is named `{}`", name.value.0);
                let mistake = Mistake::new(Code::Duplicate, name.place, message);
                self.mistakes.push(mistake.also(first, "first given here"));
            }
        }
        for site in sites {
            let mut seen = HashMap::new();
            for host in site.value.hosts.iter().flat_map(|hosts| &hosts.value) {
                if let Some(first) = seen.insert(&host.value, host.place) {
                    let message = format!("{} is given twice", host.value);
                    let mistake = Mistake::new(Code::Duplicate, host.place, message);
                    self.mistakes.push(mistake.also(first, "first given here"));
                }
            }
        }
    }
}
