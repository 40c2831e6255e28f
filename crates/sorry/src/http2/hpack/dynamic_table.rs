//! The dynamic table of RFC 7541, section 2.3.2: what the peer asked us to remember, newest first,
//! within an agreed size.
//!
//! Names and values lie one behind the other in one buffer whose dead front is cut off now and
//! then, so that a connection that has seen its share of fields allocates nothing more. An empty
//! table owns no memory. Used by the decoder alone: our answers never use one.

use std::collections::VecDeque;

use crate::http2::fields::{Kind, OVERHEAD};

#[derive(Debug)]
pub(crate) struct DynamicTable {
    bytes: Vec<u8>,
    /// Oldest first.
    entries: VecDeque<Entry>,
    size: usize,
    capacity: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    name_len: usize,
    value_len: usize,
    kind: Kind,
}

impl Entry {
    fn end(self) -> usize {
        self.start + self.name_len + self.value_len
    }

    fn size(self) -> usize {
        self.name_len + self.value_len + OVERHEAD
    }
}

impl DynamicTable {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            bytes: Vec::new(),
            entries: VecDeque::new(),
            size: 0,
            capacity,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Section 4.3: a smaller table forgets its oldest entries.
    pub(crate) fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.evict(0);
        if self.entries.is_empty() {
            *self = Self::new(capacity);
        }
    }

    /// The entry `age` insertions back: name, value, and what was found of them.
    #[inline]
    pub(crate) fn entry(&self, age: usize) -> Option<(&[u8], &[u8], Kind)> {
        let entry = self.entries.get(self.entries.len().checked_sub(age + 1)?)?;
        let (name, value) = self.bytes[entry.start..entry.end()].split_at(entry.name_len);
        Some((name, value, entry.kind))
    }

    /// Section 4.4: makes room first; an entry larger than the table empties it, and is no error.
    pub(crate) fn insert(&mut self, name: &[u8], value: &[u8], kind: Kind) {
        let needed = name.len() + value.len() + OVERHEAD;
        self.evict(needed);
        if needed > self.capacity {
            return;
        }
        self.compact();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.size += needed;
        self.entries.push_back(Entry {
            start,
            name_len: name.len(),
            value_len: value.len(),
            kind,
        });
    }

    fn evict(&mut self, needed: usize) {
        while self.size + needed > self.capacity {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.size -= oldest.size();
        }
    }

    /// Cuts the dead front off once it is as long as what lives, so that each octet is moved at
    /// most once on average.
    fn compact(&mut self) {
        let dead = self
            .entries
            .front()
            .map_or(self.bytes.len(), |oldest| oldest.start);
        if dead > 0 && dead >= self.bytes.len() - dead {
            self.bytes.drain(..dead);
            for entry in &mut self.entries {
                entry.start -= dead;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Beside the plainest table there is: a list of owned pairs.
        #[test]
        fn it_remembers_what_a_plain_list_would(
            steps in proptest::collection::vec((0..4_u8, "[a-z]{0,30}", "[a-z]{0,60}", 0..300_usize), 0..200),
        ) {
            let mut table = DynamicTable::new(200);
            let mut plain: VecDeque<(String, String)> = VecDeque::new();
            for (what, name, value, capacity) in steps {
                if what == 0 {
                    table.resize(capacity);
                } else {
                    table.insert(name.as_bytes(), value.as_bytes(), Kind::Regular);
                    plain.push_front((name, value));
                }
                while plain.iter().map(|(name, value)| name.len() + value.len() + 32).sum::<usize>() > table.capacity() {
                    plain.pop_back();
                }
                for (age, (name, value)) in plain.iter().enumerate() {
                    prop_assert_eq!(table.entry(age), Some((name.as_bytes(), value.as_bytes(), Kind::Regular)));
                }
                prop_assert_eq!(table.entry(plain.len()), None);
                prop_assert!(table.bytes.len() <= 2 * 300 + 90);
            }
        }
    }

    #[test]
    fn an_empty_table_owns_nothing() {
        let mut table = DynamicTable::new(4096);
        assert_eq!((table.bytes.capacity(), table.entries.capacity()), (0, 0));
        table.insert(b"name", b"value", Kind::Regular);
        table.resize(0);
        assert_eq!((table.bytes.capacity(), table.entries.capacity()), (0, 0));
    }
}
