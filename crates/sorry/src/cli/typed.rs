//! Values of flags that several verbs take: durations, moments, words.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::{Timestamp, Zoned};

use crate::admin::Moment;
use crate::admin::order::{Keep, Lasting, OnOverrun};
use crate::config::{duration, until};

/// A duration of whole seconds, at least one.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let length: Duration = duration::parse(text).map_err(|fault| fault.to_string())?;
    match length.as_secs() {
        0 => Err(format!("`{text}` is shorter than a second")),
        seconds => Ok(seconds),
    }
}

/// A moment that is still to come.
pub(super) fn future(text: &str) -> Result<Moment, String> {
    let now = Zoned::now();
    let time = until::parse(text, &now).map_err(|fault| fault.to_string())?;
    match time > now.timestamp() {
        true => moment(time),
        false => Err(format!(
            "`{text}` is over: the date may be missing or wrong"
        )),
    }
}

/// A moment that is over, or so long ago as a duration says: `7d`.
pub(super) fn past(text: &str) -> Result<Moment, String> {
    let now = Zoned::now();
    if let Ok(length) = duration::parse(text) {
        return Ok(Moment(Moment::now().0.saturating_sub(length.as_secs())));
    }
    let dated = until::dated(text, now.time_zone());
    moment(dated.map_err(|_| {
        format!("`{text}` is neither a duration such as 7d nor a time such as \"2026-11-21 14:00\"")
    })?)
}

fn moment(time: Timestamp) -> Result<Moment, String> {
    u64::try_from(time.as_second())
        .map(Moment)
        .map_err(|_| "it lies before 1970".to_owned())
}

/// What may be served from copies.
pub(super) fn keep() -> impl TypedValueParser<Value = Keep> {
    PossibleValuesParser::new(["stale", "nothing"]).map(|word| match word.as_str() {
        "nothing" => Keep::Nothing,
        _ => Keep::Stale,
    })
}

/// What becomes of something when its time is over.
pub(super) fn on_overrun() -> impl TypedValueParser<Value = OnOverrun> {
    PossibleValuesParser::new(["hold", "return"]).map(|word| match word.as_str() {
        "return" => OnOverrun::Return,
        _ => OnOverrun::Hold,
    })
}

/// For how long.
#[derive(Debug, Args)]
pub(super) struct Time {
    /// For so long: 30m, 1h30m
    #[arg(long = "for", value_name = "DURATION", value_parser = seconds)]
    length: Option<u64>,
    /// Until then: 14:00 (the next), "2026-11-21 14:00 Europe/Berlin"
    #[arg(long, value_name = "TIME", value_parser = future, conflicts_with = "length")]
    until: Option<Moment>,
    /// Until somebody ends it
    #[arg(long, conflicts_with_all = ["length", "until"])]
    endless: bool,
}

impl Time {
    pub(super) fn lasting(&self) -> Lasting {
        Lasting {
            for_seconds: self.length,
            until: self.until,
            endless: self.endless,
        }
    }

    /// Whether nothing was said, so that the configuration decides.
    pub(super) fn is_unsaid(&self) -> bool {
        self.lasting() == Lasting::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_whole_seconds() {
        assert_eq!(seconds("1h30m"), Ok(5400));
        assert_eq!(seconds("1500ms"), Ok(1));
        assert!(
            seconds("999ms")
                .unwrap_err()
                .contains("shorter than a second")
        );
        assert!(seconds("30").unwrap_err().contains("has no unit"));
    }

    #[test]
    fn what_is_over_does_not_lie_ahead() {
        assert!(future("2020-01-01 14:00").unwrap_err().contains("is over"));
        assert!(future("14:00").unwrap() > Moment::now());
        assert!(future("soon").unwrap_err().contains("not a date and time"));
    }

    #[test]
    fn the_past_is_a_time_or_a_duration() {
        let ago = past("7d").unwrap().0;
        assert!(Moment::now().0 - ago - 7 * 86_400 < 60);
        assert_eq!(past("1970-01-01T00:00:09Z"), Ok(Moment(9)));
        assert!(past("yesterday").unwrap_err().contains("such as 7d"));
    }
}
