//! Bodies in every dialect, and their compressed forms.

use std::io::Read as _;

use super::words::tests::{bare, full};
use super::*;

fn ungzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut out)
        .unwrap();
    out
}

fn unbrotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::Decompressor::new(bytes, 4096)
        .read_to_end(&mut out)
        .unwrap();
    out
}

/// Checks that each variant is the body again; returns how many there are.
fn variants(body: &Bytes, encoded: &Encoded) -> usize {
    let mut count = 0;
    for encoding in Encoding::ALL {
        let Some(variant) = encoded.variant(encoding) else {
            continue;
        };
        let plain = match encoding {
            Encoding::Identity => unreachable!("identity is no variant"),
            Encoding::Gzip => ungzip(variant),
            Encoding::Brotli => unbrotli(variant),
            Encoding::Zstd => zstd::bulk::decompress(variant, body.len()).unwrap(),
        };
        assert_eq!(plain, body[..]);
        assert!(variant.len() < body.len());
        count += 1;
    }
    count
}

#[test]
fn the_page_of_the_build_is_compressed_from_the_start() {
    let page = load(&Source::BuiltIn, &bare(), &Bounds::default()).unwrap();
    for document in &page.html {
        assert_eq!(variants(&document.body, &document.encoded), 3);
    }
    // And compressing it again changes nothing, not even where the bytes are.
    let again = page.compress();
    for (one, other) in page.html.iter().zip(&again.html) {
        for encoding in [Encoding::Gzip, Encoding::Brotli, Encoding::Zstd] {
            let place =
                |document: &Document| document.encoded.variant(encoding).map(|v| v.as_ptr());
            assert_eq!(place(one), place(other));
        }
    }
}

#[test]
fn a_page_with_words_is_compressed_when_asked() {
    let mut page = load(&Source::BuiltIn, &full(), &Bounds::default()).unwrap();
    // One language is enough here.
    page.html.truncate(1);
    assert_eq!(variants(&page.html[0].body, &page.html[0].encoded), 0);
    let compressed = page.compress();
    assert_eq!(compressed.html[0].body, page.html[0].body);
    assert_eq!(compressed.html[0].csp, page.html[0].csp);
    assert_eq!(variants(&page.html[0].body, &compressed.html[0].encoded), 3);
    let length = |encoding| compressed.html[0].encoded.variant(encoding).unwrap().len();
    assert!(length(Encoding::Brotli) < length(Encoding::Gzip));
}

#[test]
fn only_what_gets_smaller_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let style = "p { color: red }\n".repeat(100);
    for (name, body) in [
        ("page.html", "<p>x"),
        ("a.css", &style),
        ("b.css", "p{}"),
        ("c.png", &style),
    ] {
        std::fs::write(folder.path().join(name), body).unwrap();
    }
    let source = Source::Folder(folder.path().into());
    let page = load(&source, &bare(), &Bounds::default())
        .unwrap()
        .compress();
    let counts: Vec<usize> = page
        .assets
        .iter()
        .map(|a| variants(&a.body, &a.encoded))
        .collect();
    assert_eq!(counts, [3, 0, 0]);
    assert_eq!(variants(&page.html[0].body, &page.html[0].encoded), 0);
}

#[test]
fn large_bodies_are_compressed_so_that_browsers_can_read_them() {
    let body = vec![b'x'; 9 << 20];
    let zstd = compress::zstd(&body).unwrap();
    assert!(zstd.len() < 10_000);
    // The window, from the descriptor behind magic number and frame header descriptor (RFC 8878, section 3.1.1.1.2):
    // at most 8 MiB. A single segment would have no descriptor and a window as large as the body.
    assert_eq!(zstd[4] & 0b10_0000, 0, "not a single segment");
    assert!(10 + (zstd[5] >> 3) <= 23, "{:08b}", zstd[5]);
    assert_eq!(
        ungzip(&compress::gzip(&body[..2 << 20]).unwrap()).len(),
        2 << 20
    );
    assert_eq!(
        unbrotli(&compress::brotli(&body[..2 << 20]).unwrap()).len(),
        2 << 20
    );
}

#[test]
fn the_built_in_page_fits_every_dialect() {
    let page = load(&Source::BuiltIn, &full(), &Bounds::default()).unwrap();
    assert!(page.problem_json.masked().starts_with(b"{\"type\":"));
    assert!(page.xml.masked().starts_with(b"<?xml"));
    assert!(page.event_stream.masked().starts_with(b"retry: "));
    assert_eq!(page.text.len(), page.html.len());
    assert!(page.assets.is_empty() && page.warnings.is_empty());
}
