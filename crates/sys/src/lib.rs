//! Every unsafe line of Sorry. Each block says why it is sound; nothing here decides anything.
#![deny(missing_docs)]

pub mod allocations;
pub mod bpf_link;
pub mod environment;
pub mod heap;
pub mod passed;
pub mod program;
pub mod registered;
pub mod sandbox;
pub mod socket_option;
