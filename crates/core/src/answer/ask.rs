//! What of a request's head decides its answer, borrowed from wherever the transport keeps it.
//!
//! Every transport fills an [`Ask`]; nothing else of a request is ever looked at when an answer is chosen.

/// The methods that matter to an answer. Names are case-sensitive (RFC 9110, section 9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD: answered like GET, without a body.
    Head,
    /// POST
    Post,
    /// OPTIONS: only a CORS preflight is special.
    Options,
    /// PUT, PATCH, DELETE
    Write,
    /// Everything else, known to somebody or not.
    Other,
}

/// How many there are; an index for metrics is `method.class() as usize`.
pub const METHODS: usize = 6;

impl Method {
    /// Reads the method's token.
    pub fn parse(token: &[u8]) -> Method {
        match token {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"OPTIONS" => Method::Options,
            b"PUT" | b"PATCH" | b"DELETE" => Method::Write,
            _ => Method::Other,
        }
    }

    /// The label in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Options => "OPTIONS",
            Method::Write => "write",
            Method::Other => "other",
        }
    }

    /// All of them, in the order of their numbers.
    pub const ALL: [Method; METHODS] = [
        Method::Get,
        Method::Head,
        Method::Post,
        Method::Options,
        Method::Write,
        Method::Other,
    ];
}

/// The lines of one list-valued field, in order. More lines than fit count as a malformed field.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lines<'a> {
    lines: [&'a [u8]; Lines::MOST],
    length: usize,
}

impl<'a> Lines<'a> {
    const MOST: usize = 4;

    /// A field with one line.
    pub fn one(line: &'a [u8]) -> Lines<'a> {
        let mut lines = Lines::default();
        lines.push(line);
        lines
    }

    /// Adds the next line of the field.
    pub fn push(&mut self, line: &'a [u8]) {
        if let Some(place) = self.lines.get_mut(self.length) {
            *place = line;
        }
        self.length = self.length.saturating_add(1);
    }

    /// The lines themselves.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.lines
            .iter()
            .take(self.length.min(Lines::MOST))
            .copied()
    }

    /// The field's elements: split at commas outside quotation marks (RFC 9110, section 5.6.1), ends trimmed, empty
    /// ones left out. `None` where the field is absent or had more lines than anybody sends.
    pub fn elements(&self) -> Option<Elements<'a>> {
        if self.length == 0 || self.length > Lines::MOST {
            return None;
        }
        Some(Elements {
            lines: *self,
            line: 0,
            rest: self.lines[0],
        })
    }
}

/// Iterates over the elements of a list-valued field.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    lines: Lines<'a>,
    line: usize,
    rest: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if self.rest.is_empty() {
                self.line += 1;
                if self.line >= self.lines.length {
                    return None;
                }
                self.rest = self.lines.lines[self.line];
                continue;
            }
            let end = comma(self.rest);
            let element = self.rest[..end].trim_ascii();
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            if !element.is_empty() {
                return Some(element);
            }
        }
    }
}

/// Where the element that begins `text` ends: the first comma outside a quoted string, or the end.
fn comma(text: &[u8]) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

/// The facts of one request.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Its method.
    pub method: Method,
    /// The method's token as it was sent, for a preflight's answer and the access log.
    pub method_token: &'a [u8],
    /// The path of its target without the query; `*` for `OPTIONS *`, empty for CONNECT.
    pub path: &'a [u8],
    /// `Accept`
    pub accept: Lines<'a>,
    /// `Accept-Language`
    pub accept_language: Lines<'a>,
    /// `Accept-Encoding`
    pub accept_encoding: Lines<'a>,
    /// `Content-Type` of its own body
    pub content_type: Option<&'a [u8]>,
    /// `Sec-Fetch-Dest` (Fetch Metadata Request Headers)
    pub fetch_dest: Option<&'a [u8]>,
    /// `Origin`
    pub origin: Option<&'a [u8]>,
    /// `Access-Control-Request-Method`
    pub preflight_method: Option<&'a [u8]>,
    /// `Access-Control-Request-Headers`
    pub preflight_headers: Option<&'a [u8]>,
    /// It asks to become a WebSocket (RFC 6455, section 4.1; RFC 8441).
    pub websocket: bool,
    /// `User-Agent`
    pub user_agent: Option<&'a [u8]>,
    /// The whole request target as it was sent, for the way back from a redirect and for the access log.
    pub target: &'a [u8],
    /// `Referer`, for the access log alone.
    pub referer: Option<&'a [u8]>,
}

