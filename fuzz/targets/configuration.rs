//! The configuration reader: any text gives a configuration in which something is served, or mistakes that lie in the
//! text and can be shown; never both, neither, or a panic.
//!
//! Included by the libFuzzer wrapper and by the replay of corpora on stable.

use std::path::Path;

use jiff::tz::TimeZone;
use sorry_server::config::{self, Color, Config, Place, Report};

/// Longer texts say nothing new and cost time.
const LONGEST: usize = 16 * 1024;

/// What must hold of any bytes.
pub(crate) fn configuration(data: &[u8]) {
    let text = String::from_utf8_lossy(&data[..data.len().min(LONGEST)]);
    let read = || config::parse(&text, "sorry.toml", Path::new("/etc/sorry"), &TimeZone::UTC);
    match read() {
        Ok(config) => {
            something_is_served(&config);
            assert_eq!(read().ok(), Some(config), "read twice, understood twice");
        }
        Err(report) => can_be_shown(&report, &text),
    }
}

fn something_is_served(config: &Config) {
    assert!(!config.sites.is_empty() && !config.listeners.is_empty());
    for site in &config.sites {
        assert!((500..600).contains(&site.sorry.status));
    }
    for file in &config.files {
        assert!(
            file.path.is_absolute(),
            "{} is not absolute",
            file.path.display()
        );
    }
}

fn can_be_shown(report: &Report, text: &str) {
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
        let message = &mistake.message;
        assert!(
            !message.is_empty() && !message.contains('\n'),
            "{message:?}"
        );
    }
    assert!(!report.render(Color::Plain).is_empty());
    assert!(report.to_json()["mistakes"].is_array());
}
