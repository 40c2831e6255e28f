//! Runs the target of the same name under libFuzzer; see `fuzz/targets/head.rs` for what it asserts.
#![no_main]

#[path = "../targets/head.rs"]
mod head;

libfuzzer_sys::fuzz_target!(|data: &[u8]| head::head(data));
