//! Reads certificates again when their files have changed. A set with a mistake is reported and not put in force: the
//! old one goes on being served.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::super::certificate::{CertificateError, Certificates, Files, OutOfTime, Resolver};
use super::super::file_watch::FileWatch;

/// What became of a change.
#[derive(Debug)]
pub enum Reload {
    /// A new set is in force.
    Done(Arc<Certificates>),
    /// The old set stays, because of these mistakes.
    Kept(Vec<CertificateError>),
}

/// Reads the files now and puts them in force if they are all good; for SIGHUP, and for `watch`.
pub fn reload(resolver: &Resolver, pairs: &[Files], out_of_time: OutOfTime) -> Reload {
    match Certificates::load(pairs, SystemTime::now(), out_of_time) {
        Ok(certificates) => {
            resolver.replace(certificates);
            Reload::Done(resolver.current())
        }
        Err(errors) => Reload::Kept(errors),
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
