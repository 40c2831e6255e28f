//! No text makes the reader panic or stay silent, and every place it names lies in the text.

use super::read;
use crate::config::{Color, Place, Report, example};
use proptest::prelude::*;

/// What must hold of any text.
fn check(text: &str) {
    match read(text) {
        Ok(config) => assert!(!config.sites.is_empty() && !config.listeners.is_empty()),
        Err(report) => check_report(&report, text),
    }
}

fn check_report(report: &Report, text: &str) {
    assert!(!report.mistakes().is_empty(), "refused without a mistake");
    for mistake in report.mistakes() {
        let also = mistake.also.iter().map(|(place, _)| *place);
        for place in also.chain([mistake.place]) {
            if let Place::Span(span) = place {
                assert!(
                    span.start <= span.end && span.end <= text.len(),
                    "{mistake:?}"
                );
            }
        }
        assert!(
            !mistake.message.is_empty() && !mistake.message.contains('\n'),
            "{mistake:?}"
        );
    }
    assert!(!report.render(Color::Plain).is_empty());
    assert!(report.to_json()["mistakes"].is_array());
}

/// A rich text that is short enough to be mutated often in little time.
const RICH: &str = r#"workers = "auto"
sorry.listen = ["[::]:8503", { address = "unix:/run/é.sock", mode = "0660" }]
[[site]]
name = "shop"
hosts = ["shop.example.com", "*.shop.example.com"]
[site.sorry]
retry-after = "1h30m"
until = 2026-11-21T14:00:00+01:00
say = """
Zurück
bald"""
cors.origins = ["https://app.example.com"]
[site.check]
http = { path = "/e", status = ["200-299", 304], regex = "a|b" }
[site.quorum]
at-least = 2
[[site.real-server]]
address = "[::1]:80"
check.udp = { send-hex = "00 ff", expect-hex = "0X" }
[[site.window]]
name = "w"
days = ["mon"]
at = 02:00:00
until = "24:00"
[[site]]
name = 'blog'
hosts = ["blog.example.com"]
[limits]
head-bytes = "32 KiB"
[watch]
references = ["192.0.2.1"]
mass.share = 0.5
[[alert]]
name = "ops"
webhook.url = "https://hooks.example.com/"
[log]
level = "info"
"#;

fn boundary(text: &str, share: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "a share of a short text")]
    #[expect(clippy::cast_sign_loss, reason = "a share is not negative")]
    let at = (text.len() as f64 * share) as usize;
    text.floor_char_boundary(at)
}

#[test]
fn the_rich_text_is_valid() {
    super::valid(RICH);
}

#[test]
fn every_truncation() {
    for (at, _) in RICH.char_indices() {
        check(&RICH[..at]);
        check(&RICH[at..]);
    }
}

#[test]
fn every_line_left_out_or_doubled() {
    let lines: Vec<&str> = RICH.split_inclusive('\n').collect();
    for at in 0..lines.len() {
        let without: String = [&lines[..at], &lines[at + 1..]].concat().concat();
        check(&without);
        let doubled: String = [&lines[..=at], &lines[at..]].concat().concat();
        check(&doubled);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn mutated(cuts in prop::collection::vec((0.0..1.0f64, 0.0..0.05f64, "[\\[\\]{}\"'=.,#\n \\\\a-z0-9é\u{0}\u{7f}-]{0,4}"), 1..4)) {
        let mut text = RICH.to_owned();
        for (start, length, insert) in cuts {
            let start = boundary(&text, start);
            let end = boundary(&text, (start as f64 / text.len().max(1) as f64 + length).min(1.0)).max(start);
            text.replace_range(start..end, &insert);
        }
        check(&text);
    }

    #[test]
    fn any_text(text in "\\PC{0,40}") {
        check(&text);
    }

    #[test]
    fn any_value_of_any_key(key in 0usize..64, value in prop_oneof![
        Just("[]"), Just("{}"), Just("\"\""), Just("-1"), Just("1e9"), Just("true"), Just("07:30:00"), Just("\"é\""),
        Just("[[1]]"), Just("{a={b=1}}"), Just("99999999999999999999"), Just("nan"), Just("\"auto\""),
    ]) {
        let text = example();
        let lines: Vec<&str> = text.lines().collect();
        let is_key = |line: &&str| line.trim_start_matches('#').split_once(" = ").is_some_and(|(k, _)| !k.starts_with(' '));
        let keys: Vec<usize> = (0..lines.len()).filter(|at| is_key(&lines[*at])).collect();
        let at = keys[key % keys.len()];
        let (name, _) = lines[at].trim_start_matches('#').split_once(" = ").unwrap();
        let line = format!("{name} = {value}");
        let mut changed = lines.clone();
        changed[at] = &line;
        check(&changed.join("\n"));
    }
}
