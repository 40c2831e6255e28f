//! Answers, counted by site, kind, protocol and method.

use std::sync::{Arc, Mutex, PoisonError};

use sorry_core::answer::ask::METHODS;
use sorry_core::answer::crawler::{CRAWLERS, Crawler};
use sorry_core::answer::dialect::DIALECTS;
use sorry_core::answer::{Dialect, Method};

use super::cell::Cell;
use super::worker::{PROTOCOLS, Protocol};

/// What was answered: a refusal in one of the dialects, or one of the few other things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A refusal.
    Refusal(Dialect),
    /// The balancer's question.
    Alive,
    /// One of the page's own files.
    Own,
    /// robots.txt
    Robots,
    /// A CORS preflight.
    Preflight,
    /// The way to the page.
    Redirect,
}

/// How many kinds there are.
pub const KINDS: usize = DIALECTS + 5;

impl Kind {
    /// All, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Kind> {
        let others = [
            Kind::Alive,
            Kind::Own,
            Kind::Robots,
            Kind::Preflight,
            Kind::Redirect,
        ];
        Dialect::ALL.into_iter().map(Kind::Refusal).chain(others)
    }

    /// The label in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Kind::Refusal(dialect) => dialect.label(),
            Kind::Alive => "alive",
            Kind::Own => "own",
            Kind::Robots => "robots",
            Kind::Preflight => "preflight",
            Kind::Redirect => "redirect",
        }
    }

    fn number(self) -> usize {
        match self {
            Kind::Refusal(dialect) => dialect as usize,
            Kind::Alive => DIALECTS,
            Kind::Own => DIALECTS + 1,
            Kind::Robots => DIALECTS + 2,
            Kind::Preflight => DIALECTS + 3,
            Kind::Redirect => DIALECTS + 4,
        }
    }
}

/// One site's answers, as one worker gave them.
#[derive(Debug)]
pub struct SiteCounts {
    answers: Box<[Cell]>,
    crawlers: [Cell; CRAWLERS],
}

impl Default for SiteCounts {
    fn default() -> SiteCounts {
        let cells = KINDS * PROTOCOLS * METHODS;
        SiteCounts {
            answers: (0..cells).map(|_| Cell::default()).collect(),
            crawlers: Default::default(),
        }
    }
}

impl SiteCounts {
    /// The cell of one combination.
    pub fn answers(&self, kind: Kind, protocol: Protocol, method: Method) -> &Cell {
        &self.answers[(kind.number() * PROTOCOLS + protocol as usize) * METHODS + method as usize]
    }

    /// Refusals given to a crawler.
    pub fn crawler(&self, crawler: Crawler) -> &Cell {
        &self.crawlers[crawler as usize]
    }
}

/// A site's name with its counts, one for each worker.
pub type Named = (Arc<str>, Arc<[SiteCounts]>);

/// The counts of all sites that were ever configured, by name: a reload keeps them.
#[derive(Debug)]
pub struct Sites {
    workers: usize,
    known: Mutex<Vec<Named>>,
}

impl Sites {
    /// Counts for so many workers.
    pub fn new(workers: usize) -> Sites {
        Sites {
            workers,
            known: Mutex::default(),
        }
    }

    /// The counts of the site `name`, one per worker; made when first asked for.
    pub fn named(&self, name: &str) -> Arc<[SiteCounts]> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counts)) = known.iter().find(|(site, _)| **site == *name) {
            return Arc::clone(counts);
        }
        let counts: Arc<[SiteCounts]> = (0..self.workers).map(|_| SiteCounts::default()).collect();
        known.push((name.into(), Arc::clone(&counts)));
        counts
    }

    /// All names with their counts, in the order they became known.
    pub fn all(&self) -> Vec<Named> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_combination_has_its_own_cell() {
        let counts = SiteCounts::default();
        for kind in Kind::all() {
            for protocol in Protocol::ALL {
                for method in Method::ALL {
                    counts.answers(kind, protocol, method).bump();
                }
            }
        }
        assert!(counts.answers.iter().all(|cell| cell.get() == 1));
    }

    #[test]
    fn a_site_keeps_its_counts() {
        let sites = Sites::new(2);
        sites.named("shop")[1].crawler(Crawler::Bing).bump();
        sites.named("blog");
        assert_eq!(sites.named("shop")[1].crawler(Crawler::Bing).get(), 1);
        assert_eq!(sites.all().len(), 2);
    }
}
