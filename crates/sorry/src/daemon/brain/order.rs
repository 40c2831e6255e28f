//! From what an operator asks for to what the engine is told: names are found, times counted from now, and what cannot be is
//! refused with the reason.

use std::time::Duration;

use sorry_core::engine::{Open, SiteView};
use sorry_core::event::{Command, Drained, RealId};
use sorry_core::moment::Wall;
use sorry_core::order::{Keep, OnOverrun, Order, What};
use sorry_core::said::Said;
use sorry_core::site::Route;

use super::{schedule, words};
use crate::admin::order::{self, Lasting};
use crate::admin::{Fault, FaultKind};

/// The longest that an order may be given for: a year is a typing mistake.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// The most characters of the name of whoever gives an order.
const NAME: usize = 100;

/// What is known where an order is given.
pub(super) struct Given<'a> {
    pub(super) site: SiteView<'a>,
    pub(super) by: &'a str,
    /// Why, as typed.
    pub(super) reason: Option<&'a str>,
    pub(super) now: Wall,
    /// How long an order lasts where nobody says.
    pub(super) usual: Duration,
}

/// The engine's command. Windows are not the engine's to agree on, and are dealt with elsewhere.
pub(super) fn command(order: order::Order, given: &Given<'_>) -> Result<Command, Fault> {
    match order {
        order::Order::Down(down) => {
            let keep = match down.keep {
                order::Keep::Stale => Keep::Stale,
                order::Keep::Nothing => Keep::Nothing,
            };
            let on_overrun = on_overrun(down.on_overrun);
            let order = Order {
                said: said(down.say)?,
                on_overrun,
                ..lasting(What::Maintenance(keep), &down.lasting, given)?
            };
            Ok(Command::Give(order))
        }
        order::Order::Up {} => Ok(Command::Lift),
        order::Order::Live(time) => Ok(Command::Give(lasting(What::Live, &time, given)?)),
        order::Order::Extend { by_seconds } => extend(by_seconds, given),
        order::Order::Say { text } => Ok(Command::Say(said(text)?)),
        order::Order::Drain {
            real_server,
            drained,
        } => {
            let drained = match drained {
                true => Drained::Yes,
                false => Drained::No,
            };
            Ok(Command::Drain(real(&real_server, given)?, drained))
        }
        order::Order::Approve { switch, generation } => {
            approve(switch.as_deref(), generation, given)
        }
        order::Order::Schedule(_) | order::Order::Unschedule { .. } => Err(impossible(
            "a window is no order; this is a mistake in sorry, please report it",
        )),
    }
}

pub(super) fn on_overrun(word: order::OnOverrun) -> OnOverrun {
    match word {
        order::OnOverrun::Hold => OnOverrun::Hold,
        order::OnOverrun::Return => OnOverrun::Return,
    }
}

pub(super) fn said(text: Option<String>) -> Result<Option<Said>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let said = Said::parse(&text).map_err(|why| {
        Fault::new(
            FaultKind::Malformed,
            format!("this cannot be said to visitors: {why}"),
        )
    })?;
    Ok(Some(said))
}

fn lasting(what: What, time: &Lasting, given: &Given<'_>) -> Result<Order, Fault> {
    Ok(Order {
        what,
        given: given.now,
        counted: given.now,
        until: until(time, given)?,
        // Live in spite of health must not be forgotten: health decides again when its time is over.
        on_overrun: OnOverrun::Return,
        by: given.by.chars().take(NAME).collect(),
        reason: given.reason.map(|reason| one_line(reason).into()),
        said: None,
    })
}

/// What was typed, in one line that nothing can be hidden in.
fn one_line(text: &str) -> String {
    let plain = |letter: char| match letter.is_control() || is_unseen(letter) {
        true => ' ',
        false => letter,
    };
    text.trim().chars().map(plain).collect()
}

/// Separators of lines and paragraphs, and what only changes how others are shown: marks of direction, joiners, tags (Unicode's
/// categories Zl, Zp, and what of Cf is of no use in a sentence).
fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn until(time: &Lasting, given: &Given<'_>) -> Result<Option<Wall>, Fault> {
    let asked = usize::from(time.endless)
        + usize::from(time.for_seconds.is_some())
        + usize::from(time.until.is_some());
    if asked > 1 {
        return Err(Fault::new(
            FaultKind::Malformed,
            "`for_seconds`, `until` and `endless` are three ways to say one thing: give one of them",
        ));
    }
    if time.endless {
        return Ok(None);
    }
    let until = match (time.for_seconds, time.until) {
        (Some(seconds), _) => given.now.after(Duration::from_secs(seconds)),
        (_, Some(until)) => Wall(until.0.saturating_mul(1000)),
        (None, None) => given.now.after(given.usual),
    };
    if until <= given.now {
        return Err(impossible("that time has passed already"));
    }
    bounded(until, given)?;
    Ok(Some(until))
}

