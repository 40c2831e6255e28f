//! The HTTP/1 front: heads, framing, keep-alive and the smuggling rules of RFC 9112, shared by all who speak it.
//!
//! Everything here is bytes in, values out; sockets are the caller's. What is answered is the caller's too: it hands
//! in a [`Respond`], the session hands it well-formed heads and faults, and says when the connection must end.

mod body;
mod fault;
mod head;
mod session;

pub use body::{Chunk, Discard, Progress as BodyProgress};
pub use fault::{Fault, Refusal};
pub use head::{Framing, Head, Parsed, Persistence, Version, method_of, parse};
pub use session::{Bound, Bounds, FULL_BYTES, Next, Out, Respond, Session, Turn};

/// Reads whatever bytes as a connection's input, whole and byte by byte, for fuzzing: both ways must end alike.
pub fn replay(data: &[u8]) -> (usize, usize) {
    session::replay(data)
}
