//! The encoder of RFC 7541, as far as prepared answers need it: indexed where the static table has
//! the whole field, else literal without indexing, its name from the static table where there is
//! one, its strings packed where that is shorter.
//!
//! It never uses the dynamic table, so that a block that was made once is good on every connection.
//! Called when answers are prepared; what is added at answer time (a date, an id) goes through
//! [`encode_field_start`] and [`encode_raw_value`], which cost a copy.

use super::static_table::ENTRIES;
use super::{huffman, integer};

/// Appends `:status`, the first field of every answer (RFC 9113, 8.3.2).
pub fn encode_status(status: u16, out: &mut Vec<u8>) {
    let digits = [status / 100 % 10, status / 10 % 10, status % 10]
        .map(|digit| b'0' + digit.to_le_bytes()[0]);
    encode_field(b":status", &digits, out);
}

/// Appends a whole field. `name` is in lower case, as RFC 9113, 8.2.1 wants it.
pub fn encode_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    debug_assert!(
        !name.iter().any(u8::is_ascii_uppercase),
        "field names are in lower case"
    );
    match ENTRIES
        .iter()
        .position(|entry| entry.name == name && entry.value == value)
    {
        Some(at) if !value.is_empty() => integer::put(at + 1, 7, 0x80, out),
        _ => {
            encode_field_start(name, out);
            encode_shortest(value, out);
        }
    }
}

/// Appends a field up to its value; the value must follow, by [`encode_raw_value`].
pub fn encode_field_start(name: &[u8], out: &mut Vec<u8>) {
    match ENTRIES.iter().position(|entry| entry.name == name) {
        Some(at) => integer::put(at + 1, 4, 0x00, out),
        None => {
            out.push(0x00);
            encode_shortest(name, out);
        }
    }
}

/// Appends a value as it is, after [`encode_field_start`].
pub fn encode_raw_value(value: &[u8], out: &mut Vec<u8>) {
    integer::put(value.len(), 7, 0x00, out);
    out.extend_from_slice(value);
}

fn encode_shortest(text: &[u8], out: &mut Vec<u8>) {
    let packed = huffman::packed_len(text);
    if packed < text.len() {
        integer::put(packed, 7, 0x80, out);
        huffman::pack(text, out);
    } else {
        encode_raw_value(text, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        out.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn fields_take_their_shortest_form() {
        assert_eq!(hex(|out| encode_status(200, out)), "88");
        // Three digits are as long packed as raw: raw is cheaper to read.
        assert_eq!(hex(|out| encode_status(503, out)), "0803353033");
        assert_eq!(
            hex(|out| encode_field(b"accept-encoding", b"gzip, deflate", out)),
            "90"
        );
        // Appendix C.4.2 and C.6.1 pack these values the same.
        assert_eq!(
            hex(|out| encode_field(b"cache-control", b"no-cache", out)),
            "0f0986a8eb10649cbf"
        );
        assert_eq!(
            hex(|out| encode_field(b"cache-control", b"private", out)),
            "0f0985aec3771a4b"
        );
        assert_eq!(
            hex(|out| encode_field(b"custom-key", b"custom-value", out)),
            "008825a849e95ba97d7f8925a849e95bb8e8b4bf"
        );
        assert_eq!(hex(|out| encode_field(b"x", b"", out)), "00017800");
        assert_eq!(hex(|out| encode_field(b"via", b"", out)), "0f2d00");
    }

    #[test]
    fn a_value_may_follow_later() {
        let later = hex(|out| {
            encode_field_start(b"retry-after", out);
            encode_raw_value(b"120", out);
        });
        assert_eq!(later, "0f2603313230");
    }
}
