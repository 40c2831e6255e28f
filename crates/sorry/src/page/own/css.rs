//! Where a style sheet refers to something else: `url()`, `@import` and the strings of `image-set()`.
//!
//! A scanner over CSS Syntax Level 3, section 4, that knows comments, strings, names and brackets and no more. Text in,
//! places out; what a reference means is decided next door.

use std::ops::Range;

/// Which kind of reference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Another style sheet.
    Import,
    /// A picture, a font, anything else.
    Url,
}

/// One reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// What stands for the address, with its quotation marks if it has some; `"a"` may stand there instead.
    pub(super) range: Range<usize>,
    /// The address with escapes undone.
    pub(super) value: String,
    /// What it is for.
    pub(super) kind: Kind,
}

/// All references of a style sheet or a `style` attribute, in order.
pub(super) fn references(css: &str) -> Vec<Reference> {
    let mut scanner = Scanner {
        css,
        at: 0,
        rule: Rule::Other,
        functions: Vec::new(),
        found: Vec::new(),
    };
    while scanner.at < css.len() {
        scanner.token();
    }
    scanner.found
}

/// The same text with some references replaced.
pub(super) fn replace(css: &str, new: impl Fn(&Reference) -> Option<String>) -> String {
    let mut out = String::with_capacity(css.len());
    let mut done = 0;
    for reference in references(css) {
        if let Some(address) = new(&reference) {
            out.push_str(&css[done..reference.range.start]);
            out.push('"');
            out.push_str(&address);
            out.push('"');
            done = reference.range.end;
        }
    }
    out.push_str(&css[done..]);
    out
}

/// The statement the scanner is in, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Import,
    /// Its address is a name and never fetched.
    Namespace,
    Other,
}

/// An open bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    /// Its strings are addresses.
    ImageSet,
    Other,
}

struct Scanner<'a> {
    css: &'a str,
    at: usize,
    rule: Rule,
    functions: Vec<Function>,
    found: Vec<Reference>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.css[self.at..]
    }

    fn token(&mut self) {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return };
        match c {
            '/' if rest.starts_with("/*") => {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            }
            '"' | '\'' => self.string(c),
            '@' => self.at_keyword(),
            '(' => self.open(Function::Other),
            ')' => {
                self.functions.pop();
                self.at += 1;
            }
            ';' | '{' | '}' => {
                self.rule = Rule::Other;
                self.functions.clear();
                self.at += 1;
            }
            c if is_name(c) => self.name(),
            c => self.at += c.len_utf8(),
        }
    }

    fn open(&mut self, function: Function) {
        self.functions.push(function);
        self.at += 1;
    }

    fn at_keyword(&mut self) {
        self.at += 1;
        let length = name_length(self.rest());
        self.rule = match self.rest()[..length].to_ascii_lowercase().as_str() {
            "import" => Rule::Import,
            "namespace" => Rule::Namespace,
            _ => Rule::Other,
        };
        self.at += length;
    }

    /// A name, and the bracket behind it if it is a function.
    fn name(&mut self) {
        let length = name_length(self.rest());
        let name = self.rest()[..length].to_ascii_lowercase();
        self.at += length;
        if !self.rest().starts_with('(') {
            return;
        }
        match name.as_str() {
            "url" | "src" => self.url(),
            "image-set" | "-webkit-image-set" => self.open(Function::ImageSet),
            _ => self.open(Function::Other),
        }
    }

    /// From the bracket of `url(` to behind its end.
    fn url(&mut self) {
        self.at += 1;
        self.skip_space();
        if let Some(quote @ ('"' | '\'')) = self.rest().chars().next() {
            let end = self.at + string_length(self.rest(), quote);
            self.refer(self.at..end, 1);
            self.at = end;
            // What follows, to the closing bracket, are modifiers.
            self.functions.push(Function::Other);
            return;
        }
        let length = unquoted_length(self.rest());
        let address = self.rest()[..length].trim_end_matches(is_space).len();
        self.refer(self.at..self.at + address, 0);
        self.at = (self.at + length + 1).min(self.css.len());
    }

    fn string(&mut self, quote: char) {
        let end = self.at + string_length(self.rest(), quote);
        let is_address = match self.functions.last() {
            None => self.rule == Rule::Import,
            Some(function) => *function == Function::ImageSet,
        };
        if is_address {
            self.refer(self.at..end, 1);
        }
        self.at = end;
    }

    /// Records the address in `range`, which has `quotes` bytes of quotation marks on each side.
    fn refer(&mut self, range: Range<usize>, quotes: usize) {
        let kind = match self.rule {
            Rule::Namespace => return,
            Rule::Import => Kind::Import,
            Rule::Other => Kind::Url,
        };
        // Only the first thing in an import is its address; conditions follow.
        if kind == Kind::Import {
            self.rule = Rule::Namespace;
        }
        let inside = &self.css[range.start + quotes..];
        let length = range.len().saturating_sub(2 * quotes);
        let value = unescaped(&inside[..length.min(inside.len())]);
        self.found.push(Reference { range, value, kind });
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_space).len();
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '\\') || !c.is_ascii()
}

