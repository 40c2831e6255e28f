//! Windows that operators agree on: from what was asked for to what the journal keeps, and from that to what the engine knows.
//!
//! What comes once is kept as the two moments that it was taken for, and shown by the clocks that were meant; what comes again is
//! kept as it was typed, since the rules of its time zone may change before it comes.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sorry_core::moment::Wall;
use sorry_core::order::{Keep, OnOverrun};
use sorry_core::window::{Span, Window as When};

use super::order;
use super::setup::Agreed;
use super::words;
use crate::admin::order::{Order, Schedule as Wanted};
use crate::admin::{Fault, FaultKind};
use crate::config::window::{Asked, Typed, Window};
use crate::config::{Config, Site, until};
use crate::journal::{Kept, Schedule, Unschedule};

/// Windows that may be agreed on for one site.
const MOST: usize = 100;

/// The longest that one may be open, in seconds: the same as in the file.
const LONGEST: u64 = 365 * 86_400;

/// The windows that the journal keeps, as the engine knows them.
pub(super) fn agreed(kept: &Kept) -> Vec<Agreed> {
    let now = Timestamp::now();
    let zone = TimeZone::system();
    let read = |schedule: &Schedule| match window(schedule, Typed::InFile, now, &zone) {
        Ok(window) => Some(Agreed {
            site: schedule.site.clone(),
            window,
        }),
        Err(why) => {
            let Schedule { site, name, .. } = schedule;
            log::error!(
                "{site}: the window {name} of the journal is passed over: {}",
                why.message
            );
            None
        }
    };
    kept.windows().filter_map(read).collect()
}

/// Agrees on a window: what is kept of it, and what is told to whoever asked.
pub(super) fn agree(
    site: &Site,
    wanted: &Wanted,
    agreed: &[Agreed],
    now: Wall,
) -> Result<(Schedule, Vec<String>), Fault> {
    if site
        .windows
        .iter()
        .any(|window| *window.name == *wanted.name)
    {
        return Err(order::impossible(format!(
            "{} has a window {} in its configuration: give this one another name",
            site.name, wanted.name
        )));
    }
    let others = others(site, &wanted.name, agreed);
    // One that has passed is in nobody's way.
    let to_come = others.iter().filter(|window| comes(window, now)).count();
    if to_come.saturating_sub(site.windows.len()) >= MOST {
        return Err(order::impossible(format!(
            "{} has {MOST} windows already: take one away with `sorry schedule remove`",
            site.name
        )));
    }
    if wanted.days.len() > 7 {
        return Err(Fault::new(
            FaultKind::Malformed,
            "a week has seven days: name each of them once",
        ));
    }
    if wanted.for_seconds.is_some_and(|seconds| seconds > LONGEST) {
        return Err(Fault::new(
            FaultKind::Malformed,
            "a window is open for a year at most",
        ));
    }
    let asked = kept(&site.name, wanted)?;
    let millis = i64::try_from(now.0).unwrap_or(i64::MAX);
    let clock = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
    let zone = TimeZone::system();
    let window = window(&asked, Typed::Now, clock, &zone)?;
    let Some(span) = window.when.open(now).or_else(|| window.when.next(now)) else {
        return Err(order::impossible("that time has passed already"));
    };
    let opens = match span.start <= now {
        true => format!("is open now, since {}", words::at(span.start)),
        false => format!("opens at {}", words::at(span.start)),
    };
    let mut told = vec![format!(
        "the window {} {opens} and closes at {}",
        window.name,
        words::at(span.end)
    )];
    told.extend(overlaps(&span, &others, now));
    told.extend(stays(&site.name, &wanted.name, agreed, now));
    Ok((settled(asked, &window, &zone), told))
}

fn comes(window: &Window, now: Wall) -> bool {
    window.when.open(now).is_some() || window.when.next(now).is_some()
}

/// What a window has ordered does not end with the window: said where it is open.
pub(super) fn stays(site: &str, name: &str, agreed: &[Agreed], now: Wall) -> Option<String> {
    let mut of_site = agreed.iter().filter(|agreed| *agreed.site == *site);
    let before = of_site.find(|agreed| *agreed.window.name == *name)?;
    let open = before.window.when.open(now)?;
    Some(format!(
        "it is open, and what it ordered stays in force until {}: `sorry up {site}` ends it, `sorry extend {site} 1h` makes it longer",
        words::at(open.end)
    ))
}

/// All other windows of a site.
fn others<'w>(site: &'w Site, name: &str, agreed: &'w [Agreed]) -> Vec<&'w Window> {
    let agreed = agreed.iter().filter(|agreed| agreed.site == site.name);
    let agreed = agreed.map(|agreed| &agreed.window);
    let agreed = agreed.filter(|window| *window.name != *name);
    site.windows.iter().chain(agreed).collect()
}

