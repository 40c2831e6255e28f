//! The sorry server: writes the answers that were prepared and that `sorry_core::answer` chose, on every transport.
//!
//! [`Sites`] is the snapshot that all workers read; a [`Desk`] is what one worker has at hand; a [`Visit`] is the desk
//! turned to one connection, and is what the HTTP/1 session and the HTTP/2 machine call. No sockets, no waiting, and
//! on the HTTP/1 path no allocation and no lock.

mod clock;
mod desk;
mod fault;
mod http1;
mod http2;
mod identity;
mod redirect;
mod sites;

pub use clock::Clock;
pub use desk::{Desk, Guest, Security, Visit};
pub use identity::Identities;
pub use sites::{AltSvc, Chosen, Hosts, Known, ListenerId, Site, Sites};
