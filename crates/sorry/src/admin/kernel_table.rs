//! How the in-kernel responder stands, as people read it. Text only; shown by `sorry status` and `sorry kernel`.

use sorry_bpf::layout::Count;

use super::column::{kept, spare, wraps};
use super::kernel::{Hook, InterfaceStanding, KernelSite, KernelStanding, OLDER, UNPROVEN};
use super::look::{Ink, Look};
use super::table::{Cell, Table, printable};

impl KernelStanding {
    /// Devices and addresses; nothing where nobody wants any.
    pub fn render(&self, look: &Look) -> Option<String> {
        if self.interfaces.is_empty() && self.sites.is_empty() {
            return None;
        }
        let mut text = self.interface_table(look);
        if !self.sites.is_empty() {
            text.push('\n');
            text.push_str(&self.site_table(look));
        }
        Some(text)
    }

    fn interface_table(&self, look: &Look) -> String {
        let mut table = Table::new(&[
            kept("INTERFACE"),
            kept("HOOK"),
            kept("SELF-TEST"),
            spare("LEASE"),
        ]);
        for one in &self.interfaces {
            table.row([
                Cell::from(printable(&one.name)),
                Cell::new(one.places(), one.ink()),
                one.selftest_cell(),
                Cell::from(
                    one.lease_seconds
                        .map_or_else(|| "-".to_owned(), |seconds| format!("{seconds} s")),
                ),
            ]);
            for note in one.notes() {
                table.note(Cell::new(printable(&note), one.ink()));
            }
        }
        table.render(look)
    }

    fn site_table(&self, look: &Look) -> String {
        let mut table = Table::new(&[
            wraps("IN THE KERNEL"),
            kept("MODE"),
            spare("INTERFACE"),
            kept("CONNECTIONS"),
            kept("REQUESTS"),
            spare("LAST SEEN"),
        ]);
        for site in &self.sites {
            let (connections, requests) = site.answered();
            table.row([
                Cell::new(printable(&site.site), Ink::Strong),
                Cell::from(printable(&site.when)),
                Cell::default(),
                Cell::from(connections.to_string()),
                Cell::from(requests.to_string()),
                Cell::from(site.seen.map_or_else(|| "-".to_owned(), |at| look.time(at))),
            ]);
            for vip in &site.vips {
                let ink = match (vip.is_as_wanted(), vip.mode.as_str()) {
                    (false, _) => Ink::Bad,
                    (true, "on") => Ink::Good,
                    (true, "drain") => Ink::Notice,
                    (true, _) => Ink::Plain,
                };
                table.row([
                    Cell::from(format!("  {}", printable(&vip.address))),
                    Cell::new(printable(&vip.mode), ink),
                    Cell::from(printable(&vip.interface)),
                    Cell::default(),
                    Cell::default(),
                    Cell::default(),
                ]);
            }
            for (note, ink) in site.notes() {
                table.note(Cell::new(printable(&note), ink));
            }
        }
        table.render(look)
    }

    /// Everything that is counted, site by site.
    pub fn render_counts(&self, look: &Look) -> String {
        if self.sites.is_empty() {
            return "no site is answered for in the kernel\n".to_owned();
        }
        let mut table = Table::new(&[wraps("SITE"), kept("COUNT"), kept("NUMBER"), wraps("WHAT")]);
        for site in &self.sites {
            for count in Count::ALL {
                let number = site.counts.get(count.name()).copied().unwrap_or(0);
                let ink = if number == 0 { Ink::Faint } else { Ink::Plain };
                table.row([
                    Cell::new(printable(&site.site), ink),
                    Cell::new(count.name(), ink),
                    Cell::new(number.to_string(), ink),
                    Cell::new(count.about(), ink),
                ]);
            }
        }
        table.render(look)
    }
}

impl InterfaceStanding {
    fn places(&self) -> String {
        match self.behind {
            true => format!("{}, {}", self.hook.word(), Hook::Tc.word()),
            false => self.hook.word().to_owned(),
        }
    }

    fn ink(&self) -> Ink {
        match (self.hook, &self.why) {
            (Hook::None, _) => Ink::Bad,
            (_, Some(_)) => Ink::Notice,
            (_, None) => Ink::Plain,
        }
    }

    fn selftest_cell(&self) -> Cell {
        match &self.selftest {
            None => Cell::from("-"),
            Some(test) if test.wrong.is_empty() => {
                Cell::new(format!("{} of {} right", test.tried, test.tried), Ink::Good)
            }
            Some(test) => Cell::new(
                format!("{} of {} wrong", test.wrong.len(), test.tried),
                Ink::Bad,
            ),
        }
    }

    fn notes(&self) -> Vec<String> {
        let wrong = self
            .selftest
            .iter()
            .flat_map(|test| test.wrong.iter().cloned());
        self.why.iter().cloned().chain(wrong).collect()
    }
}

impl KernelSite {
    fn notes(&self) -> Vec<(String, Ink)> {
        let mut notes = Vec::new();
        if let Some(why) = &self.unsayable {
            let what = match self.older {
                true => OLDER,
                false => self.elsewhere(),
            };
            notes.push((format!("{what}: {why}"), Ink::Bad));
        } else if self.segments > 0 {
            let packets = if self.segments == 1 {
                "one packet".to_owned()
            } else {
                format!("{} packets", self.segments)
            };
            notes.push((
                format!(
                    "the page has {} bytes with its head, in {packets}",
                    self.bytes
                ),
                Ink::Faint,
            ));
        }
        if self.proven == Some(false) {
            notes.push((UNPROVEN.to_owned(), Ink::Notice));
        }
        if let Some(seconds) = self.waits_seconds {
            notes.push((
                format!("what was said before is said for up to {seconds} s more"),
                Ink::Notice,
            ));
        }
        if let Some(why) = &self.overloaded {
            notes.push((format!("overloaded: {why}"), Ink::Notice));
        }
        notes
    }
}

#[cfg(test)]
#[path = "kernel_tests.rs"]
mod tests;
