//! The connection, told bytes and asked for bytes.
//!
//! `wire` writes a client's frames and puts the server's into words, so that a test is a list of
//! frames and a line that says what came back.

mod clients;
mod faults;
mod floods;
mod flow;
mod goodbye;
mod properties;
mod requests;
mod uploads;
mod wire;
