//! A number that another one is multiplied with, and that may be negative: by how much the number in a file changes a weight.

use super::reader::{FromValue, Reader, Value};
use super::value::no_such_number;
use toml::de::DeValue;

/// Up to the largest weight, either way; 0 would change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Factor(pub(super) i32);

/// The largest, either way.
const MOST: i32 = 65_535;

impl FromValue for Factor {
    fn form() -> String {
        format!("a whole number from -{MOST} to {MOST} other than 0")
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Integer(integer) = value.get_ref() else {
            reader.wrong_type(value);
            return None;
        };
        let number = i32::from_str_radix(integer.as_str(), integer.radix()).ok();
        let read = number.filter(|number| *number != 0 && (-MOST..=MOST).contains(number));
        if read.is_none() {
            let hint = format!("it may be -{MOST} to {MOST}, but for 0");
            reader.fault(value, no_such_number(integer).hint(hint));
        }
        read.map(Factor)
    }
}
