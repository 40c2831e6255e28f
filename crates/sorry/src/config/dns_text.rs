//! What a dns check names of DNS, as operators type it: names, types of records, response codes.

use super::fault::{Fault, quoted};
use super::reader::{FromText, FromValue, Reader, Value};
use domain::base::iana::{Rcode, Rtype};
use std::str::FromStr as _;

/// A name (RFC 1035, 2.3.1); `.` is the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DnsName(pub(super) Box<str>);

impl FromText for DnsName {
    fn form() -> String {
        "a name such as \"example.com\", or \".\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        match domain::base::Name::<Vec<u8>>::from_str(text) {
            Ok(_) if !text.is_empty() => Ok(DnsName(text.into())),
            _ => Err(Fault::new(format!("{} is not a name of DNS", quoted(text)))),
        }
    }
}

/// A type of records (RFC 1035, 3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecordType(pub(super) Box<str>);

impl FromText for RecordType {
    fn form() -> String {
        "a type of records such as \"SOA\", \"A\" or \"AAAA\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        match Rtype::from_str(text) {
            Ok(known) => Ok(RecordType(known.to_string().into())),
            Err(_) => Err(Fault::new(format!("{} is not a type of records", quoted(text)))
                .hint("for example \"SOA\", \"A\" or \"AAAA\"; any other by its number, such as \"TYPE65\"")),
        }
    }
}

/// A response code (RFC 1035, 4.1.1), by its name or its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ResponseCode(pub(super) u16);

impl FromValue for ResponseCode {
    fn form() -> String {
        "a response code such as \"NOERROR\" or \"NXDOMAIN\", or its number".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.word_or_number(value)?;
        match code(&text) {
            Some(code) => Some(ResponseCode(code)),
            None => {
                let fault = Fault::new(format!("{} is not a response code", quoted(&text)));
                reader.fault(value, fault.hint("for example \"NOERROR\" or \"NXDOMAIN\""));
                None
            }
        }
    }
}

fn code(text: &str) -> Option<u16> {
    // Four bits in the header; what EDNS adds to them does not come without asking for it.
    let number = match text.parse::<u8>() {
        Ok(number) => number,
        Err(_) => Rcode::from_str(text).ok()?.to_int(),
    };
    (number < 16).then_some(number.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_by_name_and_number() {
        for (text, expected) in [
            ("NOERROR", Some(0)),
            ("NXDOMAIN", Some(3)),
            ("5", Some(5)),
            ("16", None),
            ("NOPE", None),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn names_and_types() {
        assert!(DnsName::from_text(".").is_ok() && DnsName::from_text("example.com").is_ok());
        assert!(DnsName::from_text("").is_err() && DnsName::from_text("a..b").is_err());
        assert_eq!(RecordType::from_text("aaaa").unwrap().0[..], *"AAAA");
        assert!(RecordType::from_text("TYPE65").is_ok() && RecordType::from_text("NOPE").is_err());
    }
}
