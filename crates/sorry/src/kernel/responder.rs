//! One copy of the in-kernel responder: what is in its maps, and how that comes to be what is wanted. It is attached by `attachment`; whether and
//! when an address is answered for, and when keys take turns, is decided in the core.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use aya::maps::PerCpuValues;
use ring::digest::{SHA256, digest};
use sorry_bpf::layout::{self, Config, Count, Kind, VARIANTS};
use sorry_core::moment::{Moment, Tick};
use sorry_core::responder::flip::{self, Company, Flip, Mode, Wanted};
use sorry_core::responder::rotation::{self, Heard, Mark, Origin, Rotation, Slot, Step};
use sorry_core::retry_after::Promise;

use super::earlier::{Copies, Earlier};
use super::fill;
use super::lists::Lists;
use super::load::{LoadError, Loaded, Place, Tried};
use super::secret::Secret;
use super::speech::{Group, Speech};

/// The most sites of one responder.
#[expect(clippy::cast_possible_truncation, reason = "a few")]
pub const MOST_SITES: u32 = crate::config::kernel::MOST_SITES as u32;

/// One site as the kernel answers for it.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its name.
    pub name: Box<str>,
    /// Where it is answered for.
    pub vips: Vec<SocketAddr>,
    /// What is said.
    pub speech: Speech,
    /// When clients may come back.
    pub promise: Promise,
    /// Whether it is to be answered for.
    pub wanted: Wanted,
    /// Who else may have connections there.
    pub company: Company,
}

/// How much, how long, for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Whom the kernel does not answer.
    pub lists: Lists,
    /// Segments with data per second for each network of 256 addresses (/24, /56); `None` for no limit.
    pub rate: Option<u32>,
    /// Of how many requests one is told of; 0 for none.
    pub sample: u32,
    /// The largest packet that the device sends.
    pub mtu: u16,
    /// How long a key is given to new connections, and a slot is left in peace.
    pub rotation: rotation::Times,
    /// How long an address drains, and how long proof is strict.
    pub flip: flip::Times,
}

/// What of a bucket may be used at once, in seconds of its rate.
pub(super) const BURST: u64 = 2;

/// An address in the maps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address {
    pub(super) vip: SocketAddr,
    pub(super) flip: Flip,
    /// Whether it is its site's still: otherwise it goes once it has drained.
    pub(super) stays: bool,
    /// Whether there is room for it.
    pub(super) has_room: bool,
}

/// A site in the maps.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) subject: Subject,
    pub(super) page: u32,
    pub(super) addresses: Vec<Address>,
    /// What is said by each slot, for as long as its key counts: whoever has begun with it is told the rest of it.
    pub(super) said: [Speech; layout::SLOTS],
    /// Which heads count, by slot.
    pub(super) editions: [u32; layout::SLOTS],
    /// Whether its pages were ever written: until then everything passes.
    pub(super) filled: bool,
    /// Whether the configuration has it no more, so that it goes once all its addresses have drained.
    pub(super) leaves: bool,
}

impl Written {
    /// When a client is told to come back, as the kernel groups clients.
    fn returns(&self, slot: usize, kind: Kind, client: [u8; 16], now: Moment) -> Option<u32> {
        let Group { number, of } = group(layout::variant_of(client));
        let seconds = || self.subject.promise.seconds_for(seconds(now), number, of);
        self.said[slot].tells_when(kind).then(seconds)
    }
}

/// See the file's header.
pub struct Responder {
    pub(super) loaded: Loaded,
    secret: Secret,
    pub(super) terms: Terms,
    pub(super) config: Config,
    pub(super) rotation: Rotation,
    pub(super) sites: Vec<Written>,
    /// What is said, as a number; see [`content`].
    pub(super) content: u64,
    /// The second that the heads were written for.
    pub(super) refreshed: u64,
    /// What was done for addresses by the process before us.
    pub(super) found: Vec<(SocketAddr, Mode)>,
    /// What it says, until it was copied.
    pub(super) earlier: Option<Earlier>,
    /// The slot that it was copied to, while it is there.
    copied: Option<Slot>,
}

/// What the kernel says of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// Where.
    pub vip: SocketAddr,
    /// What is done there; `None` where the kernel knows nothing of it.
    pub mode: Option<Mode>,
}

/// What was counted for a site, by [`Count`].
pub type Totals = [u64; layout::COUNTS];

