//! What answers in the kernel, in a world of network namespaces: real clients on one side, the server on the other, and between
//! them a wire that may lose packets. Needs root.

mod afterwards;
mod answered;
mod archive;
mod clients;
mod crowd;
mod debian12;
mod flips;
mod guest;
mod namespace;
mod nginx;
mod program;
mod responder;
mod restarts;
mod sight;
mod stage;
mod terms;
mod told;
mod world;

pub(crate) use namespace::within;
