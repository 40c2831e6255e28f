//! What clients do that they should not, by mistake or on purpose: the listener never ends, others are served, and each
//! limit that is reached is counted.

mod crowd;
mod farewells;
mod floods;
mod frames;
mod limits;
mod malformed;
pub(crate) mod meter;
mod mute;
mod protocols;
mod proxy_protocol;
mod slow_blocks;
mod smuggling;
mod uploads;
mod windows;
