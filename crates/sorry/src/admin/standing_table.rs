//! How sites and real servers stand, as people read it: one table, the real servers below their site, and what else there is to know
//! below that. Text only; what comes from outside is made harmless.

use super::column::{kept, spare, wraps};
use super::look::{Ink, Look, span};
use super::standing::{
    CheckStanding, DoubtStanding, OrderStanding, RealStanding, ReceiverStanding, SiteStanding,
    Standing, SwitchStanding, WindowStanding,
};
use super::table::{Cell, Table, printable, wrap};

/// How many results are shown where there is little room, and where there is more.
const FEW_RESULTS: usize = 10;
const MORE_RESULTS: usize = 24;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What fits beside other sites.
    Overview,
    /// Everything.
    Whole,
}

impl Standing {
    /// The table of all sites; none where nothing is watched and nothing can be said.
    pub fn render(&self, look: &Look) -> Option<String> {
        let mut text = String::new();
        if let Some(doubt) = &self.doubt {
            text.push_str(&doubt.render(look));
        }
        if let Some(why) = &self.unkept {
            let line = format!(
                "the journal cannot be written, and a restart would forget what is ordered now: {}",
                printable(why)
            );
            text.push_str(&paragraph(&line, Ink::Bad, look));
        }
        if !self.sites.is_empty() {
            let mut table = heading(look);
            for site in &self.sites {
                site.rows(&mut table, look, Depth::Overview);
            }
            text.push_str(&table.render(look));
        }
        if !self.receivers.is_empty() {
            text.push('\n');
            text.push_str(&receiver_table(&self.receivers, look));
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Who is told, and whether it reaches them.
fn receiver_table(receivers: &[ReceiverStanding], look: &Look) -> String {
    let mut table = Table::new(&[
        wraps("ALERTS TO"),
        kept("CHANNEL"),
        kept("WAITING"),
        kept("TAKEN"),
        wraps("LAST"),
    ]);
    for one in receivers {
        let ink = match one.is_well() {
            true => Ink::Plain,
            false => Ink::Bad,
        };
        table.row([
            Cell::from(printable(&one.name)),
            Cell::from(printable(&one.channel)),
            Cell::new(one.waiting.to_string(), ink),
            Cell::from(one.delivered.to_string()),
            Cell::from(
                one.last_success
                    .map_or_else(|| "-".to_owned(), |at| look.time(at)),
            ),
        ]);
        if let Some(error) = one.last_error.as_ref().filter(|_| !one.is_well()) {
            table.note(Cell::new(printable(error), Ink::Bad));
        }
    }
    table.render(look)
}

impl ReceiverStanding {
    /// Whether it took what it was sent last.
    fn is_well(&self) -> bool {
        self.last_failure
            .is_none_or(|failed| self.last_success.is_some_and(|took| took >= failed))
    }
}

impl SiteStanding {
    /// One site with all that is known of it.
    pub fn render(&self, look: &Look) -> String {
        let mut table = heading(look);
        self.rows(&mut table, look, Depth::Whole);
        let mut parts = vec![table.render(look)];
        parts.extend(self.switch_table(look));
        parts.extend(window_table(&self.windows, look));
        parts.join("\n")
    }

    fn rows(&self, table: &mut Table, look: &Look, depth: Depth) {
        let live = self.route == "live";
        let route_ink = if live { Ink::Good } else { Ink::Bad };
        let why_ink = match self.why.as_str() {
            "no-quorum" | "overrun" => Ink::Bad,
            "quorum" | "unwatched" => Ink::Plain,
            _ => Ink::Notice,
        };
        table.row([
            Cell::new(printable(&self.name), Ink::Strong),
            Cell::new(printable(&self.route), route_ink),
            Cell::new(self.reason(), why_ink),
            Cell::from(since(look, Some(self.since))),
            Cell::default(),
        ]);
        for (note, ink) in self.notes(look, depth) {
            table.note(Cell::new(note, ink));
        }
        for real in &self.real_servers {
            real.rows(table, look, depth);
        }
    }

    /// Why, in few words.
    fn reason(&self) -> String {
        let quorum = &self.quorum;
        let has = quorum.up;
        let sum = format!("{has} of {}", quorum.at_least);
        match self.why.as_str() {
            "quorum" => format!("quorum ({sum})"),
            "no-quorum" => format!("no quorum ({sum})"),
            "ordered" => match &self.order {
                Some(order) => format!("ordered by {}", printable(&order.by)),
                None => "ordered".to_owned(),
            },
            "overrun" => "ordered, time is over".to_owned(),
            "held-down" if self.flaps == 0 => "works again, not yet for long".to_owned(),
            "held-down" => "held down after flaps".to_owned(),
            "unwatched" => "not watched".to_owned(),
            other => printable(other),
        }
    }

    fn notes(&self, look: &Look, depth: Depth) -> Vec<(String, Ink)> {
        let mut notes = Vec::new();
        if let Some(order) = &self.order {
            notes.extend(order.notes(&self.name, look));
        }
        if let Some(until) = self.steady_until.filter(|until| *until > look.now) {
            let flaps = match self.flaps {
                0 => String::new(),
                flaps => format!(" (it came back {flaps} time(s) and did not last)"),
            };
            notes.push((
                format!("health may not turn it before {}{flaps}", look.when(until)),
                Ink::Notice,
            ));
        }
        // An order says itself until when.
        if let Some(seconds) = self.remaining_seconds.filter(|_| self.order.is_none()) {
            notes.push((format!("probably back in {}", span(seconds)), Ink::Plain));
        }
        for switch in &self.switches {
            notes.extend(switch.notes(&self.name));
        }
        let next = self
            .windows
            .iter()
            .find(|window| window.open || window.opens.is_some());
        if let (Some(window), Depth::Overview) = (next, depth) {
            notes.push((window.note(look), Ink::Faint));
        }
        notes
    }

    fn switch_table(&self, look: &Look) -> Option<String> {
        let mut table = Table::new(&[
            wraps("SWITCH"),
            kept("MAY"),
            kept("TOLD"),
            kept("CONFIRMED"),
            kept("FAILURES"),
        ]);
        for switch in &self.switches {
            table.row([
                printable(&switch.name),
                printable(&switch.act),
                switch
                    .told
                    .as_deref()
                    .map_or_else(|| "-".to_owned(), printable),
                if switch.confirmed { "yes" } else { "no" }.to_owned(),
                switch.failures.to_string(),
            ]);
        }
        (!table.is_empty()).then(|| table.render(look))
    }
}

/// The windows of a site; none where there are none.
pub fn window_table(windows: &[WindowStanding], look: &Look) -> Option<String> {
    let mut table = Table::new(&[
        wraps("WINDOW"),
        wraps("WHEN"),
        wraps("OPENS"),
        wraps("CLOSES"),
        spare("ORIGIN"),
    ]);
    for window in windows {
        let moment = |moment: Option<_>| moment.map_or_else(|| "-".to_owned(), |at| look.when(at));
        let opens = match (window.open, window.ended_early) {
            (true, _) => Cell::new("open", Ink::Notice),
            (false, true) if window.opens.is_none() => Cell::new("ended early", Ink::Faint),
            (false, _) => moment(window.opens).into(),
        };
        table.row([
            printable(&window.name).into(),
            printable(&window.when).into(),
            opens,
            moment(window.closes).into(),
            Cell::new(printable(&window.origin), Ink::Faint),
        ]);
        if let Some(said) = &window.said {
            table.note(format!("says: {}", printable(&said.replace('\n', " / "))));
        }
    }
    (!table.is_empty()).then(|| table.render(look))
}

fn heading(look: &Look) -> Table {
    let history = match look.is_roomy() {
        true => "LAST RESULTS",
        false => "RESULTS",
    };
    Table::new(&[
        wraps("SITE"),
        kept("STATE"),
        wraps("WHY"),
        spare("SINCE"),
        spare(history),
    ])
}

fn since(look: &Look, moment: Option<super::moment::Moment>) -> String {
    match moment {
        None => "-".to_owned(),
        Some(moment) if look.is_roomy() => look.when(moment),
        Some(moment) => look.age(moment),
    }
}

fn paragraph(text: &str, ink: Ink, look: &Look) -> String {
    let lines = wrap(text, 0, look.width);
    let lines = lines.lines().map(|line| ink.paint(line, look.color) + "\n");
    lines.collect()
}

impl DoubtStanding {
    fn render(&self, look: &Look) -> String {
        let until = match self.until {
            Some(until) => format!("until {}", look.when(until)),
            None => "until a reference answers".to_owned(),
        };
        let line = format!(
            "doubtful since {}: {}. Nothing is switched by itself {until}; orders are obeyed.",
            look.when(self.since),
            printable(&self.shown)
        );
        paragraph(&line, Ink::Bad, look)
    }
}

impl RealStanding {
    fn rows(&self, table: &mut Table, look: &Look, depth: Depth) {
        let (state, ink) = match (self.drained, self.state.as_str()) {
            (true, _) => ("drained".to_owned(), Ink::Notice),
            (false, "up") => ("up".to_owned(), Ink::Good),
            (false, "down") => ("down".to_owned(), Ink::Bad),
            (false, other) => (printable(other), Ink::Notice),
        };
        // The check that decides: the first that is not good.
        let decides = self.checks.iter().find(|check| check.state != "up");
        let decides = decides.or(self.checks.first());
        let most = match look.is_roomy() {
            true => MORE_RESULTS,
            false => FEW_RESULTS,
        };
        let bits = decides.map(|check| look.bits(&check.history, most));
        let mut name = format!("  {}", printable(&self.name));
        if self.weight != 1 {
            name.push_str(&format!(" x{}", self.weight));
        }
        table.row([
            Cell::from(name),
            Cell::new(state, ink),
            Cell::from(decides.map_or_else(|| "no checks".to_owned(), CheckStanding::words)),
            Cell::from(since(look, self.since)),
            Cell::new(bits.unwrap_or_default(), ink),
        ]);
        if self.believed != self.state {
            let note = format!(
                "{} is {}, and believed to be {} while there is doubt",
                printable(&self.name),
                printable(&self.state),
                printable(&self.believed)
            );
            table.deeper_note(Cell::new(note, Ink::Notice));
        }
        if depth == Depth::Whole {
            for check in &self.checks {
                table.deeper_note(Cell::new(check.whole(look), Ink::Faint));
            }
        }
    }
}

impl CheckStanding {
    /// Its kind, and what came of it last.
    fn words(&self) -> String {
        let took = match self.rtt_us {
            Some(us) if self.state == "up" => format!(" {}", milliseconds(us)),
            _ => String::new(),
        };
        format!(
            "{} {}{took}",
            printable(&self.kind),
            printable(&self.reason)
        )
    }

    fn whole(&self, look: &Look) -> String {
        let mut text = self.words();
        if !self.detail.is_empty() {
            text.push_str(&format!(": {}", printable(&self.detail)));
        }
        if let Some(at) = self.at {
            text.push_str(&format!(", {}", look.age(at)));
        }
        let counted = match self.state.as_str() {
            "up" => format!("{} of {} bad take it down", self.bad, self.fall),
            _ => format!("{} of {} good bring it up", self.good, self.rise),
        };
        format!("{text}; {counted}")
    }
}

/// Microseconds as people say them.
fn milliseconds(us: u64) -> String {
    match us {
        0..1000 => format!("{us} us"),
        1000..10_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        _ => format!("{} ms", us / 1000),
    }
}

impl OrderStanding {
    fn notes(&self, site: &str, look: &Look) -> Vec<(String, Ink)> {
        let until = match self.until {
            None => "without an end".to_owned(),
            Some(until) => format!("until {}", look.when(until)),
        };
        let then = match (self.overrun, self.on_overrun.as_str()) {
            (true, _) | (false, "return") => "",
            (false, _) if self.until.is_some() => ", and then until somebody ends it",
            (false, _) => "",
        };
        let what = format!(
            "{} {until}{then}, by {} {}",
            printable(&self.what),
            printable(&self.by),
            look.age(self.given)
        );
        let mut notes = vec![(what, Ink::Plain)];
        if let Some(reason) = &self.reason {
            notes.push((format!("why: {}", printable(reason)), Ink::Plain));
        }
        if self.overrun {
            let site = printable(site);
            let line = format!("its time is over: `sorry up {site}`, or `sorry extend {site} 1h`");
            notes.push((line, Ink::Bad));
        }
        if let Some(said) = &self.said {
            let said = printable(&said.replace('\n', " / "));
            notes.push((format!("says: {said}"), Ink::Plain));
        }
        notes
    }
}

impl SwitchStanding {
    fn notes(&self, site: &str) -> Vec<(String, Ink)> {
        let mut notes = Vec::new();
        let (name, site) = (printable(&self.name), printable(site));
        if let Some(waiting) = &self.waiting {
            notes.push((
                format!(
                    "switch {name} waits for leave to go to {}: `sorry approve {site} {name}`",
                    printable(&waiting.to)
                ),
                Ink::Notice,
            ));
        }
        if self.failures > 0 {
            notes.push((
                format!("switch {name} failed {} time(s) in a row", self.failures),
                Ink::Bad,
            ));
        }
        notes
    }
}

impl WindowStanding {
    fn note(&self, look: &Look) -> String {
        let name = printable(&self.name);
        match (self.open, self.closes, self.opens) {
            (true, Some(closes), _) => format!("window {name} is open until {}", look.when(closes)),
            (true, None, _) => format!("window {name} is open"),
            (false, _, Some(opens)) => format!(
                "next window {name}: {} ({})",
                printable(&self.when),
                look.age(opens)
            ),
            (false, _, None) if self.ended_early => format!("window {name}: ended early"),
            (false, _, None) => format!("window {name}: {}", printable(&self.when)),
        }
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
pub(super) mod tests;
