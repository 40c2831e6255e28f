//! Runs the target of the same name under libFuzzer; see `fuzz/targets/smtp_reply.rs` for what it asserts.
#![no_main]

#[path = "../targets/smtp_reply.rs"]
mod smtp_reply;

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtp_reply::smtp_reply(data));
