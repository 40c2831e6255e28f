//! What the engine decides, in words: for the log, `sorry explain` and the history.

use std::time::Duration;

use log::Level;
use sorry_core::doubt::Cause;
use sorry_core::event::{Notice, RealId, SiteId, Why};
use sorry_core::health::{Reason, State};
use sorry_core::moment::Wall;
use sorry_core::order::Milestone;
use sorry_core::quorum::Weights;
use sorry_core::site::Route;

use crate::config::duration;

/// The names behind the engine's numbers.
pub(super) trait Names {
    fn site(&self, id: SiteId) -> &str;
    /// The site's name and the real server's.
    fn real(&self, id: RealId) -> (&str, &str);
    fn window(&self, site: SiteId, index: u32) -> &str;
    fn switch(&self, site: SiteId, index: u32) -> &str;
}

/// What is told once, as a line of the log.
pub(super) fn notice(notice: &Notice, names: &dyn Names) -> (Level, String) {
    match notice {
        Notice::Turned {
            site,
            to,
            why,
            weights,
            after,
        } => {
            let level = match (to, why.is_order()) {
                (Route::Sorry, false) => Level::Error,
                _ => Level::Warn,
            };
            let was = time(*after);
            let line = format!(
                "{}: {}: {}, after {was}",
                names.site(*site),
                route(*to),
                self::why(*why, weights)
            );
            (level, line)
        }
        Notice::Real {
            real,
            state,
            reason,
            ..
        } => {
            let (site, name) = names.real(*real);
            let level = match state {
                State::Down => Level::Warn,
                State::Up | State::Unknown => Level::Info,
            };
            let line = match state {
                State::Down => format!("{site}: {name} is down: {}", reason_words(*reason)),
                state => format!("{site}: {name} is {}", self::state(*state)),
            };
            (level, line)
        }
        Notice::Doubt(cause) => (
            Level::Error,
            format!(
                "nothing is switched by health for now: {}",
                self::cause(*cause)
            ),
        ),
        Notice::DoubtOver => (Level::Warn, "what is seen is believed again".to_owned()),
        other => order_notice(other, names),
    }
}

/// Of orders, windows and a site's course.
fn order_notice(notice: &Notice, names: &dyn Names) -> (Level, String) {
    match notice {
        Notice::Milestone(site, milestone) => order_milestone(names.site(*site), *milestone),
        Notice::OrderEnded(site) => (
            Level::Info,
            format!("{}: what was ordered is over", names.site(*site)),
        ),
        Notice::StaysDown(site) => (
            Level::Error,
            format!(
                "{}: what was ordered is over, and it stays down: too few real servers work",
                names.site(*site)
            ),
        ),
        Notice::Unwatched(site) => (
            Level::Warn,
            format!("{}: watched no more", names.site(*site)),
        ),
        Notice::Announced(site, window, opens) => (
            Level::Info,
            format!(
                "{}: the window {} opens at {}",
                names.site(*site),
                names.window(*site, *window),
                at(*opens)
            ),
        ),
        Notice::Flaps(site, times) => (
            Level::Warn,
            format!(
                "{}: it has come back {times} times without lasting; its next return has to prove itself for longer",
                names.site(*site)
            ),
        ),
        of_a_switch => switch_notice(of_a_switch, names),
    }
}

fn order_milestone(site: &str, milestone: Milestone) -> (Level, String) {
    match milestone {
        Milestone::Begun => (Level::Info, format!("{site}: an order is in force")),
        Milestone::AlmostOver => (
            Level::Warn,
            format!("{site}: four fifths of the ordered time are over"),
        ),
        Milestone::Due(0) => (
            Level::Warn,
            format!(
                "{site}: the ordered time is over; see `sorry extend {site}` and `sorry up {site}`"
            ),
        ),
        Milestone::Due(number) => (
            Level::Warn,
            format!(
                "{site}: the ordered time has been over for {}",
                time(sorry_core::order::REMINDER * number)
            ),
        ),
    }
}

fn switch_notice(notice: &Notice, names: &dyn Names) -> (Level, String) {
    let (id, level, what) = match notice {
        Notice::WouldTurn(id, to) => (
            id,
            Level::Warn,
            format!("would have sent visitors to {}", to.label()),
        ),
        Notice::Asks(id, to, generation) => (
            id,
            Level::Warn,
            format!(
                "asks to send visitors to {} (generation {generation}): see `sorry approve`",
                to.label()
            ),
        ),
        Notice::Stays(id, to) => (
            id,
            Level::Warn,
            format!(
                "should send visitors to {}, and does not, since nobody is sure",
                to.label()
            ),
        ),
        Notice::Failed(id, times) => (
            id,
            Level::Error,
            format!("has failed {times} times in a row"),
        ),
        Notice::Recovered(id) => (id, Level::Warn, "works again".to_owned()),
        // All others are told of above.
        other => return (Level::Info, format!("{other:?}")),
    };
    let line = format!(
        "{}: the switch {} {what}",
        names.site(id.site),
        names.switch(id.site, id.index)
    );
    (level, line)
}

/// Where visitors are sent.
pub(super) fn route(route: Route) -> &'static str {
    match route {
        Route::Live => "live",
        Route::Sorry => "sorry",
    }
}

/// Why they are.
pub(super) fn why(why: Why, weights: &Weights) -> String {
    let sums = |weights: &Weights| format!("{} of {} by weight", weights.up, weights.all());
    match why {
        Why::Beginning => "nothing was seen yet".to_owned(),
        Why::Unwatched => "it has no real servers to watch".to_owned(),
        Why::Quorum => format!("enough real servers work ({})", sums(weights)),
        Why::NoQuorum => format!("too few real servers work ({})", sums(weights)),
        Why::Ordered => "an order is in force".to_owned(),
        Why::Overrun => "an order is in force after its time".to_owned(),
        Why::HeldDown => "enough real servers work again, and not for long enough".to_owned(),
        Why::Dwelling => "too few real servers work, and it has not been live for long".to_owned(),
        Why::Doubted => "what is seen is not believed".to_owned(),
    }
}

/// What is believed of a real server or a check.
pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Unknown => "unknown",
        State::Up => "up",
        State::Down => "down",
    }
}

/// The word for a doubt, in JSON and metrics.
pub(super) fn cause_label(cause: Cause) -> &'static str {
    match cause {
        Cause::References => "references",
        Cause::Mass { .. } => "mass",
    }
}

/// Why there is doubt.
pub(super) fn cause(cause: Cause) -> String {
    match cause {
        Cause::References => {
            "no reference answers, so this machine's own network is probably at fault".to_owned()
        }
        Cause::Mass { down, of } => format!(
            "{down} of {of} real servers went down together, so this machine's own network is probably at fault"
        ),
    }
}

/// Why a result was as it was.
pub(super) fn reason_words(reason: Reason) -> String {
    match reason {
        Reason::Ok => "all is well".to_owned(),
        other => other.label().replace('-', " "),
    }
}

/// A duration as people say it: to the nearest second, from a second on.
pub(super) fn time(duration: Duration) -> String {
    let nearest = duration + Duration::from_millis(500);
    duration::format(match nearest.as_secs() {
        0 | 1 if duration < Duration::from_secs(1) => duration,
        seconds => Duration::from_secs(seconds),
    })
}

/// A moment of the wall's clock, in this machine's zone.
pub(super) fn at(wall: Wall) -> String {
    let millis = i64::try_from(wall.0).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(timestamp) => timestamp
            .to_zoned(jiff::tz::TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S %Z")
            .to_string(),
        Err(_) => "no day on the calendar".to_owned(),
    }
}
