//! Bodies in smaller codings, as small as they get: slow, for the build script and for a background thread.
//!
//! Pure bytes to bytes; what to keep is decided by whoever asks. A variant that cannot be made is simply not there.

use std::io::Write as _;

/// Above this many bytes the very best levels cost seconds and hundreds of megabytes, for little.
const LARGE: usize = 1 << 20;

/// The largest window that a browser must accept for zstd: 8 MiB (RFC 9659).
const ZSTD_WINDOW_LOG: u32 = 23;

/// gzip (RFC 1952), without a time in it, so that the same body gives the same bytes.
pub(crate) fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

/// Brotli (RFC 7932).
pub(crate) fn brotli(body: &[u8]) -> Option<Vec<u8>> {
    let quality = if body.len() > LARGE { 9 } else { 11 };
    let mut out = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, quality, brotli_window(body));
    encoder.write_all(body).ok()?;
    encoder.flush().ok()?;
    drop(encoder);
    Some(out)
}

/// The window that holds the body: 10 to 24 (RFC 7932, section 9.1).
fn brotli_window(body: &[u8]) -> u32 {
    // The window is 16 bytes less than the power of two.
    (body.len() + 16)
        .next_power_of_two()
        .trailing_zeros()
        .clamp(10, 24)
}

/// Zstandard (RFC 8878).
pub(crate) fn zstd(body: &[u8]) -> Option<Vec<u8>> {
    use zstd::zstd_safe::CParameter;
    let level = if body.len() > LARGE { 19 } else { 22 };
    let mut compressor = zstd::bulk::Compressor::new(level).ok()?;
    if body.len() > 1 << ZSTD_WINDOW_LOG {
        let window = CParameter::WindowLog(ZSTD_WINDOW_LOG);
        compressor.set_parameter(window).ok()?;
    }
    compressor.compress(body).ok()
}
