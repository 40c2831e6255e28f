//! Integers of RFC 7541, section 5.1: the rest of an octet, then seven bits an octet.
//!
//! Called by the decoder and the encoder of this folder.

/// Numbers beyond this are refused: no length, index or table size of ours comes near (RFC 7541,
/// 7.4 asks for such a limit).
const LARGEST: usize = 1 << 24;

/// Takes the integer at the start of `input`, whose first octet has `PREFIX` bits of it. `None`:
/// cut off or too large.
#[inline]
pub(crate) fn take<const PREFIX: u32>(input: &mut &[u8]) -> Option<usize> {
    let (&first, rest) = input.split_first()?;
    *input = rest;
    let mask = prefix_mask(PREFIX);
    let value = usize::from(first & mask);
    if value < usize::from(mask) {
        Some(value)
    } else {
        take_long(value, input)
    }
}

fn take_long(mut value: usize, input: &mut &[u8]) -> Option<usize> {
    for shift in [0, 7, 14, 21] {
        let (&octet, rest) = input.split_first()?;
        *input = rest;
        value += usize::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return (value <= LARGEST).then_some(value);
        }
    }
    None
}

/// Appends `value` with a first octet that has `pattern` above its `prefix` bits.
pub(crate) fn put(value: usize, prefix: u32, pattern: u8, out: &mut Vec<u8>) {
    let mask = prefix_mask(prefix);
    match u8::try_from(value) {
        Ok(small) if small < mask => out.push(pattern | small),
        _ => {
            out.push(pattern | mask);
            let mut rest = value - usize::from(mask);
            while rest >= 0x80 {
                out.push(rest.to_le_bytes()[0] | 0x80);
                rest >>= 7;
            }
            out.push(rest.to_le_bytes()[0]);
        }
    }
}

const fn prefix_mask(prefix: u32) -> u8 {
    0xff >> (8 - prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_appendix_c_1() {
        for (bytes, value, prefix) in [
            (&[0x0a][..], 10, 5),
            (&[0x1f, 0x9a, 0x0a], 1337, 5),
            (&[0x2a], 42, 8),
        ] {
            let mut out = Vec::new();
            put(value, prefix, 0, &mut out);
            assert_eq!(out, bytes);
            let mut rest = bytes;
            let back = if prefix == 5 {
                take::<5>(&mut rest)
            } else {
                take::<8>(&mut rest)
            };
            assert_eq!((back, rest), (Some(value), &[][..]));
        }
    }

    #[test]
    fn numbers_about_every_edge_come_back() {
        for value in [
            0, 30, 31, 32, 126, 127, 128, 254, 255, 256, 16_383, 16_384, 65_535, LARGEST,
        ] {
            let mut out = Vec::new();
            put(value, 7, 0x80, &mut out);
            assert_eq!(out[0] & 0x80, 0x80);
            assert_eq!(take::<7>(&mut &out[..]), Some(value));
        }
    }

    #[test]
    fn too_large_and_cut_off_are_refused() {
        for bytes in [
            &[][..],
            &[0x1f],
            &[0x1f, 0x80],
            &[0x1f, 0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0x1f, 0xff, 0xff, 0xff, 0x7f],
        ] {
            assert_eq!(take::<5>(&mut &bytes[..]), None, "{bytes:x?}");
        }
        // Zeros that go on do not make a number larger, and are still refused: each costs an octet
        // of work.
        assert_eq!(
            take::<5>(&mut &[0x1f, 0x80, 0x80, 0x80, 0x80, 0x00][..]),
            None
        );
    }
}
