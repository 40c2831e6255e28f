//! Host names as requests and configuration write them, brought to one form (RFC 9110, section 7.2; RFC 3986, 3.2.2).
//!
//! It says which name a request is for; which site that is, a map in the server knows.

/// The longest name that can match a site (RFC 1035, section 2.3.4).
pub const LONGEST: usize = 253;

/// A host name in its one form: lower case, no port, no trailing dot. Lives on the stack.
#[derive(Clone, Copy)]
pub struct Host {
    bytes: [u8; LONGEST],
    length: u8,
}

impl Host {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever copied in.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or("")
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a Host field or an authority turned out to be.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::large_enum_variant,
    reason = "lives on the stack for one request and is never collected"
)]
pub enum Authority {
    /// Allowed, and a name that a site may have.
    Named(Host),
    /// Allowed, but no site's name: empty, or longer than any name.
    Anonymous,
    /// Not in the grammar of RFC 3986: such a request is refused with 400.
    Malformed,
}

/// Reads `host [":" port]`. IPv6 literals keep their brackets.
pub fn parse(authority: &[u8]) -> Authority {
    let Some(name) = without_port(authority) else {
        return Authority::Malformed;
    };
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.is_empty() || name.len() > LONGEST {
        return if name.iter().all(|b| is_host_byte(*b)) {
            Authority::Anonymous
        } else {
            Authority::Malformed
        };
    }
    let mut bytes = [0; LONGEST];
    for (to, from) in bytes.iter_mut().zip(name) {
        if !is_host_byte(*from) {
            return Authority::Malformed;
        }
        *to = from.to_ascii_lowercase();
    }
    let length = u8::try_from(name.len()).unwrap_or(0);
    Authority::Named(Host { bytes, length })
}

fn without_port(authority: &[u8]) -> Option<&[u8]> {
    if authority.first() == Some(&b'[') {
        let end = authority.iter().position(|b| *b == b']')?;
        let inside = &authority[1..end];
        let literal = inside
            .iter()
            .all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
        return (literal && !inside.is_empty() && is_port(&authority[end + 1..]))
            .then_some(&authority[..=end]);
    }
    match authority.iter().position(|b| *b == b':') {
        Some(colon) => is_port(&authority[colon..]).then_some(&authority[..colon]),
        None => Some(authority),
    }
}

/// Nothing, or a colon and at most five digits (none at all is allowed by RFC 3986).
fn is_port(rest: &[u8]) -> bool {
    match rest.split_first() {
        None => true,
        Some((b':', digits)) => digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    }
}

/// `reg-name` without percent-encoding for what can be looked up, plus `_` which people use, plus the literals' own.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b'%'
                | b'['
                | b']'
                | b':'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(authority: &str) -> String {
        match parse(authority.as_bytes()) {
            Authority::Named(host) => host.as_str().to_owned(),
            Authority::Anonymous => "(anonymous)".into(),
            Authority::Malformed => "(malformed)".into(),
        }
    }

    #[test]
    fn authorities_have_one_form() {
        for (authority, expected) in [
            ("Shop.Example.COM", "shop.example.com"),
            ("shop.example.com:8080", "shop.example.com"),
            ("shop.example.com.", "shop.example.com"),
            ("shop.example.com.:80", "shop.example.com"),
            ("shop:", "shop"),
            ("[::1]:80", "[::1]"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
            ("a_b.example", "a_b.example"),
            ("", "(anonymous)"),
            (":80", "(anonymous)"),
            ("a:b", "(malformed)"),
            ("a:123456", "(malformed)"),
            ("a b", "(malformed)"),
            ("user@host", "(malformed)"),
            ("a/b", "(malformed)"),
            ("[::1", "(malformed)"),
            ("[]", "(malformed)"),
            ("[::1]x", "(malformed)"),
            ("a\u{e4}", "(malformed)"),
        ] {
            assert_eq!(said(authority), expected, "{authority:?}");
        }
        assert_eq!(said(&"a".repeat(254)), "(anonymous)");
        assert_eq!(said(&"a".repeat(253)), "a".repeat(253));
    }
}
