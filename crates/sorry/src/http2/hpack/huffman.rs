//! The Huffman code of RFC 7541, appendix B: packs and unpacks string literals.
//!
//! The code is canonical (section 5.2 says how it was made: shorter codes first, equal lengths in
//! order of symbol), so its lengths are the whole of it; every table below is computed from them
//! when the crate is compiled. Called by the decoder for each string whose H bit is set, and by the
//! encoder for answers that are being prepared.

/// The bits of each symbol's code; the last one is EOS, which no string may hold.
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, // 0x00
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, // 0x10
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, // space
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, // 0
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, // @
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, // P
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, // `
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, // p
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, // 0x80
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, // 0x90
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, // 0xa0
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, // 0xb0
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, // 0xc0
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, // 0xd0
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, // 0xe0
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, // 0xf0
    30, // EOS
];
const SYMBOLS: usize = 257;
const LONGEST: usize = 30;
const EOS: u16 = 256;

/// The codes, right-aligned.
static CODES: [u32; SYMBOLS] = codes();
/// The symbols in the order of their codes.
static SORTED: [u16; SYMBOLS] = sorted();
/// Per length: the first code, how many there are, and where they begin in [`SORTED`].
static ROWS: [Row; LONGEST + 1] = rows();
/// Per next eight bits: the symbol whose code they begin with and the code's length; length 0 when
/// the code is longer than that.
static SHORT: [(u8, u8); 256] = short();

#[derive(Clone, Copy)]
struct Row {
    first: u32,
    count: u32,
    start: usize,
}

/// A string that is no Huffman string: it holds EOS, or ends in more than 7 bits or in other bits
/// than ones (RFC 7541, 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// Appends what `packed` stands for to `out`: at most 8/5 of its length.
pub(crate) fn unpack(packed: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    out.reserve(packed.len() * 8 / 5 + 1);
    let mut rest = packed;
    // The next bits, left-aligned, zeros behind them; and how many of them are real.
    let mut bits = 0_u64;
    let mut have = 0_u32;
    loop {
        if have < 32 {
            (bits, have, rest) = refill(bits, have, rest);
        }
        let (symbol, length) = match SHORT[usize::from(bits.to_be_bytes()[0])] {
            (_, 0) => match long(bits) {
                Some((symbol, length)) if length <= have => (symbol, length),
                _ => return ending(bits, have),
            },
            (symbol, length) if u32::from(length) <= have => (symbol, u32::from(length)),
            _ => return ending(bits, have),
        };
        out.push(symbol);
        bits <<= length;
        have -= length;
    }
}

/// How many octets `text` takes when packed.
pub(crate) fn packed_len(text: &[u8]) -> usize {
    let bits: usize = text
        .iter()
        .map(|&byte| usize::from(LENGTHS[usize::from(byte)]))
        .sum();
    bits.div_ceil(8)
}

/// Appends `text`, packed, to `out`.
pub(crate) fn pack(text: &[u8], out: &mut Vec<u8>) {
    let mut bits = 0_u64;
    let mut have = 0_u32;
    for &byte in text {
        let length = u32::from(LENGTHS[usize::from(byte)]);
        bits = bits << length | u64::from(CODES[usize::from(byte)]);
        have += length;
        while have >= 8 {
            have -= 8;
            out.push((bits >> have).to_le_bytes()[0]);
        }
    }
    if have > 0 {
        let padded = bits << (8 - have) | (0xff >> have);
        out.push(padded.to_le_bytes()[0]);
    }
}

#[inline]
fn refill(mut bits: u64, mut have: u32, mut rest: &[u8]) -> (u64, u32, &[u8]) {
    if let Some((eight, _)) = rest.split_first_chunk::<8>() {
        let whole = (64 - have) / 8;
        bits |= u64::from_be_bytes(*eight) >> have;
        // What did not fit whole is read again with the next refill, so it must not stay behind.
        have += whole * 8;
        if have < 64 {
            bits &= !(u64::MAX >> have);
        }
        rest = &rest[whole as usize..];
    } else {
        while have <= 56 {
            let Some((&byte, after)) = rest.split_first() else {
                break;
            };
            bits |= u64::from(byte) << (56 - have);
            have += 8;
            rest = after;
        }
    }
    (bits, have, rest)
}

/// The symbol whose code of more than eight bits `bits` begins with; none for EOS.
fn long(bits: u64) -> Option<(u8, u32)> {
    for length in 10..=30_u32 {
        let row = ROWS[length as usize];
        let code = bits >> (64 - length);
        let within = code.wrapping_sub(u64::from(row.first));
        if within < u64::from(row.count) {
            let symbol = SORTED[row.start + usize::try_from(within).ok()?];
            return u8::try_from(symbol).ok().map(|symbol| (symbol, length));
        }
    }
    None
}

