//! A request, once its fields make one (RFC 9113, section 8.3).
//!
//! Single fields were judged when they were decoded (`fields`); here is how they must go together.
//! Made by `connection`, read by whoever answers, who never sees a malformed one.

use super::fields::{Fields, Kind};
use super::limits::ExtendedConnect;

/// The head of a request. It borrows the buffer it was decoded into.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a [u8],
    /// Empty for CONNECT without `protocol`.
    pub scheme: &'a [u8],
    /// `:authority`, else `host`.
    pub authority: Option<&'a [u8]>,
    /// Path and query, `*` for OPTIONS; empty for CONNECT without `protocol`.
    pub path: &'a [u8],
    /// RFC 8441: what a CONNECT is to become, such as `websocket`.
    pub protocol: Option<&'a [u8]>,
    pub content_length: Option<u64>,
    /// No body follows.
    pub end_stream: bool,
    fields: &'a Fields,
}

/// A request that breaks section 8 of RFC 9113.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl<'a> Request<'a> {
    /// All fields but the pseudo-fields, in order, names in lower case.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.fields
            .iter()
            .filter(|(kind, ..)| !kind.is_pseudo())
            .map(|(_, name, value)| (name, value))
    }

    /// The first field of that name.
    pub fn field(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.fields()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// Makes a request of its fields.
    pub(crate) fn assemble(
        fields: &'a Fields,
        end_stream: bool,
        connect: ExtendedConnect,
    ) -> Result<Self, Malformed> {
        let mut parts = Parts::default();
        for (kind, _, value) in fields.iter() {
            parts.add(kind, value)?;
        }
        let request = Self {
            method: parts.method.ok_or(Malformed)?,
            scheme: parts.scheme.unwrap_or_default(),
            authority: parts.agreed_authority()?,
            path: parts.path.unwrap_or_default(),
            protocol: parts.protocol,
            content_length: parts.content_length,
            end_stream,
            fields,
        };
        let sound = if request.method == b"CONNECT" {
            parts.are_connect(connect)
        } else {
            parts.are_plain(request.method)
        };
        let body_sound = !end_stream || matches!(request.content_length, None | Some(0));
        if sound && body_sound {
            Ok(request)
        } else {
            Err(Malformed)
        }
    }
}

#[derive(Default)]
struct Parts<'a> {
    method: Option<&'a [u8]>,
    scheme: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
    protocol: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
    content_length: Option<u64>,
    /// A field that is no pseudo-field has been seen.
    regular: bool,
}

impl<'a> Parts<'a> {
    /// Section 8.3: pseudo-fields come first, each of them once.
    #[inline]
    fn add(&mut self, kind: Kind, value: &'a [u8]) -> Result<(), Malformed> {
        let slot = match kind {
            Kind::Method => &mut self.method,
            Kind::Scheme => &mut self.scheme,
            Kind::Path => &mut self.path,
            Kind::Authority => &mut self.authority,
            Kind::Protocol => &mut self.protocol,
            Kind::Host => {
                self.regular = true;
                return once(&mut self.host, value);
            }
            Kind::ContentLength => {
                self.regular = true;
                return self.add_content_length(value);
            }
            Kind::Regular => {
                self.regular = true;
                return Ok(());
            }
            Kind::Te | Kind::Malformed => return Err(Malformed),
        };
        if self.regular {
            Err(Malformed)
        } else {
            once(slot, value)
        }
    }

    /// RFC 9110, 8.6: several are one if they agree.
    fn add_content_length(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let length = std::str::from_utf8(value)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or(Malformed)?;
        match self.content_length.replace(length) {
            Some(before) if before != length => Err(Malformed),
            _ => Ok(()),
        }
    }

    /// Section 8.3.1: `host` must not contradict `:authority`. Neither is demanded: health checks
    /// of balancers come without, and everything that can be answered is.
    fn agreed_authority(&self) -> Result<Option<&'a [u8]>, Malformed> {
        match (self.authority, self.host) {
            (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => {
                Err(Malformed)
            }
            (authority, host) => Ok(authority.or(host)),
        }
    }

    /// Section 8.3.1.
    fn are_plain(&self, method: &[u8]) -> bool {
        let (Some(scheme), Some(path), None) = (self.scheme, self.path, self.protocol) else {
            return false;
        };
        let web = scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
        !web || path.first() == Some(&b'/') || (path == b"*" && method == b"OPTIONS")
    }

    /// Section 8.5, and RFC 8441, section 4 for those with a protocol.
    fn are_connect(&self, connect: ExtendedConnect) -> bool {
        match self.protocol {
            None => self.authority.is_some() && self.scheme.is_none() && self.path.is_none(),
            Some(_) => {
                let whole =
                    self.authority.is_some() && self.scheme.is_some() && self.path.is_some();
                whole && connect == ExtendedConnect::Offered
            }
        }
    }
}

