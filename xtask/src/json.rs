//! A small reader of JSON for what cargo prints, and the escaping for what xtask prints. Not a general library: it keeps numbers as
//! `f64` and refuses what is nested deeper than cargo ever nests.

const DEEPEST: usize = 64;

/// One JSON value (RFC 8259).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The member of that name; `Null` if this is no object or has no such member.
    pub(crate) fn at(&self, name: &str) -> &Json {
        const NOTHING: &Json = &Json::Null;
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(n, _)| n == name)
                .map_or(NOTHING, |(_, value)| value),
            _ => NOTHING,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> &[Json] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }
}

/// Reads one value, which must be all that there is.
pub(crate) fn parse(text: &str) -> Result<Json, String> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(reader.complaint("nothing more"))
    }
}

/// `text` as a JSON string, with its quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > DEEPEST {
            return Err(self.complaint("less nesting"));
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            self.space();
            self.need(b':')?;
            members.push((name, self.value(depth + 1)?));
            self.space();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            self.need(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            self.need(b',')?;
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.need(b'"')?;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let stop = rest
                .find(['"', '\\'])
                .ok_or_else(|| self.complaint("the end of a string"))?;
            out.push_str(&rest[..stop]);
            self.at += stop + 1;
            if rest.as_bytes()[stop] == b'"' {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let byte = self.peek().ok_or_else(|| self.complaint("an escape"))?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => self.unicode()?,
            _ => return Err(self.complaint("an escape")),
        })
    }

    fn unicode(&mut self) -> Result<char, String> {
        let high = self.four_digits()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high).ok_or_else(|| self.complaint("a character"));
        }
        self.need(b'\\')?;
        self.need(b'u')?;
        let low = self.four_digits()?;
        let pair = low
            .checked_sub(0xdc00)
            .map(|low| 0x1_0000 + ((high - 0xd800) << 10) + low);
        pair.and_then(char::from_u32)
            .ok_or_else(|| self.complaint("the second half of a pair"))
    }

    fn four_digits(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4);
        let value = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        self.at += 4;
        value.ok_or_else(|| self.complaint("four hexadecimal digits"))
    }

    fn number(&mut self) -> Result<Json, String> {
        let rest = &self.text[self.at..];
        let stop = rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let number = rest[..stop]
            .parse()
            .map_err(|_| self.complaint("a number"))?;
        self.at += stop;
        Ok(Json::Number(number))
    }

    fn word(&mut self) -> Result<Json, String> {
        let words = [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
        ];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.complaint("a value"))
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, byte: u8) -> Result<(), String> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.complaint(&format!("`{}`", char::from(byte))))
        }
    }

    fn complaint(&self, expected: &str) -> String {
        format!("expected {expected} at byte {} of the JSON text", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, parse, quoted};

    #[test]
    fn values_of_every_kind_are_read() {
        let value = parse(
            r#" {"a":[1,-2.5e1,true,null],"b":{"c":"x\n\u00e9\ud83d\ude00\"/"}, "d":[], "e":{}} "#,
        )
        .unwrap();
        assert_eq!(value.at("a").list()[1], Json::Number(-25.0));
        assert!(value.at("a").list()[2].is_true());
        assert_eq!(value.at("b").at("c").text(), Some("x\né😀\"/"));
        assert_eq!(value.at("nothing").at("below"), &Json::Null);
    }

    #[test]
    fn mistakes_are_errors_and_not_panics() {
        let deep = "[".repeat(100);
        for text in [
            "",
            "{",
            "[1",
            "[1,]",
            "{\"a\"}",
            "\"",
            "\"\\",
            "\"\\u12",
            "\"\\ud800x\"",
            "\"\\ud800\\u0041\"",
            "tru",
            "1 2",
            "-",
            deep.as_str(),
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_quoted_reads_back() {
        let text = "a \"b\" \\ \n \u{1} é";
        assert_eq!(parse(&quoted(text)), Ok(Json::Text(text.into())));
    }
}