impl Responder {
    /// Loads it; nothing is answered yet.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn new(place: Place, secret: Secret, terms: Terms) -> Result<Responder, LoadError> {
        let mut responder = Responder {
            loaded: Loaded::new(place, MOST_SITES)?,
            rotation: Rotation::new(secret.origin()),
            secret,
            config: Config::default(),
            terms,
            sites: Vec::new(),
            content: 0,
            refreshed: 0,
            found: Vec::new(),
            earlier: None,
            copied: None,
        };
        responder.write_terms()?;
        Ok(responder)
    }

    /// Addresses of these begin in these modes, rather than passing everything.
    pub fn begin_with(&mut self, modes: Vec<(SocketAddr, Mode)>) {
        self.found = modes;
    }

    /// Which programs it has.
    pub fn place(&self) -> Place {
        self.loaded.place()
    }

    pub(super) fn loaded(&mut self) -> &mut Loaded {
        &mut self.loaded
    }

    /// Whether a second program says pages of several segments, behind the driver.
    pub(super) fn has_behind(&self) -> bool {
        self.config.behind != 0
    }

    /// See [`Responder::has_behind`].
    pub(super) fn set_behind(&mut self, has_behind: bool) -> Result<(), LoadError> {
        if self.has_behind() == has_behind {
            return Ok(());
        }
        self.config.behind = u32::from(has_behind);
        self.write_config()
    }

    /// Takes in other terms.
    pub fn set_terms(&mut self, terms: Terms) -> Result<(), LoadError> {
        if self.terms == terms {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.terms, terms);
        // What came to nothing is tried again with the next ones, whatever they are.
        self.write_terms().inspect_err(|_| self.terms = before)
    }

    /// Until when anything is answered, in nanoseconds of `CLOCK_MONOTONIC`; 0 without end.
    pub fn set_lease(&mut self, until: u64) -> Result<(), LoadError> {
        if self.config.lease == until {
            return Ok(());
        }
        self.config.lease = until;
        self.write_config()
    }

    /// Until when anything is answered, where that was said; see [`Responder::set_lease`].
    pub fn lease(&self) -> Option<u64> {
        Some(self.config.lease).filter(|until| *until > 1)
    }

    /// Says whether a site is to be answered for.
    pub fn want(&mut self, site: &str, wanted: Wanted, now: Moment) -> Result<(), LoadError> {
        for known in &mut self.sites {
            if *known.subject.name == *site && !known.leaves {
                known.subject.wanted = wanted;
            }
        }
        self.look(now)
    }

    /// Does what time and wishes bring. Whoever calls it twice does no harm.
    pub fn look(&mut self, now: Moment) -> Result<(), LoadError> {
        let fresh: Vec<usize> = (0..self.sites.len())
            .filter(|site| !self.sites[*site].filled)
            .collect();
        let heard = match self.is_awake() {
            true => Heard::BySomebody,
            false => Heard::ByNobody,
        };
        let times = &self.terms.rotation;
        let steps = self.rotation.look(now, self.content, heard, times);
        for step in &steps {
            self.step(*step, now)?;
        }
        if !steps.is_empty() {
            self.earlier = None;
        }
        // Nobody has a connection to a page that was never there, so it needs no turn.
        let was_filled = |slot: &Slot| {
            steps
                .iter()
                .any(|step| matches!(step, Step::Fill(filled, _) if filled == slot))
        };
        for site in fresh {
            for slot in Slot::ALL.into_iter().filter(|slot| !was_filled(slot)) {
                self.fill_page(site, slot, now)?;
            }
            self.sites[site].filled = true;
        }
        self.flip(now)
    }

    /// When time alone brings something to do.
    pub fn next_look(&self, now: Moment) -> Tick {
        let turn = self
            .rotation
            .next_look(now, self.content, &self.terms.rotation);
        let flips = self
            .flips()
            .filter_map(|flip| flip.next_look(now.tick, &self.terms.flip));
        let second = self
            .is_awake()
            .then(|| Tick(now.tick.0 + 1000 - now.wall.0 % 1000));
        flips.chain(second).fold(turn, Tick::min)
    }

    /// For how long it says for a site what was to be said before, since somebody may have begun with what was to be said before that.
    pub fn waits(&self, site: &str, now: Moment) -> Option<Duration> {
        let times = &self.terms.rotation;
        let waits = self.rotation.waits(now, self.content, times)?;
        let current = self.rotation.current() as usize;
        let mut sites = self.sites.iter().filter(|known| !known.leaves);
        let known = sites.find(|known| *known.subject.name == *site)?;
        let said = &known.said[current];
        (*said != known.subject.speech).then_some(waits)
    }

    /// What the kernel says of every address, read back from it.
    pub fn observe(&self) -> Result<Vec<(Box<str>, Observed)>, LoadError> {
        let mut all = Vec::new();
        for site in &self.sites {
            for Address { vip, .. } in &site.addresses {
                let found = self.loaded.maps.vips.read(*vip)?;
                let mode = found.and_then(|found| found.mode()).map(fill::of_layout);
                all.push((site.subject.name.clone(), Observed { vip: *vip, mode }));
            }
        }
        Ok(all)
    }

    /// What is to be found in the kernel, by address; without those that there is no room for.
    pub fn desired(&self) -> impl Iterator<Item = (&str, SocketAddr, Mode)> {
        self.sites.iter().flat_map(|site| {
            let name = &*site.subject.name;
            site.addresses
                .iter()
                .filter(|address| address.has_room)
                .map(move |address| (name, address.vip, address.flip.mode()))
        })
    }

    /// What was counted for each site, over all processors.
    pub fn totals(&self) -> Result<Vec<(Box<str>, Totals)>, LoadError> {
        let mut all = Vec::new();
        for site in &self.sites {
            let mut totals = [0; Count::ALL.len()];
            for bytes in self.loaded.maps.counts.get(&site.page, 0)?.iter() {
                for (total, word) in totals.iter_mut().zip(bytes.chunks_exact(8)) {
                    let mut own = [0; 8];
                    own.copy_from_slice(word);
                    *total += u64::from_ne_bytes(own);
                }
            }
            all.push((site.subject.name.clone(), totals));
        }
        Ok(all)
    }

    /// As if nothing had been counted and told: what was tried before anybody could come is nobody's.
    pub fn forget(&mut self) -> Result<(), LoadError> {
        for site in 0..self.sites.len() {
            self.forget_counts(self.sites[site].page)?;
        }
        while self.loaded.maps.samples.next().is_some() {}
        self.rotation = Rotation::new(self.secret.origin());
        Ok(())
    }

    /// As if nothing had been said yet by us, and this by the process before us.
    pub(super) fn begin_anew(&mut self, said: Mark) {
        self.rotation = Rotation::new(Origin::Said(said));
    }

    /// Copies of the descriptors of the maps that have what is said, for a successor.
    ///
    /// # Errors
    /// Where the process has no descriptor left.
    pub fn copies(&self) -> std::io::Result<Copies> {
        let [pages, heads, tails] = self.loaded.copies.each_ref().map(OwnedFd::try_clone);
        Ok([pages?, heads?, tails?])
    }

    pub(super) fn forget_counts(&mut self, page: u32) -> Result<(), LoadError> {
        let processors = aya::util::nr_cpus().map_err(|(_, error)| LoadError::Processors(error))?;
        let none = vec![[0; layout::COUNTERS_SIZE]; processors];
        let none = PerCpuValues::try_from(none).map_err(LoadError::Processors)?;
        self.loaded.maps.counts.set(page, none, 0)?;
        Ok(())
    }

    /// Requests that the kernel has told of since the last call, at most so many.
    pub fn samples(&mut self, most: usize, now: Moment) -> Vec<Sample> {
        let mut all = Vec::new();
        while all.len() < most {
            let Some(item) = self.loaded.maps.samples.next() else {
                break;
            };
            let Ok(bytes) = <&[u8; layout::Sample::SIZE]>::try_from(&*item) else {
                continue;
            };
            let sample = layout::Sample::from_bytes(bytes);
            let site = self.sites.iter().find(|site| site.page == sample.page);
            let current = self.rotation.current() as usize;
            let kind = Kind::ALL
                .get(usize::from(sample.kind))
                .copied()
                .unwrap_or(Kind::Page);
            let length = usize::from(sample.length).min(sample.head.len());
            all.push(Sample {
                site: site.map(|site| site.subject.name.clone()),
                client: std::net::Ipv6Addr::from(sample.client).to_canonical(),
                status: site.map_or(0, |site| site.said[current].status(kind)),
                bytes: site.map_or(0, |site| site.said[current].body(kind)),
                retry_after: site.and_then(|site| site.returns(current, kind, sample.client, now)),
                head: sample.head[..length].into(),
            });
        }
        all
    }

    /// Of which place the program is that is run on trial.
    pub(super) fn on_trial(&self) -> Place {
        self.loaded.on_trial
    }

    /// See [`Responder::on_trial`].
    pub(super) fn set_on_trial(&mut self, place: Place) {
        self.loaded.on_trial = place;
    }

    /// Has the kernel run its program on a packet that goes nowhere.
    pub(super) fn try_on(&mut self, packet: &[u8]) -> Result<Tried, LoadError> {
        self.loaded.try_on(packet)
    }

    /// Answers for one more address with the page of a site, whatever is wanted of that: one that no client is at.
    pub(super) fn begin_trial(&mut self, site: &str, vip: SocketAddr) -> Result<(), LoadError> {
        let page = self
            .sites
            .iter()
            .find(|known| *known.subject.name == *site)
            .map(|site| site.page);
        let Some(page) = page else { return Ok(()) };
        self.write_vip(vip, page, Mode::On, flip::Proof::Strict)
    }

    /// Not any more.
    pub(super) fn end_trial(&mut self, vip: SocketAddr) -> Result<(), LoadError> {
        self.loaded.maps.vips.remove(vip)
    }

    /// The same of the program that fills copies.
    pub(super) fn try_segment_on(&mut self, template: &[u8]) -> Result<Tried, LoadError> {
        self.loaded.try_segment_on(template)
    }

    fn flips(&self) -> impl Iterator<Item = &Flip> {
        self.sites
            .iter()
            .flat_map(|site| site.addresses.iter().map(|address| &address.flip))
    }

    /// Whether anybody may be answered.
    pub(super) fn is_awake(&self) -> bool {
        self.flips().any(|flip| flip.mode() != Mode::Off)
    }

    fn step(&mut self, step: Step, now: Moment) -> Result<(), LoadError> {
        match step {
            Step::Fill(slot, mark) => {
                // First the key: from now on nothing that is answered belongs to the pages that are written over.
                self.config.key[slot as usize] = self.secret.key(mark);
                self.write_config()?;
                let earlier = self.earlier.as_ref();
                let is_theirs =
                    |earlier: &&Earlier| earlier.mark() == mark && mark.content != self.content;
                if let Some(earlier) = earlier.filter(is_theirs) {
                    for site in self.sites.iter_mut().filter(|site| !site.leaves) {
                        let maps = &mut self.loaded.maps;
                        let edition = earlier.copy(&site.subject.name, site.page, slot, maps)?;
                        site.editions[slot as usize] = edition;
                    }
                    self.copied = Some(slot);
                    return Ok(());
                }
                self.copied = self.copied.filter(|copied| *copied != slot);
                for site in 0..self.sites.len() {
                    self.fill_page(site, slot, now)?;
                }
                Ok(())
            }
            Step::Turn(slot) => {
                // It says what is to be said, or there would be no turn to it; what was copied is written anew all the same, and noted.
                if self.copied.take_if(|copied| *copied == slot).is_some() {
                    for site in 0..self.sites.len() {
                        self.fill_page(site, slot, now)?;
                    }
                }
                self.config.current = slot as u32;
                self.write_config()?;
                // What was filled half a period ago is to say what time it is now.
                self.refreshed = 0;
                Ok(())
            }
        }
    }

    fn fill_page(&mut self, site: usize, slot: Slot, now: Moment) -> Result<(), LoadError> {
        let site = &mut self.sites[site];
        site.said[slot as usize] = site.subject.speech.clone();
        fill::write_tails(&mut self.loaded.maps, site, slot, now)?;
        fill::write_heads(&mut self.loaded.maps, site, slot, now)?;
        Ok(())
    }
}

