//! Reads spanned TOML values into what the tables of `spec/` declare, and collects every mistake on the way instead of
//! stopping at the first. It knows types and keys, not what they mean together: that is `meaning/`.

use super::diagnostics::{Code, Mistake, Place, Span};
use super::fault::{Fault, Kind, nearest, one_of, quoted};
use super::spec;
use super::table::{Key, Presence, Shape, Table};
use jiff::tz::TimeZone;
use std::collections::HashSet;
use toml::de::{DeTable, DeValue};

/// A value of the file with the bytes it stands at.
pub(super) type Value<'i> = toml::Spanned<DeValue<'i>>;

/// A value and where it was typed.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

impl<T> At<T> {
    pub(super) fn new(place: Place, value: T) -> At<T> {
        At { value, place }
    }
}

/// What a key's value can be read into. `None` means that the mistake has been reported.
pub(super) trait FromValue: Sized {
    const SHAPE: Shape = Shape::Value;
    const WORDS: &'static [(&'static str, &'static str)] = &[];
    /// What a value must look like, in words; "must be ..." stands before it.
    fn form() -> String;
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self>;
    /// What an optional key is when it is not there: an empty array, a table of defaults, or nothing.
    fn absent(_place: Place, _reader: &mut Reader<'_>) -> Option<Self> {
        None
    }
}

/// What is written as text.
pub(super) trait FromText: Sized {
    const WORDS: &'static [(&'static str, &'static str)] = &[];
    fn form() -> String;
    fn from_text(text: &str) -> Result<Self, Fault>;
}

impl<T: FromText> FromValue for T {
    const WORDS: &'static [(&'static str, &'static str)] = <T as FromText>::WORDS;

    fn form() -> String {
        <T as FromText>::form()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(text) = value.get_ref().as_str() else {
            reader.wrong_type(value);
            return None;
        };
        match T::from_text(text) {
            Ok(read) => Some(read),
            Err(fault) => {
                reader.fault(value, fault);
                None
            }
        }
    }
}

/// A struct made by the `table!` macro.
pub(super) trait FromTable: Sized {
    fn from_table(table: &Entries<'_>, reader: &mut Reader<'_>) -> Self;
}

/// The keys and values of one table in the file.
pub(super) struct Entries<'v> {
    pub(super) place: Place,
    entries: &'v DeTable<'v>,
    absent: Absent,
}

/// What to do about required keys that are not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    Report,
    Ignore,
}

/// What the value being read must look like.
#[derive(Clone, Copy)]
enum Form {
    Value(fn() -> String),
    Entry(fn() -> String),
}

