//! The status as people read it: a headline, and a table each for sites, listeners, workers, limits and certificates.
//! Text only; every control character that comes from outside is made visible, so that nothing can move the cursor.

use std::fmt;

use super::message::{ReloadOutcome, ReloadReport};
use super::moment::Moment;
use super::status::{CertificateStatus, Mode, SiteStatus, Status};
use super::table::{Table, cut, printable, wrap};

/// What stands in a cell that has nothing to say.
const NOTHING: &str = "-";

impl Status {
    /// The tables, with no line longer than `width` characters except a reload's mistakes, whose underlining would be
    /// torn.
    pub fn render(&self, width: usize) -> String {
        let mut parts = vec![self.headline(width), self.sites(width)];
        parts.extend(self.listeners(width));
        parts.extend(self.workers(width));
        parts.extend(self.limits(width));
        parts.extend(self.certificates(width));
        parts.extend(self.last_reload.as_ref().map(|report| report.render(width)));
        parts.join("\n")
    }

    fn headline(&self, width: usize) -> String {
        let configuration = match &self.configuration {
            Some(path) => format!("configuration {}", printable(path)),
            None => "no configuration file".to_owned(),
        };
        let line = format!(
            "sorry {}, pid {}, up {}, {configuration}, generation {}",
            printable(&self.version),
            self.pid,
            span(self.uptime_seconds),
            self.generation
        );
        format!("{}\n", cut(&line, width))
    }

    fn sites(&self, width: usize) -> String {
        let mut table = Table::new(&[
            "SITE",
            "STATUS",
            "MODE",
            "RETRY-AFTER",
            "ANSWERS",
            "UNTIL",
            "PAGE",
        ]);
        for site in &self.sites {
            table.row([
                printable(&site.name),
                site.status.to_string(),
                site.mode.label().to_owned(),
                span(site.retry_after_seconds.into()),
                site.answers.to_string(),
                site.until
                    .map_or_else(|| NOTHING.to_owned(), |until| self.when(until)),
                printable(&site.page),
            ]);
            for note in site.notes() {
                table.note(&note);
            }
        }
        if self.other_answers > 0 {
            let mut row = [NOTHING; 7].map(str::to_owned);
            "other".clone_into(&mut row[0]);
            row[4] = self.other_answers.to_string();
            table.row(row);
            table.note("hosts: those that are no site's; the default site answers");
        }
        table.render(width)
    }

    fn listeners(&self, width: usize) -> Option<String> {
        let mut table = Table::new(&["LISTENER", "PROTOCOL"]);
        for listener in &self.listeners {
            table.row([printable(&listener.address), printable(&listener.protocol)]);
        }
        (!self.listeners.is_empty()).then(|| table.render(width))
    }

    fn workers(&self, width: usize) -> Option<String> {
        let mut table = Table::new(&["WORKER", "CPU", "OPEN", "ACCEPTED"]);
        for worker in &self.workers {
            table.row([
                worker.number.to_string(),
                or_nothing(worker.cpu),
                worker.connections.to_string(),
                worker.accepted.to_string(),
            ]);
        }
        (!self.workers.is_empty()).then(|| table.render(width))
    }

    fn limits(&self, width: usize) -> Option<String> {
        let mut table = Table::new(&["LIMIT REACHED", "TIMES"]);
        for (limit, times) in &self.limits_reached {
            table.row([printable(limit), times.to_string()]);
        }
        (!self.limits_reached.is_empty()).then(|| table.render(width))
    }

    fn certificates(&self, width: usize) -> Option<String> {
        let mut table = Table::new(&["CERTIFICATE", "ENDS", "FILE"]);
        for certificate in &self.certificates {
            table.row([
                certificate.title(),
                self.when(certificate.not_after),
                printable(&certificate.file),
            ]);
            if let Some(mistake) = &certificate.mistake {
                table.note(&format!("not read again: {}", printable(mistake)));
            }
        }
        (!self.certificates.is_empty()).then(|| table.render(width))
    }

    /// A moment, and how far away it is.
    fn when(&self, moment: Moment) -> String {
        if moment > self.now {
            format!("{moment} (in {})", span(moment.seconds_since(self.now)))
        } else {
            format!("{moment} ({} ago)", span(self.now.seconds_since(moment)))
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(usize::MAX))
    }
}

impl SiteStatus {
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.hosts.is_empty() {
            notes.push(format!("hosts: {}", printable(&self.hosts.join(" "))));
        }
        if let Some(said) = &self.said {
            notes.push(format!("says: {}", printable(&said.replace('\n', " / "))));
        }
        for warning in &self.warnings {
            notes.push(format!("warning: {}", printable(warning)));
        }
        notes
    }
}

impl CertificateStatus {
    fn title(&self) -> String {
        match &*self.names {
            [] => NOTHING.to_owned(),
            [only] => printable(only),
            [first, others @ ..] => format!("{} and {} more", printable(first), others.len()),
        }
    }
}

impl Mode {
    /// Its name, as in the configuration.
    pub fn label(self) -> &'static str {
        match self {
            Mode::InPlace => "in-place",
            Mode::Redirect => "redirect",
        }
    }
}

impl ReloadReport {
    /// One line that says how it ended, and what there is to know besides.
    pub fn render(&self, width: usize) -> String {
        let outcome = match self.outcome {
            ReloadOutcome::Applied => "applied",
            ReloadOutcome::Unchanged => "nothing had changed",
            ReloadOutcome::Refused => "refused, the old configuration stays in force",
        };
        let line = format!(
            "reload at {}: {outcome} (generation {})",
            self.at, self.generation
        );
        let mut text = format!("{}\n", cut(&line, width));
        for change in &self.changes {
            text.push_str(&wrap(&format!("change: {}", printable(change)), 2, width));
        }
        for pending in &self.pending {
            text.push_str(&wrap(&format!("pending: {}", printable(pending)), 2, width));
        }
        for line in self.shown.lines() {
            text.push_str(&format!("  {}\n", printable(line)));
        }
        for warning in &self.warnings {
            text.push_str(&wrap(&format!("warning: {}", printable(warning)), 2, width));
        }
        text
    }
}

fn or_nothing(number: Option<impl ToString>) -> String {
    number.map_or_else(|| NOTHING.to_owned(), |number| number.to_string())
}

/// A span of time in its two largest units: `2d 3h`, `12m`, `45s`.
fn span(seconds: u64) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let largest = units.iter().position(|(length, _)| seconds >= *length);
    let Some(largest) = largest else {
        return "0s".to_owned();
    };
    let mut left = seconds;
    let mut parts = Vec::new();
    for (length, unit) in units.iter().skip(largest).take(2) {
        if left >= *length {
            parts.push(format!("{}{unit}", left / length));
        }
        left %= length;
    }
    parts.join(" ")
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
