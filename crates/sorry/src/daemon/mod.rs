//! The stair: the only place that knows every part. It wires configuration to answers, opens sockets, starts workers,
//! and looks after reload, take-over and the end.

mod connection;
mod entrance;
mod front;
mod pages;
mod talk;
mod wire;
mod worker;
