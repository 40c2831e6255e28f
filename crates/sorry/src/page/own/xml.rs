//! Whether a text is well-formed XML 1.0 (fifth edition), so that no program chokes on an operator's `page.xml` while the
//! site is down. It builds nothing, resolves no namespaces and reads no document type definition. Called by `template`.

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The byte where it is.
    pub(super) at: usize,
    /// What it is: a lower-case fragment.
    pub(super) message: String,
}

/// Checks a whole document.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    let forbidden = |c: &char| !is_char(*c);
    if let Some((at, c)) = text.char_indices().find(|(_, c)| forbidden(c)) {
        let message = format!("U+{:04X} cannot stand in XML", u32::from(c));
        return Err(Fault { at, message });
    }
    let mut reader = Reader {
        text,
        at: 0,
        open: Vec::new(),
        seen: Seen::Nothing,
    };
    reader.declaration()?;
    while !reader.rest().is_empty() {
        reader.content()?;
        reader.markup()?;
    }
    reader.end()
}

/// How far a document has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// A document type, which may declare entities that nobody here knows.
    Doctype,
    Root,
    /// A root, and a document type before it.
    Both,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// Elements that have begun: their names, and where.
    open: Vec<(&'t str, usize)>,
    seen: Seen,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        fault_at(self.at, message)
    }

    /// Goes behind `token` if it comes next.
    fn took(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    /// Goes behind the next `end`, and gives what stood before it.
    fn until(&mut self, end: &str, what: &str) -> Result<&'t str, Fault> {
        let Some(length) = self.rest().find(end) else {
            return self.fault(format!("{what} never ends"));
        };
        let inside = &self.rest()[..length];
        self.at += length + end.len();
        Ok(inside)
    }

    fn blanks(&mut self) -> usize {
        let length = self.rest().len() - self.rest().trim_start_matches(is_blank).len();
        self.at += length;
        length
    }

    fn name(&mut self) -> Result<&'t str, Fault> {
        let rest = self.rest();
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let name = &rest[..length];
        if !name.starts_with(is_name_start) {
            return self.fault("there should be a name; a bare `<` is written as &lt;");
        }
        self.at += length;
        Ok(name)
    }

    /// `<?xml ...?>`, which may stand only at the very beginning (section 2.8).
    fn declaration(&mut self) -> Result<(), Fault> {
        let begins = self.rest().strip_prefix("<?xml");
        if !begins.is_some_and(|rest| rest.starts_with(is_blank)) {
            return Ok(());
        }
        let start = self.at;
        let inside = self.until("?>", "the XML declaration")?;
        if !inside.contains("version") {
            return fault_at(start, "the XML declaration names no version");
        }
        let Some((_, encoding)) = inside.split_once("encoding") else {
            return Ok(());
        };
        let encoding = encoding.trim_matches(|c: char| is_blank(c) || "='\"".contains(c));
        let encoding = encoding.split(['"', '\'']).next().unwrap_or_default();
        if encoding.eq_ignore_ascii_case("utf-8") {
            return Ok(());
        }
        fault_at(
            start,
            format!("it is sent as UTF-8, and says that it is {encoding}"),
        )
    }

    /// What stands before the next `<`.
    fn content(&mut self) -> Result<(), Fault> {
        let length = self.rest().find('<').unwrap_or(self.rest().len());
        let content = &self.rest()[..length];
        if self.open.is_empty()
            && let Some(at) = content.find(|c| !is_blank(c))
        {
            return fault_at(self.at + at, "text outside of the root element");
        }
        if let Some(at) = content.find("]]>") {
            return fault_at(self.at + at, "`]]>` in a text is written as ]]&gt;");
        }
        self.references(content)?;
        self.at += length;
        Ok(())
    }

    /// Every `&` begins a reference (section 4.1).
    fn references(&self, content: &str) -> Result<(), Fault> {
        for (at, _) in content.match_indices('&') {
            let at_all = self.at + at;
            let name = content[at + 1..].split_once(';').map(|(name, _)| name);
            let Some(name) = name.filter(|name| !name.is_empty() && name.len() <= 64) else {
                return fault_at(at_all, "a bare `&` is written as &amp;");
            };
            if let Some(number) = name.strip_prefix('#') {
                if !is_character(number) {
                    return fault_at(at_all, format!("&{name}; is no character of XML"));
                }
                continue;
            }
            if !name.starts_with(is_name_start) || !name.chars().all(is_name) {
                return fault_at(at_all, "a bare `&` is written as &amp;");
            }
            let known = ["amp", "lt", "gt", "quot", "apos"].contains(&name);
            if !known && !matches!(self.seen, Seen::Doctype | Seen::Both) {
                let hint = "XML knows amp, lt, gt, quot and apos; write the character itself";
                return fault_at(at_all, format!("&{name}; is not defined: {hint}"));
            }
        }
        Ok(())
    }

    /// What begins with `<`, or nothing at the end.
    fn markup(&mut self) -> Result<(), Fault> {
        if self.rest().is_empty() {
            return Ok(());
        }
        let start = self.at;
        if self.took("<!--") {
            let comment = self.until("-->", "a comment")?;
            if comment.contains("--") || comment.ends_with('-') {
                return fault_at(start, "`--` may not stand in a comment");
            }
            return Ok(());
        }
        if self.took("<![CDATA[") {
            if self.open.is_empty() {
                return fault_at(start, "a CDATA section outside of the root element");
            }
            return self.until("]]>", "a CDATA section").map(drop);
        }
        if self.took("<!DOCTYPE") {
            return self.doctype(start);
        }
        if self.took("<?") {
            if self.name()?.eq_ignore_ascii_case("xml") {
                return fault_at(start, "`<?xml` may stand only at the very beginning");
            }
            return self.until("?>", "a processing instruction").map(drop);
        }
        match self.took("</") {
            true => self.end_tag(start),
            false => self.start_tag(start),
        }
    }

    /// Is gone over: quotes and brackets are all that matters to where it ends.
    fn doctype(&mut self, start: usize) -> Result<(), Fault> {
        if self.seen != Seen::Nothing {
            return fault_at(
                start,
                "a document type stands once, before the root element",
            );
        }
        self.seen = Seen::Doctype;
        let mut depth = 0_usize;
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            match c {
                '"' | '\'' => {
                    let quote = if c == '"' { "\"" } else { "'" };
                    self.until(quote, "a quoted text")?;
                }
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                '>' if depth == 0 => return Ok(()),
                _ => {}
            }
        }
        fault_at(start, "the document type never ends")
    }

    fn start_tag(&mut self, start: usize) -> Result<(), Fault> {
        if self.open.is_empty() && matches!(self.seen, Seen::Root | Seen::Both) {
            return self.fault("a second root element; there is one, which holds all others");
        }
        self.at += 1;
        let name = self.name()?;
        let mut attributes = Vec::new();
        loop {
            let blanks = self.blanks();
            if self.took("/>") {
                break;
            }
            if self.took(">") {
                self.open.push((name, start));
                break;
            }
            if self.rest().is_empty() {
                return fault_at(start, format!("the tag <{name} never ends"));
            }
            let at = self.at;
            let attribute = self.attribute(name)?;
            if blanks == 0 {
                return fault_at(at, format!("a blank is missing before `{attribute}`"));
            }
            if attributes.contains(&attribute) {
                return fault_at(at, format!("<{name}> has `{attribute}` twice"));
            }
            attributes.push(attribute);
        }
        self.seen = match self.seen {
            Seen::Nothing | Seen::Root => Seen::Root,
            Seen::Doctype | Seen::Both => Seen::Both,
        };
        Ok(())
    }

    fn attribute(&mut self, element: &str) -> Result<&'t str, Fault> {
        let at = self.at;
        let Ok(name) = self.name() else {
            return fault_at(at, format!("the tag <{element} is not well-formed here"));
        };
        self.blanks();
        if !self.took("=") {
            return fault_at(at, format!("the attribute `{name}` has no value"));
        }
        self.blanks();
        let quote = match self.rest().chars().next() {
            Some('"') => "\"",
            Some('\'') => "'",
            _ => return fault_at(at, format!("the value of `{name}` has no quotation marks")),
        };
        self.at += 1;
        let length = self.rest().find(quote).unwrap_or(self.rest().len());
        let value = &self.rest()[..length];
        if let Some(bare) = value.find('<') {
            let message = format!("in the value of `{name}` a `<` is written as &lt;");
            return fault_at(self.at + bare, message);
        }
        self.references(value)?;
        self.until(quote, &format!("the value of `{name}`"))?;
        Ok(name)
    }

    fn end_tag(&mut self, start: usize) -> Result<(), Fault> {
        let name = self.name()?;
        self.blanks();
        if !self.took(">") {
            return fault_at(start, format!("the tag </{name} never ends"));
        }
        match self.open.pop() {
            Some((open, _)) if open == name => Ok(()),
            Some((open, _)) => fault_at(start, format!("</{name}> stands where <{open}> ends")),
            None => fault_at(start, format!("</{name}> ends what never began")),
        }
    }

    fn end(&self) -> Result<(), Fault> {
        if let Some((name, at)) = self.open.last() {
            return fault_at(*at, format!("<{name}> never ends"));
        }
        match self.seen {
            Seen::Root | Seen::Both => Ok(()),
            Seen::Nothing | Seen::Doctype => self.fault("there is no element in it"),
        }
    }
}

