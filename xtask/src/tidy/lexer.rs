//! Cuts Rust source into tokens, so that no rule takes a comment or a string for code. Knows just enough of the language (The Rust
//! Reference, chapter Lexical structure): words, strings of every kind, lifetimes, and marks one by one, `::` being one mark.

/// A piece of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// The word or mark; empty for a literal.
    pub(crate) text: String,
    /// The line it starts on, counted from 1.
    pub(crate) line: usize,
    /// The line it ends on: another one for a long string.
    pub(crate) end: usize,
    /// Whether it is part of an item that only tests compile.
    pub(crate) in_test: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Mark,
    /// String, character, number or lifetime.
    Literal,
}

impl Token {
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    pub(crate) fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }
}

/// The tokens of a source.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: text,
        line: 1,
        tokens: Vec::new(),
    };
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    let mut tokens = lexer.tokens;
    mark_tests(&mut tokens);
    tokens
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let first = self.rest.chars().next().unwrap_or(' ');
        if first.is_whitespace() {
            self.skip(first.len_utf8());
        } else if self.rest.starts_with("//") {
            let length = self.rest.find('\n').unwrap_or(self.rest.len());
            self.skip(length);
        } else if self.rest.starts_with("/*") {
            let length = block_comment(self.rest);
            self.skip(length);
        } else if let Some(length) = literal(self.rest) {
            self.push(Kind::Literal, length);
        } else if first == '_' || first.is_alphabetic() {
            self.word();
        } else if self.rest.starts_with("::") {
            self.push(Kind::Mark, 2);
        } else {
            self.push(Kind::Mark, first.len_utf8());
        }
    }

    fn word(&mut self) {
        // r#type is the word `type`.
        let raw = if self.rest.starts_with("r#") { 2 } else { 0 };
        self.skip(raw);
        let length = word_length(self.rest);
        self.push(Kind::Word, length);
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let line = self.line;
        let text = match kind {
            Kind::Literal => String::new(),
            Kind::Word | Kind::Mark => self.rest[..length].to_owned(),
        };
        self.skip(length);
        self.tokens.push(Token {
            kind,
            text,
            line,
            end: self.line,
            in_test: false,
        });
    }

    fn skip(&mut self, length: usize) {
        let (gone, rest) = self.rest.split_at(length);
        self.line += gone.matches('\n').count();
        self.rest = rest;
    }
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| c != '_' && !c.is_alphanumeric())
        .unwrap_or(text.len())
}

/// Comments nest.
fn block_comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of the literal that `text` starts with, if it does.
fn literal(text: &str) -> Option<usize> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(word_length(text));
    }
    let prefix = ["br", "cr", "b", "c", "r", ""]
        .into_iter()
        .find(|p| text.starts_with(*p))?;
    let body = &text[prefix.len()..];
    if body.starts_with('"') && !prefix.ends_with('r') {
        return Some(prefix.len() + string(body));
    }
    if prefix.ends_with('r') {
        return raw_string(body).map(|length| prefix.len() + length);
    }
    if body.starts_with('\'') && prefix != "c" {
        return Some(prefix.len() + quote(body));
    }
    None
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `"..."` or `#"..."#` with any number of `#`; None for a raw word such as `r#type`.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let body = text[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(hashes + 1 + length)
}

/// A character, or a lifetime.
fn quote(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let from = at + escaped.len_utf8();
            text[from..]
                .find('\'')
                .map_or(text.len(), |end| from + end + 1)
        }
        (_, Some((at, '\''))) => at + 1,
        _ => 1 + word_length(&text[1..]),
    }
}

/// Marks the items below `#[cfg(test)]` and `#[test]`.
fn mark_tests(tokens: &mut [Token]) {
    let mut at = 0;
    while at < tokens.len() {
        match test_attribute(&tokens[at..]) {
            Some(length) => {
                let end = at + length + item(&tokens[at + length..]);
                for token in &mut tokens[at..end] {
                    token.in_test = true;
                }
                at = end;
            }
            None => at += 1,
        }
    }
}

