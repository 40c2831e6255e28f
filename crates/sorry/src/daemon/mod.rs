//! The stair: the only place that knows every part. It wires configuration to answers, opens sockets, starts workers,
//! and looks after reload, take-over and the end.

mod connection;
mod crew;
mod descriptors;
mod doors;
mod entrance;
mod front;
mod pages;
mod run;
mod secrets;
mod state;
mod talk;
mod wire;
mod worker;

pub use run::{Ended, RunError, Start, check, run};
pub use state::Read;