/// Nothing that has an end lasts for longer than a year, however it has come to that.
fn bounded(until: Wall, given: &Given<'_>) -> Result<(), Fault> {
    if until.since(given.now) <= LONGEST {
        return Ok(());
    }
    Err(Fault::new(
        FaultKind::Malformed,
        format!(
            "that is more than a year away; for something without an end there is `sorry down {} --endless`",
            given.site.name()
        ),
    ))
}

fn extend(seconds: u64, given: &Given<'_>) -> Result<Command, Fault> {
    let by = Duration::from_secs(seconds);
    if by.is_zero() {
        let why = "an order can be extended by a second or more";
        return Err(Fault::new(FaultKind::Malformed, why));
    }
    let name = given.site.name();
    let longer = given
        .site
        .order()
        .and_then(|order| order.extended(by, given.now).until);
    if let Some(until) = longer {
        bounded(until, given)?;
    }
    match given.site.order() {
        None => Err(impossible(format!(
            "nothing is ordered of {name}, so there is nothing to extend"
        ))),
        Some(order) if order.until.is_none() => Err(impossible(format!(
            "what is ordered of {name} has no end, so there is nothing to extend"
        ))),
        Some(_) => Ok(Command::Extend(by)),
    }
}

fn real(name: &str, given: &Given<'_>) -> Result<RealId, Fault> {
    let found = given.site.reals().find(|real| real.name() == name);
    if let Some(real) = found {
        return Ok(real.id);
    }
    let known: Vec<_> = given.site.reals().map(|real| real.name()).collect();
    Err(unknown(
        &format!("{} has no real server {name:?}", given.site.name()),
        &known,
        name,
    ))
}

fn approve(
    switch: Option<&str>,
    generation: Option<u64>,
    given: &Given<'_>,
) -> Result<Command, Fault> {
    let site = given.site.name();
    let all: Vec<_> = (0..).zip(given.site.switches()).collect();
    if let Some(wanted) = switch {
        let known: Vec<_> = all.iter().map(|(_, switch)| switch.name()).collect();
        if !known.contains(&wanted) {
            return Err(unknown(
                &format!("{site} has no switch {wanted:?}"),
                &known,
                wanted,
            ));
        }
    }
    let mut asking = all
        .iter()
        .filter(|(_, known)| switch.is_none_or(|name| name == known.name()))
        .filter_map(|(index, switch)| Some((*index, switch.name(), switch.waiting()?.1)));
    let (index, name, asked) = match (asking.next(), asking.next()) {
        (None, _) => return Err(impossible(format!("no switch of {site} asks for anything"))),
        (Some(one), None) => one,
        (Some(_), Some(_)) => {
            return Err(impossible(format!(
                "several switches of {site} ask: name the one that may"
            )));
        }
    };
    match generation {
        Some(generation) if generation != asked => Err(impossible(format!(
            "the switch {name} asks with generation {asked} by now, not {generation}"
        ))),
        _ => Ok(Command::Approve(index, asked)),
    }
}

pub(super) fn impossible(why: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Impossible, why)
}

/// There is no such thing; the nearest that there is comes first.
pub(super) fn unknown(what: &str, known: &[&str], wanted: &str) -> Fault {
    let mut known: Vec<&str> = known.to_vec();
    let near = |name: &str| strsim::jaro_winkler(name, wanted);
    known.sort_by(|a, b| near(b).total_cmp(&near(a)));
    let shown: Vec<&str> = known.iter().take(10).copied().collect();
    let hint = match shown.as_slice() {
        [] => "; there is none".to_owned(),
        all if known.len() > all.len() => format!("; there are {}, ...", all.join(", ")),
        [one] => format!("; there is {one}"),
        all => format!("; there are {}", all.join(", ")),
    };
    Fault::new(FaultKind::Unknown, format!("{what}{hint}"))
}

/// How a site stood before it obeyed.
pub(super) struct Before {
    route: Route,
    /// What was in force.
    order: Option<Order>,
    /// Windows that were open and that nobody had ended.
    open: Vec<Box<str>>,
    /// How long it is obeyed where nobody said.
    usual: Option<Duration>,
}

