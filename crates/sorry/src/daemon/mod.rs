//! The stair: the only place that knows every part. It wires configuration to answers, opens sockets, starts workers,
//! and looks after reload, take-over and the end.

mod access_log;
mod advice;
mod alarm;
mod audit;
mod beginning;
mod brain;
mod cautions;
mod changes;
mod checks;
mod complaint;
mod connection;
mod control;
mod crew;
mod descriptors;
mod doors;
mod earlier;
mod entrance;
mod entrusted;
mod folders;
mod front;
mod handing;
mod own;
mod pages;
mod patience;
mod prepared;
mod programs;
mod refused;
mod remote;
mod report;
mod run;
pub mod runner;
pub mod sandbox;
mod secrets;
mod state;
mod supervisor;
mod takeover;
mod talk;
mod unread;
mod wire;
mod worker;

pub use brain::{Hands, KeepError};
pub use control::Ended;
pub use run::{RunError, Start, Succession, check, run};
pub use state::Read;
pub use unread::with_files;