impl<'a> Ask<'a> {
    /// A request for `path` that says nothing about itself.
    pub fn new(method_token: &'a [u8], path: &'a [u8]) -> Ask<'a> {
        Ask {
            method: Method::parse(method_token),
            method_token,
            path,
            accept: Lines::default(),
            accept_language: Lines::default(),
            accept_encoding: Lines::default(),
            content_type: None,
            fetch_dest: None,
            origin: None,
            preflight_method: None,
            preflight_headers: None,
            websocket: false,
            user_agent: None,
            target: path,
            referer: None,
        }
    }

    /// Keeps a field of the request if it decides an answer; others are ignored. The name is in lower case, as HTTP/2
    /// has it (RFC 9113, section 8.2.1). What a field says of its connection is the transport's to read.
    pub fn take_field(&mut self, name_lower_case: &[u8], value: &'a [u8]) {
        match name_lower_case {
            b"accept" => self.accept.push(value),
            b"accept-language" => self.accept_language.push(value),
            b"accept-encoding" => self.accept_encoding.push(value),
            b"content-type" => self.content_type = Some(value),
            b"sec-fetch-dest" => self.fetch_dest = Some(value),
            b"origin" => self.origin = Some(value),
            b"access-control-request-method" => self.preflight_method = Some(value),
            b"access-control-request-headers" => self.preflight_headers = Some(value),
            b"user-agent" => self.user_agent = Some(value),
            b"referer" => self.referer = Some(value),
            _ => {}
        }
    }
}

/// `tchar` of RFC 9110, section 5.6.2.
#[inline]
pub fn is_token_byte(byte: u8) -> bool {
    TOKEN_BYTES[byte as usize]
}

/// A table, because every byte of every field's name is looked up.
const TOKEN_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        byte += 1;
    }
    table
};

/// `token` of RFC 9110, section 5.6.2.
#[inline]
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|b| is_token_byte(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(lines: &[&str]) -> Option<Vec<String>> {
        let mut field = Lines::default();
        for line in lines {
            field.push(line.as_bytes());
        }
        let texts = field
            .elements()?
            .map(|e| String::from_utf8_lossy(e).into_owned())
            .collect();
        Some(texts)
    }

    #[test]
    fn lists_are_split_at_commas_outside_quotes() {
        for (lines, expected) in [
            (&["a, b;q=0.1 ,,c"][..], Some(vec!["a", "b;q=0.1", "c"])),
            (&["a", "b,c"], Some(vec!["a", "b", "c"])),
            (
                &["a;x=\"1,\\\",2\", b"],
                Some(vec!["a;x=\"1,\\\",2\"", "b"]),
            ),
            (&["", "  "], Some(vec![])),
            (&[], None),
            (&["a", "b", "c", "d", "e"], None),
        ] {
            let expected = expected.map(|v| v.into_iter().map(str::to_owned).collect());
            assert_eq!(elements(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn tokens_have_letters_digits_and_fifteen_signs() {
        let token: Vec<u8> = (0..=u8::MAX).filter(|b| is_token_byte(*b)).collect();
        let expected =
            b"!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~";
        assert_eq!(token, expected);
        assert!(is_token(b"a-b") && !is_token(b"") && !is_token(b"a b"));
    }

    #[test]
    fn fields_find_their_place_and_others_are_ignored() {
        let mut ask = Ask::new(b"GET", b"/");
        let names = [
            "content-type",
            "sec-fetch-dest",
            "origin",
            "access-control-request-method",
            "access-control-request-headers",
            "user-agent",
            "referer",
            "accept",
            "accept-language",
            "accept-encoding",
            "cookie",
        ];
        for name in names {
            ask.take_field(name.as_bytes(), name.as_bytes());
        }
        let single = [
            ask.content_type,
            ask.fetch_dest,
            ask.origin,
            ask.preflight_method,
            ask.preflight_headers,
            ask.user_agent,
            ask.referer,
        ];
        let lists = [ask.accept, ask.accept_language, ask.accept_encoding];
        let found = single
            .into_iter()
            .chain(lists.iter().map(|lines| lines.elements()?.next()));
        assert!(found.eq(names[..10].iter().map(|name| Some(name.as_bytes()))));
    }
}
