//! What every request gets, over every transport: the whole promise of the sorry server, asked of the real binary.

mod cors;
mod crawlers;
mod dialects;
mod exceptions;
mod framing;
mod modes;
mod requests;
mod retry_after;
mod sites;
pub(crate) mod transport;
mod transports;
pub(crate) mod world;
