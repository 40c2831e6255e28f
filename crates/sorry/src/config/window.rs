//! A maintenance window as configured, or as an operator schedules it: from the texts that were typed to when it is open.
//!
//! The texts of the configuration and those of `sorry schedule` go one way, [`Window::asked`]. Whether it is open now is
//! `sorry_core::window`'s business, to which a time zone is a list of changes: [`changes_of`].

use super::diagnostics::Place;
use super::duration;
use super::fault::{Fault, quoted};
use super::reader::{FromText, FromValue, Reader, Value};
use super::table::words;
use super::until;
use super::value::{Name, unknown_word};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use sorry_core::moment::Wall;
use sorry_core::order::{Keep, OnOverrun};
use sorry_core::said::Said;
use sorry_core::window::{Days, End, Every, Span};
use sorry_core::zone::Zone;
use std::time::Duration;
use toml::de::DeValue;

/// `[[site.window]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What it is called; unique within its site.
    pub name: Box<str>,
    /// When it is open.
    pub when: sorry_core::window::Window,
    /// That in words, for people: `sun 02:00 for 1h Europe/Berlin`.
    pub shown: Box<str>,
    /// What visitors are told.
    pub say: Option<Said>,
    /// What may be served from copies.
    pub keep: Keep,
    /// What becomes of it when its time is over.
    pub on_overrun: OnOverrun,
    /// How long before it opens somebody is told.
    pub announce: Option<Duration>,
    /// Where it was typed.
    pub place: Place,
}

/// A window in the words in which it is asked for.
#[derive(Clone, Debug)]
pub struct Asked<'t> {
    /// What it is to be called.
    pub name: &'t str,
    /// When it opens: a moment for one that opens once, a time of day for one that comes again.
    pub at: &'t str,
    /// The days that it comes again on: `daily`, or `mon` to `sun`; once where there are none.
    pub days: Vec<&'t str>,
    /// How long it is open; else `until`.
    pub lasts: Option<Duration>,
    /// When it closes: a moment or a time of day, as `at`.
    pub until: Option<&'t str>,
    /// The IANA time zone whose clocks are meant; where there is none, the one that `at` names, else `machine`.
    pub zone: Option<&'t str>,
    /// The machine's own time zone.
    pub machine: &'t TimeZone,
    /// What time it is.
    pub now: Timestamp,
    /// Whether a moment may lack its date.
    pub typed: Typed,
    /// What visitors are told.
    pub say: Option<Said>,
    /// What may be served from copies.
    pub keep: Keep,
    /// What becomes of it when its time is over; where nothing is said, one that comes again returns and one that comes once
    /// holds.
    pub on_overrun: Option<OnOverrun>,
    /// How long before it opens somebody is told.
    pub announce: Option<Duration>,
}

/// When a text was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Just now: `14:00` is the next such time.
    Now,
    /// Some time ago, in a file: every moment needs its date.
    InFile,
}

/// What of a window is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which of its texts.
    pub field: Field,
    /// What is wrong with it.
    pub fault: Fault,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field.label(), self.fault)
    }
}

impl std::error::Error for Wrong {}

/// The texts of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `name`.
    Name,
    /// `at`; `start` in the configuration where it opens once.
    At,
    /// `days`.
    Days,
    /// How long it is open.
    For,
    /// `until`; `end` in the configuration where it opens once.
    Until,
    /// `zone`.
    Zone,
}

impl Field {
    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::At => "at",
            Field::Days => "days",
            Field::For => "for",
            Field::Until => "until",
            Field::Zone => "zone",
        }
    }

    fn is(self) -> impl Fn(Fault) -> Wrong {
        move |fault| Wrong { field: self, fault }
    }
}

/// The longest that one that comes again may be open: a week, after which it would meet itself.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

impl Window {
    /// The window that is asked for. It has no place.
    ///
    /// # Errors
    /// [`Wrong`] with the first text that is no name, time, day or zone, that lacks what another needs, or that is about a
    /// time which clocks skip or show twice (once only; for one that comes again see `sorry_core::window`).
    pub fn asked(asked: &Asked<'_>) -> Result<Window, Wrong> {
        let name = Name::from_text(asked.name).map_err(Field::Name.is())?;
        let zone = match asked.zone {
            Some(name) => until::zone(name).map_err(Field::Zone.is())?,
            None => until::zone_named(asked.at).unwrap_or_else(|| asked.machine.clone()),
        };
        let (when, shown) = match asked.days.is_empty() {
            true => once(asked, &zone)?,
            false => again(asked, &zone)?,
        };
        let usual = match when {
            sorry_core::window::Window::Once(_) => OnOverrun::Hold,
            sorry_core::window::Window::Every(_) => OnOverrun::Return,
        };
        Ok(Window {
            name: name.0,
            when,
            shown: shown.into(),
            say: asked.say.clone(),
            keep: asked.keep,
            on_overrun: asked.on_overrun.unwrap_or(usual),
            announce: asked.announce,
            place: Place::File,
        })
    }

