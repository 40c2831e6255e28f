//! What is wrong with a certificate or a key, which file it is in, and what to do about it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::pki_types::pem;

/// A mistake in a file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {mistake}", file.display())]
pub struct CertificateError {
    pub file: PathBuf,
    #[source]
    pub mistake: Mistake,
}

impl CertificateError {
    pub(super) fn new(file: &Path, mistake: Mistake) -> Self {
        Self {
            file: file.to_owned(),
            mistake,
        }
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    #[error("cannot be read: {0}; check the path, and that the service's user may read it")]
    Unreadable(std::io::Error),
    #[error("is {0}, and only plain files are read; put a copy in a plain file and name that")]
    NotPlain(&'static str),
    #[error("is longer than 1 MiB, which no certificate or key is; check the path")]
    TooLong,
    #[error("the private key is open to everybody (mode {mode:04o}); run `chmod o-rwx` on it")]
    OpenToOthers { mode: u32 },
    #[error("is not readable as PEM: {0:?}")]
    Pem(pem::Error),
    #[error("is the private key, and {} is the certificate: the two are swapped", key.display())]
    Swapped { key: PathBuf },
    #[error("is in DER, and only PEM is read; `openssl {what} -inform der -in {} -out {}` writes that", file.display(), file.with_extension("pem").display())]
    Der { what: &'static str, file: PathBuf },
    #[error("holds no certificate (`-----BEGIN CERTIFICATE-----`)")]
    NoCertificate,
    #[error("holds no private key (`-----BEGIN PRIVATE KEY-----`)")]
    NoKey,
    #[error(
        "the private key is encrypted, and nobody is there to type the passphrase; write an unencrypted copy with \
         `openssl pkey`, readable by the service alone"
    )]
    Encrypted,
    #[error("holds a certificate that cannot be understood: {0}")]
    Malformed(String),
    #[error(
        "the private key does not belong to the first certificate in {}; the server's own certificate has to come \
         first there", certificate.display()
    )]
    Mismatch { certificate: PathBuf },
    #[error("the private key cannot be used: {0}")]
    UnusableKey(rustls::Error),
    #[error("the certificate expired {} ago; renew it", days(.0))]
    Expired(Duration),
    #[error("the certificate becomes valid only in {}; check this machine's clock", days(.0))]
    NotYetValid(Duration),
}

impl Mistake {
    pub(super) fn of_key(error: rustls::Error, certificate: &Path) -> Self {
        match error {
            rustls::Error::InconsistentKeys(_) => Self::Mismatch {
                certificate: certificate.to_owned(),
            },
            other => Self::UnusableKey(other),
        }
    }
}

fn days(time: &Duration) -> String {
    match time.as_secs() / 86_400 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
