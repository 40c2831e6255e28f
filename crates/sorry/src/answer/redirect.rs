//! The way to the page in redirect mode: a path of ours, with the way back in its query.
//!
//! Only the path and query that were asked for are carried, percent-encoded to letters that cannot mean anything to
//! anybody; never the Host. The page's script checks them again before it goes there.

/// Longer ways back are left out: the visitor then returns to the front page.
const LONGEST: usize = 2048;

/// Appends `page?from=/what/was%3Fasked`, or just `page`.
pub(super) fn push_location(page: &str, target: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(page.as_bytes());
    let way = way_back(target);
    if way.is_empty() || way == b"/" {
        return;
    }
    out.extend_from_slice(b"?from=");
    for byte in way {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(*byte);
            }
            other => {
                out.push(b'%');
                out.push(DIGITS[usize::from(other >> 4)]);
                out.push(DIGITS[usize::from(other & 15)]);
            }
        }
    }
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// The path and query of a target, if a visitor can be sent back there: origin-form, and not `//host`.
fn way_back(target: &[u8]) -> &[u8] {
    let slash = match target.first() {
        Some(b'/') => 0,
        // absolute-form: after the authority
        _ => match target.windows(3).position(|part| part == b"://") {
            Some(at) => match target[at + 3..].iter().position(|b| *b == b'/') {
                Some(slash) => at + 3 + slash,
                None => return b"",
            },
            None => return b"",
        },
    };
    let way = &target[slash..];
    let leads_elsewhere = matches!(way.get(1), Some(b'/' | b'\\'));
    if leads_elsewhere || way.len() > LONGEST {
        b""
    } else {
        way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_harmless() {
        for (target, expected) in [
            ("/", "/p"),
            ("/cart?id=1&x=%20", "/p?from=/cart%3Fid%3D1%26x%3D%2520"),
            ("/a\r\nSet-Cookie: x", "/p?from=/a%0D%0ASet-Cookie%3A%20x"),
            ("//evil.example/", "/p"),
            ("/\\evil.example/", "/p"),
            ("http://shop.example/a", "/p?from=/a"),
            ("http://shop.example", "/p"),
            ("*", "/p"),
            ("/\"<>", "/p?from=/%22%3C%3E"),
        ] {
            let mut out = Vec::new();
            push_location("/p", target.as_bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{target:?}");
        }
        let mut out = Vec::new();
        push_location("/p", "/a".repeat(2000).as_bytes(), &mut out);
        assert_eq!(out, b"/p");
    }
}
