//! What a successor gets, so that no connection that the kernel answers is lost when one process takes over from another: the links, whose programs
//! it replaces, the secret that keys are made of, and what is done for which address.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};
use sorry_core::responder::flip::Mode;
use sorry_core::responder::overload::{Cause, Overload};
use sorry_core::responder::rotation::{Mark, Slot};

use super::node::Node;
use crate::daemon::memory;
use crate::kernel::pin::{self, Claim};
use crate::kernel::{Earlier, FilterId, Held, Links, Place, Said, Secret};
use crate::listen::passed::Passed;

/// The name under which secret and modes move, and that of links before hook and device.
const NAME: &str = "sorry-kernel";

/// What stands in memory that both processes have.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    secret: Vec<u8>,
    modes: Vec<(SocketAddr, Word)>,
    /// Why devices have nothing at a better place, by name.
    #[serde(default)]
    reasons: BTreeMap<String, String>,
    /// Filters by device, as priority and handle: of the process itself, and of the one before it.
    #[serde(default)]
    filters: BTreeMap<String, (u16, u32)>,
    #[serde(default)]
    dead: BTreeMap<String, (u16, u32)>,
    /// Why there is too much to do, and how much was asked for then.
    #[serde(default)]
    overload: Option<(TooMuch, u64)>,
    /// What new connections are told, by device.
    #[serde(default)]
    said: BTreeMap<String, Told>,
}

/// [`Said`], as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    /// Whether it is in the other of the two slots.
    is_other: bool,
    period: u64,
    content: u64,
    numbers: BTreeMap<Box<str>, u32>,
}

/// [`Cause`], as it is written.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum TooMuch {
    Connections(u32),
    Busy(u32),
}

/// A mode that is worth telling.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Word {
    On,
    Drain,
}

/// What was passed on; nothing at a first start.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Bequest {
    pub(super) secret: Option<Secret>,
    pub(super) modes: Vec<(SocketAddr, Mode)>,
    pub(super) overload: Overload,
    reasons: BTreeMap<String, String>,
    filters: BTreeMap<String, (u16, u32)>,
    dead: BTreeMap<String, (u16, u32)>,
    held: Vec<(String, Held)>,
    earlier: Vec<(String, Earlier)>,
    /// The names under which all that came.
    names: Vec<String>,
}

impl Bequest {
    /// Takes it from what the predecessor has passed. What cannot be read is as if it had not been there: connections that are being answered are
    /// lost then, and nothing else.
    pub(in crate::daemon) fn claim(passed: &mut Passed) -> Bequest {
        let mut bequest = Bequest::default();
        if let Some(state) = passed.claim_named(NAME, |_| true).pop() {
            bequest.names.push(NAME.to_owned());
            match memory::read::<State>(state) {
                Ok(state) => {
                    bequest.secret = Some(Secret::shared(&state.secret));
                    bequest.modes = state
                        .modes
                        .iter()
                        .map(|(vip, word)| (*vip, word.mode()))
                        .collect();
                    bequest.take_said(state.said, passed);
                    bequest.reasons = state.reasons;
                    (bequest.filters, bequest.dead) = (state.filters, state.dead);
                    bequest.overload = state
                        .overload
                        .map_or_else(Overload::default, |(why, asked)| {
                            Overload::found(why.cause(), asked)
                        });
                }
                Err(error) => {
                    log::warn!("what the kernel does for whom was not passed on: {error}");
                }
            }
        }
        let names: Vec<String> = passed.iter().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let Some((place, device)) = link_named(&name) else {
                continue;
            };
            let claim_name = claim_name(place, device);
            let claim = passed.claim_named(&claim_name, |_| true).pop();
            bequest.names.extend(claim.as_ref().map(|_| claim_name));
            let behind_name = behind_name(device);
            let behind = match place {
                Place::Driver => passed.claim_named(&behind_name, |_| true).pop(),
                Place::Ingress => None,
            };
            bequest.names.extend(behind.as_ref().map(|_| behind_name));
            if let Some(own) = passed.claim_named(&name, |_| true).pop() {
                let held = Held {
                    place,
                    links: Links { own, behind },
                    claim: claim.map(Claim::passed),
                };
                bequest.held.push((device.to_owned(), held));
            }
            bequest.names.push(name);
        }
        bequest
    }

    /// What devices are told, with the maps that it is in. What another version has left there is as if it had not been there.
    fn take_said(&mut self, all: BTreeMap<String, Told>, passed: &mut Passed) {
        for (device, told) in all {
            let names = PARTS.map(|part| part_name(&device, part));
            let found = names
                .each_ref()
                .map(|name| passed.claim_named(name, |_| true).pop());
            self.names.extend(names);
            let [Some(pages), Some(heads), Some(tails)] = found else {
                continue;
            };
            match Earlier::new(told.into(), [pages, heads, tails]) {
                Ok(earlier) => self.earlier.push((device, earlier)),
                Err(error) => log::warn!(
                    "what {device} is told was not passed on: {}",
                    crate::kernel::told(&error)
                ),
            }
        }
    }

    /// What a device is told by the process before us.
    pub(super) fn take_earlier(&mut self, device: &str) -> Option<Earlier> {
        let mut all = self.earlier.iter();
        let at = all.position(|(name, _)| name == device)?;
        Some(self.earlier.swap_remove(at).1)
    }

    /// What a service manager need not keep any more, and must not: it would hold what ends with this process.
    pub(super) fn take_names(&mut self) -> Vec<String> {
        std::mem::take(&mut self.names)
    }

    /// Why a device has nothing at a better place, as far as the process before us knew.
    pub(super) fn take_reason(&mut self, device: &str) -> Option<String> {
        self.reasons.remove(device)
    }

    /// Has nothing outlive us of what nobody has taken: devices that are not answered at any more.
    pub(super) fn let_go(&self) {
        for (device, held) in &self.held {
            if let Err(error) = pin::remove(held.place, device) {
                log::warn!("{device} stays attached: {error}");
            }
        }
    }

    /// The filter of a device that the process before us has, where no link holds its program.
    pub(super) fn take_filter(&mut self, device: &str) -> Option<FilterId> {
        self.filters.remove(device).map(filter_id)
    }

    /// That of the process before that one.
    pub(super) fn take_dead(&mut self, device: &str) -> Option<FilterId> {
        self.dead.remove(device).map(filter_id)
    }

    /// What holds a program to a device, if there is one.
    pub(super) fn take_held(&mut self, device: &str) -> Option<Held> {
        let at = self.held.iter().position(|(name, _)| name == device)?;
        Some(self.held.swap_remove(at).1)
    }
}

