//! Runs the target of the same name under libFuzzer; see `fuzz/targets/http2.rs` for what it asserts.
#![no_main]

#[path = "../targets/http2.rs"]
mod http2;

libfuzzer_sys::fuzz_target!(|data: &[u8]| http2::http2(data));
