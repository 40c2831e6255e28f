//! Runs the target of the same name under libFuzzer; see `fuzz/targets/proxy_header.rs` for what it asserts.
#![no_main]

#[path = "../targets/proxy_header.rs"]
mod proxy_header;

libfuzzer_sys::fuzz_target!(|data: &[u8]| proxy_header::proxy_header(data));
