//! Points in time as operators type them, for the key `until` and the flags `--until`. The clock is an argument.
//!
//! A flag is typed now, so `14:00` means the next time it is 14:00. A configuration file is read again at each start and
//! reload, where the same text would silently move to the next day: there a date is required ([`dated`]).

use super::fault::{Fault, quoted};
use super::reader::FromText;
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan, Zoned};

const DATED: &str =
    "write it like \"2026-11-21T14:00:00+01:00\" or \"2026-11-21 14:00 Europe/Berlin\"";

const UNDATED: &str =
    "write it like \"14:00\", \"2026-11-21 14:00 Europe/Berlin\" or \"2026-11-21T14:00:00+01:00\"";

/// Reads a time that may lack its date: then it is the next such time after `now`, in `now`'s time zone.
///
/// # Errors
/// A [`Fault`] as for [`dated`].
pub fn parse(text: &str, now: &Zoned) -> Result<Timestamp, Fault> {
    match time_only(text) {
        Some(time) => next(time, now),
        None => dated(text, now.time_zone()).map_err(|fault| match fault.hint.as_deref() {
            Some(DATED) => fault.hint(UNDATED),
            _ => fault,
        }),
    }
}

/// Reads a time with its date: RFC 3339, or date and time followed by an IANA zone, or in `zone` if it names none.
///
/// # Errors
/// A [`Fault`] when the text is no time, the zone is unknown, or clocks show that time never or twice in that zone.
pub fn dated(text: &str, zone: &TimeZone) -> Result<Timestamp, Fault> {
    if time_only(text).is_some() {
        let fault = Fault::new(format!("{} has no date", quoted(text)));
        return Err(fault.hint("a file is read again at every reload, when the day may be another: write \"2026-11-21 14:00\""));
    }
    if let Some((time, name, at)) = split_zone(text) {
        let zone = self::zone(name).map_err(|fault| fault.at(at..text.len()))?;
        let time = civil(time).map_err(|fault| fault.at(0..time.len()))?;
        return in_zone(time, &zone, name);
    }
    // An offset, `Z` or a zone in brackets (RFC 9557) says everything.
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(time) = text.parse::<Zoned>() {
        return Ok(time.timestamp());
    }
    let name = zone.iana_name().unwrap_or("this machine's time zone");
    in_zone(civil(text)?, zone, name)
}

/// The time zone that a moment names, if it names one that there is.
pub fn zone_named(text: &str) -> Option<TimeZone> {
    match split_zone(text) {
        Some((_, name, _)) => zone(name).ok(),
        None => {
            let zoned: Zoned = text.parse().ok()?;
            Some(zoned.time_zone().clone())
        }
    }
}

/// The next time after `now` that clocks in its zone show `time`.
fn next(time: Time, now: &Zoned) -> Result<Timestamp, Fault> {
    let zone = now.time_zone();
    let name = zone.iana_name().unwrap_or("this machine's time zone");
    let today = in_zone(now.date().to_datetime(time), zone, name)?;
    if today > now.timestamp() {
        return Ok(today);
    }
    let tomorrow = now
        .date()
        .checked_add(1.day())
        .map_err(|_| Fault::new("the calendar ends there").out_of_range())?;
    in_zone(tomorrow.to_datetime(time), zone, name)
}

/// `14:00` or `14:00:30`, and nothing that also names a date.
pub(super) fn time_only(text: &str) -> Option<Time> {
    let shaped = text.bytes().all(|b| b.is_ascii_digit() || b == b':');
    let count = text.split(':').count();
    if !shaped || !(2..=3).contains(&count) || text.split(':').next().is_none_or(str::is_empty) {
        return None;
    }
    match text.len() {
        4 => format!("0{text}").parse().ok(),
        _ => text.parse().ok(),
    }
}

/// Date and time, the name of the zone, and where the name begins.
fn split_zone(text: &str) -> Option<(&str, &str, usize)> {
    let (time, name) = text.rsplit_once(' ')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name.then(|| (time.trim_end(), name, text.len() - name.len()))
}

/// A date and a time; jiff would take a date alone for midnight, which nobody means who forgot the time.
fn civil(text: &str) -> Result<DateTime, Fault> {
    let not_a_time = || Fault::new(format!("{} is not a date and time", quoted(text)));
    let time: DateTime = text.parse().map_err(|_| not_a_time().hint(DATED))?;
    if !text.contains(':') {
        let fault = Fault::new(format!("{} has no time of day", quoted(text)));
        return Err(fault.hint(format!("for example \"{} 14:00\"", time.date())));
    }
    Ok(time)
}

fn in_zone(time: DateTime, zone: &TimeZone, name: &str) -> Result<Timestamp, Fault> {
    let shown = time.strftime("%Y-%m-%d %H:%M");
    let ambiguous = zone.to_ambiguous_timestamp(time);
    let (trouble, before, after) = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            return ambiguous
                .unambiguous()
                .map_err(|_| Fault::new(format!("{shown} is out of range")).out_of_range());
        }
        AmbiguousOffset::Gap { before, after } => ("skip", before, after),
        AmbiguousOffset::Fold { before, after } => ("show twice", before, after),
    };
    let [before, after] = [before, after].map(|offset| {
        let time = offset.to_timestamp(time).ok()?;
        Some(time.display_with_offset(offset).to_string())
    });
    let fault = Fault::new(format!("clocks in {name} {trouble} {shown}"));
    match (before, after) {
        (Some(before), Some(after)) => {
            Err(fault.hint(format!("write \"{before}\" or \"{after}\"")))
        }
        _ => Err(fault),
    }
}

