//! Reads certificates again when their files have changed. A pair with a mistake is reported and not put in force: its
//! old one goes on being served.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::super::certificate::{
    Certificate, CertificateError, Certificates, Files, OutOfTime, Resolver,
};
use super::super::file_watch::FileWatch;

/// What became of a change.
#[derive(Debug)]
pub enum Reload {
    /// A new set is in force.
    Done(Arc<Certificates>),
    /// Pairs with these mistakes stay as they were; the others are in force.
    Kept(Vec<CertificateError>),
}

/// Reads the files now and puts every good pair in force; the others stay as they were.
pub fn reload(resolver: &Resolver, pairs: &[Files], out_of_time: OutOfTime) -> Reload {
    let current = resolver.current();
    let mut list = Vec::new();
    let mut errors = Vec::new();
    for files in pairs {
        match Certificate::load(files, SystemTime::now(), out_of_time) {
            Ok(certificate) => list.push(certificate),
            // One forgotten site must not let the certificates of all others run out.
            Err(found) => {
                let old = current
                    .iter()
                    .find(|certificate| certificate.files() == files);
                list.extend(old.cloned());
                errors.extend(found);
            }
        }
    }
    if !list.is_empty() {
        resolver.replace(Certificates::new(list));
    }
    match errors.is_empty() {
        true => Reload::Done(resolver.current()),
        false => Reload::Kept(errors),
    }
}

/// The files to watch for these pairs.
pub fn paths(pairs: &[Files]) -> Vec<PathBuf> {
    pairs
        .iter()
        .flat_map(|files| [files.certificate.clone(), files.key.clone()])
        .collect()
}

/// Reloads for ever, and says what became of each change. One task for the process is enough. `changes` watches
/// `paths(&pairs)` and is best made before the files are read for the first time.
pub async fn watch(
    resolver: Arc<Resolver>,
    pairs: Vec<Files>,
    out_of_time: OutOfTime,
    mut changes: FileWatch,
    mut tell: impl FnMut(Reload),
) {
    loop {
        changes.changed().await;
        tell(reload(&resolver, &pairs, out_of_time));
    }
}
