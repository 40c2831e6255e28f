//! Certificates whose files change: they are read again, and what came of it is told.

use std::sync::Arc;
use std::time::SystemTime;

use super::super::cautions;
use super::super::secrets;
use super::{Background, Control};
use crate::admin;
use crate::listen::tls::reload::{self, Attempt, Found};

impl Control {
    /// Watches the certificates' files, whatever they are now.
    pub(super) fn watch_certificates(&mut self) {
        if let Some(watching) = self.certificates.take() {
            watching.abort();
        }
        let (Some(tls), Some(changes)) = (&self.state.tls, self.state.watch.take()) else {
            return;
        };
        let pairs = secrets::files(&self.state.config);
        let done = self.background.0.clone();
        let generation = self.state.generation;
        let tell = move |attempts| {
            let _process_has_ended = done.send(Background::Certificates(generation, attempts));
        };
        let resolver = Arc::clone(tls.certificates());
        let watch = reload::watch(resolver, pairs, secrets::OUT_OF_TIME, changes, tell);
        self.certificates = Some(tokio::spawn(watch));
    }

    pub(super) fn note_certificates(&mut self, attempts: &[Attempt]) {
        // All pairs were read, since any of their files may have changed: what is as it was is not news.
        for attempt in attempts {
            match &attempt.result {
                Ok(Found::TheSame) => {}
                Ok(Found::Another(certificate)) => {
                    log::info!("{certificate} was read again and is in force");
                    if let Some(caution) = cautions::of_time(certificate, SystemTime::now()) {
                        log::warn!("{caution}");
                    }
                }
                Err(mistakes) => {
                    let mistake = secrets::in_words(mistakes);
                    if self.state.rereads.mistake(&attempt.files) != Some(&mistake) {
                        log::error!(
                            "a certificate that cannot be read again stays as it was: {mistake}"
                        );
                    }
                }
            }
        }
        self.state.rereads.note(attempts, admin::Moment::now());
        let mended = attempts.iter().all(|attempt| attempt.result.is_ok());
        if mended && self.state.reconsider(&self.read) {
            self.runner.configured(&self.state.config);
            self.configure_brain();
            log::info!("what the last reload was refused for is mended, and all is in force");
        }
        self.gauge.note(&self.state);
    }
}
