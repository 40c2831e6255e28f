//! Runs the target of the same name under libFuzzer; see `fuzz/targets/journal.rs` for what it asserts.
#![no_main]

#[path = "../targets/journal.rs"]
mod journal;

libfuzzer_sys::fuzz_target!(|data: &[u8]| journal::journal(data));
