//! The decoded field section of one request: one buffer for all names and values, reused from
//! request to request, and what each field is.
//!
//! What a single field may look like is decided here, once, when the field is decoded (RFC 9113,
//! 8.2 and 8.3): a field that the peer refers to again through its HPACK table keeps its verdict
//! there. How fields go together is decided in `request`. Filled by `hpack::decode`.

use sorry_core::answer::ask::{is_token, is_token_byte};

/// What a field of a request is, from its name and value alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Method,
    Scheme,
    Path,
    Authority,
    Protocol,
    Host,
    ContentLength,
    /// `TE`, known by its name; with the value `trailers` it is regular, with any other malformed.
    Te,
    Regular,
    /// No request may have this field.
    Malformed,
}

impl Kind {
    /// Of a name whose value has not been seen yet.
    pub(crate) fn of_name(name: &[u8]) -> Self {
        match name {
            b":method" => Self::Method,
            b":scheme" => Self::Scheme,
            b":path" => Self::Path,
            b":authority" => Self::Authority,
            b":protocol" => Self::Protocol,
            b"host" => Self::Host,
            b"content-length" => Self::ContentLength,
            b"te" => Self::Te,
            // RFC 9113, 8.2.2: fields about the connection have no place here.
            b"connection" | b"proxy-connection" | b"keep-alive" | b"transfer-encoding"
            | b"upgrade" => Self::Malformed,
            _ if is_field_name(name) => Self::Regular,
            _ => Self::Malformed,
        }
    }

    /// The verdict on a field whose name was judged by [`Kind::of_name`].
    pub(crate) fn with_value(self, value: &[u8]) -> Self {
        let sound = match self {
            Self::Method | Self::Protocol => is_token(value),
            Self::Scheme => is_scheme(value),
            Self::Path => !value.is_empty() && all_visible(value),
            Self::Authority | Self::Host => {
                !value.is_empty() && all_visible(value) && !value.contains(&b'@')
            }
            Self::ContentLength => !value.is_empty() && value.iter().all(u8::is_ascii_digit),
            Self::Te if value.eq_ignore_ascii_case(b"trailers") => return Self::Regular,
            Self::Te | Self::Malformed => false,
            Self::Regular => is_field_value(value),
        };
        if sound { self } else { Self::Malformed }
    }

    pub(crate) fn is_pseudo(self) -> bool {
        matches!(
            self,
            Self::Method | Self::Scheme | Self::Path | Self::Authority | Self::Protocol
        )
    }
}

/// The fields of one section, in order.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// Names and values, one after the other.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// What the section may still take, counted as RFC 9113, 10.5.1 does: name, value and 32 octets
    /// a field.
    room: usize,
    overflowed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    name_len: usize,
    value_len: usize,
    kind: Kind,
}

/// What a field costs beside its octets (RFC 9113, 6.5.2; RFC 7541, 4.1).
pub(crate) const OVERHEAD: usize = 32;

impl Fields {
    /// Empties the list for a section of at most `room` octets.
    pub(crate) fn begin(&mut self, room: usize) {
        self.bytes.clear();
        self.entries.clear();
        self.room = room;
        self.overflowed = false;
    }

    /// True when the section was larger than its room: what came after is not kept.
    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Copies a whole field.
    #[inline]
    pub(crate) fn push(&mut self, name: &[u8], value: &[u8], kind: Kind) {
        if self.admit(name.len() + value.len()) {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(name);
            self.bytes.extend_from_slice(value);
            self.entries.push(Entry {
                start,
                name_len: name.len(),
                value_len: value.len(),
                kind,
            });
        }
    }

    /// The buffer, for a name and a value that are decoded in place; [`Fields::close`] makes a
    /// field of them.
    pub(crate) fn open(&mut self) -> (usize, &mut Vec<u8>) {
        (self.bytes.len(), &mut self.bytes)
    }

    /// Name and value that were decoded in place from `start` on.
    pub(crate) fn opened(&self, start: usize, name_len: usize) -> (&[u8], &[u8]) {
        self.bytes[start..].split_at(name_len)
    }

