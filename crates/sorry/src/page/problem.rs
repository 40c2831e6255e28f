//! The bodies that programs read: the problem document (RFC 9457) as JSON and as XML, and the event stream that
//! carries it.
//!
//! `type` is `about:blank`: there is nothing more to know than the status says, and then `title` is its phrase
//! (RFC 9457, section 4.2.1).

use sorry_core::answer::template::{Hole, Template};

use super::words::Words;

/// As `application/problem+json`: one line.
pub(super) fn json(words: &Words) -> Template {
    let mut text = format!(
        r#"{{"type":"about:blank","title":{},"status":{}"#,
        json_string(words.status_phrase),
        words.status
    );
    if let Some(said) = &words.said {
        text.push_str(&format!(r#","detail":"{}""#, said.json()));
    }
    if !words.site.is_empty() {
        text.push_str(&format!(r#","site":{}"#, json_string(&words.site)));
    }
    if let Some(until) = words.until_for_machines() {
        text.push_str(&format!(r#","until":"{until}""#));
    }
    Template::new()
        .text(text)
        .text(r#","retry_after":"#)
        .hole(Hole::RetryAfter)
        .text(r#","request_id":""#)
        .hole(Hole::Id)
        .text("\"}\n")
}

/// As `application/problem+xml` (RFC 9457, appendix B).
pub(super) fn xml(words: &Words) -> Template {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<problem xmlns=\"urn:ietf:rfc:7807\">\n",
    );
    let mut element = |name: &str, escaped: &str| {
        text.push_str(&format!("<{name}>{escaped}</{name}>\n"));
    };
    element("type", "about:blank");
    element("title", &xml_text(words.status_phrase));
    element("status", &words.status.to_string());
    if let Some(said) = &words.said {
        element("detail", &xml_characters(&said.xml()));
    }
    if !words.site.is_empty() {
        element("site", &xml_text(&words.site));
    }
    if let Some(until) = words.until_for_machines() {
        element("until", &until);
    }
    Template::new()
        .text(text)
        .text("<retry_after>")
        .hole(Hole::RetryAfter)
        .text("</retry_after>\n<request_id>")
        .hole(Hole::Id)
        .text("</request_id>\n</problem>\n")
}

/// A whole event stream (HTML, section 9.2): when to reconnect, and one event with the problem document.
pub(super) fn event_stream(problem: &Template) -> Template {
    let mut stream = Template::new()
        .text("retry: ")
        .hole(Hole::RetryAfterMillisZeros)
        .text("\nevent: sorry\n");
    let bytes = problem.masked();
    let mut start = 0;
    while start < bytes.len() {
        let rest = &bytes[start..];
        let length = rest
            .iter()
            .position(|b| matches!(b, b'\r' | b'\n'))
            .unwrap_or(rest.len());
        stream.push(b"data: ");
        push_part(&mut stream, problem, start..start + length);
        stream.push(b"\n");
        let ending = match &rest[length..] {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        start += length + ending;
    }
    stream.push(b"\n");
    stream
}

/// Appends a part of `from` with its holes.
fn push_part(to: &mut Template, from: &Template, part: std::ops::Range<usize>) {
    let mut done = part.start;
    for (at, hole) in from.holes().iter().filter(|(at, _)| part.contains(at)) {
        to.push(&from.masked()[done..*at]);
        to.push_hole(*hole);
        done = at + hole.width();
    }
    to.push(&from.masked()[done..part.end]);
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn xml_text(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    xml_characters(&escaped)
}

/// XML has no room for control characters and two that are none, however they are written (XML 1.0, section 2.2).
fn xml_characters(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' | '\r' => c,
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::words::tests::{bare, filled, full};
    use super::*;
    use expect_test::expect;

    #[test]
    fn json_is_a_problem_document() {
        expect![[r#"
            {"type":"about:blank","title":"Service Unavailable","status":503,"retry_after":    120,"request_id":"0123456789abcdef"}
        "#]]
        .assert_eq(&filled(&json(&bare())));
        expect![[r#"
            {"type":"about:blank","title":"Service Unavailable","status":503,"detail":"A \u003cnew> \"engine\" & more\nin the cellar","site":"Fish & \"Chips\" <shop>","until":"2026-05-01T14:00:00Z","retry_after":    120,"request_id":"0123456789abcdef"}
        "#]]
        .assert_eq(&filled(&json(&full())));
        let read: serde_json::Value = serde_json::from_str(&filled(&json(&full()))).unwrap();
        assert_eq!(read["retry_after"], 120);
        assert_eq!(read["site"], "Fish & \"Chips\" <shop>");
        assert_eq!(read["detail"], "A <new> \"engine\" & more\nin the cellar");
    }

    #[test]
    fn xml_is_that_of_appendix_b() {
        expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <problem xmlns="urn:ietf:rfc:7807">
            <type>about:blank</type>
            <title>Service Unavailable</title>
            <status>503</status>
            <detail>A &lt;new&gt; &quot;engine&quot; &amp; more
            in the cellar</detail>
            <site>Fish &amp; "Chips" &lt;shop&gt;</site>
            <until>2026-05-01T14:00:00Z</until>
            <retry_after>    120</retry_after>
            <request_id>0123456789abcdef</request_id>
            </problem>
        "#]]
        .assert_eq(&filled(&xml(&full())));
        assert_eq!(xml_text("a\u{ffff}b\u{1}c"), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn an_event_stream_is_one_event_whatever_the_lines() {
        let stream = filled(&event_stream(&json(&bare())));
        expect![[r#"
            retry: 0000120000
            event: sorry
            data: {"type":"about:blank","title":"Service Unavailable","status":503,"retry_after":    120,"request_id":"0123456789abcdef"}

        "#]]
        .assert_eq(&stream);
        let lines = Template::new()
            .text("{\r\n\"id\":\"")
            .hole(Hole::Id)
            .text("\",\r\"n\":")
            .hole(Hole::RetryAfter)
            .text("\n\n}");
        expect![[r#"
            retry: 0000120000
            event: sorry
            data: {
            data: "id":"0123456789abcdef",
            data: "n":    120
            data: 
            data: }

        "#]]
        .assert_eq(&filled(&event_stream(&lines)));
    }
}