fn fault_at<T>(at: usize, message: impl Into<String>) -> Result<T, Fault> {
    let message = message.into();
    Err(Fault { at, message })
}

/// `S` of section 2.3.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// `Char` of section 2.2.
fn is_char(c: char) -> bool {
    is_blank(c) || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// The number of a character reference.
fn is_character(number: &str) -> bool {
    let value = match number.strip_prefix('x') {
        Some(hex) if hex.chars().all(|c| c.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16),
        None if number.chars().all(|c| c.is_ascii_digit()) => number.parse(),
        _ => return false,
    };
    value.ok().and_then(char::from_u32).is_some_and(is_char)
}

/// `NameStartChar` of section 2.3.
fn is_name_start(c: char) -> bool {
    matches!(c,
        ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// `NameChar` of section 2.3.
fn is_name(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_well_formed_passes() {
        for text in [
            "<a/>",
            "<a></a>\n",
            "\n<!-- x --><a b='1' c=\"&#x41;&#65;&lt;\">&amp;<b:c\n/>t</a ><?x y?>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<problem xmlns=\"urn:x\"><t>1</t></problem>",
            "<?xml version='1.0' encoding='utf-8' standalone='yes'?><a/>",
            "<!DOCTYPE a [<!ENTITY x \"]>\">]><a>&x;</a>",
            "<a><![CDATA[<&]]></a>",
            "<größe/>",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_not_says_why_and_where() {
        for (text, at, message) in [
            ("", 0, "there is no element in it"),
            ("x<a/>", 0, "text outside of the root element"),
            ("<a/>x", 4, "text outside of the root element"),
            (
                "<a/><b/>",
                4,
                "a second root element; there is one, which holds all others",
            ),
            ("<a><b></a>", 6, "</a> stands where <b> ends"),
            ("<a><b></b>", 0, "<a> never ends"),
            ("</a>", 0, "</a> ends what never began"),
            (
                "<a>&nbsp;</a>",
                3,
                "&nbsp; is not defined: XML knows amp, lt, gt, quot and apos; write the character itself",
            ),
            ("<a>Fish & Chips;</a>", 8, "a bare `&` is written as &amp;"),
            ("<a>&#0;</a>", 3, "&#0; is no character of XML"),
            ("<a>&#+5;</a>", 3, "&#+5; is no character of XML"),
            (
                "<a>1 < 2</a>",
                6,
                "there should be a name; a bare `<` is written as &lt;",
            ),
            ("<a>]]></a>", 3, "`]]>` in a text is written as ]]&gt;"),
            ("<a>\u{1}</a>", 3, "U+0001 cannot stand in XML"),
            ("<a b=1/>", 3, "the value of `b` has no quotation marks"),
            ("<a b/>", 3, "the attribute `b` has no value"),
            ("<a b='1'c='2'/>", 8, "a blank is missing before `c`"),
            ("<a b='1' b='2'/>", 9, "<a> has `b` twice"),
            (
                "<a b='<'/>",
                6,
                "in the value of `b` a `<` is written as &lt;",
            ),
            ("<a b='&'/>", 6, "a bare `&` is written as &amp;"),
            ("<a b='1/>", 6, "the value of `b` never ends"),
            ("<a", 0, "the tag <a never ends"),
            ("<a =>", 3, "the tag <a is not well-formed here"),
            ("<a></a", 3, "the tag </a never ends"),
            ("<!-- -- --><a/>", 0, "`--` may not stand in a comment"),
            ("<!-- <a/>", 4, "a comment never ends"),
            (
                " <?xml version='1.0'?><a/>",
                1,
                "`<?xml` may stand only at the very beginning",
            ),
            (
                "<?xml encoding='utf-8'?><a/>",
                0,
                "the XML declaration names no version",
            ),
            (
                "<?xml version='1.0' encoding='latin1'?><a/>",
                0,
                "it is sent as UTF-8, and says that it is latin1",
            ),
            (
                "<a/><!DOCTYPE a>",
                4,
                "a document type stands once, before the root element",
            ),
            ("<!DOCTYPE a", 0, "the document type never ends"),
            (
                "<![CDATA[]]><a/>",
                0,
                "a CDATA section outside of the root element",
            ),
        ] {
            let message = message.to_owned();
            assert_eq!(check(text), Err(Fault { at, message }), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn no_text_panics(text in "([<>/!?&;#x='\" a\\[\\]-]|<a>|</a>|<!--|-->|<!DOCTYPE|\\PC){0,30}") {
            if let Err(fault) = check(&text) {
                prop_assert!(text.is_char_boundary(fault.at));
            }
        }
    }
}
