//! The values that keys have and that no file of their own deals with: numbers, arrays, "auto", paths, small texts.

use super::fault::{Fault, nearest, one_of, quoted};
use super::reader::{At, FromText, FromValue, Reader, Value};
use super::table::Shape;
use jiff::Timestamp;
use sorry_core::said::{LONGEST, Said, Unsayable};
use std::path::PathBuf;
use toml::de::{DeInteger, DeValue};

impl FromValue for bool {
    fn form() -> String {
        "true or false".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let read = value.get_ref().as_bool();
        if read.is_none() {
            reader.wrong_type(value);
        }
        read
    }
}

/// The fault of an integer that is not one the key can have; TOML's parser lets `0x` pass as well.
pub(super) fn no_such_number(integer: &DeInteger<'_>) -> Fault {
    let shown = quoted(&integer.to_string());
    match integer.as_str().is_empty() {
        true => Fault::new(format!("{shown} is not a number")),
        false => Fault::new(format!("{shown} is out of range")).out_of_range(),
    }
}

/// A whole number within limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole<const LEAST: u64, const MOST: u64>(pub(super) u64);

impl<const LEAST: u64, const MOST: u64> FromValue for Whole<LEAST, MOST> {
    fn form() -> String {
        format!("a whole number from {LEAST} to {MOST}")
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Integer(integer) = value.get_ref() else {
            reader.wrong_type(value);
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let read = number.filter(|number| (LEAST..=MOST).contains(number));
        if read.is_none() {
            let hint = format!("it may be {LEAST} to {MOST}");
            reader.fault(value, no_such_number(integer).hint(hint));
        }
        read.map(Whole)
    }
}

impl<T: FromValue> FromValue for Vec<At<T>> {
    const SHAPE: Shape = match T::SHAPE {
        Shape::Table(table) => Shape::Tables(table),
        other => other,
    };

    fn form() -> String {
        match T::SHAPE {
            Shape::Table(_) => "an array of tables".to_owned(),
            _ => format!("an array (each entry {})", T::form()),
        }
    }

    /// What could be read of the array, so that the rest of it can still be checked against other keys.
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Array(array) = value.get_ref() else {
            reader.wrong_type(value);
            return None;
        };
        let mut entries = Vec::new();
        for entry in array.iter() {
            entries.extend(reader.entry(entry));
        }
        Some(entries)
    }

    fn absent(_place: super::Place, _reader: &mut Reader<'_>) -> Option<Self> {
        Some(Vec::new())
    }
}

/// `"auto"`, or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Auto<T> {
    Auto,
    Given(T),
}

impl<T: FromValue> FromValue for Auto<T> {
    fn form() -> String {
        format!("\"auto\" or {}", T::form())
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref().as_str() {
            Some("auto") => Some(Auto::Auto),
            _ => T::read(value, reader).map(Auto::Given),
        }
    }
}

/// A share of a whole, in per mille: above 0, at most 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share(pub(super) u16);

impl FromValue for Share {
    fn form() -> String {
        "a share such as 0.5, above 0 and at most 1".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::Float(float) => float.as_str().to_owned(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().to_owned(),
            _ => {
                reader.wrong_type(value);
                return None;
            }
        };
        let permille = text
            .parse::<f64>()
            .ok()
            .map(|share| (share * 1000.0).round());
        let read = permille.filter(|permille| (1.0..=1000.0).contains(permille));
        if read.is_none() {
            let fault = Fault::new(format!("{} is out of range", quoted(&text)));
            reader.fault(value, fault.out_of_range().hint("it may be 0.001 to 1"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "1 to 1000")]
        #[expect(clippy::cast_sign_loss, reason = "1 to 1000")]
        read.map(|permille| Share(permille as u16))
    }
}

/// A table that says something by being there: without it there is none, rather than one of defaults.
#[derive(Debug)]
pub(super) struct Given<T>(pub(super) T);

impl<T: FromValue> FromValue for Given<T> {
    const SHAPE: Shape = match T::SHAPE {
        Shape::Table(table) => Shape::Given(table),
        other => other,
    };

    fn form() -> String {
        T::form()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(value, reader).map(Given)
    }
}

/// `"none"`, or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrNone<T> {
    None,
    Given(T),
}

impl<T: FromText> FromText for OrNone<T> {
    fn form() -> String {
        format!("\"none\" or {}", T::form())
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        match text {
            "none" => Ok(OrNone::None),
            _ => T::from_text(text).map(OrNone::Given),
        }
    }
}

/// Text that is kept as it is: one line, not empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Line(pub(super) Box<str>);

impl FromText for Line {
    fn form() -> String {
        "text on one line".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        const LONGEST: usize = 4096;
        if text.is_empty() {
            return Err(Fault::new("there is nothing in it").hint("leave it out"));
        }
        if text.len() > LONGEST {
            return Err(Fault::new(format!("at most {LONGEST} bytes")).out_of_range());
        }
        match text.char_indices().find(|(_, c)| c.is_control()) {
            None => Ok(Line(text.into())),
            Some((at, c)) => {
                let shown = quoted(&c.to_string());
                let fault = Fault::new(format!("the control character {shown} cannot stand here"));
                Err(fault.at(at..at + c.len_utf8()))
            }
        }
    }
}

