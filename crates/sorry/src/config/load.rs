//! From a file, or its text, to a configuration or a report.

use super::diagnostics::{Code, Mistake, Place, Report, Source, Span};
use super::reader::Reader;
use super::{Config, meaning, plain_file, syntax};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::path::Path;
use std::sync::Arc;
use toml::de::DeTable;

/// The largest file that is read; some hundred thousand sites fit.
const LARGEST: u64 = 64 << 20;

/// Reads the configuration file; relative paths in it are taken from its folder, times without a zone are in this machine's.
///
/// # Errors
/// A [`Report`] with every mistake, or with one when the file cannot be read.
pub fn load(path: &Path) -> Result<Config, Report> {
    let name = path.display().to_string();
    let base = path.parent().unwrap_or(Path::new(""));
    let contents = plain_file::read(path, LARGEST).map_err(|error| {
        let message = format!("cannot read the configuration: {error}");
        let source = Source {
            name: name.clone(),
            text: String::new(),
        };
        let mut mistake = Mistake::new(Code::Unreadable, Place::File, message);
        if error.is_absent() {
            mistake = mistake.hint(
                "`sorry config example` prints one to begin with, and `sorry serve` needs none",
            );
        }
        Report::new(Arc::new(source), vec![mistake])
    })?;
    match String::from_utf8(contents.bytes) {
        Ok(text) => parse(&text, &name, base, &TimeZone::system()),
        Err(error) => Err(not_utf8(name, error.as_bytes(), error.utf8_error())),
    }
}

/// Shows what of the text can be shown, with an underline at the first byte that is no character.
fn not_utf8(name: String, bytes: &[u8], error: std::str::Utf8Error) -> Report {
    let start = error.valid_up_to();
    let byte = bytes.get(start).copied().unwrap_or_default();
    // The replacement character is three bytes long and stands where the bad bytes were.
    let span = Span {
        start,
        end: start + '\u{fffd}'.len_utf8(),
    };
    let message = format!("the byte 0x{byte:02x} is not UTF-8");
    let mistake =
        Mistake::new(Code::Encoding, Place::Span(span), message).hint("save the file as UTF-8");
    let text = String::from_utf8_lossy(bytes).into_owned();
    Report::new(Arc::new(Source { name, text }), vec![mistake])
}

/// Reads a configuration from text. `name` is how reports call it, `base` the folder of relative paths, `zone` that of times
/// which name none.
///
/// # Errors
/// A [`Report`] with every mistake.
pub fn parse(text: &str, name: &str, base: &Path, zone: &TimeZone) -> Result<Config, Report> {
    let source = Arc::new(Source {
        name: name.to_owned(),
        text: text.to_owned(),
    });
    let mended = syntax::mend(text);
    let readable = mended.as_ref().map_or(text, |mended| &mended.text);
    let (root, _) = DeTable::parse_recoverable(readable);
    let mut reader = Reader::new(readable, zone);
    let file = reader.file(root.get_ref());
    let (mut mistakes, broken) = (reader.mistakes, reader.broken);
    let (mut warnings, mut files) = (Vec::new(), Vec::new());
    let world = meaning::World {
        base,
        zone,
        now: Timestamp::now(),
        state_directory: std::env::var_os("STATE_DIRECTORY"),
    };
    let told = meaning::Told {
        mistakes: &mut mistakes,
        warnings: &mut warnings,
        files: &mut files,
        broken,
    };
    let config = meaning::build(file, Arc::clone(&source), &world, told);
    if let Some(mended) = mended {
        mended.keep_real(&mut mistakes);
        mistakes.extend(mended.mistakes);
        // What would make use of a key may stand in a broken line.
        warnings.clear();
        // A name may be half of what was meant.
        files.clear();
    }
    match config {
        Some(config) if mistakes.is_empty() => Ok(config),
        _ => Err(Report::new(source, mistakes)
            .with_warnings(warnings)
            .naming(files)),
    }
}
