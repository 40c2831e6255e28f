//! Runs the target of the same name under libFuzzer; see `fuzz/targets/checked_answer.rs` for what it asserts.
#![no_main]

#[path = "../targets/checked_answer.rs"]
mod checked_answer;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checked_answer::checked_answer(data));