/// Overlapping is no mistake: whoever is in force stays so until its own end.
fn overlaps(span: &Span, others: &[&Window], now: Wall) -> Vec<String> {
    let meets = |window: &&&Window| {
        let spans = [
            window.when.open(span.start),
            window.when.next(span.start),
            window.when.open(now),
        ];
        spans
            .into_iter()
            .flatten()
            .any(|other| other.start < span.end && span.start.max(now) < other.end)
    };
    let told = |window: &&Window| {
        format!(
            "it overlaps with the window {}: the one that opens first is in force until it closes",
            window.name
        )
    };
    others.iter().filter(meets).map(told).collect()
}

/// Gives a window up.
pub(super) fn give_up(
    site: &str,
    name: &str,
    config: &Config,
    agreed: &[Agreed],
) -> Result<Unschedule, Fault> {
    let of_site = agreed.iter().filter(|agreed| *agreed.site == *site);
    let known: Vec<&str> = of_site.map(|agreed| &*agreed.window.name).collect();
    if known.contains(&name) {
        return Ok(Unschedule {
            site: site.into(),
            name: name.into(),
        });
    }
    let configured = config.sites.iter().filter(|known| *known.name == *site);
    let mut configured = configured.flat_map(|site| &site.windows);
    if configured.any(|window| *window.name == *name) {
        return Err(order::impossible(format!(
            "the window {name} of {site} stands in the configuration: take it away there, and reload"
        )));
    }
    Err(order::unknown(
        &format!("{site} has no scheduled window {name:?}"),
        &known,
        name,
    ))
}

/// As asked for; nothing is checked yet but the words.
fn kept(site: &str, wanted: &Wanted) -> Result<Schedule, Fault> {
    let said = order::said(wanted.say.clone())?;
    let text = |text: &Option<String>| text.as_deref().map(Into::into);
    Ok(Schedule {
        site: site.into(),
        name: wanted.name.as_str().into(),
        at: wanted.at.as_str().into(),
        days: wanted.days.iter().map(|day| day.as_str().into()).collect(),
        zone: text(&wanted.zone),
        for_seconds: wanted.for_seconds,
        until: text(&wanted.until),
        say: said.map(|said| said.as_str().into()),
        keep: match wanted.keep {
            crate::admin::order::Keep::Stale => Keep::Stale,
            crate::admin::order::Keep::Nothing => Keep::Nothing,
        }
        .into(),
        on_overrun: wanted
            .on_overrun
            .map(|word| OnOverrun::into(order::on_overrun(word))),
        announce_seconds: wanted.announce_seconds,
    })
}

/// What comes once means the moments that it was taken for; what comes again, the zone whose clocks were meant.
fn settled(asked: Schedule, window: &Window, zone: &TimeZone) -> Schedule {
    let moment = |wall: Wall| -> Box<str> {
        let millis = i64::try_from(wall.0).unwrap_or(i64::MAX);
        let moment = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
        moment.to_string().into()
    };
    let name_of = |zone: &TimeZone| zone.iana_name().map(Into::into);
    let named = until::zone_named(&asked.at).unwrap_or_else(|| zone.clone());
    match &window.when {
        When::Once(span) => Schedule {
            zone: asked.zone.or_else(|| name_of(&named)),
            at: moment(span.start),
            until: Some(moment(span.end)),
            for_seconds: None,
            ..asked
        },
        When::Every(_) => Schedule {
            zone: asked.zone.or_else(|| name_of(zone)),
            ..asked
        },
    }
}

fn window(
    schedule: &Schedule,
    typed: Typed,
    now: Timestamp,
    machine: &TimeZone,
) -> Result<Window, Fault> {
    // Moments need no zone to be meant: one that is not known here, or not any more, is only not shown.
    let absolute = |text: &str| text.parse::<Timestamp>().is_ok();
    let until = schedule.until.as_deref().is_none_or(absolute);
    let needed = !schedule.days.is_empty() || !absolute(&schedule.at) || !until;
    let zone = schedule.zone.as_deref();
    let asked = Asked {
        name: &schedule.name,
        at: &schedule.at,
        days: schedule.days.iter().map(|day| &**day).collect(),
        lasts: schedule.for_seconds.map(Duration::from_secs),
        until: schedule.until.as_deref(),
        zone: zone.filter(|name| needed || until::zone(name).is_ok()),
        machine,
        now,
        typed,
        say: order::said(schedule.say.as_deref().map(str::to_owned))?,
        keep: schedule.keep.into(),
        on_overrun: schedule.on_overrun.map(Into::into),
        announce: schedule.announce_seconds.map(Duration::from_secs),
    };
    Window::asked(&asked).map_err(|wrong| Fault::new(FaultKind::Malformed, wrong.to_string()))
}

/// Whether an order says nothing of how long it is to last.
pub(super) fn is_usual(order: &Order) -> bool {
    let lasting = match order {
        Order::Down(down) => &down.lasting,
        Order::Live(lasting) => lasting,
        _ => return false,
    };
    !lasting.endless && lasting.for_seconds.is_none() && lasting.until.is_none()
}
