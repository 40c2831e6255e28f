//! Runs the target of the same name under libFuzzer; see `fuzz/targets/configuration.rs` for what it asserts.
#![no_main]

#[path = "../targets/configuration.rs"]
mod configuration;

libfuzzer_sys::fuzz_target!(|data: &[u8]| configuration::configuration(data));
