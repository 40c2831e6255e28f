//! SHA-256 as the page needs it: sources in a Content-Security-Policy and names of asset folders; and base64.

use ring::digest::{Context, SHA256, digest};

/// A hash source of a Content-Security-Policy (CSP Level 3, section 2.3.1) for the text of an inline block.
pub(super) fn csp_source(block: &str) -> String {
    let hash = digest(&SHA256, block.as_bytes());
    format!("'sha256-{}'", base64(hash.as_ref()))
}

/// Sixteen hexadecimal digits for a set of named bodies, in the order in which they come.
pub(super) fn short_name<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut context = Context::new(&SHA256);
    for (name, body) in files {
        // Lengths first, so that no two sets of files run together to the same bytes.
        for part in [name.as_bytes(), body] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
    }
    let hash = context.finish();
    hash.as_ref()[..8]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= chunk.len() {
                let index = (bits >> (18 - 6 * digit)) & 63;
                out.push(char::from(DIGITS[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("\u{fb}\u{f0}?", "w7vDsD8="),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded, "{plain:?}");
        }
    }

    #[test]
    fn a_source_is_the_hash_of_the_block() {
        // The example of CSP Level 3, section 8.4.
        assert_eq!(
            csp_source("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
        );
    }

    #[test]
    fn names_differ_with_names_and_bodies() {
        let name = |files: &[(&'static str, &'static [u8])]| short_name(files.iter().copied());
        let one = name(&[("a", b"bc")]);
        assert_eq!(one.len(), 16);
        assert!(one.bytes().all(|b| b.is_ascii_hexdigit()));
        for other in [
            &[("ab", &b"c"[..])][..],
            &[("a", b"bd")],
            &[("a", b"bc"), ("", b"")],
            &[],
        ] {
            assert_ne!(one, name(other), "{other:?}");
        }
    }
}
