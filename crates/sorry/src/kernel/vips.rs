//! The addresses in the kernel, by number, and where each is found: a hash map done by hand, for the kernel's own is too slow for each packet
//! (`c/layout.h` says how). A packet may come between any two writes here: it finds an address as it was or as it will be, or passes.

use std::net::{IpAddr, SocketAddr};

use aya::maps::{Array, MapData};
use sorry_bpf::layout::{self, TOGETHER, VIPS, Vip};

use super::load::LoadError;

/// See the file's header.
pub(super) struct Vips {
    values: Array<MapData, [u8; Vip::SIZE]>,
    places: Array<MapData, u64>,
    /// Whose each number is.
    owners: Vec<Option<SocketAddr>>,
}

impl Vips {
    /// Of maps in which nothing stands.
    pub(super) fn new(
        values: Array<MapData, [u8; Vip::SIZE]>,
        places: Array<MapData, u64>,
    ) -> Vips {
        Vips {
            values,
            places,
            owners: vec![None; VIPS as usize],
        }
    }

    /// What stands in the kernel for an address; `None` where a packet for it finds nothing.
    pub(super) fn read(&self, vip: SocketAddr) -> Result<Option<Vip>, LoadError> {
        let Some(number) = self.owners.iter().position(|owner| *owner == Some(vip)) else {
            return Ok(None);
        };
        let found = Vip::from_bytes(&self.values.get(&index(number), 0)?);
        let place = self.places.get(&place_of(&found), 0)?;
        let is_found = (0..TOGETHER).any(|at| place >> (16 * at) & 0xffff == number as u64 + 1);
        Ok((is_found && same_address(&found, &of(vip))).then_some(found))
    }

    /// Has this stand for an address: one write where it has a number already.
    ///
    /// # Errors
    /// [`LoadError::Crowded`] where there are [`VIPS`] others, or [`TOGETHER`] at its place.
    pub(super) fn write(
        &mut self,
        vip: SocketAddr,
        mode: layout::Mode,
        page: u32,
        flags: u32,
    ) -> Result<(), LoadError> {
        let value = Vip {
            mode: mode as u32,
            page,
            flags,
            ..of(vip)
        };
        if self.read(vip)? == Some(value) {
            return Ok(());
        }
        let number = self.number_for(vip)?;
        Ok(self.values.set(index(number), value.to_bytes(), 0)?)
    }

    /// Has nothing stand for it.
    pub(super) fn remove(&mut self, vip: SocketAddr) -> Result<(), LoadError> {
        let Some(number) = self.owners.iter().position(|owner| *owner == Some(vip)) else {
            return Ok(());
        };
        self.owners[number] = None;
        self.write_place(vip)?;
        Ok(self
            .values
            .set(index(number), Vip::default().to_bytes(), 0)?)
    }

    /// Its number; a new one has it stand there with everything passing.
    fn number_for(&mut self, vip: SocketAddr) -> Result<usize, LoadError> {
        let known = self.owners.iter().position(|owner| *owner == Some(vip));
        if let Some(known) = known {
            // Whatever was changed from outside is mended.
            self.write_place(vip)?;
            return Ok(known);
        }
        let free = self.owners.iter().position(Option::is_none);
        let free = free.filter(|_| self.together(vip).len() < TOGETHER);
        let number = free.ok_or(LoadError::Crowded(vip))?;
        // Before anybody finds it.
        self.values.set(index(number), of(vip).to_bytes(), 0)?;
        self.owners[number] = Some(vip);
        self.write_place(vip)?;
        Ok(number)
    }

    fn write_place(&mut self, vip: SocketAddr) -> Result<(), LoadError> {
        let value = layout::numbers(&self.together(vip));
        Ok(self.places.set(place_of(&of(vip)), value, 0)?)
    }

    /// The numbers of all that are found where this one is.
    fn together(&self, vip: SocketAddr) -> Vec<u16> {
        let place = place_of(&of(vip));
        let numbered = (0..).zip(&self.owners);
        numbered
            .filter(|(_, owner)| owner.is_some_and(|owner| place_of(&of(owner)) == place))
            .map(|(number, _)| number)
            .collect()
    }
}

/// An address as it stands there, with everything passing.
fn of(vip: SocketAddr) -> Vip {
    let address = match vip.ip() {
        IpAddr::V4(four) => four.to_ipv6_mapped(),
        IpAddr::V6(six) => six,
    };
    Vip {
        address: address.octets(),
        port: vip.port().to_be_bytes(),
        ..Vip::default()
    }
}

fn same_address(one: &Vip, other: &Vip) -> bool {
    (one.address, one.port) == (other.address, other.port)
}

fn place_of(vip: &Vip) -> u32 {
    layout::place_of(vip.address, vip.port)
}

fn index(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
