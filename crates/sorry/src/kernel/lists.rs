//! Whom the kernel does not answer: networks whose connections are dropped, and those whose connections are left to user space. Lookups cost,
//! so a bitmap of the first 16 bits of all that a list knows is asked first.

use std::collections::HashSet;
use std::net::IpAddr;

use aya::maps::lpm_trie::Key;
use aya::maps::{MapData, MapError, lpm_trie::LpmTrie};
use sorry_bpf::layout::{LIST_ALLOW, LIST_DENY, WORDS};

use super::load::{Maps, network};
use crate::config::Network;

/// What is said of networks; of several that hold an address, the longest counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// Dropped.
    pub deny: Vec<Network>,
    /// Left to user space.
    pub allow: Vec<Network>,
}

impl Lists {
    /// All entries; what is both denied and allowed is denied.
    fn entries(&self) -> impl Iterator<Item = (&Network, u32)> {
        let allow = self.allow.iter().map(|network| (network, LIST_ALLOW));
        allow.chain(self.deny.iter().map(|network| (network, LIST_DENY)))
    }

    /// Whether there are entries of IPv4 (bit 0) and IPv6 (bit 1).
    pub(super) fn families(&self) -> u32 {
        self.entries().fold(0, |bits, (network, _)| {
            bits | if network.address().is_ipv4() { 1 } else { 2 }
        })
    }

    /// Puts the lists where the programs look, which have room for what was there and what comes. Entries that are not in them any more are taken out last, so that nobody falls through
    /// between the two.
    pub(super) fn write(&self, maps: &mut Maps) -> Result<(), MapError> {
        let mut four = Vec::new();
        let mut six = Vec::new();
        for (entry, word) in self.entries() {
            match entry.address() {
                IpAddr::V4(address) => {
                    four.push((network(entry.prefix().into(), address.octets()), word));
                }
                IpAddr::V6(address) => {
                    six.push((network(entry.prefix().into(), address.octets()), word));
                }
            }
        }
        write_marks(&four, |word, bits| maps.marks4.set(word, bits, 0))?;
        write_marks(&six, |word, bits| maps.marks6.set(word, bits, 0))?;
        write_list(&mut maps.list4, &four)?;
        write_list(&mut maps.list6, &six)
    }
}

fn write_list<const N: usize>(
    list: &mut LpmTrie<MapData, [u8; N], u32>,
    entries: &[(Key<[u8; N]>, u32)],
) -> Result<(), MapError> {
    for (key, word) in entries {
        list.insert(key, word, 0)?;
    }
    let wanted: HashSet<_> = entries.iter().map(|(key, _)| parts(key)).collect();
    let known: Vec<Key<[u8; N]>> = list.keys().collect::<Result<_, _>>()?;
    for key in known.iter().filter(|key| !wanted.contains(&parts(key))) {
        list.remove(key)?;
    }
    Ok(())
}

fn parts<const N: usize>(key: &Key<[u8; N]>) -> (u32, [u8; N]) {
    (key.prefix_len(), key.data())
}

/// A bit for each value of the first two bytes that an entry holds.
fn write_marks<const N: usize>(
    entries: &[(Key<[u8; N]>, u32)],
    mut set: impl FnMut(u32, u64) -> Result<(), MapError>,
) -> Result<(), MapError> {
    for (word, bits) in (0..WORDS).zip(marks(
        entries
            .iter()
            .map(|(key, _)| (key.prefix_len(), [key.data()[0], key.data()[1]])),
    )) {
        set(word, bits)?;
    }
    Ok(())
}

fn marks(entries: impl Iterator<Item = (u32, [u8; 2])>) -> Vec<u64> {
    let mut words = vec![0_u64; WORDS as usize];
    for (bits, first) in entries {
        let from = u32::from(u16::from_be_bytes(first));
        let many = 1_u32 << 16_u32.saturating_sub(bits);
        for value in from..(from + many).min(1 << 16) {
            words[(value >> 6) as usize] |= 1 << (value & 63);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_cover_what_an_entry_holds() {
        for (bits, first, from, to) in [
            (32, [10, 1], 0x0a01, 0x0a01),
            (16, [10, 1], 0x0a01, 0x0a01),
            (12, [172, 16], 0xac10, 0xac1f),
            (8, [10, 0], 0x0a00, 0x0aff),
            (0, [0, 0], 0, 0xffff),
        ] {
            let words = marks([(bits, first)].into_iter());
            let held = |value: u32| words[(value >> 6) as usize] >> (value & 63) & 1 == 1;
            for value in 0..=0xffff {
                assert_eq!(
                    held(value),
                    (from..=to).contains(&value),
                    "{first:?}/{bits} {value:x}"
                );
            }
        }
    }
}