/// A number that differs where what is said differs, and is the same on every node that says the same.
pub(super) fn content(sites: &[Written]) -> u64 {
    let mut sites: Vec<&Written> = sites.iter().filter(|site| !site.leaves).collect();
    sites.sort_by(|one, other| one.subject.name.cmp(&other.subject.name));
    let mut all = Vec::new();
    for site in sites {
        for part in
            std::iter::once(site.subject.name.as_bytes()).chain(site.subject.speech.masked())
        {
            all.extend_from_slice(&part.len().to_be_bytes());
            all.extend_from_slice(part);
        }
    }
    let mut first = [0; 8];
    first.copy_from_slice(&digest(&SHA256, &all).as_ref()[..8]);
    u64::from_be_bytes(first)
}

/// A request that the kernel has told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The site; `None` where it is gone.
    pub site: Option<Box<str>>,
    /// Who asked.
    pub client: std::net::IpAddr,
    /// The status of the answer.
    pub status: u16,
    /// Bytes of its body.
    pub bytes: usize,
    /// What it was told to wait, in seconds, where the answer says so; by the second in which it is read here, which may be a later one.
    pub retry_after: Option<u32>,
    /// The first bytes of the request.
    pub head: Box<[u8]>,
}

pub(super) fn group(number: u32) -> Group {
    Group {
        number,
        of: u32::try_from(VARIANTS).unwrap_or(1),
    }
}

pub(super) fn seconds(now: Moment) -> u64 {
    now.wall.0 / 1000
}