    /// Whether it is the same to those who look, whenever each of the two was read.
    pub(super) fn is_as(&self, other: &Window) -> bool {
        let rest = |window: &Window| {
            let Window {
                name, shown, say, ..
            } = window.clone();
            (
                name,
                shown,
                say,
                window.keep,
                window.on_overrun,
                window.announce,
            )
        };
        rest(self) == rest(other)
    }
}

/// How it ends, in one of the two ways.
enum Ending<'t> {
    After(Duration),
    At(&'t str),
}

fn ending<'t>(asked: &Asked<'t>) -> Result<Ending<'t>, Wrong> {
    match (asked.lasts, asked.until) {
        (Some(lasts), None) if lasts.is_zero() => {
            let fault = Fault::new("no time at all").out_of_range();
            Err(Field::For.is()(fault))
        }
        (Some(lasts), None) => Ok(Ending::After(lasts)),
        (None, Some(text)) => Ok(Ending::At(text)),
        (None, None) => {
            let fault = Fault::new("nothing says when it is over");
            Err(Field::For.is()(
                fault.hint("say for how long, or until when"),
            ))
        }
        (Some(_), Some(_)) => {
            let fault =
                Fault::new("how long it is open and when it closes are the same said twice");
            Err(Field::Until.is()(fault.hint("say one of them")))
        }
    }
}

fn once(asked: &Asked<'_>, zone: &TimeZone) -> Result<(sorry_core::window::Window, String), Wrong> {
    let moment = |text: &str, from: Timestamp| match asked.typed {
        Typed::InFile => until::dated(text, zone),
        Typed::Now => until::parse(text, &from.to_zoned(zone.clone())),
    };
    let start = moment(asked.at, asked.now).map_err(Field::At.is())?;
    let (end, ended) = match ending(asked)? {
        Ending::After(lasts) => {
            let end = start.checked_add(lasts).map_err(|_| {
                Field::For.is()(Fault::new("the calendar ends before it").out_of_range())
            })?;
            (end, format!("for {}", duration::format(lasts)))
        }
        Ending::At(text) => {
            let end = moment(text, start).map_err(Field::Until.is())?;
            (end, format!("to {}", in_words(end, zone)))
        }
    };
    if end <= start {
        let fault = Fault::new("it closes before it opens");
        return Err(Field::Until.is()(fault));
    }
    let wall = |time: Timestamp| u64::try_from(time.as_millisecond()).map(Wall);
    let (Ok(start_wall), Ok(end_wall)) = (wall(start), wall(end)) else {
        return Err(Field::At.is()(
            Fault::new("it is before 1970").out_of_range(),
        ));
    };
    let span = Span {
        start: start_wall,
        end: end_wall,
    };
    let shown = format!("{} {ended} {}", in_words(start, zone), name_of(zone));
    Ok((sorry_core::window::Window::Once(span), shown))
}

fn again(
    asked: &Asked<'_>,
    zone: &TimeZone,
) -> Result<(sorry_core::window::Window, String), Wrong> {
    let days = numbers(&asked.days).map_err(Field::Days.is())?;
    let start = time_of_day(asked.at).map_err(Field::At.is())?;
    let (end, ended) = match ending(asked)? {
        Ending::After(lasts) if lasts > LONGEST => {
            let fault = Fault::new("one that comes again is open for at most a week");
            return Err(Field::For.is()(fault.out_of_range()));
        }
        Ending::After(lasts) => (
            End::After(lasts),
            format!(" for {}", duration::format(lasts)),
        ),
        Ending::At(text) => {
            // Midnight at the end of a day is the one at the beginning of the next.
            let end = match text {
                "24:00" => 0,
                text => time_of_day(text).map_err(Field::Until.is())?,
            };
            if end == start {
                let fault = Fault::new("it closes at the time at which it opens");
                return Err(Field::Until.is()(
                    fault.hint("for a whole day say how long: 24h"),
                ));
            }
            (End::At(end), format!("-{text}"))
        }
    };
    let shown = format!("{} {}{ended} {}", day_words(&days), asked.at, name_of(zone));
    let every = Every {
        days: Days::of(days),
        start,
        end,
        zone: changes_of(zone, asked.now),
    };
    Ok((sorry_core::window::Window::Every(every), shown))
}