fn once<'a>(slot: &mut Option<&'a [u8]>, value: &'a [u8]) -> Result<(), Malformed> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &[(&str, &str)], end_stream: bool) -> Result<String, Malformed> {
        let mut fields = Fields::default();
        fields.begin(64 * 1024);
        for (name, value) in list {
            fields.push(
                name.as_bytes(),
                value.as_bytes(),
                Kind::of_name(name.as_bytes()).with_value(value.as_bytes()),
            );
        }
        let request = Request::assemble(&fields, end_stream, ExtendedConnect::Offered)?;
        let text = |octets: &[u8]| octets.escape_ascii().to_string();
        Ok(format!(
            "{} {} {} {}",
            text(request.method),
            text(request.scheme),
            text(request.authority.unwrap_or(b"-")),
            text(request.path)
        ))
    }

    const GET: [(&str, &str); 4] = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "a.example"),
        (":path", "/x"),
    ];

    fn get_and(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        GET.iter().chain(more).copied().collect()
    }

    fn get_without(name: &str) -> Vec<(&'static str, &'static str)> {
        GET.into_iter().filter(|(own, _)| *own != name).collect()
    }

    #[test]
    fn sound_requests_are_assembled() {
        let whole = Ok("GET https a.example /x".to_owned());
        assert_eq!(check(&GET, true), whole);
        assert_eq!(
            check(
                &get_and(&[
                    ("host", "A.example"),
                    ("te", "trailers"),
                    ("content-length", "0")
                ]),
                true
            ),
            whole
        );
        assert_eq!(
            check(
                &get_and(&[("content-length", "7"), ("content-length", "7")]),
                false
            ),
            whole
        );
        assert_eq!(
            check(&get_without(":authority"), true),
            Ok("GET https - /x".to_owned())
        );
        let by_host: Vec<_> = get_without(":authority")
            .into_iter()
            .chain([("host", "b.example")])
            .collect();
        assert_eq!(
            check(&by_host, true),
            Ok("GET https b.example /x".to_owned())
        );
        let options = [(":method", "OPTIONS"), (":scheme", "http"), (":path", "*")];
        assert_eq!(check(&options, true), Ok("OPTIONS http - *".to_owned()));
        assert_eq!(
            check(
                &[(":method", "GET"), (":scheme", "urn"), (":path", "x")],
                true
            ),
            Ok("GET urn - x".to_owned())
        );
        assert_eq!(
            check(&[(":method", "CONNECT"), (":authority", "a:443")], false),
            Ok("CONNECT  a:443 ".to_owned())
        );
        let socket = [
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":scheme", "https"),
            (":path", "/chat"),
            (":authority", "a.example"),
        ];
        assert_eq!(
            check(&socket, false),
            Ok("CONNECT https a.example /chat".to_owned())
        );
    }

    #[test]
    fn malformed_requests_are_not() {
        let mut late = get_without(":path");
        late.extend([("accept", "*/*"), (":path", "/")]);
        for (list, end_stream, why) in [
            (get_without(":method"), true, "no method"),
            (get_without(":scheme"), true, "no scheme"),
            (get_without(":path"), true, "no path"),
            (get_and(&[(":path", "/y")]), true, "two paths"),
            (get_and(&[(":method", "GET")]), true, "two methods"),
            (get_and(&[(":scheme", "https")]), true, "two schemes"),
            (
                get_and(&[(":authority", "a.example")]),
                true,
                "two authorities",
            ),
            (late, true, "a pseudo-field after a field"),
            (
                get_and(&[(":status", "200")]),
                true,
                "a pseudo-field of responses",
            ),
            (
                get_and(&[("connection", "close")]),
                true,
                "a field about the connection",
            ),
            (
                get_and(&[("host", "b.example")]),
                true,
                "two hosts that differ",
            ),
            (
                get_and(&[("host", "a.example"), ("host", "a.example")]),
                true,
                "two hosts",
            ),
            (
                get_and(&[("content-length", "1")]),
                true,
                "a length and no body",
            ),
            (
                get_and(&[("content-length", "1"), ("content-length", "2")]),
                false,
                "two lengths",
            ),
            (
                get_and(&[("content-length", "99999999999999999999")]),
                false,
                "a length beyond numbers",
            ),
            (
                get_and(&[(":protocol", "websocket")]),
                true,
                "a protocol without CONNECT",
            ),
            (
                vec![(":method", "GET"), (":scheme", "http"), (":path", "*")],
                true,
                "an asterisk without OPTIONS",
            ),
            (
                vec![(":method", "GET"), (":scheme", "http"), (":path", "x")],
                true,
                "a path without a slash",
            ),
            (vec![(":method", "CONNECT")], false, "CONNECT to nowhere"),
            (
                vec![
                    (":method", "CONNECT"),
                    (":authority", "a:1"),
                    (":path", "/"),
                ],
                false,
                "CONNECT with a path",
            ),
            (
                vec![
                    (":method", "CONNECT"),
                    (":authority", "a:1"),
                    (":scheme", "http"),
                ],
                false,
                "CONNECT with a scheme",
            ),
            (
                vec![
                    (":method", "CONNECT"),
                    (":protocol", "websocket"),
                    (":authority", "a"),
                ],
                false,
                "WebSocket without a path",
            ),
        ] {
            assert_eq!(check(&list, end_stream), Err(Malformed), "{why}");
        }
    }

    #[test]
    fn fields_come_in_order_without_the_pseudo_ones() {
        let mut fields = Fields::default();
        fields.begin(1000);
        for (name, value) in get_and(&[("cookie", "a"), ("accept", "b"), ("cookie", "c")]) {
            fields.push(
                name.as_bytes(),
                value.as_bytes(),
                Kind::of_name(name.as_bytes()).with_value(value.as_bytes()),
            );
        }
        let request = Request::assemble(&fields, true, ExtendedConnect::Withheld).unwrap();
        let names: Vec<_> = request.fields().collect();
        assert_eq!(
            names,
            [
                (&b"cookie"[..], &b"a"[..]),
                (b"accept", b"b"),
                (b"cookie", b"c")
            ]
        );
        assert_eq!(
            (request.field(b"accept"), request.field(b"host")),
            (Some(&b"b"[..]), None)
        );
    }
}