/// Nothing whole is left: what remains must be the padding.
fn ending(bits: u64, have: u32) -> Result<(), Broken> {
    let ones = bits.leading_ones();
    if have < 8 && ones >= have {
        Ok(())
    } else {
        Err(Broken)
    }
}

const fn sorted() -> [u16; SYMBOLS] {
    let mut sorted = [0; SYMBOLS];
    let mut at = 0;
    let mut length = 1;
    while length <= LONGEST {
        let mut symbol = 0_u16;
        while symbol <= EOS {
            if LENGTHS[symbol as usize] as usize == length {
                sorted[at] = symbol;
                at += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    sorted
}

const fn codes() -> [u32; SYMBOLS] {
    let sorted = sorted();
    let mut codes = [0; SYMBOLS];
    let mut code = 0_u32;
    let mut length = LENGTHS[sorted[0] as usize];
    let mut at = 0;
    while at < SYMBOLS {
        let symbol = sorted[at] as usize;
        code <<= LENGTHS[symbol] - length;
        length = LENGTHS[symbol];
        codes[symbol] = code;
        code = code.wrapping_add(1);
        at += 1;
    }
    codes
}

const fn rows() -> [Row; LONGEST + 1] {
    let sorted = sorted();
    let codes = codes();
    let mut rows = [Row {
        first: 0,
        count: 0,
        start: 0,
    }; LONGEST + 1];
    let mut at = 0;
    while at < SYMBOLS {
        let symbol = sorted[at] as usize;
        let row = &mut rows[LENGTHS[symbol] as usize];
        if row.count == 0 {
            row.first = codes[symbol];
            row.start = at;
        }
        row.count += 1;
        at += 1;
    }
    rows
}

const fn short() -> [(u8, u8); 256] {
    let codes = codes();
    let mut table = [(0, 0); 256];
    let mut symbol = 0_u8;
    loop {
        let length = LENGTHS[symbol as usize];
        if length <= 8 {
            let first = (codes[symbol as usize] << (8 - length)) as usize;
            let mut at = 0;
            while at < 1 << (8 - length) {
                table[first + at] = (symbol, length);
                at += 1;
            }
        }
        if symbol == u8::MAX {
            return table;
        }
        symbol += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_code_is_complete_and_ends_in_thirty_ones() {
        // Kraft's sum of a complete code is one; appendix B gives EOS as thirty ones, '0' as 00000
        // and 'Z' as 0xfd of 8 bits.
        let sum: u64 = LENGTHS
            .iter()
            .map(|&length| 1_u64 << (LONGEST - usize::from(length)))
            .sum();
        assert_eq!(sum, 1 << LONGEST);
        assert_eq!(CODES[usize::from(EOS)], 0x3fff_ffff);
        assert_eq!(
            (CODES[usize::from(b'0')], CODES[usize::from(b'Z')], CODES[0]),
            (0, 0xfd, 0x1ff8)
        );
        assert_eq!(
            (CODES[10], CODES[249], CODES[256 - 1]),
            (0x3fff_fffc, 0x0fff_fffe, 0x03ff_ffee)
        );
    }

    #[test]
    fn every_symbol_comes_back_alone_and_beside_every_other() {
        for first in 0..=255_u8 {
            for second in 0..=255 {
                let text = [first, second];
                let mut packed = Vec::new();
                pack(&text, &mut packed);
                assert_eq!(packed.len(), packed_len(&text));
                let mut back = Vec::new();
                assert_eq!(unpack(&packed, &mut back), Ok(()));
                assert_eq!(back, text);
            }
        }
    }

    #[test]
    fn what_is_no_huffman_string_is_refused() {
        for (packed, why) in [
            (&[0xff][..], "eight bits of padding"),
            (&[0xff, 0xff, 0xff, 0xff], "EOS"),
            (
                &[0x1f, 0xff, 0xff],
                "an 'a' and then sixteen bits of padding",
            ),
            (&[0x00], "padding of zeros"),
            (&[0xfe], "half of a longer code"),
            (&[0x1e], "padding that is not all ones"),
        ] {
            assert_eq!(unpack(packed, &mut Vec::new()), Err(Broken), "{why}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn texts_come_back(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut packed = Vec::new();
            pack(&text, &mut packed);
            prop_assert_eq!(packed.len(), packed_len(&text));
            let mut back = Vec::new();
            prop_assert_eq!(unpack(&packed, &mut back), Ok(()));
            prop_assert_eq!(back, text);
        }

        #[test]
        fn any_bytes_unpack_or_fail_within_bounds(packed in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut out = Vec::new();
            if unpack(&packed, &mut out).is_ok() {
                let mut again = Vec::new();
                pack(&out, &mut again);
                prop_assert_eq!(again, packed.clone());
            }
            prop_assert!(out.len() <= packed.len() * 8 / 5);
        }
    }
}