/// The time zone of that name in the IANA database.
///
/// # Errors
/// A [`Fault`] when there is none.
pub fn zone(name: &str) -> Result<TimeZone, Fault> {
    TimeZone::get(name).map_err(|_| unknown_zone(name))
}

/// The name of a time zone that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ZoneName(pub(super) Box<str>);

impl FromText for ZoneName {
    fn form() -> String {
        "a time zone such as \"Europe/Berlin\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        zone(text).map(|_| ZoneName(text.into()))
    }
}

fn unknown_zone(name: &str) -> Fault {
    let fault = Fault::new(format!("{} is not a known time zone", quoted(name)));
    // Without the database every name is unknown; then it is not the name that must change.
    if TimeZone::get("Europe/Berlin").is_err() {
        return fault.hint("no time zone database was found: install the package tzdata, or give an offset such as +01:00");
    }
    let known: Vec<String> = jiff::tz::db()
        .available()
        .map(|zone| zone.to_string())
        .collect();
    match super::fault::nearest(name, known.iter().map(String::as_str)) {
        Some(near) => fault.hint(format!("did you mean \"{near}\"?")),
        None => fault.hint("zones are named like Europe/Berlin, America/New_York or UTC"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Friday noon in winter, Berlin.
    fn now() -> Zoned {
        "2026-11-20T12:00:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    #[test]
    fn times_are_read() {
        for (text, utc) in [
            ("2026-11-21T14:00:00Z", "2026-11-21T14:00:00Z"),
            ("2026-11-21T14:00:00+01:00", "2026-11-21T13:00:00Z"),
            ("2026-11-21 14:00:00+01:00", "2026-11-21T13:00:00Z"),
            ("2026-11-21T14:00:00.5Z", "2026-11-21T14:00:00.5Z"),
            ("2026-11-21 14:00 Europe/Berlin", "2026-11-21T13:00:00Z"),
            ("2026-07-21 14:00 Europe/Berlin", "2026-07-21T12:00:00Z"),
            ("2026-11-21 14:00 America/New_York", "2026-11-21T19:00:00Z"),
            ("2026-11-21 14:00 UTC", "2026-11-21T14:00:00Z"),
            ("2026-11-21T14:00[Asia/Tokyo]", "2026-11-21T05:00:00Z"),
            ("2026-11-21 14:00", "2026-11-21T13:00:00Z"),
            ("14:00", "2026-11-20T13:00:00Z"),
            ("9:30", "2026-11-21T08:30:00Z"),
            ("12:00", "2026-11-21T11:00:00Z"),
            ("12:00:01", "2026-11-20T11:00:01Z"),
        ] {
            let time = parse(text, &now()).expect(text);
            assert_eq!(time, utc.parse::<Timestamp>().unwrap(), "{text}");
        }
    }

    #[test]
    fn zones_are_named_beside_a_moment() {
        for (text, expected) in [
            ("2026-11-21 14:00 Europe/Berlin", Some("Europe/Berlin")),
            ("2026-11-21T14:00[Asia/Tokyo]", Some("Asia/Tokyo")),
            ("2026-11-21 14:00 Europe/Berlim", None),
            ("2026-11-21T14:00:00+01:00", None),
            ("2026-11-21 14:00", None),
            ("14:00", None),
        ] {
            let zone = zone_named(text);
            let name = zone.as_ref().and_then(TimeZone::iana_name);
            assert_eq!(name, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_way_out() {
        for (text, said) in [
            ("", "`` is not a date and time"),
            ("tomorrow", "`tomorrow` is not a date and time"),
            ("25:00", "`25:00` is not a date and time"),
            (
                "2026-02-30 14:00 UTC",
                "`2026-02-30 14:00` is not a date and time",
            ),
            (
                "2026-11-21",
                "`2026-11-21` has no time of day (for example \"2026-11-21 14:00\")",
            ),
            ("2026-11-21 UTC", "has no time of day"),
            (
                "2026-11-21 14:00 Europe/Berlim",
                "did you mean \"Europe/Berlin\"?",
            ),
            ("2026-11-21 14:00 home", "zones are named like"),
            (
                "2026-03-29 02:30 Europe/Berlin",
                "clocks in Europe/Berlin skip 2026-03-29 02:30",
            ),
            (
                "2026-10-25 02:30 Europe/Berlin",
                "clocks in Europe/Berlin show twice 2026-10-25 02:30",
            ),
        ] {
            let fault = parse(text, &now()).expect_err(text);
            assert!(fault.to_string().contains(said), "{text}: {fault}");
        }
    }

    #[test]
    fn a_file_must_name_the_date() {
        let fault = dated("14:00", now().time_zone()).expect_err("no date");
        assert_eq!(fault.message(), "`14:00` has no date");
    }

    #[test]
    fn the_hint_for_an_ambiguous_time_offers_both() {
        let fault = parse("2026-10-25 02:30 Europe/Berlin", &now()).unwrap_err();
        let hint = fault.hint_text().unwrap();
        let offered: Vec<Timestamp> = hint
            .split('"')
            .skip(1)
            .step_by(2)
            .map(|time| parse(time, &now()).expect(time))
            .collect();
        let hour_apart: Vec<Timestamp> = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]
            .map(|time| time.parse().unwrap())
            .into();
        assert_eq!(offered, hour_apart);
    }
}
