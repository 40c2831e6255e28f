//! What has happened and why, as people read it: the chain of reasons of a site, incidents, and the audit log.
//!
//! Text only; what comes from outside is made harmless. Shown by `sorry explain`, `sorry history` and `sorry audit`.

use super::audit::{Audit, Entry, Outcome};
use super::column::{below, kept, wraps};
use super::history::{Event, History, Incident};
use super::look::{Ink, Look, span};
use super::standing::Explanation;
use super::table::{Cell, Table, cut, printable, wrap};

impl Explanation {
    /// The conclusion, each reason below what it is a reason for, and what led there.
    pub fn render(&self, look: &Look) -> String {
        let mut text = String::new();
        for step in &self.steps {
            let indent = usize::from(step.depth) * 2;
            let lines = wrap(&printable(&step.what), indent, look.width);
            let ink = if step.depth == 0 {
                Ink::Strong
            } else {
                Ink::Plain
            };
            for line in lines.lines() {
                text.push_str(&ink.paint(line, look.color));
                text.push('\n');
            }
        }
        for line in &self.kernel {
            let line = format!("in the kernel: {}", printable(line));
            text.push_str(&wrap(&line, 0, look.width));
        }
        if self.inputs.is_empty() {
            return text;
        }
        let mut table = Table::new(&[kept("SEEN"), wraps("WHAT")]);
        for seen in &self.inputs {
            table.row([look.second(seen.at), printable(&seen.what)]);
        }
        format!("{text}\n{}", table.render(look))
    }
}

/// How much of the history is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chapter {
    /// A line for each incident.
    Incidents,
    /// What happened in the course of each, too.
    Events,
}

impl History {
    /// A table, the newest first.
    pub fn render(&self, look: &Look, chapter: Chapter) -> String {
        if self.incidents.is_empty() {
            return "nothing has happened\n".to_owned();
        }
        let mut table = Table::new(&[
            kept("BEGAN"),
            kept("ENDED"),
            kept("LASTED"),
            wraps("SITE"),
            wraps("WHAT"),
            below("CAUSE"),
        ]);
        for incident in &self.incidents {
            let ink = match incident.ended {
                None => Ink::Bad,
                Some(_) => Ink::Plain,
            };
            table.row([
                Cell::from(look.time(incident.began)),
                Cell::from(incident.end(look)),
                Cell::new(incident.lasted(), ink),
                Cell::from(incident.about()),
                Cell::from(incident.what()),
                Cell::from(incident.because()),
            ]);
            if chapter == Chapter::Events {
                for event in &incident.events {
                    table.note(Cell::new(told(event, look), Ink::Faint));
                }
            }
        }
        table.render(look)
    }

    /// What would have been done, had a switch that only observes been allowed to act, beside what happened.
    pub fn compare(&self, look: &Look) -> String {
        let observed = self.incidents.iter().filter(|incident| incident.observed);
        let parts: Vec<String> = observed.map(|incident| incident.compare(look)).collect();
        match parts.is_empty() {
            true => "no switch that only observes has seen an incident\n".to_owned(),
            false => parts.join("\n"),
        }
    }
}

/// What the words of an event that did not happen say, and the column that they are shown in says, too: there is little room.
const SAID: [&str; 2] = ["the switch ", "would have "];

impl Incident {
    fn about(&self) -> String {
        self.site
            .as_deref()
            .map_or_else(|| "all".to_owned(), printable)
    }

    /// None where it goes on.
    fn end(&self, look: &Look) -> String {
        let ended = self.ended.map(|ended| look.end(self.began, ended));
        ended.unwrap_or_else(|| "-".to_owned())
    }

    fn lasted(&self) -> String {
        match self.ended {
            Some(_) => span(self.seconds),
            None => format!("{} so far", span(self.seconds)),
        }
    }

    fn what(&self) -> String {
        let kind = printable(&self.kind);
        match (self.observed, self.planned && self.kind != "maintenance") {
            (true, _) => format!("{kind}, observed"),
            (false, true) => format!("{kind}, planned"),
            (false, false) => kind,
        }
    }

    fn because(&self) -> String {
        let cause = printable(&self.cause);
        let why = self.reason.as_deref().map(printable);
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        match &self.by {
            Some(by) => format!("{cause}, by {}{why}", printable(by)),
            None => cause,
        }
    }

    fn compare(&self, look: &Look) -> String {
        let title = format!(
            "{} of {}, {}, {}: {}",
            self.what(),
            self.about(),
            look.when(self.began),
            self.lasted(),
            self.because()
        );
        let title = Ink::Strong.paint(&cut(&title, look.width), look.color);
        let mut table = Table::new(&[
            kept("TIME"),
            wraps("WOULD HAVE BEEN DONE"),
            wraps("HAPPENED"),
        ]);
        for event in &self.events {
            let (time, what) = (look.second(event.at), printable(&event.what));
            match event.would {
                true => table.row([time, short(what), String::new()]),
                false => table.row([time, String::new(), what]),
            }
        }
        let mut text = format!("{title}\n{}", table.render(look));
        if let Some(difference) = self.difference() {
            text.push_str(&wrap(&difference, 2, look.width));
        }
        text
    }

    /// How far apart the first thing that would have been done is from the first that happened.
    fn difference(&self) -> Option<String> {
        let ours = self.events.iter().find(|event| event.would)?.at;
        let Some(theirs) = self.events.iter().find(|event| !event.would) else {
            return Some("nothing happened of what would have been done".to_owned());
        };
        Some(
            match (ours.seconds_since(theirs.at), theirs.at.seconds_since(ours)) {
                (0, 0) => "both in the same second".to_owned(),
                (0, early) => format!("it would have been done {} earlier", span(early)),
                (late, _) => format!("it would have been done {} later", span(late)),
            },
        )
    }
}

fn short(what: String) -> String {
    SAID.iter()
        .fold(what, |what, said| what.replacen(said, "", 1))
}

fn told(event: &Event, look: &Look) -> String {
    format!("{} {}", look.second(event.at), printable(&event.what))
}

impl Audit {
    /// A table, the newest first.
    pub fn render(&self, look: &Look) -> String {
        if self.entries.is_empty() {
            return "nobody has changed anything\n".to_owned();
        }
        let mut table = Table::new(&[
            kept("WHEN"),
            wraps("WHO"),
            wraps("WHAT"),
            wraps("SITE"),
            kept("OUTCOME"),
        ]);
        for entry in &self.entries {
            let ink = match entry.outcome {
                Outcome::Done => Ink::Plain,
                Outcome::Refused | Outcome::Failed | Outcome::Unknown => Ink::Bad,
            };
            table.row([
                Cell::from(look.time(entry.at)),
                Cell::from(printable(&entry.by)),
                Cell::from(printable(&entry.what)),
                Cell::from(
                    entry
                        .site
                        .as_deref()
                        .map_or_else(|| "-".to_owned(), printable),
                ),
                Cell::new(entry.outcome.label(), ink),
            ]);
            for note in entry.notes() {
                table.note(note);
            }
        }
        table.render(look)
    }
}

impl Entry {
    fn notes(&self) -> Vec<String> {
        let reason = self.reason.as_ref();
        let reason = reason.map(|reason| format!("why: {}", printable(reason)));
        let told = (!self.told.is_empty()).then(|| printable(&self.told));
        reason.into_iter().chain(told).collect()
    }
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;
