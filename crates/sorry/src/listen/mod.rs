//! The ground floor's door to the network: addresses, listening sockets, accepted connections, the PROXY protocol,
//! TLS, what a service manager passes in, and handing the sockets on to the next process.
//!
//! It knows nothing of HTTP, of sites or of the configuration file: settings come as plain values, and whoever wires
//! the parts together turns configuration into them. The connection loop in `daemon` is its only caller on the data
//! plane; `daemon`'s reload and take-over call the rest.

pub mod address;
pub mod bind;
pub mod certificate;
pub mod distribute;
pub mod file_watch;
pub mod handover;
pub mod inherited;
pub mod listener;
pub mod notify;
pub mod passed;
pub mod proxy_protocol;
pub mod socket;
pub mod tls;
pub mod tls_alert;

pub use address::Address;
pub use listener::{Interruption, Listener};
pub use socket::{Peer, Raw, Socket};
