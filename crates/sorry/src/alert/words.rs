//! What is told, in words: a subject of one line, a text of some, and a sentence for the history. All words of alerts are here.
//!
//! What is put into them are names and numbers of the configuration and of the engine, and into the text why an operator has ordered
//! something, in one line; nothing else that came over a network is.

use std::fmt::Write as _;
use std::time::Duration;

use sorry_core::doubt::Cause;
use sorry_core::incident::{Awaited, DownReal, Kind, Phase, Summary, Telling, What};
use sorry_core::moment::Wall;
use sorry_core::site::Route;

/// The subject: what happened to what, in one line.
pub fn subject(telling: &Telling) -> String {
    let mark = if telling.observed { "(observed) " } else { "" };
    format!("{mark}{}: {}", name(telling), sentence(telling))
}

/// Some lines: the subject as a sentence, and what else is known.
pub fn text(telling: &Telling) -> String {
    let mut text = format!("{}: {}.\n", name(telling), sentence(telling));
    if let What::Down(weights, reals) = &telling.what {
        let _infallible = writeln!(
            text,
            "Of its real servers, weight {} of {} works.",
            weights.up,
            weights.all()
        );
        named(&mut text, reals);
    }
    if let What::StaysDown(reals) = &telling.what {
        named(&mut text, reals);
    }
    if let Some((switch, awaited)) = &telling.awaits {
        let waits = awaits(switch, site(telling), awaited);
        let _infallible = writeln!(text, "T{}.", waits.trim_start_matches('t'));
    }
    if telling.observed {
        text.push_str("Nothing was switched: this is only observed.\n");
    }
    let _infallible = writeln!(text, "Began {}.", moment(telling.began));
    if let (Phase::Resolved, What::Changed { .. }) = (telling.phase, &telling.what) {
        text.push_str("It was late and has more time now; it goes on.\n");
    } else if telling.phase == Phase::Resolved {
        let _infallible = writeln!(
            text,
            "Over {}, after {}.",
            moment(telling.at),
            duration(telling.lasted())
        );
    }
    if let Some(by) = &telling.by {
        let why = telling.reason.as_deref();
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        let _infallible = writeln!(text, "Ordered by {by}{why}.");
    }
    text
}

/// What happened, without saying to which site: a fragment in lower case, without a stop.
pub fn sentence(telling: &Telling) -> String {
    let which = telling.which.as_deref().or(telling.about.as_deref());
    let which = which.unwrap_or("a real server");
    match &telling.what {
        What::Down(..) => "down, too few real servers work".to_owned(),
        What::StaysDown(_) => {
            "still down after the maintenance, too few real servers work".to_owned()
        }
        What::Up => format!("up again after {}", duration(telling.lasted())),
        What::UpByOrder => "live by order, whatever its health says".to_owned(),
        What::Flaps(times, _) => {
            format!(
                "{}flaps, {} did not last; quiet until it is steady",
                single(telling),
                returns(*times)
            )
        }
        What::Returned => format!("{}up again, while it flaps", single(telling)),
        What::FellAgain => format!("{}down again, while it flaps", single(telling)),
        What::Steady(times) => format!(
            "{}steady again, after {} that did not last",
            single(telling),
            returns(*times)
        ),
        What::Ordered { until, .. } => format!("{} {}", ordered(telling.kind), limit(*until)),
        What::Changed { until, .. } => format!("{}, now {}", ordered(telling.kind), limit(*until)),
        What::AlmostOver(until) => format!(
            "{} is almost over: {}",
            ordered(telling.kind),
            limit(*until)
        ),
        What::Overrun(late) if late.as_secs() == 0 => {
            format!("{} should be over and is not", ordered(telling.kind))
        }
        What::Overrun(late) => {
            format!(
                "{} should have been over {} ago",
                ordered(telling.kind),
                duration(*late)
            )
        }
        What::Lifted(summary) => summed_up(telling, "ended", *summary),
        What::TimeOver(summary) => summed_up(telling, "ended by its time", *summary),
        What::Announced(opens) => format!("maintenance from {}{}", moment(*opens), window(telling)),
        What::Doubted(cause) => doubted(*cause),
        What::Believed => "what is seen is believed again".to_owned(),
        What::Unwatched => "watched no more: sorry was stopped".to_owned(),
        What::Watched => "watched again".to_owned(),
        What::RealDown(reason) => format!("{which} is down ({})", reason.label()),
        What::RealUp => format!("{which} works again"),
        What::SwitchFailed(1) => format!("the switch {which} has failed"),
        What::SwitchFailed(times) => format!("the switch {which} has failed {times} times"),
        What::SwitchWorks => format!("the switch {which} works again"),
        What::Awaits(awaited) => awaits(which, site(telling), awaited),
        What::Moves => format!("the switch {which} waits no longer"),
        What::WouldTurn(to) => format!(
            "the switch {which} would have sent visitors {}",
            to_where(*to)
        ),
        What::Expires(0) => format!("the certificate of {which} ends today"),
        What::Expires(1) => format!("the certificate of {which} ends in 1 day"),
        What::Expires(days) => format!("the certificate of {which} ends in {days} days"),
        What::Renewed => format!("the certificate of {which} was renewed"),
        What::Gone => "no longer configured".to_owned(),
    }
}

