//! The static table of RFC 7541, appendix A: what both sides know before the first octet.
//!
//! Used by the decoder (entries by index) and by the encoder (indices by name).

use crate::http2::fields::Kind;

/// Entry 1 comes first: the index on the wire is one more than the index here.
pub(crate) static ENTRIES: [Entry; 61] = [
    entry(b":authority", b"", Kind::Authority),
    entry(b":method", b"GET", Kind::Method),
    entry(b":method", b"POST", Kind::Method),
    entry(b":path", b"/", Kind::Path),
    entry(b":path", b"/index.html", Kind::Path),
    entry(b":scheme", b"http", Kind::Scheme),
    entry(b":scheme", b"https", Kind::Scheme),
    entry(b":status", b"200", Kind::Malformed),
    entry(b":status", b"204", Kind::Malformed),
    entry(b":status", b"206", Kind::Malformed),
    entry(b":status", b"304", Kind::Malformed),
    entry(b":status", b"400", Kind::Malformed),
    entry(b":status", b"404", Kind::Malformed),
    entry(b":status", b"500", Kind::Malformed),
    entry(b"accept-charset", b"", Kind::Regular),
    entry(b"accept-encoding", b"gzip, deflate", Kind::Regular),
    entry(b"accept-language", b"", Kind::Regular),
    entry(b"accept-ranges", b"", Kind::Regular),
    entry(b"accept", b"", Kind::Regular),
    entry(b"access-control-allow-origin", b"", Kind::Regular),
    entry(b"age", b"", Kind::Regular),
    entry(b"allow", b"", Kind::Regular),
    entry(b"authorization", b"", Kind::Regular),
    entry(b"cache-control", b"", Kind::Regular),
    entry(b"content-disposition", b"", Kind::Regular),
    entry(b"content-encoding", b"", Kind::Regular),
    entry(b"content-language", b"", Kind::Regular),
    entry(b"content-length", b"", Kind::ContentLength),
    entry(b"content-location", b"", Kind::Regular),
    entry(b"content-range", b"", Kind::Regular),
    entry(b"content-type", b"", Kind::Regular),
    entry(b"cookie", b"", Kind::Regular),
    entry(b"date", b"", Kind::Regular),
    entry(b"etag", b"", Kind::Regular),
    entry(b"expect", b"", Kind::Regular),
    entry(b"expires", b"", Kind::Regular),
    entry(b"from", b"", Kind::Regular),
    entry(b"host", b"", Kind::Host),
    entry(b"if-match", b"", Kind::Regular),
    entry(b"if-modified-since", b"", Kind::Regular),
    entry(b"if-none-match", b"", Kind::Regular),
    entry(b"if-range", b"", Kind::Regular),
    entry(b"if-unmodified-since", b"", Kind::Regular),
    entry(b"last-modified", b"", Kind::Regular),
    entry(b"link", b"", Kind::Regular),
    entry(b"location", b"", Kind::Regular),
    entry(b"max-forwards", b"", Kind::Regular),
    entry(b"proxy-authenticate", b"", Kind::Regular),
    entry(b"proxy-authorization", b"", Kind::Regular),
    entry(b"range", b"", Kind::Regular),
    entry(b"referer", b"", Kind::Regular),
    entry(b"refresh", b"", Kind::Regular),
    entry(b"retry-after", b"", Kind::Regular),
    entry(b"server", b"", Kind::Regular),
    entry(b"set-cookie", b"", Kind::Regular),
    entry(b"strict-transport-security", b"", Kind::Regular),
    entry(b"transfer-encoding", b"", Kind::Malformed),
    entry(b"user-agent", b"", Kind::Regular),
    entry(b"vary", b"", Kind::Regular),
    entry(b"via", b"", Kind::Regular),
    entry(b"www-authenticate", b"", Kind::Regular),
];

/// A field that both sides know.
pub(crate) struct Entry {
    pub(crate) name: &'static [u8],
    pub(crate) value: &'static [u8],
    /// What the name is in a request, whatever its value.
    pub(crate) name_kind: Kind,
    /// What name and value are together.
    pub(crate) kind: Kind,
}

const fn entry(name: &'static [u8], value: &'static [u8], name_kind: Kind) -> Entry {
    // Some names of the table are there for the sake of the name alone: with the empty value beside
    // them they are malformed.
    let kind = match name_kind {
        Kind::Authority | Kind::Host | Kind::ContentLength if value.is_empty() => Kind::Malformed,
        _ => name_kind,
    };
    Entry {
        name,
        value,
        name_kind,
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdicts_are_those_of_the_judge() {
        for entry in &ENTRIES {
            let name_kind = Kind::of_name(entry.name);
            assert_eq!(entry.name_kind, name_kind, "{}", entry.name.escape_ascii());
            assert_eq!(
                entry.kind,
                name_kind.with_value(entry.value),
                "{}",
                entry.name.escape_ascii()
            );
        }
    }
}
