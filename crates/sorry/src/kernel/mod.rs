//! Answers in the kernel: loads `sorry-bpf`, fills its maps, attaches it, reads it back. Whether a site is answered for is decided elsewhere; nothing
//! here waits for anything but the kernel.

mod attachment;
mod device;
mod earlier;
mod features;
mod fill;
mod filter;
mod links;
mod lists;
mod load;
mod netlink;
mod packet;
pub mod pin;
mod refusal;
mod responder;
mod secret;
pub mod selftest;
mod sites;
pub mod speech;
#[cfg(test)]
mod tests;
mod vips;

pub use attachment::{AttachError, Attachment, Before, Choice, Stands, attach};
pub use device::Device;
pub use earlier::{Copies, Earlier, Said};
pub use filter::FilterId;
pub use links::{Held, Links};
pub use lists::Lists;
pub use load::{LoadError, Place};
pub use refusal::told;
pub use responder::{MOST_SITES, Observed, Responder, Sample, Subject, Terms, Totals};
pub use secret::{SHORTEST as SHORTEST_SECRET, Secret};
