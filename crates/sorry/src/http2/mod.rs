//! HTTP/2.

mod fields;
pub mod hpack;
