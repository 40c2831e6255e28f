//! The date of answers: formatted when the second changes, not per answer.

use std::time::{SystemTime, UNIX_EPOCH};

use sorry_core::date;

/// A worker's own clock face.
#[derive(Debug)]
pub struct Clock {
    now: u64,
    date: [u8; date::LENGTH],
}

impl Default for Clock {
    fn default() -> Clock {
        Clock {
            now: 0,
            date: date::imf_fixdate(0),
        }
    }
}

impl Clock {
    /// Looks at the system's clock.
    pub fn look(&mut self) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if now != self.now {
            self.now = now;
            self.date = date::imf_fixdate(now);
        }
    }

    /// Seconds since 1970, when last looked at.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The same as an IMF-fixdate.
    pub fn date(&self) -> [u8; date::LENGTH] {
        self.date
    }
}
