//! Tells people: by webhook, mail, Alertmanager, program, Slack, Teams, PagerDuty, ntfy.
//!
//! What is told and when is decided in `sorry_core::incident`; here it gets its words and is brought to every receiver, each in a
//! task of its own, from a queue that is kept on disk. Nothing here reads the engine, and nothing of a receiver's answer gets
//! further than a line of the log. Called by `daemon`, which owns a [`Desk`].

mod backoff;
mod channel;
mod deliver;
mod desk;
mod fault;
mod http;
mod kept;
mod message;
mod queue;
mod store;
pub mod words;

pub use channel::exec::{Direct, Ended, Program, Spawner};
pub use deliver::ReceiverStatus;
pub use desk::{Desk, Setting, Unheard};
pub use fault::{Fault, Next};
pub use kept::KeptTelling;
pub use message::{Message, PhaseWord, SeverityWord, VERSION};
pub use store::{Done, Entry, Forgetful, Grown, Outcome, Store, taken};
