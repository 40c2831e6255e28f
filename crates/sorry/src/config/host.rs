//! The host names that a site answers for, and finding a site by the name in a request.
//!
//! Names are kept in lower case without a final dot. Whoever looks one up has normalized the request's authority the same
//! way and cut off its port; nothing here reads a request.

use super::fault::{Fault, quoted};
use super::reader::FromText;
use std::collections::HashMap;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A host name, or all names below one (`*.shop.example.com`: one or more labels in front, not the name itself).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This name only.
    Exactly(Box<str>),
    /// Every name that ends in a dot and this one.
    Below(Box<str>),
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostPattern::Exactly(name) => f.write_str(name),
            HostPattern::Below(name) => write!(f, "*.{name}"),
        }
    }
}

/// Which site answers for which name; the most specific pattern wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostMap<T> {
    exactly: HashMap<Box<str>, T>,
    below: HashMap<Box<str>, T>,
}

impl<T: Copy> HostMap<T> {
    /// An empty map.
    pub fn new() -> HostMap<T> {
        HostMap {
            exactly: HashMap::new(),
            below: HashMap::new(),
        }
    }

    /// Adds a pattern unless it is there already; then says whose it is.
    pub fn insert(&mut self, pattern: &HostPattern, value: T) -> Result<(), T> {
        let (map, name) = match pattern {
            HostPattern::Exactly(name) => (&mut self.exactly, name),
            HostPattern::Below(name) => (&mut self.below, name),
        };
        match map.get(name) {
            Some(holder) => Err(*holder),
            None => {
                map.insert(name.clone(), value);
                Ok(())
            }
        }
    }

    /// Finds who answers for a normalized host name. Never allocates; looks at no more than one map entry per label.
    pub fn find(&self, host: &str) -> Option<T> {
        if let Some(found) = self.exactly.get(host) {
            return Some(*found);
        }
        if self.below.is_empty() {
            return None;
        }
        let dots = host.bytes().enumerate().filter(|(_, byte)| *byte == b'.');
        // A leading dot would make an empty label; such a name is nobody's.
        dots.filter(|(dot, _)| *dot > 0)
            .find_map(|(dot, _)| self.below.get(&host[dot + 1..]))
            .copied()
    }
}

/// RFC 1035, section 2.3.4.
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

impl FromText for HostPattern {
    fn form() -> String {
        "a host name such as \"shop.example.com\" or \"*.shop.example.com\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        refuse_other_things(text)?;
        if let Some(literal) = ipv6_literal(text)? {
            return Ok(HostPattern::Exactly(literal));
        }
        let lower = text.to_ascii_lowercase();
        let name = lower.strip_suffix('.').unwrap_or(&lower);
        match name.strip_prefix("*.") {
            Some(parent) => {
                check_name(parent, 2)?;
                if parent.parse::<Ipv4Addr>().is_ok() {
                    return Err(Fault::new("an address has no names below it"));
                }
                Ok(HostPattern::Below(parent.into()))
            }
            None => {
                check_name(name, 0)?;
                Ok(HostPattern::Exactly(name.into()))
            }
        }
    }
}

/// What people write where a host name belongs.
fn refuse_other_things(text: &str) -> Result<(), Fault> {
    if text == "*" {
        let fault = Fault::new("`*` alone is not a host name");
        return Err(fault.hint("`default = true` makes a site answer for all unknown hosts"));
    }
    if let Some((_, rest)) = text.split_once("://") {
        let host: String = rest.chars().take_while(|c| !"/:?#".contains(*c)).collect();
        let fault = Fault::new(format!("{} is a URL", quoted(text)));
        return Err(fault.hint(format!("write the host alone: \"{host}\"")));
    }
    if let Some(at) = text.find(|c: char| !c.is_ascii()) {
        let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
        let fault = Fault::new(format!("{} is not in ASCII", quoted(text)));
        return Err(fault
            .at(at..end)
            .hint("write the name as browsers send it, in its xn-- form (`idn2 NAME` prints it)"));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => {
            let fault = Fault::new(format!("{} has a port", quoted(text)));
            Err(fault.at(host.len()..text.len()).hint(format!(
                "a site answers for a host on all ports: \"{host}\""
            )))
        }
        _ => Ok(()),
    }
}