/// All that a successor is to have, with names.
pub(super) fn all(
    nodes: &[Node],
    secret: Option<&Secret>,
    overload: &Overload,
) -> io::Result<Vec<(String, OwnedFd)>> {
    let mut all = Vec::new();
    let mut modes = Vec::new();
    let mut said = BTreeMap::new();
    for (attachment, responder) in nodes.iter().filter_map(|node| node.attached.as_ref()) {
        let (place, device) = (attachment.place(), &attachment.device().name);
        if let Some(Links { own, behind }) = attachment.links()? {
            all.push((link_name(place, device), own));
            all.extend(behind.map(|link| (behind_name(device), link)));
        }
        let claim = attachment.claim()?;
        all.extend(claim.map(|claim| (claim_name(place, device), claim)));
        if let Some(told) = responder.said() {
            let parts = PARTS.map(|part| part_name(device, part));
            all.extend(parts.into_iter().zip(responder.copies()?));
            said.insert(device.to_string(), told.into());
        }
        modes.extend(
            responder
                .desired()
                .filter_map(|(_, vip, mode)| Some((vip, Word::of(mode)?))),
        );
    }
    if let Some(secret) = secret {
        let state = State {
            secret: secret.bytes().to_vec(),
            modes,
            filters: filters(nodes, |node| node.attached.as_ref()?.0.filter()),
            dead: filters(nodes, |node| node.dead),
            reasons: nodes
                .iter()
                .filter_map(|node| Some((node.name.to_string(), node.why.clone()?)))
                .collect(),
            overload: overload
                .state()
                .map(|(cause, asked)| (TooMuch::of(cause), asked)),
            said,
        };
        all.push((NAME.to_owned(), memory::written(NAME, &state)?));
    }
    Ok(all)
}

fn filter_id((priority, handle): (u16, u32)) -> FilterId {
    FilterId { priority, handle }
}

/// By device.
fn filters(nodes: &[Node], of: impl Fn(&Node) -> Option<FilterId>) -> BTreeMap<String, (u16, u32)> {
    let all = nodes.iter();
    all.filter_map(|node| {
        let FilterId { priority, handle } = of(node)?;
        Some((node.name.to_string(), (priority, handle)))
    })
    .collect()
}

fn link_name(place: Place, device: &str) -> String {
    format!("{NAME}-{}-{device}", place.word())
}

/// Of the program behind the driver's.
fn behind_name(device: &str) -> String {
    format!("{NAME}-behind-{device}")
}

/// Of the right to have it outlive the process.
fn claim_name(place: Place, device: &str) -> String {
    format!("{}=claim", link_name(place, device))
}

/// The maps that have what is said.
const PARTS: [&str; 3] = ["pages", "heads", "tails"];

fn part_name(device: &str, part: &str) -> String {
    format!("{NAME}-{device}={part}")
}

/// Whether a name is that of something else than a link, which belongs to one.
fn belongs_to_another(name: &str) -> bool {
    let mut parts = PARTS.iter().chain(&["claim"]);
    let end = name.rsplit_once('=').map(|(_, end)| end);
    parts.any(|part| end == Some(part))
}

