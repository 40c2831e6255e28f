//! Where the queue is kept: whoever has a journal gives it here. What is kept, and when it has grown, is the queue's business; how
//! it gets onto a disk is not.

use serde::{Deserialize, Serialize};

use super::message::Message;

/// A line of what is kept. The queue is what all lines in their order come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// These receivers are to be told this.
    Told {
        /// Their names.
        receivers: Vec<String>,
        /// What.
        message: Box<Message>,
        /// The number of the telling, up to which all were taken in with it; 0 in what was written anew.
        #[serde(default, skip_serializing_if = "is_zero")]
        number: u64,
    },
    /// All tellings up to that number were taken in, whether anybody is told of them or not.
    Taken {
        /// The number.
        number: u64,
    },
    /// One of them is not to be told any more: it has been, or it was given up.
    Done {
        /// Its name.
        receiver: String,
        /// The message's id.
        id: String,
    },
}

/// Up to which telling these lines have taken in all; none where they do not say.
pub fn taken(entries: &[Entry]) -> Option<u64> {
    let numbers = entries.iter().filter_map(|entry| match entry {
        Entry::Taken { number } => Some(*number),
        Entry::Told { number: 0, .. } | Entry::Done { .. } => None,
        // In one line, so that a cut leaves both or neither.
        Entry::Told { number, .. } => Some(*number),
    });
    numbers.max()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What became of a batch: whether what is kept has grown so that it should be written anew, or why it was not kept.
pub type Outcome = Result<Grown, String>;

/// Whether what is kept should be written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grown {
    /// It should.
    Yes,
    /// It is short enough.
    No,
}

/// Called once for a batch, on whatever thread.
pub type Done = Box<dyn FnOnce(Outcome) + Send>;

/// Keeps lines. Neither call waits; both keep their order.
pub trait Store: Send + Sync {
    /// Adds lines.
    fn append(&self, batch: Vec<Entry>, done: Done);

    /// Forgets all lines and keeps these.
    fn compact(&self, all: Vec<Entry>, done: Done);
}

/// Keeps nothing beyond the process: where there is no state folder.
#[derive(Debug, Default)]
pub struct Forgetful;

impl Store for Forgetful {
    fn append(&self, _: Vec<Entry>, done: Done) {
        done(Ok(Grown::No));
    }

    fn compact(&self, _: Vec<Entry>, done: Done) {
        done(Ok(Grown::No));
    }
}
