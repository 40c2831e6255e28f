//! Heads of answers: one list of fields becomes the bytes of an HTTP/1 head and of an HTTP/2 header block.
//!
//! Called by `prepared` when the configuration is read; nothing here runs while a request waits.

use sorry_core::answer::template::{Hole, Template};

use crate::http2::hpack;

/// The value of a field: known, or a hole.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Date,
    Id,
    RetryAfter,
    RetryDate,
    RetryMillis,
    ServerTiming,
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

/// A status and its fields, names as HTTP/1 likes to show them.
#[derive(Debug, Clone)]
pub(super) struct Head {
    status: u16,
    phrase: String,
    fields: Vec<(&'static str, Value)>,
}

impl Head {
    pub(super) fn new(status: u16, phrase: &str) -> Head {
        Head {
            status,
            phrase: phrase.to_owned(),
            fields: Vec::new(),
        }
    }

    pub(super) fn status(&self) -> u16 {
        self.status
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Head {
        self.fields.push((name, value.into()));
        self
    }

    /// The status line and the fields, each ended by CR LF; the empty line is not there yet, since how the connection
    /// goes on is known only when the answer is given.
    pub(super) fn http1(&self) -> Template {
        let mut out = Template::new().text(format!("HTTP/1.1 {} {}\r\n", self.status, self.phrase));
        for (name, value) in &self.fields {
            out.push(format!("{name}: ").as_bytes());
            match value {
                Value::Text(text) => out.push(text.as_bytes()),
                Value::Date => out.push_hole(Hole::Date),
                Value::Id => out.push_hole(Hole::Id),
                Value::RetryAfter => out.push_hole(Hole::RetryAfter),
                Value::RetryDate => out.push_hole(Hole::RetryDate),
                Value::RetryMillis => out.push_hole(Hole::RetryAfterMillis),
                Value::ServerTiming => out.append(&server_timing()),
            }
            out.push(b"\r\n");
        }
        out
    }

    /// The same as a block for HPACK: names in lower case, values without blanks around them.
    pub(super) fn http2(&self) -> Template {
        let mut out = Template::new();
        let mut block = Vec::new();
        hpack::encode_status(self.status, &mut block);
        for (name, value) in &self.fields {
            let name = name.to_ascii_lowercase();
            let hole = match value {
                Value::Text(text) => {
                    hpack::encode_field(name.as_bytes(), text.as_bytes(), &mut block);
                    continue;
                }
                Value::Date => Hole::Date,
                Value::Id => Hole::Id,
                Value::RetryAfter => Hole::RetryAfterHpack,
                Value::RetryDate => Hole::RetryDate,
                Value::RetryMillis => Hole::RetryAfterMillisHpack,
                Value::ServerTiming => Hole::ServerTimingHpack,
            };
            hpack::encode_field_start(name.as_bytes(), &mut block);
            // A hole of varying width brings its own length; the others are strings of known length.
            if let Some(width) = u8::try_from(hole.width()).ok().filter(|width| *width > 0) {
                block.push(width);
            }
            out.push(&block);
            block.clear();
            out.push_hole(hole);
        }
        out.push(&block);
        out
    }
}

/// `sorry;desc="ID";dur=SECONDS`: how the page's script learns both (Server Timing, section 4).
fn server_timing() -> Template {
    Template::new()
        .text("sorry;desc=\"")
        .hole(Hole::Id)
        .text("\";dur=")
        .hole(Hole::RetryAfterZeros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sorry_core::answer::template::Filling;
    use sorry_core::date;

    #[test]
    fn one_list_of_fields_makes_both_heads() {
        let head = Head::new(503, "Service Unavailable")
            .with("Date", Value::Date)
            .with("Cache-Control", "no-store")
            .with("Retry-After", Value::RetryAfter)
            .with("X-Request-Id", Value::Id)
            .with("Server-Timing", Value::ServerTiming);
        let filling = Filling {
            date: date::imf_fixdate(0),
            now: 0,
            id: *b"0123456789abcdef",
            retry_after: 120,
        };
        let mut out = Vec::new();
        head.http1().fill(&filling, &mut out);
        let expected = "HTTP/1.1 503 Service Unavailable\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
            Cache-Control: no-store\r\nRetry-After:     120\r\nX-Request-Id: 0123456789abcdef\r\n\
            Server-Timing: sorry;desc=\"0123456789abcdef\";dur=0000120\r\n";
        assert_eq!(String::from_utf8_lossy(&out), expected);

        let mut block = Vec::new();
        head.http2().fill(&filling, &mut block);
        let has = |text: &str| {
            block
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(has("\u{1d}Thu, 01 Jan 1970 00:00:00 GMT"));
        assert!(has("\u{3}120") && has("\u{10}0123456789abcdef"));
        assert!(has("sorry;desc=\"0123456789abcdef\";dur=120"));
    }
}
