//! Certificates and keys, and the TLS that all listeners share.

use std::collections::HashMap;
use std::time::SystemTime;

use crate::admin::{Moment, Reread};
use crate::config::{self, Config, Mistake, Purpose};
use crate::listen::certificate::{Certificate, CertificateError, Certificates, Files, OutOfTime};
use crate::listen::file_watch::{FileWatch, Settings as WatchSettings};
use crate::listen::tls::reload::{self, Attempt};
use crate::listen::tls::{Settings, Tls};

use super::cautions;
use super::pages::named;

/// A page behind a warning is better than none: a certificate whose time is over is still served.
pub(super) const OUT_OF_TIME: OutOfTime = OutOfTime::Served;

/// What was read, not in force yet.
pub(super) struct Read {
    tls: Option<Pending>,
    watch: Option<FileWatch>,
}

enum Pending {
    /// For the TLS that is in force: its session cache and ticket keys stay.
    Exchange(Tls, Certificates),
    New(Tls),
}

impl Read {
    /// All that were read, in the order of the configuration.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        match &self.tls {
            Some(Pending::Exchange(_, certificates)) => certificates.iter().cloned().collect(),
            Some(Pending::New(tls)) => served(tls),
            None => Vec::new(),
        }
    }

    /// See [`cautions::all`].
    pub(super) fn cautions(&self, config: &Config) -> Vec<String> {
        let now = SystemTime::now();
        match &self.tls {
            Some(Pending::Exchange(_, certificates)) => cautions::all(config, certificates, now),
            Some(Pending::New(tls)) => cautions::all(config, &tls.certificates().current(), now),
            None => Vec::new(),
        }
    }

    /// Puts it in force; also gives the watch over the files, made before they were read.
    pub(super) fn adopt(self) -> (Option<Tls>, Option<FileWatch>) {
        let tls = self.tls.map(|pending| match pending {
            Pending::New(tls) => tls,
            Pending::Exchange(tls, certificates) => {
                tls.certificates().replace(certificates);
                tls
            }
        });
        (tls, self.watch)
    }
}

/// How the last attempt to read each pair again has ended. A pair that is not in it was read once, at the start.
#[derive(Debug, Default)]
pub(super) struct Rereads(HashMap<Files, (Moment, Option<String>)>);

impl Rereads {
    /// Every pair of a configuration was read and is in force, so whatever was wrong with one is mended.
    pub(super) fn worked(config: &Config, at: Moment) -> Rereads {
        let pairs = files(config).into_iter();
        Rereads(pairs.map(|files| (files, (at, None))).collect())
    }

    /// Takes note of what was read because files had changed.
    pub(super) fn note(&mut self, attempts: &[Attempt], at: Moment) {
        for attempt in attempts {
            let mistake = attempt.result.as_ref().err().map(|found| in_words(found));
            self.0.insert(attempt.files.clone(), (at, mistake));
        }
    }

    /// How it ended for one pair.
    pub(super) fn of(&self, files: &Files) -> Option<Reread> {
        self.0.get(files).map(|(at, mistake)| match mistake {
            None => Reread::Worked(*at),
            Some(_) => Reread::Failed(*at),
        })
    }

    /// What is wrong with the files of one pair, whose old one is served.
    pub(super) fn mistake(&self, files: &Files) -> Option<&str> {
        self.0.get(files)?.1.as_deref()
    }
}

/// All that are in force.
pub(super) fn served(tls: &Tls) -> Vec<Certificate> {
    tls.certificates().current().iter().cloned().collect()
}

/// All that is wrong with one pair, in words.
pub(super) fn in_words(mistakes: &[CertificateError]) -> String {
    let each: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    each.join("; ")
}

/// The files of all pairs.
pub(super) fn files(config: &Config) -> Vec<Files> {
    let pair = |pair: &config::Certificate| Files {
        certificate: pair.certificate.clone(),
        key: pair.key.clone(),
    };
    config.certificates.iter().map(pair).collect()
}

/// Reads all pairs. All mistakes are reported together. What is `in_force` goes on with new certificates, unless its
/// limits have changed.
pub(super) fn load(
    config: &Config,
    in_force: Option<(&Tls, &Config)>,
) -> Result<Read, Vec<Mistake>> {
    let pairs = files(config);
    if pairs.is_empty() {
        return Ok(Read {
            tls: None,
            watch: None,
        });
    }
    let watch = FileWatch::new(reload::paths(&pairs), WatchSettings::default());
    let certificates =
        Certificates::load(&pairs, SystemTime::now(), OUT_OF_TIME).map_err(|errors| {
            errors
                .iter()
                .map(|error| told(config, error))
                .collect::<Vec<_>>()
        })?;
    let wanted = settings(config);
    let kept = in_force.filter(|(_, old)| {
        let was = settings(old);
        (was.handshake_time, was.handshakes_max) == (wanted.handshake_time, wanted.handshakes_max)
    });
    let tls = match kept {
        Some((tls, _)) => Pending::Exchange(tls.clone(), certificates),
        None => Pending::New(Tls::new(certificates, &wanted).map_err(|error| {
            vec![Mistake::new(
                config::Code::BadFile,
                config::Place::File,
                error.to_string(),
            )]
        })?),
    };
    Ok(Read {
        tls: Some(tls),
        watch: Some(watch),
    })
}

/// The mistake at the place that names the file.
pub(super) fn told(config: &Config, error: &CertificateError) -> Mistake {
    let path = error.file.as_path();
    let purpose = config
        .files
        .iter()
        .find(|file| file.path == path)
        .map_or(Purpose::Certificate, |file| file.purpose);
    named(config, Some(path), purpose, &error.to_string()).inside(path, None)
}

fn settings(config: &Config) -> Settings {
    Settings {
        handshake_time: config.limits.tls_handshake_time,
        handshakes_max: config.limits.tls_handshakes,
        ..Settings::default()
    }
}