fn name_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if is_name(c) => {}
            _ => return at,
        }
    }
    text.len()
}

/// The length of a string with its quotation marks. One without an end goes to the end of its line.
fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return at,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of an address without quotation marks, up to its bracket.
fn unquoted_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ')' => return at,
            _ => {}
        }
    }
    text.len()
}

/// Undoes escapes (CSS Syntax Level 3, section 4.3.7).
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = after
            .bytes()
            .take(6)
            .take_while(u8::is_ascii_hexdigit)
            .count();
        if digits > 0 {
            let code = u32::from_str_radix(&after[..digits], 16).unwrap_or(0);
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = &after[digits..];
            rest = rest.strip_prefix(is_space).unwrap_or(rest);
            continue;
        }
        let mut chars = after.chars();
        match chars.next() {
            // An escaped line end is no character.
            Some('\n') | None => {}
            Some(c) => out.push(c),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(css: &str) -> Vec<String> {
        references(css)
            .into_iter()
            .map(|r| match r.kind {
                Kind::Import => format!("@{} [{}]", r.value, &css[r.range]),
                Kind::Url => format!("{} [{}]", r.value, &css[r.range]),
            })
            .collect()
    }

    #[test]
    fn references_are_found_and_nothing_else() {
        for (css, expected) in [
            ("a{background:url(x.png)}", &["x.png [x.png]"][..]),
            ("a{background:URL( 'x y.png' )}", &["x y.png ['x y.png']"]),
            (
                "a{b:url(  x.png\n) no-repeat,url(\"y.png\")}",
                &["x.png [x.png]", "y.png [\"y.png\"]"],
            ),
            ("a{b:url(x\\)y.png)}", &["x)y.png [x\\)y.png]"]),
            ("a{b:url('\\41 b\\'c')}", &["Ab'c ['\\41 b\\'c']"]),
            (
                "@import 'a.css' print;@import url(b.css);",
                &["@a.css ['a.css']", "@b.css [b.css]"],
            ),
            (
                "@import url(\"b.css\") supports(font-tech('x'));",
                &["@b.css [\"b.css\"]"],
            ),
            (
                "@import/**/\"a.css\";b{content:\"x.png\"}",
                &["@a.css [\"a.css\"]"],
            ),
            (
                "/* url(no.png) */a{b:url(yes.png)/* url(no) */}",
                &["yes.png [yes.png]"],
            ),
            ("a::before{content:'url(no.png)'}", &[]),
            ("a{b:my-url(no.png)}", &[]),
            (
                "@namespace svg url(http://www.w3.org/2000/svg);a{b:url(c)}",
                &["c [c]"],
            ),
            ("@charset \"utf-8\";", &[]),
            (
                "a{b:image-set('a.png' 1x,url(b.png) type('image/png') 2x)}",
                &["a.png ['a.png']", "b.png [b.png]"],
            ),
            (
                "@font-face{src:url(f.woff2) format('woff2'),local('F')}",
                &["f.woff2 [f.woff2]"],
            ),
            (
                "a{b:url(data:image/svg+xml;utf8,<svg/>)}",
                &["data:image/svg+xml;utf8,<svg/> [data:image/svg+xml;utf8,<svg/>]"],
            ),
            ("a{b:url(#g)}", &["#g [#g]"]),
            ("a{b:url()}", &[" []"]),
            ("a{b:url('open", &["ope ['open]"]),
            ("a{b:url(", &[" []"]),
            ("/* open", &[]),
        ] {
            assert_eq!(found(css), expected, "{css}");
        }
    }

    #[test]
    fn only_addresses_are_replaced() {
        let css = "@import 'a.css' print;\nb{c:url( d.png ) e;f:url(keep)}";
        let new = replace(css, |r| {
            (r.value != "keep").then(|| format!("/x/{}", r.value))
        });
        assert_eq!(
            new,
            "@import \"/x/a.css\" print;\nb{c:url( \"/x/d.png\" ) e;f:url(keep)}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn any_text_is_scanned_to_its_end(css in "[a-z@(){};:'\"/*\\\\ \nüurl]{0,40}") {
            for reference in references(&css) {
                prop_assert!(css.get(reference.range).is_some());
            }
            prop_assert_eq!(replace(&css, |_| None), css);
        }
    }
}
