//! A table that may stand more than once: `http = { .. }`, or `http = [{ .. }, { .. }]`, which is also `[[site.check.http]]`. Each has
//! its own place, so that a mistake is told where it is. Used for the kinds of checks.

use super::Place;
use super::reader::{At, FromValue, Reader, Value};
use super::table::Shape;
use toml::de::DeValue;

/// All that stand there, in their order.
#[derive(Debug)]
pub(super) struct Several<T>(pub(super) Vec<At<T>>);

impl<T: FromValue> FromValue for Several<T> {
    const SHAPE: Shape = match T::SHAPE {
        Shape::Table(table) => Shape::Several(table),
        other => other,
    };

    fn form() -> String {
        format!("{}, or an array of such", T::form())
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Array(array) = value.get_ref() else {
            let place = Place::Span(value.span().into());
            return T::read(value, reader).map(|read| Several(vec![At::new(place, read)]));
        };
        let entries = array.iter().filter_map(|entry| reader.entry(entry));
        Some(Several(entries.collect()))
    }
}