/// The length of the attribute that starts here, if it makes its item a test.
fn test_attribute(tokens: &[Token]) -> Option<usize> {
    let starts = tokens.first()?.is_mark("#") && tokens.get(1)?.is_mark("[");
    if !starts {
        return None;
    }
    let end = closing(&tokens[1..], "[", "]") + 2;
    let inside = tokens.get(2..end - 1)?;
    let has = |word: &str| inside.iter().any(|t| t.is_word(word));
    let is_cfg = inside.first().is_some_and(|t| t.is_word("cfg"));
    // #[test], #[tokio::test], #[tokio::test(flavor = "..")]
    let name = inside
        .iter()
        .take_while(|t| !t.is_mark("(") && !t.is_mark("="));
    let is_test = name.last().is_some_and(|t| t.is_word("test"));
    let for_tests = is_test || (is_cfg && has("test") && !has("not") && !has("any"));
    for_tests.then_some(end)
}

/// The length of an item: to its first `;` outside of brackets, or to the end of its braces.
fn item(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        if token.is_mark("(") || token.is_mark("[") {
            depth += 1;
        } else if token.is_mark(")") || token.is_mark("]") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is_mark(";") {
            return at + 1;
        } else if depth == 0 && token.is_mark("{") {
            return (at + closing(&tokens[at..], "{", "}") + 1).min(tokens.len());
        }
        at += 1;
    }
    tokens.len()
}

/// The index of the mark that closes the one at index 0; the last index if there is none.
pub(crate) fn closing(tokens: &[Token], open: &str, close: &str) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_mark(open) {
            depth += 1;
        } else if token.is_mark(close) {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    tokens.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::{Kind, tokens};

    fn words(text: &str) -> Vec<String> {
        let words = tokens(text).into_iter().filter(|t| t.kind == Kind::Word);
        words.map(|t| t.text).collect()
    }

    #[test]
    fn neither_comments_nor_strings_are_code() {
        let table = [
            ("a // b\nc", "a c"),
            ("a /* b /* c */ d */ e", "a e"),
            (r#"a "b \" c" d"#, "a d"),
            (r##"a r#"b " c"# d"##, "a d"),
            (r#"a b"x" c"y" br"z" d"#, "a d"),
            ("a 'b' c '\\'' d '\\u{1F600}' e", "a c d e"),
            ("a<'life> b 'é' c", "a b c"),
            ("r#type x", "type x"),
            ("1_000u32 2.5e3 f", "f"),
            ("b'x' y", "y"),
            ("\"never closed", ""),
        ];
        for (text, expected) in table {
            let expected: Vec<&str> = expected.split_whitespace().collect();
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn lines_are_counted_through_strings() {
        let all = tokens("a \"x\ny\" b\n/* \n */ c");
        let lines: Vec<(usize, usize)> = all.iter().map(|t| (t.line, t.end)).collect();
        assert_eq!(lines, [(1, 1), (1, 2), (2, 2), (4, 4)]);
    }

    #[test]
    fn items_for_tests_are_marked() {
        let text = "fn a() {} #[cfg(test)] mod tests { fn b() { [1; 2] } } fn c() {} #[cfg(test)] mod d; \
                    #[cfg(not(test))] fn e() {} #[tokio::test(flavor = \"x\")] async fn f(x: [u8; 2]) { g }  fn h() {}";
        let all = tokens(text);
        let marked = |word: &str| all.iter().find(|t| t.is_word(word)).unwrap().in_test;
        assert!(tokens("#[").iter().all(|t| !t.in_test));
        let found: Vec<bool> = ["a", "b", "c", "d", "e", "f", "g", "h"]
            .map(marked)
            .to_vec();
        assert_eq!(found, [false, true, false, true, false, true, true, false]);
    }
}