/// Reads values; holds the mistakes found so far.
pub(super) struct Reader<'a> {
    text: &'a str,
    /// For times that name no zone.
    pub(super) zone: &'a TimeZone,
    pub(super) mistakes: Vec<Mistake>,
    /// The keys that lead to the value being read.
    path: Vec<&'static Key>,
    /// What the values that lead there must look like; more than keys where arrays are among them.
    forms: Vec<Form>,
    /// The tables that have a mistaken key.
    pub(super) broken: HashSet<Place>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, zone: &'a TimeZone) -> Reader<'a> {
        Reader {
            text,
            zone,
            mistakes: Vec::new(),
            path: Vec::new(),
            forms: Vec::new(),
            broken: HashSet::new(),
        }
    }

    /// Reads the whole file.
    pub(super) fn file(&mut self, root: &DeTable<'_>) -> spec::File {
        self.entries(root, Place::File, &spec::File::TABLE, Absent::Report)
    }

    /// What a table holds when only its defaults do; required keys are left out.
    pub(super) fn defaults<T: FromTable>(&mut self, place: Place, table: &Table) -> T {
        self.entries(&DeTable::new(), place, table, Absent::Ignore)
    }

    pub(super) fn table<T: FromTable>(&mut self, value: &Value<'_>, table: &Table) -> Option<T> {
        let DeValue::Table(entries) = value.get_ref() else {
            self.wrong_type(value);
            return None;
        };
        let place = Place::Span(value.span().into());
        Some(self.entries(entries, place, table, Absent::Report))
    }

    fn entries<T: FromTable>(
        &mut self,
        entries: &DeTable<'_>,
        place: Place,
        table: &Table,
        absent: Absent,
    ) -> T {
        for key in entries.keys() {
            let name: &str = key.get_ref();
            if !table.keys.iter().any(|known| known.name == name) {
                // It may be one of the others, mistyped.
                self.broken.insert(place);
                self.unknown_key(key.span().into(), name, table);
            }
        }
        T::from_table(
            &Entries {
                place,
                entries,
                absent,
            },
            self,
        )
    }

    /// Reads one key of a table, or takes its default.
    pub(super) fn field<T: FromValue>(
        &mut self,
        table: &Entries<'_>,
        key: &'static Key,
    ) -> Option<At<T>> {
        self.path.push(key);
        self.forms.push(Form::Value(key.form));
        let read = match table.entries.get(key.name) {
            Some(value) => {
                let place = Place::Span(value.span().into());
                let read = T::read(value, self).map(|read| At::new(place, read));
                if read.is_none() {
                    self.broken.insert(table.place);
                }
                read
            }
            None => self.absent(table, key),
        };
        self.forms.pop();
        self.path.pop();
        read
    }

    fn absent<T: FromValue>(&mut self, table: &Entries<'_>, key: &'static Key) -> Option<At<T>> {
        match key.presence {
            Presence::Optional | Presence::Suggested | Presence::Instead(_) => {
                T::absent(table.place, self).map(|value| At::new(table.place, value))
            }
            Presence::Required => {
                if table.absent == Absent::Report {
                    let message = format!("`{}` is missing{}", key.name, self.inside(1));
                    let mistake = Mistake::new(Code::Missing, table.place, message);
                    self.mistakes
                        .push(mistake.hint(format!("for example: {}", written(key))));
                }
                None
            }
            Presence::Default(text) => {
                let mut reader = Reader {
                    text,
                    path: vec![key],
                    forms: vec![Form::Value(key.form)],
                    ..Reader::new(text, self.zone)
                };
                let value = DeValue::parse(text).ok();
                let read = value.and_then(|value| T::read(&value, &mut reader));
                if read.is_none() {
                    // Our own mistake, which a test excludes; told rather than hidden.
                    let message = format!("the default of `{}` is broken: {text}", key.name);
                    self.mistakes
                        .push(Mistake::new(Code::Invalid, table.place, message));
                }
                read.map(|read| At::new(table.place, read))
            }
        }
    }

    /// " in [site.sorry]", leaving out the last keys of the path.
    fn inside(&self, but: usize) -> String {
        let keys = &self.path[..self.path.len().saturating_sub(but)];
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let name = names.join(".");
        match keys.last().map(|key| key.shape) {
            None => String::new(),
            Some(Shape::Tables(_)) => format!(" in [[{name}]]"),
            Some(Shape::Entries(_)) => format!(" in an entry of {name}"),
            Some(Shape::Several(_)) if self.is_entry(but) => format!(" in [[{name}]]"),
            Some(_) => format!(" in [{name}]"),
        }
    }

    /// Whether what these last keys of the path are in is an entry of an array.
    fn is_entry(&self, but: usize) -> bool {
        matches!(self.forms.iter().rev().nth(but), Some(Form::Entry(_)))
    }

    /// Whether `https` has a key that was typed in `http`.
    fn is_of_tls(&self, name: &str) -> bool {
        let [.., checks, http] = self.path[..] else {
            return false;
        };
        let of = |key: &'static Key| super::reference::inner(key).map(|table| table.keys);
        let mut beside = of(checks).unwrap_or_default().iter();
        let https = beside.find(|key| http.name == "http" && key.name == "https");
        let keys = https.and_then(of).unwrap_or_default();
        keys.iter().any(|key| key.name == name)
    }

    fn unknown_key(&mut self, span: Span, name: &str, table: &Table) {
        let message = format!("unknown key {}{}", quoted(name), self.inside(0));
        let known: Vec<&str> = table.keys.iter().map(|key| key.name).collect();
        let elsewhere = super::reference::tables_with(name);
        let hint = match nearest(name, known.iter().copied()) {
            _ if self.is_of_tls(name) => {
                format!("`{name}` is a key of `https`: `http` speaks no TLS")
            }
            Some(near) => format!("did you mean `{near}`?"),
            None if !elsewhere.is_empty() => {
                let tables = one_of(&elsewhere);
                let why = match self.path[..] {
                    [shared] if shared.name == "sorry" => {
                        ": each site has its own, and [sorry] is for `listen` alone"
                    }
                    _ => "",
                };
                format!("`{name}` is a key of {tables}{why}")
            }
            None => format!("the keys here are {}", known.join(", ")),
        };
        let mistake = Mistake::new(Code::UnknownKey, Place::Span(span), message);
        self.mistakes.push(mistake.hint(hint));
    }

    /// Reads one entry of the array that is the value of the key being read.
    pub(super) fn entry<T: FromValue>(&mut self, value: &Value<'_>) -> Option<At<T>> {
        self.forms.push(Form::Entry(T::form));
        let read = T::read(value, self);
        self.forms.pop();
        read.map(|read| At::new(Place::Span(value.span().into()), read))
    }

    /// A text, or a decimal number as it was typed; anything else is told.
    pub(super) fn word_or_number(&mut self, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => Some(number.to_string()),
            _ => {
                self.wrong_type(value);
                None
            }
        }
    }

    /// Reports that the value is not of the type that is expected.
    pub(super) fn wrong_type(&mut self, value: &Value<'_>) {
        let (Some(key), Some(form)) = (self.path.last(), self.forms.last()) else {
            return;
        };
        let (name, kind) = (key.name, kind(value.get_ref()));
        let message = match form {
            Form::Value(form) => format!("{name}: must be {}, not {kind}", form()),
            Form::Entry(form) => format!("{name}: an entry must be {}, not {kind}", form()),
        };
        let mistake = Mistake::new(Code::WrongType, Place::Span(value.span().into()), message);
        self.mistakes.push(mistake.hint(self.type_hint(key, value)));
    }

    fn type_hint(&self, key: &Key, value: &Value<'_>) -> String {
        let names: Vec<&str> = self.path.iter().map(|key| key.name).collect();
        let (name, header) = (key.name, names.join("."));
        let typed = self.text.get(value.span()).unwrap_or_default();
        let example = DeValue::parse(key.example).map(toml::Spanned::into_inner);
        match (key.shape, value.get_ref(), example) {
            (Shape::Tables(_), DeValue::Table(_), _) => {
                format!("there can be many: write [[{header}]] rather than [{header}]")
            }
            (Shape::Table(_) | Shape::Given(_), DeValue::Array(_), _)
                if typed.starts_with("[[") =>
            {
                format!("there is only one: write [{header}] rather than [[{header}]]")
            }
            (Shape::Value | Shape::Entries(_), DeValue::String(_), Ok(DeValue::Array(_)))
                if matches!(self.forms.last(), Some(Form::Value(_))) =>
            {
                format!("an array, even of one: {name} = [{typed}]")
            }
            (_, DeValue::String(text), Ok(example)) if is_of_type(text, &example) => {
                format!("without quotes: {name} = {text}")
            }
            _ => format!("for example: {}", written(key)),
        }
    }

    /// Reports what a parser found wrong with the value.
    pub(super) fn fault(&mut self, value: &Value<'_>, fault: Fault) {
        let Some(key) = self.path.last() else { return };
        let code = match fault.kind {
            Kind::Invalid => Code::Invalid,
            Kind::OutOfRange => Code::OutOfRange,
        };
        let span = self.within(value, &fault);
        let message = format!("{}: {}", key.name, fault.message);
        let hint = match fault.hint {
            Some(hint) => hint,
            None => format!("for example: {}", written(key)),
        };
        self.mistakes
            .push(Mistake::new(code, Place::Span(span), message).hint(hint));
    }

    /// The bytes of the file that the fault blames: a part of the value where its text stands in the file as it is.
    fn within(&self, value: &Value<'_>, fault: &Fault) -> Span {
        let whole = value.span();
        let narrowed = || {
            let text = value.get_ref().as_str()?;
            let range = fault.range.clone()?;
            let start = whole.start + self.text.get(whole.clone())?.find(text)?;
            (!range.is_empty()).then(|| Span {
                start: start + range.start,
                end: start + range.end,
            })
        };
        narrowed().unwrap_or(whole.into())
    }
}

/// The key as it may be written: `retry-after = "auto"`, or the header of an array of tables.
fn written(key: &Key) -> String {
    match key.shape {
        Shape::Tables(_) if key.name == "site" => spec::SMALLEST.to_owned(),
        Shape::Tables(_) => format!("[[{}]]", key.name),
        _ => format!("{} = {}", key.name, key.example),
    }
}

/// Whether the text would be a value of the example's type if it were not in quotes.
fn is_of_type(text: &str, example: &DeValue<'_>) -> bool {
    DeValue::parse(text).is_ok_and(|value| value.get_ref().same_type(example))
}

/// What a value is, in the operator's words.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
