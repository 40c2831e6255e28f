//! How many frames that carry nothing a client may send in a second.
//!
//! Windows of one second, not a sliding rate: a flood is a flood within any of them, and a window
//! costs two comparisons. Used by `connection`.

use std::time::{Duration, Instant};

use super::fault::Fault;
use super::limits::{Limit, Limits};

const WINDOW: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Budget {
    began: Instant,
    resets: u32,
    control: u32,
    /// Control frames that requests and sent DATA frames have paid for.
    credit: u32,
}

impl Budget {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            began: now,
            resets: 0,
            control: 0,
            credit: 0,
        }
    }

    /// Somebody who is being served may acknowledge it.
    #[inline]
    pub(crate) fn earn(&mut self, frames: u32) {
        self.credit = self.credit.saturating_add(frames);
    }

    pub(crate) fn spend_control(&mut self, limits: &Limits, now: Instant) -> Result<(), Fault> {
        if let Some(credit) = self.credit.checked_sub(1) {
            self.credit = credit;
            return Ok(());
        }
        self.turn(now);
        self.control = self.control.saturating_add(1);
        if self.control > limits.control_frames_per_second {
            Err(Fault::Excess(Limit::ControlFrames))
        } else {
            Ok(())
        }
    }

    pub(crate) fn spend_reset(&mut self, limits: &Limits, now: Instant) -> Result<(), Fault> {
        self.turn(now);
        self.resets = self.resets.saturating_add(1);
        if self.resets > limits.resets_per_second {
            Err(Fault::Excess(Limit::Resets))
        } else {
            Ok(())
        }
    }

    fn turn(&mut self, now: Instant) {
        if now.saturating_duration_since(self.began) >= WINDOW {
            *self = Self {
                began: now,
                resets: 0,
                control: 0,
                credit: self.credit,
            };
        }
    }
}
