//! Reads certificates again when their files have changed. A pair with a mistake is reported and not put in force: its
//! old one goes on being served.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::super::certificate::{
    Certificate, CertificateError, Certificates, Files, OutOfTime, Resolver,
};
use super::super::file_watch::FileWatch;

/// What became of one pair that was read again.
#[derive(Debug)]
pub struct Attempt {
    /// Where the pair is kept.
    pub files: Files,
    /// With any mistake the old pair stays in force; without one, the new one is.
    pub result: Result<Found, Vec<CertificateError>>,
}

/// What was found in a good pair's files.
#[derive(Debug)]
pub enum Found {
    /// What is served already.
    TheSame,
    /// Another certificate.
    Another(Box<Certificate>),
}

/// Reads the files now and puts every good pair in force; the others stay as they were. Tells of each pair.
pub fn reload(resolver: &Resolver, pairs: &[Files], out_of_time: OutOfTime) -> Vec<Attempt> {
    let current = resolver.current();
    let mut list = Vec::new();
    let mut attempts = Vec::new();
    for files in pairs {
        let old = current
            .iter()
            .find(|certificate| certificate.files() == files);
        let result = match Certificate::load(files, SystemTime::now(), out_of_time) {
            Ok(certificate) => {
                list.push(certificate.clone());
                Ok(match old {
                    Some(old) if old.is_same(&certificate) => Found::TheSame,
                    _ => Found::Another(Box::new(certificate)),
                })
            }
            // One forgotten site must not let the certificates of all others run out.
            Err(found) => {
                list.extend(old.cloned());
                Err(found)
            }
        };
        attempts.push(Attempt {
            files: files.clone(),
            result,
        });
    }
    if !list.is_empty() {
        resolver.replace(Certificates::new(list));
    }
    attempts
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
    mut tell: impl FnMut(Vec<Attempt>),
) {
    loop {
        changes.changed().await;
        tell(reload(&resolver, &pairs, out_of_time));
    }
}
