//! The status as people read it: a headline, and a table each for sites, listeners, workers, limits and certificates.
//! Text only; every control character that comes from outside is made visible, so that nothing can move the cursor.

use std::fmt;

use super::column::{kept, spare, wraps};
use super::look::{Look, span};
use super::message::{ReloadOutcome, ReloadReport};
use super::status::{CertificateStatus, Mode, SiteStatus, Status};
use super::table::{Table, cut, printable, wrap};

/// What stands in a cell that has nothing to say.
const NOTHING: &str = "-";

impl Status {
    /// The tables, with no line longer than what is looked at except a reload's mistakes, whose underlining would be
    /// torn.
    pub fn render(&self, look: &Look) -> String {
        let mut parts = vec![self.headline(look)];
        parts.extend(self.standing.render(look));
        parts.extend(self.kernel.as_ref().and_then(|kernel| kernel.render(look)));
        parts.push(self.sites(look));
        parts.extend(self.listeners(look));
        parts.extend(self.workers(look));
        parts.extend(self.limits(look));
        parts.extend(self.certificates(look));
        let no_programs =
            |why| format!("no program of a check or an alert can be started: {why}\n");
        parts.extend(self.programs.as_deref().map(printable).map(no_programs));
        parts.extend(self.last_reload.as_ref().map(|report| report.render(look)));
        parts.join("\n")
    }

    /// Only who it is and how sites stand, which fits a screen.
    pub fn render_standing(&self, look: &Look) -> String {
        let standing = self.standing.render(look);
        let below = standing.unwrap_or_else(|| self.sites(look));
        format!("{}\n{below}", self.headline(look))
    }

    fn headline(&self, look: &Look) -> String {
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
        format!("{}\n", cut(&line, look.width))
    }

    fn sites(&self, look: &Look) -> String {
        let mut table = Table::new(&[
            wraps("ANSWERS FOR"),
            kept("STATUS"),
            spare("MODE"),
            kept("RETRY-AFTER"),
            kept("ANSWERS"),
            wraps("UNTIL"),
            spare("PAGE"),
        ]);
        for site in &self.sites {
            table.row([
                printable(&site.name),
                site.status.to_string(),
                site.mode.label().to_owned(),
                span(site.retry_after_seconds.into()),
                site.answers.to_string(),
                site.until
                    .map_or_else(|| NOTHING.to_owned(), |until| look.when(until)),
                printable(&site.page),
            ]);
            for note in site.notes() {
                table.note(note);
            }
        }
        if self.other_answers > 0 {
            let mut row = [NOTHING; 7].map(str::to_owned);
            "other".clone_into(&mut row[0]);
            row[4] = self.other_answers.to_string();
            table.row(row);
            table.note("hosts: those that are no site's; the default site answers");
        }
        table.render(look)
    }

    fn listeners(&self, look: &Look) -> Option<String> {
        let mut table = Table::new(&[wraps("LISTENER"), kept("PROTOCOL")]);
        for listener in &self.listeners {
            table.row([printable(&listener.address), printable(&listener.protocol)]);
        }
        (!self.listeners.is_empty()).then(|| table.render(look))
    }

    fn workers(&self, look: &Look) -> Option<String> {
        let mut table = Table::new(&[kept("WORKER"), kept("CPU"), kept("OPEN"), kept("ACCEPTED")]);
        for worker in &self.workers {
            table.row([
                worker.number.to_string(),
                or_nothing(worker.cpu),
                worker.connections.to_string(),
                worker.accepted.to_string(),
            ]);
        }
        (!self.workers.is_empty()).then(|| table.render(look))
    }

    fn limits(&self, look: &Look) -> Option<String> {
        let mut table = Table::new(&[kept("LIMIT REACHED"), kept("TIMES")]);
        for (limit, times) in &self.limits_reached {
            table.row([printable(limit), times.to_string()]);
        }
        (!self.limits_reached.is_empty()).then(|| table.render(look))
    }

    fn certificates(&self, look: &Look) -> Option<String> {
        let mut table = Table::new(&[wraps("CERTIFICATE"), wraps("ENDS"), wraps("FILE")]);
        for certificate in &self.certificates {
            table.row([
                certificate.title(),
                look.when(certificate.not_after),
                printable(&certificate.file),
            ]);
            if let Some(mistake) = &certificate.mistake {
                table.note(format!("not read again: {}", printable(mistake)));
            }
        }
        (!self.certificates.is_empty()).then(|| table.render(look))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Look::plain(usize::MAX, self.now)))
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
    pub fn render(&self, look: &Look) -> String {
        let outcome = match self.outcome {
            ReloadOutcome::Applied => "applied",
            ReloadOutcome::Unchanged => "nothing had changed",
            ReloadOutcome::Refused => "refused, the old configuration stays in force",
        };
        let line = format!(
            "reload at {}: {outcome} (generation {})",
            look.when(self.at),
            self.generation
        );
        let mut text = format!("{}\n", cut(&line, look.width));
        for change in &self.changes {
            text.push_str(&wrap(
                &format!("change: {}", printable(change)),
                2,
                look.width,
            ));
        }
        for pending in &self.pending {
            text.push_str(&wrap(
                &format!("pending: {}", printable(pending)),
                2,
                look.width,
            ));
        }
        for line in self.shown.lines() {
            text.push_str(&format!("  {}\n", printable(line)));
        }
        for warning in &self.warnings {
            text.push_str(&wrap(
                &format!("warning: {}", printable(warning)),
                2,
                look.width,
            ));
        }
        text
    }
}

fn or_nothing(number: Option<impl ToString>) -> String {
    number.map_or_else(|| NOTHING.to_owned(), |number| number.to_string())
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
