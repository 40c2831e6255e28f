//! What the brain sees by: the checks, on a thread of their own, whose results come here.

use std::io;

use sorry_core::event::Pace;
use tokio::sync::mpsc;

use crate::check::{self, Key, Told, Watched, Watcher};

/// So many results are taken at once.
const BATCH: usize = 256;

/// See the file's header.
pub(super) struct Eyes {
    watcher: Option<Watcher>,
    results: (mpsc::UnboundedSender<Told>, mpsc::UnboundedReceiver<Told>),
}

impl Eyes {
    /// Sees nothing yet.
    pub(super) fn new() -> Eyes {
        Eyes {
            watcher: None,
            results: mpsc::unbounded_channel(),
        }
    }

    /// Watches this from now on; the thread is started when there is something to watch for the first time.
    pub(super) fn watch(&mut self, watched: Vec<Watched>) {
        if self.watcher.is_none() && !watched.is_empty() {
            match self.start() {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(error) => log::error!("nothing is watched: cannot start a thread: {error}"),
            }
        }
        if let Some(watcher) = &self.watcher {
            watcher.set(watched);
        }
    }

    /// Where results come in.
    #[cfg(test)]
    pub(super) fn sender(&self) -> mpsc::UnboundedSender<Told> {
        self.results.0.clone()
    }

    fn start(&self) -> io::Result<Watcher> {
        let results = self.results.0.clone();
        Watcher::start(move |told| {
            let _process_ends = results.send(told);
        })
    }

    pub(super) fn pace(&self, key: &Key, pace: Pace) {
        if let Some(watcher) = &self.watcher {
            let pace = match pace {
                Pace::Normal => check::Pace::Normal,
                Pace::Suspect => check::Pace::Suspect,
            };
            watcher.pace(key, pace);
        }
    }

    /// The next results, in their order.
    pub(super) async fn see(&mut self) -> Vec<Told> {
        let mut results = Vec::new();
        // The other end of the channel is ours, so it never closes.
        let _count = self.results.1.recv_many(&mut results, BATCH).await;
        results
    }
}
