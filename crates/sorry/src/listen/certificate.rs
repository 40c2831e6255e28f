//! Certificates and their keys: read from PEM files, checked, and chosen by the name a client asks for.
//!
//! A pair is either good or refused with the file and the mistake named; a set is swapped whole, so that a handshake
//! never sees half of a change. Names come from the certificate itself (its subject alternative names), never from
//! the configuration, so they cannot disagree. `tls` is the caller; when to read the files again is `tls::reload`'s
//! business.

mod error;
mod set;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::config::plain_file::{self, PlainFileError};
pub use error::{CertificateError, Mistake};
pub use set::{Certificates, Resolver};

/// No chain or key is longer; a mistyped path must not fill memory.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

/// Where a pair is kept. Both may be the same file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Files {
    /// The server's own certificate first, then those that lead to the root.
    pub certificate: PathBuf,
    /// Its private key, readable by nobody else.
    pub key: PathBuf,
}

/// What becomes of a certificate whose time is over (or has not begun).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutOfTime {
    /// It is a mistake like any other.
    #[default]
    Refused,
    /// It is served all the same: a page behind a warning is better than none.
    Served,
}

/// A good pair.
#[derive(Debug, Clone)]
pub struct Certificate {
    files: Files,
    names: Vec<String>,
    not_before: SystemTime,
    not_after: SystemTime,
    key: Arc<CertifiedKey>,
}

impl Certificate {
    /// Reads and checks a pair.
    pub fn load(
        files: &Files,
        now: SystemTime,
        out_of_time: OutOfTime,
    ) -> Result<Self, CertificateError> {
        let chain = read(&files.certificate, Secrecy::Public)?;
        let key = read(&files.key, Secrecy::Secret)?;
        let certificate = Self::from_pem(files.clone(), &chain, &key)?;
        if out_of_time == OutOfTime::Refused {
            certificate.check_time(now)?;
        }
        Ok(certificate)
    }

    /// Checks the text of a pair; `files` only serves messages.
    pub fn from_pem(files: Files, chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let wrong_chain = |mistake| CertificateError::new(&files.certificate, mistake);
        let wrong_key = |mistake| CertificateError::new(&files.key, mistake);
        let chain = parse_chain(chain).map_err(wrong_chain)?;
        let leaf = chain
            .first()
            .ok_or_else(|| wrong_chain(Mistake::NoCertificate))?;
        let names = dns_names(leaf).map_err(wrong_chain)?;
        let (not_before, not_after) = validity(leaf).map_err(wrong_chain)?;
        let key = parse_key(key).map_err(wrong_key)?;
        let provider = rustls::crypto::ring::default_provider();
        let key = CertifiedKey::from_der(chain, key, &provider)
            .map_err(|error| wrong_key(Mistake::of_key(error, &files.certificate)))?;
        Ok(Self {
            files,
            names,
            not_before,
            not_after,
            key: Arc::new(key),
        })
    }

    /// Where it came from.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The DNS names it is for, in lower case; `*.example.com` stands for one label.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Until when it is good; for metrics and for the alert ahead of time.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    fn check_time(&self, now: SystemTime) -> Result<(), CertificateError> {
        let mistake = if now > self.not_after {
            Mistake::Expired(now.duration_since(self.not_after).unwrap_or_default())
        } else if now < self.not_before {
            Mistake::NotYetValid(self.not_before.duration_since(now).unwrap_or_default())
        } else {
            return Ok(());
        };
        Err(CertificateError::new(&self.files.certificate, mistake))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Public,
    Secret,
}

/// Permissions are asked of the opened file, so that it cannot be exchanged in between.
fn read(path: &Path, secrecy: Secrecy) -> Result<Vec<u8>, CertificateError> {
    let wrong = |mistake| CertificateError::new(path, mistake);
    let contents = plain_file::read(path, FILE_MAX_BYTES).map_err(|error| {
        wrong(match error {
            PlainFileError::System(error) => Mistake::Unreadable(error),
            PlainFileError::NotPlain(what) => Mistake::NotPlain(what),
            PlainFileError::TooLong(_) => Mistake::TooLong,
        })
    })?;
    let mode = contents.mode;
    if secrecy == Secrecy::Secret && mode & 0o006 != 0 {
        return Err(wrong(Mistake::OpenToOthers { mode }));
    }
    Ok(contents.bytes)
}

fn parse_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Mistake> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(Mistake::Pem)
}

fn parse_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Mistake> {
    use rustls::pki_types::pem::Error;
    let contains = |needle: &[u8]| memchr::memmem::find(pem, needle).is_some();
    if contains(b"BEGIN ENCRYPTED PRIVATE KEY") || contains(b"Proc-Type: 4,ENCRYPTED") {
        return Err(Mistake::Encrypted);
    }
    match PrivateKeyDer::from_pem_slice(pem) {
        Err(Error::NoItemsFound) => Err(Mistake::NoKey),
        other => other.map_err(Mistake::Pem),
    }
}

/// Subject alternative names of the DNS kind; the common name has meant nothing since RFC 6125.
fn dns_names(leaf: &CertificateDer<'_>) -> Result<Vec<String>, Mistake> {
    let certificate = webpki::EndEntityCert::try_from(leaf)
        .map_err(|error| Mistake::Malformed(error.to_string()))?;
    Ok(certificate
        .valid_dns_names()
        .map(str::to_ascii_lowercase)
        .collect())
}

fn validity(leaf: &CertificateDer<'_>) -> Result<(SystemTime, SystemTime), Mistake> {
    let (_, certificate) = x509_parser::parse_x509_certificate(leaf)
        .map_err(|error| Mistake::Malformed(error.to_string()))?;
    let validity = certificate.validity();
    Ok((
        time(validity.not_before.timestamp()),
        time(validity.not_after.timestamp()),
    ))
}

fn time(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
pub(super) mod tests;