/// `[2001:db8::1]`, in the one spelling that clients send (RFC 5952).
fn ipv6_literal(text: &str) -> Result<Option<Box<str>>, Fault> {
    if let Some(inside) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        let address: Ipv6Addr = inside
            .parse()
            .map_err(|_| Fault::new(format!("{} is not an IPv6 address", quoted(inside))))?;
        return Ok(Some(format!("[{address}]").into()));
    }
    match text.parse::<Ipv6Addr>() {
        Ok(address) => Err(Fault::new("an IPv6 address as a host stands in brackets")
            .hint(format!("write \"[{address}]\""))),
        Err(_) => Ok(None),
    }
}

/// Letters, digits, `-` and `_` in labels of 1 to 63 characters; `from` is where the name stands in the text.
fn check_name(name: &str, from: usize) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(Fault::new("an empty text is not a host name"));
    }
    if name.len() > LONGEST_NAME {
        let fault = Fault::new(format!("a host name has at most {LONGEST_NAME} characters"));
        return Err(fault.out_of_range());
    }
    let mut start = from;
    for label in name.split('.') {
        let range = start..start + label.len();
        start = range.end + 1;
        check_label(label).map_err(|fault| fault.at(range))?;
    }
    Ok(())
}

fn check_label(label: &str) -> Result<(), Fault> {
    if label.is_empty() {
        return Err(Fault::new("two dots without a label between them"));
    }
    if label.contains('*') {
        let fault = Fault::new("`*` may only be the whole leftmost label");
        return Err(fault.hint("for example \"*.shop.example.com\""));
    }
    if let Some(c) = label
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !"-_".contains(*c))
    {
        let shown = quoted(&c.to_string());
        return Err(Fault::new(format!("{shown} cannot stand in a host name")));
    }
    if label.len() > LONGEST_LABEL {
        let fault = Fault::new(format!("a label has at most {LONGEST_LABEL} characters"));
        return Err(fault.out_of_range());
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(Fault::new("a label neither begins nor ends with `-`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        HostPattern::from_text(text).expect(text)
    }

    #[test]
    fn names_are_normalized() {
        for (text, normal) in [
            ("shop.example.com", "shop.example.com"),
            ("Shop.Example.COM.", "shop.example.com"),
            ("*.Shop.example.com", "*.shop.example.com"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("localhost", "localhost"),
            ("203.0.113.10", "203.0.113.10"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
            ("my_host.internal", "my_host.internal"),
        ] {
            assert_eq!(pattern(text).to_string(), normal);
        }
    }

    #[test]
    fn what_is_no_host_name_is_refused_with_the_way_out() {
        let long = format!("{}.com", "x".repeat(64));
        for (text, said) in [
            ("", "an empty text is not a host name"),
            ("*", "`default = true` makes a site answer"),
            ("a.*.com", "`*` may only be the whole leftmost label"),
            (
                "*shop.example.com",
                "`*` may only be the whole leftmost label",
            ),
            (
                "https://shop.example.com/x",
                "write the host alone: \"shop.example.com\"",
            ),
            (
                "shop.example.com:8080",
                "on all ports: \"shop.example.com\"",
            ),
            ("münchen.example", "in its xn-- form"),
            ("shop..example.com", "two dots without a label"),
            (".shop", "two dots without a label"),
            ("shop example", "` ` cannot stand in a host name"),
            ("-shop.example", "neither begins nor ends with `-`"),
            ("::1", "write \"[::1]\""),
            ("[::g]", "`::g` is not an IPv6 address"),
            ("*.10.0.0.1", "an address has no names below it"),
            (&long, "a label has at most 63 characters"),
        ] {
            let fault = HostPattern::from_text(text).expect_err(text);
            assert!(fault.to_string().contains(said), "{text}: {fault}");
        }
    }

    #[test]
    fn the_most_specific_pattern_wins() {
        let mut map = HostMap::new();
        for (site, text) in ["*.example.com", "*.shop.example.com", "shop.example.com"]
            .iter()
            .enumerate()
        {
            assert_eq!(map.insert(&pattern(text), site), Ok(()));
        }
        assert_eq!(map.insert(&pattern("shop.example.com"), 9), Err(2));
        for (host, site) in [
            ("shop.example.com", Some(2)),
            ("a.shop.example.com", Some(1)),
            ("a.b.shop.example.com", Some(1)),
            ("blog.example.com", Some(0)),
            ("example.com", None),
            (".example.com", None),
            ("example.org", None),
            ("", None),
        ] {
            assert_eq!(map.find(host), site, "{host}");
        }
    }
}
