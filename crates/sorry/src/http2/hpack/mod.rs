//! Header compression, RFC 7541: reads what clients send, writes the blocks of prepared answers.

pub(super) mod decode;
mod dynamic_table;
mod encode;
mod huffman;
mod integer;
mod static_table;
#[cfg(test)]
mod tests;

pub use decode::Error;
pub use encode::{encode_field, encode_field_start, encode_raw_value, encode_status};
