//! Runs the target of the same name under libFuzzer; see `fuzz/targets/negotiation.rs` for what it asserts.
#![no_main]

#[path = "../targets/negotiation.rs"]
mod negotiation;

libfuzzer_sys::fuzz_target!(|data: &[u8]| negotiation::negotiation(data));