    /// Makes a field of what was decoded in place.
    pub(crate) fn close(&mut self, start: usize, name_len: usize, kind: Kind) {
        let len = self.bytes.len() - start;
        if self.admit(len) {
            self.entries.push(Entry {
                start,
                name_len,
                value_len: len - name_len,
                kind,
            });
        } else {
            self.bytes.truncate(start);
        }
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Kind, &[u8], &[u8])> {
        self.entries.iter().map(|entry| {
            let (name, value) = self.bytes
                [entry.start..entry.start + entry.name_len + entry.value_len]
                .split_at(entry.name_len);
            (entry.kind, name, value)
        })
    }

    #[inline]
    fn admit(&mut self, len: usize) -> bool {
        match self.room.checked_sub(len + OVERHEAD) {
            Some(room) if !self.overflowed => {
                self.room = room;
                true
            }
            _ => {
                self.overflowed = true;
                false
            }
        }
    }
}

/// RFC 9113, 8.2.1: a field name is a token in lower case.
fn is_field_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name
            .iter()
            .all(|&byte| is_token_byte(byte) && !byte.is_ascii_uppercase())
}

/// RFC 9113, 8.2.1: no NUL, CR or LF anywhere, no space or tab at either end.
fn is_field_value(value: &[u8]) -> bool {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    // Without a way out of the loop the compiler looks at many octets at a time.
    let broken = value.iter().fold(false, |broken, &byte| {
        broken | (byte == 0) | (byte == b'\r') | (byte == b'\n')
    });
    !broken && !blank(value.first()) && !blank(value.last())
}

/// RFC 3986, 3.1.
fn is_scheme(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_alphabetic)
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Neither controls nor spaces: what would break the request line that a gateway makes of it (RFC
/// 9113, 10.3).
fn all_visible(value: &[u8]) -> bool {
    !value.iter().fold(false, |broken, &byte| {
        broken | (byte <= b' ') | (byte == 0x7f)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(name: &str, value: &[u8]) -> Kind {
        Kind::of_name(name.as_bytes()).with_value(value)
    }

    #[test]
    fn fields_are_judged_by_name_and_value() {
        for (name, value, kind) in [
            (":method", &b"PROPFIND"[..], Kind::Method),
            (":method", b"GE T", Kind::Malformed),
            (":method", b"", Kind::Malformed),
            (":scheme", b"https", Kind::Scheme),
            (":scheme", b"1http", Kind::Malformed),
            (":path", b"/%20?x=\xff", Kind::Path),
            (":path", b"/a b", Kind::Malformed),
            (":path", b"", Kind::Malformed),
            (":authority", b"shop.example.com:443", Kind::Authority),
            (":authority", b"user@shop.example.com", Kind::Malformed),
            (":protocol", b"websocket", Kind::Protocol),
            (":status", b"200", Kind::Malformed),
            (":other", b"x", Kind::Malformed),
            ("host", b"", Kind::Malformed),
            ("content-length", b"0", Kind::ContentLength),
            ("content-length", b"+1", Kind::Malformed),
            ("te", b"Trailers", Kind::Regular),
            ("te", b"trailers, deflate", Kind::Malformed),
            ("connection", b"close", Kind::Malformed),
            ("upgrade", b"h2c", Kind::Malformed),
            ("keep-alive", b"", Kind::Malformed),
            ("proxy-connection", b"x", Kind::Malformed),
            ("transfer-encoding", b"chunked", Kind::Malformed),
            ("accept", b"", Kind::Regular),
            ("accept", b"a\tb \xe4", Kind::Regular),
            ("accept", b" x", Kind::Malformed),
            ("accept", b"x\t", Kind::Malformed),
            ("accept", b"a\r\nb", Kind::Malformed),
            ("accept", b"a\0", Kind::Malformed),
            ("Accept", b"x", Kind::Malformed),
            ("a b", b"x", Kind::Malformed),
            ("a:b", b"x", Kind::Malformed),
            ("", b"x", Kind::Malformed),
        ] {
            assert_eq!(judge(name, value), kind, "{name}: {}", value.escape_ascii());
        }
    }

    #[test]
    fn a_section_beyond_its_room_is_cut_and_says_so() {
        let mut fields = Fields::default();
        fields.begin(2 * OVERHEAD + 6);
        fields.push(b"a", b"bc", Kind::Regular);
        fields.push(b"d", b"ef", Kind::Regular);
        assert!(!fields.overflowed());
        fields.push(b"g", b"", Kind::Regular);
        assert!(fields.overflowed());
        assert_eq!(fields.iter().count(), 2);
        fields.begin(100);
        assert!(!fields.overflowed() && fields.iter().next().is_none());
    }
}
