//! Certificates and keys, and the TLS that all listeners share.

use std::time::SystemTime;

use crate::config::{self, Config, Mistake, Purpose};
use crate::listen::certificate::{CertificateError, Certificates, Files, OutOfTime};
use crate::listen::tls::{Settings, Tls};

use super::pages::named;

/// A page behind a warning is better than none: a certificate whose time is over is still served.
pub(super) const OUT_OF_TIME: OutOfTime = OutOfTime::Served;

/// What was read, not in force yet.
pub(super) enum Read {
    None,
    /// For the TLS that is in force: its session cache and ticket keys stay.
    Exchange(Tls, Certificates),
    New(Tls),
}

impl Read {
    /// Puts it in force.
    pub(super) fn adopt(self) -> Option<Tls> {
        match self {
            Read::None => None,
            Read::New(tls) => Some(tls),
            Read::Exchange(tls, certificates) => {
                tls.certificates().replace(certificates);
                Some(tls)
            }
        }
    }
}

/// The files of all pairs.
pub(super) fn files(config: &Config) -> Vec<Files> {
    let pair = |pair: &config::Certificate| Files {
        certificate: pair.certificate.clone(),
        key: pair.key.clone(),
    };
    config.certificates.iter().map(pair).collect()
}

/// Reads all pairs. All mistakes are reported together.
pub(super) fn load(config: &Config, in_force: Option<&Tls>) -> Result<Read, Vec<Mistake>> {
    let pairs = files(config);
    if pairs.is_empty() {
        return Ok(Read::None);
    }
    let certificates =
        Certificates::load(&pairs, SystemTime::now(), OUT_OF_TIME).map_err(|errors| {
            errors
                .iter()
                .map(|error| told(config, error))
                .collect::<Vec<_>>()
        })?;
    match in_force {
        Some(tls) => Ok(Read::Exchange(tls.clone(), certificates)),
        None => match Tls::new(certificates, &settings(config)) {
            Ok(tls) => Ok(Read::New(tls)),
            Err(error) => Err(vec![Mistake::new(
                config::Code::BadFile,
                config::Place::File,
                error.to_string(),
            )]),
        },
    }
}

fn told(config: &Config, error: &CertificateError) -> Mistake {
    let path = error.file.as_path();
    let purpose = config
        .files
        .iter()
        .find(|file| file.path == path)
        .map_or(Purpose::Certificate, |file| file.purpose);
    named(config, Some(path), purpose, &error.to_string())
}

fn settings(config: &Config) -> Settings {
    Settings {
        handshake_time: config.limits.tls_handshake_time,
        handshakes_max: config.limits.tls_handshakes,
        ..Settings::default()
    }
}
