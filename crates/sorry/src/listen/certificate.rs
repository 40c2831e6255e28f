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
    /// Reads and checks a pair. A mistake in one of the files does not hide one in the other.
    pub fn load(
        files: &Files,
        now: SystemTime,
        out_of_time: OutOfTime,
    ) -> Result<Self, Vec<CertificateError>> {
        let chain = Chain::read(&files.certificate).and_then(|chain| match out_of_time {
            OutOfTime::Refused => chain.in_time(&files.certificate, now),
            OutOfTime::Served => Ok(chain),
        });
        let key = read(&files.key, Secrecy::Secret).and_then(|pem| {
            let parsed = match is_der(&pem) {
                true => Err(der("pkey", &files.key)),
                false => parse_key(&pem),
            };
            parsed.map_err(|mistake| CertificateError::new(&files.key, mistake))
        });
        match (chain, key) {
            (Ok(chain), Ok(key)) => Self::join(files, chain, key).map_err(|error| vec![error]),
            _ if are_swapped(files) => {
                let key = files.key.clone();
                let swapped = Mistake::Swapped { key };
                Err(vec![CertificateError::new(&files.certificate, swapped)])
            }
            (chain, key) => Err(chain.err().into_iter().chain(key.err()).collect()),
        }
    }

    fn join(
        files: &Files,
        chain: Chain,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CertificateError> {
        let provider = rustls::crypto::ring::default_provider();
        let key = CertifiedKey::from_der(chain.certificates, key, &provider).map_err(|error| {
            CertificateError::new(&files.key, Mistake::of_key(error, &files.certificate))
        })?;
        Ok(Self {
            files: files.clone(),
            names: chain.names,
            not_before: chain.not_before,
            not_after: chain.not_after,
            key: Arc::new(key),
        })
    }

    /// The pair as TLS uses it, also where we are the client.
    pub fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    /// Where it came from.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The DNS names it is for, in lower case; `*.example.com` stands for one label.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether another one is the same to the byte, wherever it was read from.
    pub fn is_same(&self, other: &Certificate) -> bool {
        self.key.cert == other.key.cert
    }

    /// Whether its time has begun and is not over.
    pub fn is_in_time(&self, now: SystemTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Tells keys apart that no one client can verify all of (RSA, ECDSA, ...).
    pub fn kind_of_key(&self) -> u8 {
        self.key.key.algorithm().into()
    }

    /// From when on it is good.
    pub fn not_before(&self) -> SystemTime {
        self.not_before
    }

    /// Until when it is good; for metrics and for the alert ahead of time.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }
}

/// As people are told of it: by its file, and whom it is for.
impl std::fmt::Display for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the certificate {}", self.files.certificate.display())?;
        match self.names.as_slice() {
            [] => Ok(()),
            [only] => write!(f, " ({only})"),
            [first, others @ ..] => write!(f, " ({first} and {} more)", others.len()),
        }
    }
}

/// What the file of certificates holds.
struct Chain {
    certificates: Vec<CertificateDer<'static>>,
    names: Vec<String>,
    not_before: SystemTime,
    not_after: SystemTime,
}

impl Chain {
    fn read(path: &Path) -> Result<Chain, CertificateError> {
        let pem = read(path, Secrecy::Public)?;
        if is_der(&pem) {
            return Err(CertificateError::new(path, der("x509", path)));
        }
        Chain::parse(&pem).map_err(|mistake| CertificateError::new(path, mistake))
    }

    fn parse(pem: &[u8]) -> Result<Chain, Mistake> {
        let certificates = parse_chain(pem)?;
        let leaf = certificates.first().ok_or(Mistake::NoCertificate)?;
        let names = dns_names(leaf)?;
        let (not_before, not_after) = validity(leaf)?;
        Ok(Chain {
            certificates,
            names,
            not_before,
            not_after,
        })
    }

    fn in_time(self, path: &Path, now: SystemTime) -> Result<Chain, CertificateError> {
        let mistake = if now > self.not_after {
            Mistake::Expired(now.duration_since(self.not_after).unwrap_or_default())
        } else if now < self.not_before {
            Mistake::NotYetValid(self.not_before.duration_since(now).unwrap_or_default())
        } else {
            return Ok(self);
        };
        Err(CertificateError::new(path, mistake))
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

/// Whether each of two files is what the other should be; asked where something is wrong with them.
fn are_swapped(files: &Files) -> bool {
    let holds = |path: &Path, what: &[u8], not: &[u8]| {
        let contains = |pem: &[u8], needle| memchr::memmem::find(pem, needle).is_some();
        read(path, Secrecy::Public).is_ok_and(|pem| contains(&pem, what) && !contains(&pem, not))
    };
    let (certificate, key) = (b"BEGIN CERTIFICATE-----", b"PRIVATE KEY-----");
    holds(&files.certificate, key, certificate) && holds(&files.key, certificate, key)
}

/// Whether it is as certificates and keys in DER are: a sequence, short or long (X.690, section 8.1).
fn is_der(bytes: &[u8]) -> bool {
    match bytes {
        [0x30, 0x81..=0x84, ..] => true,
        [0x30, length, rest @ ..] => usize::from(*length) == rest.len(),
        _ => false,
    }
}

fn der(what: &'static str, file: &Path) -> Mistake {
    let file = file.to_owned();
    Mistake::Der { what, file }
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