impl Before {
    pub(super) fn of(given: &Given<'_>, order: &order::Order) -> Before {
        let open = given.site.open_windows().filter(|(_, open)| !open.ended);
        Before {
            route: given.site.route(),
            order: given.site.order().cloned(),
            open: open.map(|(window, _)| window.into()).collect(),
            usual: schedule::is_usual(order).then_some(given.usual),
        }
    }
}

/// What is told to whoever has given a command, once it is obeyed.
pub(super) fn told(
    command: &Command,
    site: &SiteView<'_>,
    before: &Before,
    now: Wall,
) -> Vec<String> {
    let name = site.name();
    match command {
        Command::Give(order) => {
            let what = match order.what {
                What::Maintenance(_) => "down for maintenance",
                What::Live => "live, whatever its health says,",
            };
            let mut told = vec![format!("{what} {}", lasts(order, now))];
            told.extend(before.order.as_ref().map(replaced));
            if let Some(usual) = before.usual {
                told.push(format!(
                    "nobody said for how long, so it is {}: say `sorry extend {name} 1h` for longer, `sorry up {name}` when it is done",
                    words::time(usual)
                ));
            }
            told
        }
        Command::Lift => {
            let over = windows_over(site, before);
            [lifted(site, before)].into_iter().chain(over).collect()
        }
        Command::Extend(_) => {
            let lasts = site.order().map(|order| lasts(order, now));
            vec![format!(
                "what was ordered lasts {}",
                lasts.unwrap_or_default()
            )]
        }
        Command::Say(None) => vec!["visitors read the standard words again".to_owned()],
        Command::Say(Some(_)) => vec!["visitors read that".to_owned()],
        Command::Drain(real, drained) => {
            let real = site.reals().find(|known| known.id == *real);
            let real = real.map_or("", |real| real.name());
            let what = match drained {
                Drained::Yes => "gets no new visitors, and does not count for the quorum",
                Drained::No => "gets visitors again",
            };
            let mut told = vec![format!("{real} {what}")];
            if site.route() != before.route {
                told.push(turned(site, before.route));
            }
            told
        }
        Command::Approve(..) => vec!["the switch was told".to_owned()],
    }
}

/// Windows that are over with what was ordered.
fn windows_over(site: &SiteView<'_>, before: &Before) -> Vec<String> {
    let over = site
        .open_windows()
        .filter(|(name, open)| open.ended && before.open.iter().any(|known| **known == **name));
    let told = |(window, open): (&str, Open)| {
        format!(
            "the window {window}, which is open until {}, is over too",
            words::at(open.span.end)
        )
    };
    over.map(told).collect()
}

fn lasts(order: &Order, now: Wall) -> String {
    match order.until {
        Some(until) => format!(
            "until {}, for {}",
            words::at(until),
            words::time(until.since(now))
        ),
        None => "without an end".to_owned(),
    }
}

fn lifted(site: &SiteView<'_>, before: &Before) -> String {
    match (site.route(), before.route, &before.order) {
        (Route::Live, Route::Live, None) => "nothing was ordered, and it is live".to_owned(),
        (Route::Live, Route::Live, Some(_)) => "live, and by its health from now on".to_owned(),
        _ => turned(site, before.route),
    }
}

/// Whoever gives an order may not know of the one that it takes the place of.
fn replaced(order: &Order) -> String {
    let until = order.until.map_or_else(
        || "without an end".to_owned(),
        |until| format!("until {}", words::at(until)),
    );
    format!(
        "that takes the place of what {} had ordered {until}",
        order.by
    )
}

fn turned(site: &SiteView<'_>, before: Route) -> String {
    let why = words::why(site.why(), &site.weights());
    match (site.route(), before) {
        (Route::Live, _) => "live".to_owned(),
        (Route::Sorry, Route::Live) => format!("sorry from now on: {why}"),
        (Route::Sorry, Route::Sorry) => format!("still sorry: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn nothing_hides_in_a_reason() {
        for (typed, shown) in [
            (" CHG-1: schöner Umzug ", "CHG-1: schöner Umzug"),
            ("one\ntwo\ttabs", "one two tabs"),
            ("a\u{202e}b\u{2028}c\u{200b}d\u{feff}e", "a b c d e"),
        ] {
            assert_eq!(one_line(typed), shown);
        }
    }
}
