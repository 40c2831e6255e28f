//! Runs the target of the same name under libFuzzer; see `fuzz/targets/dns_answer.rs` for what it asserts.
#![no_main]

#[path = "../targets/dns_answer.rs"]
mod dns_answer;

libfuzzer_sys::fuzz_target!(|data: &[u8]| dns_answer::dns_answer(data));
