//! What the object says of its own forms (BTF, docs.kernel.org/bpf/btf.html), beside what [`layout`](super::layout) says of them.

use std::collections::BTreeMap;

use super::OBJECT;
use super::layout::{COUNTERS_SIZE, Config, Page, SEGMENT, SEGMENT_SIZE, Sample, Vip};

/// A form by its name: its bytes, and where its fields are.
type Forms = BTreeMap<String, (usize, BTreeMap<String, usize>)>;

fn short(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()))
}

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn long(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())).unwrap()
}

fn text(bytes: &[u8], at: usize) -> &str {
    let end = bytes[at..].iter().position(|byte| *byte == 0).unwrap();
    std::str::from_utf8(&bytes[at..at + end]).unwrap()
}

/// A section of the object (elf(5), 64 bits).
fn section(name: &str) -> &'static [u8] {
    let (headers, size) = (long(OBJECT, 0x28), short(OBJECT, 0x3a));
    let (many, names) = (short(OBJECT, 0x3c), short(OBJECT, 0x3e));
    let header = |number: usize| &OBJECT[headers + number * size..][..size];
    let bytes = |header: &[u8]| &OBJECT[long(header, 0x18)..][..long(header, 0x20)];
    let names = bytes(header(names));
    let mut all = (0..many).map(header);
    let found = all.find(|header| text(names, word(header, 0)) == name);
    bytes(found.unwrap())
}

/// Bytes behind the twelve that each type has, by its kind and how many members it has.
fn more(kind: usize, members: usize) -> usize {
    match kind {
        1 | 14 | 17 => 4,
        3 => 12,
        4 | 5 | 15 | 19 => 12 * members,
        6 | 13 => 8 * members,
        _ => 0,
    }
}

fn forms() -> Forms {
    let btf = section(".BTF");
    assert_eq!(short(btf, 0), 0xeb9f);
    let body = &btf[word(btf, 4)..];
    let types = &body[word(btf, 8)..][..word(btf, 12)];
    let names = &body[word(btf, 16)..][..word(btf, 20)];
    let mut forms = Forms::new();
    let mut at = 0;
    while at < types.len() {
        let info = word(types, at + 4);
        let (kind, members) = (info >> 24 & 0x1f, info & 0xffff);
        if kind == 4 {
            let fields = (0..members).map(|number| {
                let member = at + 12 + 12 * number;
                let name = text(names, word(types, member)).to_owned();
                (name, word(types, member + 8) / 8)
            });
            let name = text(names, word(types, at)).to_owned();
            forms.insert(name, (word(types, at + 8), fields.collect()));
        }
        at += 12 + more(kind, members);
    }
    forms
}

#[test]
fn the_object_has_the_same_forms() {
    let forms = forms();
    for (name, size, fields) in [
        ("vip", Vip::SIZE, Vip::FIELDS),
        ("config", Config::SIZE, Config::FIELDS),
        ("page", Page::SIZE, Page::FIELDS),
    ] {
        let (bytes, places) = &forms[name];
        assert_eq!(*bytes, size, "{name}");
        let mut end = 0;
        for (field, at, length) in fields {
            assert_eq!(places.get(*field), Some(at), "{name}.{field}");
            assert!(*at >= end, "{name}.{field} overlaps the one before it");
            end = at + length;
        }
        // What is there and not named is nobody's.
        let named = |field: &String| fields.iter().any(|(name, ..)| name == field);
        let mut others = places.keys().filter(|field| !named(field));
        assert!(others.all(|field| field == "zero"), "{name}: {places:?}");
    }
    let (segment, places) = &forms["segment"];
    assert_eq!(
        (*segment, places["sum"], places["data"]),
        (SEGMENT_SIZE, 2, 8)
    );
    assert!(places["end"] - places["data"] >= SEGMENT);
    assert_eq!(forms["counters"].0, COUNTERS_SIZE);
    for (list, address) in [("prefix4", 4), ("prefix6", 16)] {
        assert_eq!(forms[list].1["address"], 4, "{list}");
        assert_eq!(forms[list].0, 4 + address, "{list}");
    }
}

/// Of samples, what the compiler of the object was made to assert.
#[test]
fn samples_have_the_same_form() {
    let header = include_str!("../c/layout.h");
    let asserted = |what: &str| header.lines().any(|line| line == what);
    assert!(asserted(&format!("SAME(sample, {});", Sample::SIZE)));
    let mut end = 0;
    for (field, at, length) in Sample::FIELDS {
        let is_there = *at == 0 || asserted(&format!("AT(sample, {field}, {at});"));
        assert!(is_there && *at == end, "sample.{field} at {at}");
        end = at + length;
    }
    assert_eq!(end, Sample::SIZE);
}