/// A time zone as the core knows it: its changes from the year before `now` to twenty years after it. The core keeps the last
/// offset after that; whoever runs for so long reads the configuration again on the way.
pub fn changes_of(zone: &TimeZone, now: Timestamp) -> Zone {
    // Whole years, so that two readings of one configuration give the same.
    let year = now.to_zoned(TimeZone::UTC).year();
    let new_year = |year: i16| {
        let day = jiff::civil::Date::new(year, 1, 1).ok()?;
        let zoned: Zoned = day.to_zoned(TimeZone::UTC).ok()?;
        Some(zoned.timestamp())
    };
    let from = new_year(year.saturating_sub(1)).unwrap_or(Timestamp::MIN);
    let to = new_year(year.saturating_add(21)).unwrap_or(Timestamp::MAX);
    let first = zone.to_offset(from).seconds();
    let changes = zone
        .following(from)
        .take_while(|change| change.timestamp() < to)
        .map(|change| (change.timestamp().as_second(), change.offset().seconds()));
    Zone::new(first, changes)
}

/// The seconds of a day at which clocks show this time.
fn time_of_day(text: &str) -> Result<u32, Fault> {
    let time: Time = until::time_only(text).ok_or_else(|| {
        Fault::new(format!("{} is not a time of day", quoted(text))).hint("for example \"02:00\"")
    })?;
    let seconds = i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60;
    Ok(u32::try_from(seconds + i32::from(time.second())).unwrap_or_default())
}

fn in_words(time: Timestamp, zone: &TimeZone) -> String {
    let zoned = time.to_zoned(zone.clone());
    zoned.strftime("%Y-%m-%d %H:%M").to_string()
}

fn name_of(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("local time")
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The numbers of days, 0 for Monday, in order and each once.
fn numbers(words: &[&str]) -> Result<Vec<u8>, Fault> {
    let mut numbers = Vec::new();
    for word in words {
        match DAYS.iter().position(|day| day == word) {
            Some(number) => numbers.extend(u8::try_from(number)),
            None if *word == "daily" => numbers.extend(0..7),
            None => {
                return Err(unknown_word(
                    word,
                    &["daily", "mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                ));
            }
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

fn day_words(numbers: &[u8]) -> String {
    if numbers.len() == DAYS.len() {
        return "daily".to_owned();
    }
    let words = numbers
        .iter()
        .filter_map(|number| DAYS.get(usize::from(*number)).copied());
    words.collect::<Vec<_>>().join(", ")
}

/// Days as typed: one word, or an array of them. Each is one that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DayWords(pub(super) Vec<String>);

impl FromValue for DayWords {
    fn form() -> String {
        "\"daily\", or an array of \"mon\" to \"sun\"".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let mut words = Vec::new();
        match value.get_ref() {
            DeValue::String(word) => words.push((word.to_string(), value)),
            DeValue::Array(array) if !array.is_empty() => {
                for entry in array.iter() {
                    match entry.get_ref().as_str() {
                        Some(word) => words.push((word.to_owned(), entry)),
                        None => reader.wrong_type(entry),
                    }
                }
            }
            DeValue::Array(_) => reader.fault(value, Fault::new("it would never open")),
            _ => reader.wrong_type(value),
        }
        let mut known = Vec::new();
        for (word, value) in words {
            match numbers(&[&word]) {
                Ok(_) => known.push(word),
                Err(fault) => reader.fault(value, fault),
            }
        }
        (!known.is_empty()).then_some(DayWords(known))
    }
}

/// A time as typed, as text or as TOML's own; what it means depends on the zone beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TimeText(pub(super) String);

impl FromValue for TimeText {
    fn form() -> String {
        "a time such as \"02:00\", or with its date \"2026-12-01 02:00 Europe/Berlin\"".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(text) => Some(TimeText(text.to_string())),
            DeValue::Datetime(time) => Some(TimeText(time.to_string())),
            _ => {
                reader.wrong_type(value);
                None
            }
        }
    }
}

words! {
    /// What may be served from copies.
    pub(super) enum KeepWord {
        /// whatever there is
        Stale = "stale",
        /// nothing: everybody sees the page
        Nothing = "nothing",
    }
}

impl KeepWord {
    /// What it means.
    pub(super) fn meaning(self) -> Keep {
        match self {
            KeepWord::Stale => Keep::Stale,
            KeepWord::Nothing => Keep::Nothing,
        }
    }
}

words! {
    /// What becomes of a maintenance whose time is over.
    pub(super) enum OverrunWord {
        /// it stays until somebody says `sorry up`, who is reminded every 15 minutes
        Hold = "hold",
        /// it ends, and health decides
        Return = "return",
    }
}

impl OverrunWord {
    /// What it means.
    pub(super) fn meaning(self) -> OnOverrun {
        match self {
            OverrunWord::Hold => OnOverrun::Hold,
            OverrunWord::Return => OnOverrun::Return,
        }
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