/// The real server that it is about, where it is about one alone: `10.0.0.1:80 is `; before a verb of its own without the last word.
fn single(telling: &Telling) -> String {
    let about = telling.about.as_deref();
    match (telling.kind, about, &telling.what) {
        (Kind::Real, Some(real), What::Flaps(..)) => format!("{real} "),
        (Kind::Real, Some(real), _) => format!("{real} is "),
        _ => String::new(),
    }
}

fn site(telling: &Telling) -> &str {
    telling.site.as_deref().unwrap_or("all")
}

fn name(telling: &Telling) -> &str {
    telling.site.as_deref().unwrap_or("this monitor")
}

fn ordered(kind: Kind) -> &'static str {
    match kind {
        Kind::ForcedLive => "live by order",
        _ => "maintenance",
    }
}

fn limit(until: Option<Wall>) -> String {
    until.map_or_else(
        || "without an end".to_owned(),
        |until| format!("until {}", moment(until)),
    )
}

fn window(telling: &Telling) -> String {
    let about = telling.about.as_deref();
    about.map_or_else(String::new, |name| format!(" on (window {name})"))
}

fn summed_up(telling: &Telling, ended: &str, summary: Summary) -> String {
    let mut line = format!(
        "{} {ended} after {}",
        ordered(telling.kind),
        duration(telling.lasted())
    );
    if summary.overrun.as_secs() > 0 {
        let _infallible = write!(line, ", {} late", duration(summary.overrun));
    }
    match summary.reals_down {
        0 => {}
        1 => line.push_str(", 1 real server was down meanwhile"),
        reals => {
            let _infallible = write!(line, ", {reals} real servers were down meanwhile");
        }
    }
    line
}

fn doubted(cause: Cause) -> String {
    match cause {
        Cause::References => {
            "no reference answers, so nothing that is seen is believed and nothing is switched"
                .to_owned()
        }
        Cause::Mass { down, of } => format!(
            "{down} of {of} real servers went down together, which is not believed; nothing is switched"
        ),
    }
}

fn awaits(switch: &str, site: &str, awaited: &Awaited) -> String {
    let to = to_where(awaited.to);
    match awaited.generation {
        Some(generation) => format!(
            "the switch {switch} waits for an operator to send visitors {to} (sorry approve {site}, generation {generation})"
        ),
        None => format!("the switch {switch} sends nobody {to}, because nobody is sure"),
    }
}

fn to_where(route: Route) -> &'static str {
    match route {
        Route::Live => "to the real servers",
        Route::Sorry => "to the sorry server",
    }
}

fn named(text: &mut String, reals: &[DownReal]) {
    for (real, reason) in reals {
        let _infallible = writeln!(text, "{real} is down ({}).", reason.label());
    }
}

fn returns(number: u32) -> String {
    match number {
        1 => "1 return".to_owned(),
        number => format!("{number} returns"),
    }
}

/// `2 d 3 h`, `1 h 5 min`, `2 min 10 s`, `4 s`: the two greatest units.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (first, second) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3600..86_400 => ((seconds / 3600, "h"), (seconds % 3600 / 60, "min")),
        _ => ((seconds / 86_400, "d"), (seconds % 86_400 / 3600, "h")),
    };
    match second.0 {
        0 => format!("{} {}", first.0, first.1),
        _ => format!("{} {} {} {}", first.0, first.1, second.0, second.1),
    }
}

/// A moment in UTC, as RFC 3339 has it.
pub fn moment(wall: Wall) -> String {
    let second = i64::try_from(wall.0 / 1000).unwrap_or(i64::MAX);
    let timestamp = jiff::Timestamp::from_second(second);
    timestamp.unwrap_or(jiff::Timestamp::MAX).to_string()
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
