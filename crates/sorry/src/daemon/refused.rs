//! What becomes of a reload that was refused when its mistakes are mended without another one, since certificates are read
//! again by themselves. Called by `control` when that has happened.

use super::changes::{Side, differences};
use super::pages::{self, Reached};
use super::secrets;
use super::state::{Read, State, now};
use crate::admin::ReloadOutcome;

impl State {
    /// Forgets that a reload was refused if another one would change nothing: then nothing is wrong any more. Says whether
    /// it was so.
    pub(super) fn reconsider(&mut self, read: &Read) -> bool {
        let last = self.last_reload.as_ref();
        let refused = last.is_some_and(|last| last.outcome == ReloadOutcome::Refused);
        let moot = refused && self.is_up_to_date(read);
        if moot {
            self.last_reload = Some(self.report(ReloadOutcome::Unchanged, &[]));
        }
        moot
    }

    fn is_up_to_date(&self, read: &Read) -> bool {
        let Ok(config) = read() else {
            return false;
        };
        let now = i64::try_from(now()).unwrap_or(i64::MAX);
        let Ok(pages) = pages::load(&config, now, &mut Reached::default()) else {
            return false;
        };
        let served = self.tls.as_ref().map(secrets::served).unwrap_or_default();
        let in_force = Side {
            config: &self.config,
            pages: &self.pages,
            certificates: &served,
        };
        let wanted = Side {
            config: &config,
            pages: &pages,
            certificates: &served,
        };
        config == *self.config && differences(&in_force, &wanted).is_empty()
    }
}
