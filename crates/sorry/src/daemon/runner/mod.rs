//! The runner: a small process beside the daemon that alone starts programs: those of exec checks and of exec alerts.
//!
//! The daemon forbids itself to execute anything (`sandbox`), and every visitor's byte is read by it. So it asks: run program
//! number 3 of the checks, with this on its standard input. What that program is the runner has read in the configuration file
//! itself; there is no way to name a path or an argument to it. Both digest the table of programs, and a question that is
//! about another table than the one in the file is refused.
//!
//! It ends, with everything that it has started, as soon as the daemon is gone. It opens nothing for the daemon and binds
//! nothing. Started by `run`, before there is a thread; asked by those who wire checks and alerts.

mod channel;
mod client;
mod message;
mod programs;
mod serve;

pub use client::{Process, Runner, Standing};
pub use message::Kind;
pub use serve::{RunnerError, serve};