/// A path; a relative one is taken from the folder of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilePath(pub(super) PathBuf);

impl FromText for FilePath {
    fn form() -> String {
        "a path".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(Fault::new("an empty text is not a path"));
        }
        if text.contains('\0') {
            return Err(Fault::new("a path holds no zero byte"));
        }
        Ok(FilePath(text.into()))
    }
}

/// A name that appears in logs, metrics and commands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(pub(super) Box<str>);

/// A language by its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LanguageTag(pub(super) Box<str>);

impl FromText for LanguageTag {
    fn form() -> String {
        "a language tag such as \"de\" or \"pt-BR\"".to_owned()
    }

    /// The shape of RFC 5646, section 2.1: parts of one to eight letters or digits. The first is of two or three letters;
    /// longer ones are reserved, and none has been registered.
    fn from_text(text: &str) -> Result<Self, Fault> {
        let part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let first = text.split('-').next().unwrap_or_default();
        if text.split('-').all(part)
            && (2..=3).contains(&first.len())
            && first.bytes().all(|b| b.is_ascii_alphabetic())
        {
            return Ok(LanguageTag(text.into()));
        }
        let fault = Fault::new(format!("{} is not a language tag", quoted(text)));
        Err(match tag_of_language(text) {
            Some(tag) => fault.hint(format!("did you mean \"{tag}\"?")),
            None => fault.hint("for example \"de\" or \"pt-BR\""),
        })
    }
}

/// The tag of a language that is called by its name, in English or its own: those of the built-in page.
pub fn tag_of_language(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "english" => "en",
        "german" | "deutsch" => "de",
        "french" | "français" | "francais" => "fr",
        "spanish" | "español" | "espanol" => "es",
        "italian" | "italiano" => "it",
        "portuguese" | "português" | "portugues" => "pt",
        "dutch" | "nederlands" => "nl",
        "polish" | "polski" => "pl",
        "russian" | "русский" => "ru",
        "japanese" | "日本語" => "ja",
        "chinese" | "中文" => "zh",
        "arabic" | "العربية" => "ar",
        _ => return None,
    })
}

impl FromText for Name {
    fn form() -> String {
        "a name of at most 64 letters, digits, \"-\", \"_\" or \".\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        const LONGEST: usize = 64;
        if text.is_empty() {
            return Err(Fault::new("an empty text is not a name"));
        }
        let odd = |c: &(usize, char)| !c.1.is_ascii_alphanumeric() && !"-_.".contains(c.1);
        if let Some((at, c)) = text.char_indices().find(odd) {
            let fault = Fault::new(format!("{} cannot stand in a name", quoted(&c.to_string())));
            let hint = "use letters, digits, `-`, `_` and `.`";
            return Err(fault.at(at..at + c.len_utf8()).hint(hint));
        }
        if text.starts_with(['-', '.']) {
            let fault = Fault::new("a name begins with a letter, a digit or `_`");
            return Err(fault.at(0..1));
        }
        if text.len() > LONGEST {
            let fault = Fault::new(format!("a name has at most {LONGEST} characters"));
            return Err(fault.out_of_range());
        }
        Ok(Name(text.into()))
    }
}

/// The permission bits of a unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileMode(pub(super) u32);

impl FromText for FileMode {
    fn form() -> String {
        "permissions in octal such as \"0660\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        let octal = (3..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let mode = u32::from_str_radix(text, 8).ok();
        let mode = mode.filter(|mode| octal && *mode <= 0o777).ok_or_else(|| {
            Fault::new(format!("{} is not a mode in octal", quoted(text)))
                .hint("three digits of 0 to 7, as for chmod: \"0660\"")
        })?;
        Ok(FileMode(mode))
    }
}

impl FromText for Said {
    fn form() -> String {
        format!("text of at most {LONGEST} characters")
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        Said::parse(text).map_err(|error| {
            let fault = Fault::new(error.to_string());
            match error {
                Unsayable::Blank => fault.hint("leave the key out to say nothing"),
                Unsayable::TooLong(_) => fault
                    .out_of_range()
                    .hint("put longer text into a page of your own"),
                Unsayable::Control(c, at) => fault
                    .at(at..at + c.len_utf8())
                    .hint("only line breaks are allowed"),
            }
        })
    }
}

/// A point in time: as text, or as TOML's own date and time with an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Until(pub(super) Timestamp);

impl FromValue for Until {
    fn form() -> String {
        "a date and time such as \"2026-11-21T14:00:00+01:00\" or \"2026-11-21 14:00 Europe/Berlin\"".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            _ => {
                reader.wrong_type(value);
                return None;
            }
        };
        match super::until::dated(&text, reader.zone) {
            Ok(time) => Some(Until(time)),
            Err(fault) => {
                reader.fault(value, fault);
                None
            }
        }
    }
}

/// The fault of a text that is none of the words allowed.
pub(super) fn unknown_word(text: &str, words: &[&str]) -> Fault {
    let listed: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let fault = Fault::new(format!("{} is not one of the words allowed", quoted(text)));
    match nearest(text, words.iter().copied()) {
        Some(near) => fault.hint(format!(
            "did you mean \"{near}\"? It may be {}",
            one_of(&listed)
        )),
        None => fault.hint(format!("it may be {}", one_of(&listed))),
    }
}
