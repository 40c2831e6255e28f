//! What must outlive the process, line by line on disk: orders and beliefs, incidents, alerts that are still to be sent, and who
//! ordered what. One format and one policy of syncing for all of them.
//!
//! A record that was written is on the disk, or its writer is told that it is not. Whatever happened to the process, the machine
//! or the disk meanwhile, a file opens again with every line that is whole. What a record means is its owner's business; only
//! those of the engine are spelled out here ([`Entry`]), since the core itself knows no format. Called by `daemon`, which owns
//! the state folder, and by the parts that keep something in it.

mod at;
mod error;
mod file;
mod folder;
mod kept;
mod line;
mod record;
mod thread;
mod word;

pub use at::At;
pub use error::JournalError;
pub use file::Journal;
pub use folder::{Folder, FolderError};
pub use kept::{Kept, Retained};
pub use line::{Contents, Damage, Flaw, LONGEST, Unwritable, VERSION, read};
pub use record::{Entry, Schedule, Unschedule, Unusable};
pub use thread::{Unwritten, Writer, Written};
