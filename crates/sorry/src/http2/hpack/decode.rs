//! The decoder of RFC 7541: a field block in, a field list out.
//!
//! It keeps the one piece of state that both sides of a connection must agree on, the dynamic
//! table, and therefore reads every block to its end, even one whose fields are too large to be
//! kept. It does not judge requests (`request` does). Called by `connection` for each block.

use super::dynamic_table::DynamicTable;
use super::static_table::ENTRIES;
use super::{huffman, integer};
use crate::http2::fields::{Fields, Kind};

/// A block that cannot be decoded: the connection is lost with it (RFC 9113, 4.3,
/// `COMPRESSION_ERROR`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("cut off, or an integer too large")]
    Integer,
    #[error("an index that no table has")]
    Index,
    #[error("a broken huffman string")]
    Huffman,
    #[error("a table size update in the wrong place or too large")]
    TableSize,
    #[error("no table size update after a reduction")]
    TableSizeMissing,
}

#[derive(Debug)]
pub(crate) struct Decoder {
    table: DynamicTable,
    /// What a size update may ask for: our `SETTINGS_HEADER_TABLE_SIZE` once acknowledged.
    largest: usize,
    /// The peer has acknowledged less than it was using and has to say so first (RFC 9113, 4.3.1).
    reduced: bool,
}

/// What a table holds before any `SETTINGS` (RFC 9113, 6.5.2).
pub(crate) const INITIAL_TABLE: usize = 4096;

impl Decoder {
    pub(crate) fn new() -> Self {
        Self {
            table: DynamicTable::new(INITIAL_TABLE),
            largest: INITIAL_TABLE,
            reduced: false,
        }
    }

    /// Our setting has been acknowledged: from the next block on it holds.
    pub(crate) fn agree(&mut self, largest: usize) {
        self.largest = largest;
        self.reduced = self.table.capacity() > largest;
    }

    /// Reads one whole block into `fields`.
    pub(crate) fn decode(&mut self, block: &[u8], fields: &mut Fields) -> Result<(), Error> {
        let mut rest = self.size_updates(block)?;
        while let Some(&first) = rest.first() {
            match first {
                0x80.. => self.indexed(&mut rest, fields)?,
                0x40.. => {
                    let index = integer::take::<6>(&mut rest).ok_or(Error::Integer)?;
                    let (start, name_len, kind) = self.literal(index, &mut rest, fields)?;
                    let (name, value) = fields.opened(start, name_len);
                    self.table.insert(name, value, kind);
                    fields.close(start, name_len, kind);
                }
                0x20.. => return Err(Error::TableSize),
                // Without indexing and never indexed differ for intermediaries only.
                _ => {
                    let index = integer::take::<4>(&mut rest).ok_or(Error::Integer)?;
                    let (start, name_len, kind) = self.literal(index, &mut rest, fields)?;
                    fields.close(start, name_len, kind);
                }
            }
        }
        Ok(())
    }

    /// RFC 7541, 4.2: updates come first, and at most two of them.
    fn size_updates<'b>(&mut self, mut rest: &'b [u8]) -> Result<&'b [u8], Error> {
        for _ in 0..2 {
            if !matches!(rest.first(), Some(0x20..=0x3f)) {
                break;
            }
            let size = integer::take::<5>(&mut rest).ok_or(Error::Integer)?;
            if size > self.largest {
                return Err(Error::TableSize);
            }
            self.table.resize(size);
            self.reduced = false;
        }
        if self.reduced {
            Err(Error::TableSizeMissing)
        } else {
            Ok(rest)
        }
    }

    /// RFC 7541, 6.1.
    #[inline]
    fn indexed(&self, rest: &mut &[u8], fields: &mut Fields) -> Result<(), Error> {
        let index = integer::take::<7>(rest).ok_or(Error::Integer)?;
        let at = index.checked_sub(1).ok_or(Error::Index)?;
        if let Some(entry) = ENTRIES.get(at) {
            fields.push(entry.name, entry.value, entry.kind);
        } else {
            let (name, value, kind) = self.table.entry(at - ENTRIES.len()).ok_or(Error::Index)?;
            fields.push(name, value, kind);
        }
        Ok(())
    }

    /// RFC 7541, 6.2, after the index of the name: decodes name and value in place and judges them;
    /// the caller closes the field.
    fn literal(
        &self,
        index: usize,
        rest: &mut &[u8],
        fields: &mut Fields,
    ) -> Result<(usize, usize, Kind), Error> {
        let (start, buffer) = fields.open();
        let name_kind = match index.checked_sub(1) {
            None => {
                string(rest, buffer)?;
                Kind::of_name(&buffer[start..])
            }
            Some(at) => match ENTRIES.get(at) {
                Some(entry) => {
                    buffer.extend_from_slice(entry.name);
                    entry.name_kind
                }
                None => {
                    let (name, _, _) = self.table.entry(at - ENTRIES.len()).ok_or(Error::Index)?;
                    buffer.extend_from_slice(name);
                    Kind::of_name(name)
                }
            },
        };
        let name_len = buffer.len() - start;
        string(rest, buffer)?;
        let kind = name_kind.with_value(&buffer[start + name_len..]);
        Ok((start, name_len, kind))
    }
}

/// RFC 7541, 5.2: appends a string literal to `out`.
fn string(rest: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let packed = rest.first().is_some_and(|first| first & 0x80 != 0);
    let len = integer::take::<7>(rest).ok_or(Error::Integer)?;
    let (text, after) = rest.split_at_checked(len).ok_or(Error::Integer)?;
    *rest = after;
    if packed {
        huffman::unpack(text, out).map_err(|_| Error::Huffman)
    } else {
        out.extend_from_slice(text);
        Ok(())
    }
}
