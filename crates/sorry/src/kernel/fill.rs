//! Writes the maps of a responder: settings, addresses, pages.

use std::net::SocketAddr;

use aya::maps::MapError;
use sorry_bpf::layout::{self, Kind, Page, SEGMENT, VARIANTS, Vip};
use sorry_core::moment::Moment;
use sorry_core::responder::flip::{Mode, Proof, Wanted};
use sorry_core::responder::rotation::Slot;

use super::load::{LoadError, Maps};
use super::responder::{Address, BURST, Responder, Terms, Written, group, seconds};

/// The smallest packet that a device must send: a segment with IPv6's header and TCP's.
pub(super) const LEAST_MTU: u16 = 1280;

impl Responder {
    pub(super) fn write_terms(&mut self) -> Result<(), LoadError> {
        let config = &mut self.config;
        let Terms {
            rate,
            lists,
            sample,
            mtu,
            ..
        } = &self.terms;
        config.lists = lists.families();
        config.sample = layout::share(*sample);
        config.tick = tick_ns();
        config.cost = rate.map_or(0, |rate| 1_000_000_000 / u64::from(rate.max(1)));
        config.burst = rate.map_or(0, |_| BURST * 1_000_000_000);
        // What is left of a packet when both headers are taken away; larger ones than Ethernet's are offered to nobody.
        let mtu = (*mtu).clamp(LEAST_MTU, 1500);
        config.mss4 = (mtu - 40).to_be_bytes();
        config.mss6 = (mtu - 60).to_be_bytes();
        lists.write(&mut self.loaded.maps)?;
        self.write_config()
    }

    pub(super) fn write_config(&mut self) -> Result<(), LoadError> {
        Ok(self
            .loaded
            .maps
            .settings
            .set(0, self.config.to_bytes(), 0)?)
    }

    /// Brings every address into the mode that is wanted: one write each, whatever becomes of the others.
    pub(super) fn flip(&mut self, now: Moment) -> Result<(), LoadError> {
        let times = self.terms.flip;
        for site in &mut self.sites {
            for address in &mut site.addresses {
                let wanted = match address.stays && !site.leaves {
                    true => site.subject.wanted,
                    false => Wanted::Pass,
                };
                let was_off = address.flip.mode() == Mode::Off;
                address.flip.look(wanted, now.tick, &times);
                if was_off && address.flip.mode() != Mode::Off {
                    // What it says must say what time it is.
                    self.refreshed = 0;
                }
            }
        }
        // First, so that there is room for others.
        let mut result = self.let_go().and(self.refresh(now));
        for site in 0..self.sites.len() {
            for address in 0..self.sites[site].addresses.len() {
                let found = &self.sites[site];
                let (page, company) = (found.page, found.subject.company);
                let Address { vip, flip, .. } = found.addresses[address];
                let proof = flip.proof(now.tick, &times, company);
                let written = self.write_vip(vip, page, flip.mode(), proof);
                let has_room = !matches!(written, Err(LoadError::Crowded(_)));
                self.sites[site].addresses[address].has_room = has_room;
                result = result.and(written);
            }
        }
        result
    }

    /// Written only where it is not so already: what is in the kernel is read back each time.
    pub(super) fn write_vip(
        &mut self,
        vip: SocketAddr,
        page: u32,
        mode: Mode,
        proof: Proof,
    ) -> Result<(), LoadError> {
        let flags = match proof {
            Proof::Strict => Vip::STRICT,
            Proof::Wide => 0,
        };
        let mode = to_layout(mode);
        self.loaded.maps.vips.write(vip, mode, page, flags)
    }

    /// Writes what time changes, once a second, in the edition that nobody reads, and turns to that.
    pub(super) fn refresh(&mut self, now: Moment) -> Result<(), LoadError> {
        if self.refreshed == seconds(now) || !self.is_awake() {
            return Ok(());
        }
        let slot = self.rotation.current();
        for site in &mut self.sites {
            if site.addresses.iter().all(Address::is_off) {
                continue;
            }
            site.editions[slot as usize] ^= 1;
            write_heads(&mut self.loaded.maps, site, slot, now)?;
        }
        self.refreshed = seconds(now);
        Ok(())
    }
}

/// Nanoseconds of one of the kernel's ticks (jiffies), which is what its coarse clocks are exact to (clock_getres(2)).
fn tick_ns() -> u64 {
    let tick = rustix::time::clock_getres(rustix::time::ClockId::MonotonicCoarse);
    u64::try_from(tick.tv_nsec).unwrap_or(1)
}

/// As the kernel has it.
fn to_layout(mode: Mode) -> layout::Mode {
    match mode {
        Mode::Off => layout::Mode::Off,
        Mode::On => layout::Mode::On,
        Mode::Drain => layout::Mode::Drain,
    }
}

/// What the kernel has, as it is decided.
pub(super) fn of_layout(mode: layout::Mode) -> Mode {
    match mode {
        layout::Mode::Off => Mode::Off,
        layout::Mode::On => Mode::On,
        layout::Mode::Drain => Mode::Drain,
    }
}

/// All of the page but its first segment.
pub(super) fn write_tails(
    maps: &mut Maps,
    site: &Written,
    slot: Slot,
    now: Moment,
) -> Result<(), MapError> {
    let (speech, promise) = (&site.said[slot as usize], &site.subject.promise);
    let page = speech
        .said(Kind::Page, promise, seconds(now), group(0))
        .unwrap_or_default();
    for (number, data) in (0..).zip(page.chunks(SEGMENT)).skip(1) {
        let index = layout::tail_index(site.page, slot as u32, number);
        maps.tails.set(index, layout::segment(data), 0)?;
    }
    Ok(())
}

/// The first segments of all answers, and then the page that names them.
pub(super) fn write_heads(
    maps: &mut Maps,
    site: &Written,
    slot: Slot,
    now: Moment,
) -> Result<(), MapError> {
    let (speech, promise) = (&site.said[slot as usize], &site.subject.promise);
    let edition = site.editions[slot as usize];
    for kind in Kind::ALL {
        for variant in (0..).take(VARIANTS) {
            let Some(bytes) = speech.said(kind, promise, seconds(now), group(variant)) else {
                break;
            };
            let index = layout::head_index(site.page, slot as u32, edition, kind, variant);
            let data = &bytes[..bytes.len().min(SEGMENT)];
            maps.heads.set(index, layout::segment(data), 0)?;
        }
    }
    let number = |size: usize| u32::try_from(size).unwrap_or(0);
    let value = Page {
        segments: number(speech.segments()),
        edition,
        ends: Kind::ALL.map(|kind| number(speech.end(kind))),
    };
    maps.pages.set(
        layout::page_index(site.page, slot as u32),
        value.to_bytes(),
        0,
    )
}