fn link_named(name: &str) -> Option<(Place, &str)> {
    let rest = name.strip_prefix(NAME)?.strip_prefix('-')?;
    let (word, device) = rest.split_once('-').filter(|_| !belongs_to_another(rest))?;
    let mut places = [Place::Driver, Place::Ingress].into_iter();
    let place = places.find(|place| place.word() == word)?;
    Some((place, device))
}

impl From<Said> for Told {
    fn from(said: Said) -> Told {
        Told {
            is_other: said.slot == Slot::Other,
            period: said.mark.period,
            content: said.mark.content,
            numbers: said.numbers,
        }
    }
}

impl From<Told> for Said {
    fn from(told: Told) -> Said {
        Said {
            slot: match told.is_other {
                true => Slot::Other,
                false => Slot::One,
            },
            mark: Mark {
                period: told.period,
                content: told.content,
            },
            numbers: told.numbers,
        }
    }
}

impl TooMuch {
    fn of(cause: Cause) -> TooMuch {
        match cause {
            Cause::Connections(part) => TooMuch::Connections(part),
            Cause::Busy(part) => TooMuch::Busy(part),
        }
    }

    fn cause(self) -> Cause {
        match self {
            TooMuch::Connections(part) => Cause::Connections(part),
            TooMuch::Busy(part) => Cause::Busy(part),
        }
    }
}

impl Word {
    fn of(mode: Mode) -> Option<Word> {
        match mode {
            Mode::Off => None,
            Mode::On => Some(Word::On),
            Mode::Drain => Some(Word::Drain),
        }
    }

    fn mode(self) -> Mode {
        match self {
            Word::On => Mode::On,
            Word::Drain => Mode::Drain,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn names_tell_hook_and_device() {
        for place in [Place::Driver, Place::Ingress] {
            let name = link_name(place, "eth0-x.7");
            assert_eq!(link_named(&name), Some((place, "eth0-x.7")));
            assert_eq!(link_named(&claim_name(place, "eth0-x.7")), None);
            assert_eq!(link_named(&part_name("xdp-x.7", "heads")), None);
            assert_eq!(link_named(&behind_name("eth0-x.7")), None);
        }
        assert_eq!(link_named("sorry-kernel"), None);
        assert_eq!(link_named("sorry-kernel-udp-eth0"), None);
        assert_eq!(link_named("sorry-admin"), None);
    }

    #[test]
    fn what_is_passed_on_is_found_once() {
        let vip: SocketAddr = "192.0.2.1:80".parse().unwrap();
        let state = State {
            secret: vec![7; 32],
            modes: vec![(vip, Word::Drain)],
            reasons: BTreeMap::from([("eth0".to_owned(), "it is old".to_owned())]),
            filters: BTreeMap::from([("eth1".to_owned(), (7, 1))]),
            dead: BTreeMap::from([("eth1".to_owned(), (6, 1))]),
            overload: Some((TooMuch::Busy(950), 7)),
            said: BTreeMap::new(),
        };
        let link = || OwnedFd::from(File::open("/dev/null").unwrap());
        let mut passed = Passed::new(vec![
            (NAME.to_owned(), memory::written(NAME, &state).unwrap()),
            (link_name(Place::Driver, "eth0"), link()),
            (claim_name(Place::Driver, "eth0"), link()),
            (behind_name("eth0"), link()),
            ("shop".to_owned(), link()),
        ]);
        let mut bequest = Bequest::claim(&mut passed);
        assert_eq!(bequest.modes, [(vip, Mode::Drain)]);
        assert_eq!(bequest.overload.state(), Some((Cause::Busy(950), 7)));
        assert_eq!(
            bequest
                .secret
                .as_ref()
                .map(|secret| secret.bytes().to_vec()),
            Some(vec![7; 32])
        );
        assert!(bequest.take_held("eth1").is_none());
        let filter = |priority| {
            Some(FilterId {
                priority,
                handle: 1,
            })
        };
        assert_eq!(bequest.take_filter("eth1"), filter(7));
        assert_eq!(bequest.take_dead("eth1"), filter(6));
        assert_eq!(bequest.take_filter("eth0"), None);
        assert!(
            bequest
                .take_held("eth0")
                .is_some_and(|held| held.place == Place::Driver
                    && held.claim.is_some()
                    && held.links.behind.is_some())
        );
        assert!(bequest.take_held("eth0").is_none());
        let place = Place::Driver;
        let names = [
            claim_name(place, "eth0"),
            behind_name("eth0"),
            link_name(place, "eth0"),
        ];
        assert_eq!(bequest.take_names()[1..], names);
        assert_eq!(bequest.take_reason("eth0").as_deref(), Some("it is old"));
        assert_eq!(
            passed.left_over().len(),
            1,
            "the listener's is left for the listener"
        );
        let mut broken = Passed::new(vec![(NAME.to_owned(), link())]);
        assert!(Bequest::claim(&mut broken).secret.is_none());
    }
}
