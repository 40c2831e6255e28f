//! Whom checks trust: the authorities of this machine, or those of a file. Read once for each configuration, since there may be
//! thousands of checks and hundreds of authorities. Called by `tls` while checks are prepared.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::config::plain_file;

use super::prepared::PrepareError;

/// The largest bundle: that of a whole system has a quarter of this.
const FILE_MAX_BYTES: u64 = 4 << 20;

/// What was read already.
#[derive(Debug, Default)]
pub(super) struct Authorities {
    system: OnceLock<Arc<RootCertStore>>,
    files: Mutex<HashMap<PathBuf, Arc<RootCertStore>>>,
}

impl Authorities {
    /// Whomever this machine trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` say otherwise).
    pub(super) fn of_system(&self) -> Result<Arc<RootCertStore>, PrepareError> {
        let read = || {
            let mut store = RootCertStore::empty();
            let found = rustls_native_certs::load_native_certs();
            // One that cannot be understood takes no other with it.
            let (_added, _left_out) = store.add_parsable_certificates(found.certs);
            Arc::new(store)
        };
        let store = self.system.get_or_init(read);
        if store.is_empty() {
            return Err(PrepareError::general(
                "no certificate authority was found on this machine; install ca-certificates, or name a file",
            ));
        }
        Ok(Arc::clone(store))
    }

    /// Those of a file in PEM.
    pub(super) fn of_file(&self, path: &Path) -> Result<Arc<RootCertStore>, PrepareError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = files.get(path) {
            return Ok(Arc::clone(known));
        }
        let store = Arc::new(read(path)?);
        files.insert(path.to_owned(), Arc::clone(&store));
        Ok(store)
    }
}

fn read(path: &Path) -> Result<RootCertStore, PrepareError> {
    let wrong = |what: String| PrepareError::file(path, what);
    let contents = plain_file::read(path, FILE_MAX_BYTES)
        .map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&contents.bytes) {
        let certificate =
            certificate.map_err(|error| wrong(format!("is not readable as PEM: {error}")))?;
        store.add(certificate).map_err(|error| {
            wrong(format!(
                "holds a certificate that cannot be understood: {error}"
            ))
        })?;
    }
    if store.is_empty() {
        return Err(wrong(
            "holds no certificate (`-----BEGIN CERTIFICATE-----`)".to_owned(),
        ));
    }
    Ok(store)
}
