//! Looks through bytes a block at a time: most of what a request costs outside the kernel is looking at its head.

/// Bytes that are looked at together: what one vector instruction holds on every x86-64 and AArch64.
const BLOCK: usize = 16;

/// Where the first byte stands that `is` says yes to. `is` is best made of comparisons joined by `|` and `&`, without a
/// branch, so that the compiler looks at a whole block at once.
#[inline]
pub fn position(bytes: &[u8], is: impl Fn(u8) -> bool) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for (number, block) in blocks.iter().enumerate() {
        let any = block.iter().fold(false, |any, byte| any | is(*byte));
        if any && let Some(place) = block.iter().position(|byte| is(*byte)) {
            return Some(number * BLOCK + place);
        }
    }
    let place = rest.iter().position(|byte| is(*byte))?;
    Some(blocks.len() * BLOCK + place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_wherever_it_stands() {
        for length in 0..50 {
            let none = vec![b'a'; length];
            assert_eq!(position(&none, |byte| byte == b'-'), None, "{length}");
            for at in 0..length {
                let mut some = none.clone();
                some[at..].fill(b'-');
                assert_eq!(position(&some, |byte| byte == b'-'), Some(at), "{length}");
            }
        }
    }
}
