//! Real clients in front of the real binary, asserted on what *they* report: exit codes, messages, parsed values. Our bytes are
//! the subject of `matrix`. Everything here is a program that people point at a site that is down.

pub(crate) mod front;

mod curl;
mod load;
mod packages;
mod python;

mod wget;
