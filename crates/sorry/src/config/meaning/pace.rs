//! When a check is made: what `[check]` says, and what a check says of itself.

use super::Builder;
use crate::config::check::Timing;
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::duration;
use crate::config::reader::At;
use crate::config::spec;
use crate::config::value::Auto;
use sorry_core::health::Thresholds;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::time::Duration;

/// What `[check]` says. What is mistaken in it is `None`.
pub(super) struct Usual {
    every: Option<Duration>,
    timeout: Option<At<Auto<Duration>>>,
    rise: Option<NonZeroU16>,
    fall: Option<NonZeroU16>,
    forgive: Option<NonZeroU16>,
    jitter: Option<Auto<Duration>>,
    suspect_every: Option<Auto<Duration>>,
    pub(super) source: Option<At<IpAddr>>,
}

/// The shortest interval that nobody has asked for.
const FLOOR: Duration = Duration::from_millis(100);

/// The timeout that nobody has asked for.
const TIMEOUT: Duration = Duration::from_secs(1);

fn results(number: spec::Results) -> Option<NonZeroU16> {
    NonZeroU16::new(u16::try_from(number.0).ok()?)
}

fn auto<const LEAST: u64, const MOST: u64>(
    typed: Auto<duration::Time<LEAST, MOST>>,
) -> Auto<Duration> {
    match typed {
        Auto::Auto => Auto::Auto,
        Auto::Given(time) => Auto::Given(time.0),
    }
}

/// A time and where it was typed, if it was.
type Typed = Option<(Place, Duration)>;

fn given(place: Place, typed: Auto<Duration>) -> Typed {
    match typed {
        Auto::Auto => None,
        Auto::Given(time) => Some((place, time)),
    }
}

/// What was given, or else this.
fn given_or(typed: Auto<Duration>, usual: Duration) -> Duration {
    match typed {
        Auto::Auto => usual,
        Auto::Given(time) => time,
    }
}

impl Builder<'_> {
    /// Takes in `[check]`.
    pub(super) fn usual(&mut self, pace: At<spec::Pace>) -> Usual {
        let pace = pace.value;
        if let Some(every) = &pace.every {
            let jitter = pace
                .jitter
                .as_ref()
                .and_then(|at| given(at.place, auto(at.value)));
            let suspect = pace.suspect_every.as_ref();
            let suspect = suspect.and_then(|at| given(at.place, auto(at.value)));
            self.within(every.value.0, jitter, suspect);
        }
        Usual {
            every: pace.every.map(|at| at.value.0),
            timeout: pace.timeout.map(|at| At::new(at.place, auto(at.value))),
            rise: pace.rise.and_then(|at| results(at.value)),
            fall: pace.fall.and_then(|at| results(at.value)),
            forgive: pace.forgive.and_then(|at| results(at.value)),
            jitter: pace.jitter.map(|at| auto(at.value)),
            suspect_every: pace.suspect_every.map(|at| auto(at.value)),
            source: pace.source,
        }
    }

    /// When a check is made. `None` where something is mistaken.
    pub(super) fn timing(&mut self, own: &spec::OwnPace, usual: &Usual) -> Option<Timing> {
        let every = own.every.as_ref().map(|at| at.value.0).or(usual.every)?;
        let jitter = own.jitter.as_ref().map(|at| (at.place, at.value.0));
        let suspect = own.suspect_every.as_ref().map(|at| (at.place, at.value.0));
        self.within(every, jitter, suspect);
        let timeout = match &own.timeout {
            Some(own) => own.value.0,
            None => given_or(usual.timeout.as_ref()?.value, TIMEOUT.min(every)),
        };
        if timeout > every {
            let usual = usual.timeout.as_ref().map(|at| at.place);
            let every_place = own.every.as_ref().map(|at| at.place);
            let own = own.timeout.as_ref().map(|at| at.place);
            let place = own.or(every_place).or(usual).unwrap_or(Place::File);
            let [timeout, every] = [timeout, every].map(duration::format);
            self.caution(
                place,
                format!("timeout: {timeout} is longer than `every` ({every}); a probe that takes so long makes the next ones late"),
            );
        }
        // What was typed elsewhere was not typed with this `every` in mind.
        let jitter = jitter.map(|(_, time)| time);
        let jitter = jitter
            .unwrap_or(given_or(usual.jitter?, every / 10))
            .min(every / 2);
        let suspect = suspect.map(|(_, time)| time);
        let suspect = suspect.unwrap_or(given_or(usual.suspect_every?, (every / 10).max(FLOOR)));
        Some(Timing {
            every,
            timeout,
            suspect_every: suspect.min(every),
            jitter,
        })
    }

    /// Jitter and the interval of suspicion belong within `every`.
    fn within(&mut self, every: Duration, jitter: Typed, suspect: Typed) {
        let bounds = [
            ("jitter", jitter, every / 2, "half of `every`"),
            ("suspect-every", suspect, every, "`every`"),
        ];
        for (key, typed, most, what) in bounds {
            let Some((place, time)) = typed else { continue };
            if time > most {
                let time = duration::format(time);
                let message = format!("{key}: {time} is more than {what}");
                let mistake = Mistake::new(Code::OutOfRange, place, message);
                let most = duration::format(most);
                self.tell(mistake.hint(format!("it may be at most {most}")));
            }
        }
    }
}

/// How many results change what is believed. `None` where something is mistaken.
pub(super) fn thresholds(own: &spec::OwnPace, usual: &Usual) -> Option<Thresholds> {
    let or = |own: &Option<At<spec::Results>>, usual: Option<NonZeroU16>| {
        own.as_ref().and_then(|at| results(at.value)).or(usual)
    };
    Some(Thresholds {
        rise: or(&own.rise, usual.rise)?,
        fall: or(&own.fall, usual.fall)?,
        forgive: or(&own.forgive, usual.forgive)?,
    })
}
