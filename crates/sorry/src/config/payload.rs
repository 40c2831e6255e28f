//! Bytes that checks send and expect: text as it is, hexadecimal, and hexadecimal in which `X` stands for any four bits.

use super::check::Nibbles;
use super::fault::{Fault, quoted};
use super::reader::FromText;

/// The longest that is sent or expected, in bytes; a datagram of this length is not cut into pieces on its way (RFC 8200, 5).
const LONGEST: usize = 1200;

/// Text that is sent or expected as it is, in UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Payload(pub(super) Box<[u8]>);

impl FromText for Payload {
    fn form() -> String {
        format!("text of at most {LONGEST} bytes, such as \"PING\\r\\n\"")
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        within(text.len())?;
        Ok(Payload(text.as_bytes().into()))
    }
}

/// Bytes in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hex(pub(super) Box<[u8]>);

impl FromText for Hex {
    fn form() -> String {
        format!("at most {LONGEST} bytes in hexadecimal, such as \"00 ff 0a\"")
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        let bytes = nibbles(text)?;
        match bytes.iter().find(|byte| byte.mask != 0xff) {
            None => Ok(Hex(bytes.iter().map(|byte| byte.value).collect())),
            Some(_) => {
                let at = text.find(['X', 'x']).unwrap_or_default();
                Err(Fault::new(
                    "`X` stands for any four bits, and these are sent or must be just so",
                )
                .at(at..at + 1))
            }
        }
    }
}

/// Bytes in hexadecimal, in which `X` stands for any four bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HexPattern(pub(super) Vec<Nibbles>);

impl FromText for HexPattern {
    fn form() -> String {
        format!(
            "at most {LONGEST} bytes in hexadecimal with `X` for any four bits, such as \"0X ff\""
        )
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        nibbles(text).map(HexPattern)
    }
}

/// Bytes that must be just so.
pub(super) fn exactly(bytes: &[u8]) -> Vec<Nibbles> {
    let just = |value: &u8| Nibbles {
        value: *value,
        mask: 0xff,
    };
    bytes.iter().map(just).collect()
}

/// A SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest(pub(super) [u8; 32]);

impl FromText for Digest {
    fn form() -> String {
        "a SHA-256 in hexadecimal: 64 digits".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        let Hex(bytes) = Hex::from_text(text)?;
        <[u8; 32]>::try_from(&*bytes).map(Digest).map_err(|_| {
            let fault = Fault::new(format!("{} is not a SHA-256", quoted(text)));
            match bytes.len() {
                16 => fault.hint("this is as long as an MD5, which keepalived takes; `curl -s URL | sha256sum` prints what belongs here"),
                _ => fault.hint("`curl -s URL | sha256sum` prints what belongs here"),
            }
        })
    }
}

fn nibbles(text: &str) -> Result<Vec<Nibbles>, Fault> {
    let mut halves = Vec::new();
    for (at, c) in text.char_indices() {
        let half = match c {
            ' ' => continue,
            'X' | 'x' => (0, 0),
            c => {
                match c.to_digit(16).map(u8::try_from) {
                    Some(Ok(value)) => (value, 0xf),
                    _ => {
                        let fault = Fault::new(format!(
                            "{} is not a hexadecimal digit",
                            quoted(&c.to_string())
                        ));
                        return Err(fault.at(at..at + c.len_utf8()).hint("two digits for each byte, blanks between them as you like: \"00 ff 0a\""));
                    }
                }
            }
        };
        halves.push(half);
    }
    if halves.len() % 2 == 1 {
        return Err(Fault::new("half a byte is left over").hint("two digits for each byte"));
    }
    within(halves.len() / 2)?;
    let pairs = halves.chunks_exact(2);
    Ok(pairs
        .map(|pair| Nibbles {
            value: pair[0].0 << 4 | pair[1].0,
            mask: pair[0].1 << 4 | pair[1].1,
        })
        .collect())
}

fn within(length: usize) -> Result<(), Fault> {
    match length {
        0 => Err(Fault::new("there is nothing in it").hint("leave the key out")),
        length if length > LONGEST => Err(Fault::new(format!(
            "{length} bytes are too many: at most {LONGEST}"
        ))
        .out_of_range()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_with_gaps_and_unknowns() {
        let pattern = |text| {
            HexPattern::from_text(text).map(|HexPattern(bytes)| {
                let shown = bytes
                    .iter()
                    .map(|byte| format!("{:02x}/{:02x}", byte.value, byte.mask));
                shown.collect::<Vec<_>>().join(" ")
            })
        };
        for (text, expected) in [
            ("0Xff", Ok("00/f0 ff/ff")),
            ("0x FF", Ok("00/f0 ff/ff")),
            ("XX a0", Ok("00/00 a0/ff")),
            (
                "fff",
                Err("half a byte is left over (two digits for each byte)"),
            ),
            (
                "0g",
                Err(
                    "`g` is not a hexadecimal digit (two digits for each byte, blanks between them as you like: \"00 ff 0a\")",
                ),
            ),
            ("", Err("there is nothing in it (leave the key out)")),
        ] {
            let found = pattern(text).map_err(|fault| fault.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
        }
        assert_eq!(Hex::from_text("00 ff").unwrap().0[..], [0, 255]);
        assert_eq!(Hex::from_text("00 fX").unwrap_err().range, Some(4..5));
        assert!(Hex::from_text(&"00".repeat(1201)).is_err());
    }

    #[test]
    fn digests_have_one_length() {
        assert_eq!(Digest::from_text(&"ab".repeat(32)).unwrap().0, [0xab; 32]);
        let fault = Digest::from_text(&"ab".repeat(16)).unwrap_err();
        assert!(fault.to_string().contains("as long as an MD5"), "{fault}");
        assert!(Digest::from_text("ab").is_err());
    }
}
