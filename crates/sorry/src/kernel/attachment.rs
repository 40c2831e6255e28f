//! Attaches a responder to a device: at its driver where that works, else at the traffic control hook, else nowhere, and then user space answers
//! alone. Never in XDP's generic mode, where packets cannot grow.
//!
//! A link is held by its descriptor: when the process ends, however it ends, the kernel detaches the program.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use sorry_sys::bpf_link;

use super::device::Device;
use super::features;
use super::fill::LEAST_MTU;
use super::filter::{self, Filter, FilterId};
use super::links::{self, Held, Links, Programs};
use super::load::{LoadError, Place};
use super::pin::{self, Claim};
use super::refusal::{kept_by_another, no_copies, no_other_end, refusal, told};
use super::responder::Responder;

/// Where it may be attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// At the driver, else at the traffic control hook.
    Best,
    /// At this place or nowhere.
    Only(Place),
}

/// What holds it there.
#[derive(Debug)]
enum Hold {
    /// As long as these are open.
    Links(Links),
    /// The same, but they still attach the programs of the process before us.
    Inherited(Links),
    /// Which stays until somebody removes it.
    Filter(Filter),
}

/// Where a responder is attached.
#[derive(Debug)]
pub struct Attachment {
    device: Device,
    place: Place,
    hold: Hold,
    /// The kernel's numbers of our programs, where links tell them.
    programs: Option<Programs>,
    /// Why it is at no better place.
    why: Option<String>,
    /// The right to have it outlive the process.
    claim: Option<Claim>,
}

/// Why it is attached nowhere.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The device.
    #[error("cannot look at the network device {0}: {1}; `ip link` lists those that there are")]
    NoDevice(Box<str>, #[source] io::Error),
    /// It has no frames that could be turned round.
    #[error(
        "{0} has no Ethernet header, as tunnels have none, and the kernel's answers need one: attach to the device that its packets come in by, or leave it to user space"
    )]
    NoEthernet(Box<str>),
    /// What it sends is too small.
    #[error(
        "{device} sends packets of at most {mtu} bytes, and the kernel's answers need {LEAST_MTU}: `ip link set {device} mtu 1500`"
    )]
    SmallPackets {
        /// Which.
        device: Box<str>,
        /// Its MTU.
        mtu: u16,
    },
    /// Every place that may be used has refused it.
    #[error("{}", .0.join("; "))]
    Refused(Vec<String>),
}

/// What a process before us has left.
#[derive(Debug)]
pub enum Before {
    /// Nothing but, it may be, what held its program.
    Dead(Option<Held>),
    /// It still runs, or has ended in good order, and has passed on what holds its program, where anything can.
    Alive {
        /// That.
        held: Option<Held>,
        /// What the one before that had: nobody needs it any more.
        dead: Option<FilterId>,
    },
}

/// Attaches what `make` makes for the best place that takes it. Where the process before us has left a link, what is made waits for
/// [`Attachment::take_place`].
///
/// # Errors
/// See [`AttachError`].
pub fn attach(
    name: &str,
    choice: Choice,
    before: Before,
    mut make: impl FnMut(Place, &Device) -> Result<Responder, LoadError>,
) -> Result<(Attachment, Responder), AttachError> {
    let device = suitable(name)?;
    let mut refusals = Vec::new();
    let held = match before {
        Before::Dead(held) => {
            filter::remove_all(&device.name);
            held
        }
        Before::Alive { held, dead } => {
            if let Some(dead) = dead {
                filter::remove(&device.name, dead);
            }
            held
        }
    };
    if let Some(Held {
        place,
        links,
        claim,
    }) = held
    {
        let found = bpf_link::read(links.own.as_fd());
        let is_its = found.is_ok_and(|found| found.device == device.index);
        let has_tags = place == Place::Driver && device.vlan.is_some();
        if !places(choice).contains(&place) || !is_its || has_tags {
            // Nobody would ever take it away: it is at another device of that name, or where nothing is wanted any more.
            let _was_not_kept = pin::remove(place, &device.name);
            return climb(device, choice, refusals, make);
        }
        match loaded(&device, place, &mut make) {
            Ok(mut responder) => {
                let behind = match links.is_behind(device.index) {
                    true => links.behind,
                    false => None,
                };
                let behind = help(&device, place, choice, behind, &mut responder);
                let links = Links { behind, ..links };
                let attachment = Attachment {
                    device,
                    place,
                    hold: Hold::Inherited(links),
                    programs: None,
                    why: None,
                    claim,
                };
                return Ok((attachment, responder));
            }
            Err(why) => refusals.push(why),
        }
    }
    climb(device, choice, refusals, make)
}

/// A device that can be attached to.
fn suitable(name: &str) -> Result<Device, AttachError> {
    let device = Device::named(name).map_err(|error| AttachError::NoDevice(name.into(), error))?;
    if !device.is_ethernet {
        return Err(AttachError::NoEthernet(device.name));
    }
    if device.mtu < LEAST_MTU {
        return Err(AttachError::SmallPackets {
            device: device.name,
            mtu: device.mtu,
        });
    }
    Ok(device)
}

/// From the best place down to the first that takes it.
fn climb(
    device: Device,
    choice: Choice,
    mut refusals: Vec<String>,
    mut make: impl FnMut(Place, &Device) -> Result<Responder, LoadError>,
) -> Result<(Attachment, Responder), AttachError> {
    // It keeps from the driver, and from nothing else.
    let unheard = no_other_end(&device).filter(|_| places(choice).contains(&Place::Driver));
    for place in places(choice) {
        if let (Place::Driver, Some(vlan)) = (place, &device.vlan) {
            refusals.push(format!(
                "{vlan} is a VLAN of {}, whose tags the device takes off before the driver's programs see a packet",
                device.name
            ));
            continue;
        }
        let is_unheard = place == Place::Driver && unheard.is_some();
        if is_unheard && choice == Choice::Best {
            continue;
        }
        match at(&device, place, choice, &mut make) {
            Ok((hold, responder)) => {
                // Asked only now: many drivers make ready for that as a program is attached, and say so then.
                if place == Place::Driver && !is_unheard && !features::sends_copies(device.index) {
                    refusals.push(no_copies(&device));
                    if choice == Choice::Best {
                        continue;
                    }
                }
                let programs = hold.programs();
                let whys: Vec<String> = unheard.into_iter().chain(refusals).collect();
                let why = (!whys.is_empty()).then(|| whys.join("; "));
                let attachment = Attachment {
                    device,
                    place,
                    hold,
                    programs,
                    why,
                    claim: None,
                };
                return Ok((attachment, responder));
            }
            // What keeps it from one place may keep it from the next.
            Err(why) if refusals.contains(&why) => {}
            Err(why) => refusals.push(why),
        }
    }
    Err(AttachError::Refused(refusals))
}

fn places(choice: Choice) -> Vec<Place> {
    match choice {
        Choice::Best => vec![Place::Driver, Place::Ingress],
        Choice::Only(place) => vec![place],
    }
}

fn loaded(
    device: &Device,
    place: Place,
    make: &mut impl FnMut(Place, &Device) -> Result<Responder, LoadError>,
) -> Result<Responder, String> {
    let mut responder = make(place, device).map_err(|error| told(&error))?;
    if place == Place::Driver {
        let copies = responder.loaded().send_copies_by(device.index);
        copies.map_err(|error| told(&error))?;
    }
    Ok(responder)
}

fn at(
    device: &Device,
    place: Place,
    choice: Choice,
    make: &mut impl FnMut(Place, &Device) -> Result<Responder, LoadError>,
) -> Result<(Hold, Responder), String> {
    let mut responder = loaded(device, place, make)?;
    let attached = links::attach(responder.loaded(), device.index, place);
    let hold = match (attached.map_err(|error| told(&error))?, place) {
        (Ok(own), _) => {
            let behind = help(device, place, choice, None, &mut responder);
            Hold::Links(Links { own, behind })
        }
        (Err(error), Place::Ingress) if is_unknown(&error) => {
            let filter = filter::attach(&device.name, &mut responder);
            Hold::Filter(filter.map_err(|error| told(&error))?)
        }
        (Err(error), _) => return Err(refusal(device, place, &error)),
    };
    Ok((hold, responder))
}

/// Has a second program say pages of several segments behind the driver, where that may be and the kernel can do it; its link, which may be there
/// already.
fn help(
    device: &Device,
    place: Place,
    choice: Choice,
    link: Option<OwnedFd>,
    responder: &mut Responder,
) -> Option<OwnedFd> {
    let is_wanted = (place, choice) == (Place::Driver, Choice::Best);
    if !is_wanted || responder.loaded().load_behind().is_err() {
        return None;
    }
    let link = link.or_else(|| links::attach_behind(responder.loaded(), device.index))?;
    responder.set_behind(true).ok()?;
    Some(link)
}

/// A kernel that has no such hook does not know its number.
fn is_unknown(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error())
}

/// How an attachment stands, as the kernel says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It is there.
    Attached,
    /// What is there is the program of another process: of one before us, or of one that takes over.
    Another,
    /// The device has gone, and with it the attachment.
    Gone,
}

impl Attachment {
    /// To which device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Where.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Why it is at no better place; nothing where there is none.
    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// Whether it outlives the process, so that only a lease ends what it does.
    pub fn outlives(&self) -> bool {
        matches!(self.hold, Hold::Filter(_))
    }

    /// Puts the responder in the place of the one of the process before us, if that has passed its link on: no packet meets neither.
    ///
    /// # Errors
    /// Where the device has gone.
    pub fn take_place(&mut self, responder: &mut Responder) -> Result<(), LoadError> {
        if !matches!(self.hold, Hold::Inherited(_)) {
            return Ok(());
        }
        // Else nothing of it would come to its place.
        self.look_behind(responder)?;
        if let Some(links) = self.links().map_err(LoadError::Link)? {
            links.replace(responder.loaded(), self.place)?;
            self.hold = Hold::Links(links);
        }
        self.programs = self.hold.programs();
        Ok(())
    }

    /// Puts the responder back in its place where a successor that came to nothing has taken that.
    ///
    /// # Errors
    /// Where the device has gone.
    pub fn retake_place(&mut self, responder: &mut Responder) -> Result<(), LoadError> {
        let Hold::Links(links) = &self.hold else {
            return Ok(());
        };
        links.replace(responder.loaded(), self.place)
    }

    /// Has it stay when the process dies.
    ///
    /// # Errors
    /// Where there is no file system of type bpf at [`pin::ROOT`], or another process keeps its own there.
    pub fn keep(&mut self) -> io::Result<()> {
        let (Hold::Links(links) | Hold::Inherited(links)) = &self.hold else {
            return Ok(());
        };
        let name = &self.device.name;
        let claim = match self.claim.take() {
            Some(claim) => claim,
            None => Claim::take(self.place, name).map_err(kept_by_another)?,
        };
        pin::put(links, self.claim.insert(claim), self.place, name)
    }

    /// Has it not stay any more.
    pub fn let_go(&self) -> io::Result<()> {
        match &self.claim {
            Some(_) => pin::remove(self.place, &self.device.name),
            None => Ok(()),
        }
    }

    /// A copy of the right to have it stay, for a successor.
    pub fn claim(&self) -> io::Result<Option<OwnedFd>> {
        self.claim.as_ref().map(Claim::copy).transpose()
    }

    /// A copy of what holds it, for a successor; nothing where a filter does.
    pub fn links(&self) -> io::Result<Option<Links>> {
        match &self.hold {
            Hold::Links(links) | Hold::Inherited(links) => links.copy().map(Some),
            Hold::Filter(_) => Ok(None),
        }
    }

    /// The filter that holds it, where one does.
    pub fn filter(&self) -> Option<FilterId> {
        match &self.hold {
            Hold::Filter(filter) => filter.id(),
            Hold::Links(_) | Hold::Inherited(_) => None,
        }
    }

    /// Asks the kernel whether it is still there.
    pub fn stands(&self) -> Stands {
        let (found, programs) = match &self.hold {
            Hold::Links(links) | Hold::Inherited(links) => (
                bpf_link::read(links.own.as_fd()).ok(),
                links.programs().ok(),
            ),
            // Nobody who has given up CAP_NET_ADMIN can look for a filter.
            Hold::Filter(_) if self.device.is_there() => return Stands::Attached,
            Hold::Filter(_) => (None, None),
        };
        match found {
            Some(found) if found.device != self.device.index => Stands::Gone,
            None => Stands::Gone,
            Some(_) if self.programs.is_some() && self.programs == programs => Stands::Attached,
            Some(_) => Stands::Another,
        }
    }

    /// Whether a second program says pages of several segments, behind the driver.
    pub fn has_behind(&self) -> bool {
        match &self.hold {
            Hold::Links(links) | Hold::Inherited(links) => links.behind.is_some(),
            Hold::Filter(_) => false,
        }
    }

    /// Has the driver send copies again where the program behind it is there no more.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn look_behind(&mut self, responder: &mut Responder) -> Result<(), LoadError> {
        let (Hold::Links(links) | Hold::Inherited(links)) = &mut self.hold else {
            return Ok(());
        };
        if links.behind.is_none() || links.is_behind(self.device.index) {
            return Ok(());
        }
        responder.set_behind(false)?;
        links.behind = None;
        if let Some(programs) = &mut self.programs {
            programs.behind = None;
        }
        log::warn!(
            "the program behind the driver of {} is there no more: it sends copies of packets itself from now on",
            self.device.name
        );
        Ok(())
    }
}

impl Hold {
    /// The kernel's numbers of the programs that are held.
    fn programs(&self) -> Option<Programs> {
        match self {
            Hold::Links(links) | Hold::Inherited(links) => links.programs().ok(),
            Hold::Filter(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_there_is_refused_before_anything_is_loaded() {
        let never = |_: Place, _: &Device| panic!("it is loaded");
        let error = attach("none-such", Choice::Best, Before::Dead(None), never)
            .map(|_| ())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot look at the network device none-such: No such device (os error 19); `ip link` lists those that there are"
        );
    }

    #[test]
    fn a_successor_that_came_to_nothing_gives_the_place_back() {
        let make = |place: Place, _: &Device| {
            Responder::new(
                place,
                super::super::Secret::random().unwrap(),
                super::super::tests::rig::terms(),
            )
        };
        let (mut old, mut old_responder) =
            attach("lo", Choice::Best, Before::Dead(None), make).unwrap();
        let links = old.links().unwrap().unwrap();
        let program = || bpf_link::read(links.own.as_fd()).unwrap().program;
        let before = program();
        let inherited = old.links().unwrap().map(|links| Held {
            place: old.place(),
            links,
            claim: None,
        });
        let (mut new, mut new_responder) = attach(
            "lo",
            Choice::Best,
            Before::Alive {
                held: inherited,
                dead: None,
            },
            make,
        )
        .unwrap();
        assert_eq!(program(), before, "not before it is told to");
        assert_eq!(new.stands(), Stands::Another);
        new.take_place(&mut new_responder).unwrap();
        assert_ne!(program(), before);
        assert_eq!(
            (new.stands(), old.stands()),
            (Stands::Attached, Stands::Another)
        );
        drop((new, new_responder));
        assert_ne!(program(), before, "the link lives on");
        old.retake_place(&mut old_responder).unwrap();
        assert_eq!(program(), before);
        old.retake_place(&mut old_responder).unwrap();
        assert_eq!(program(), before, "again does no harm");
        assert_eq!(old.stands(), Stands::Attached);
    }

    #[test]
    fn the_loopback_device_has_only_the_traffic_control_hook() {
        let make = |place: Place, _: &Device| {
            Responder::new(
                place,
                super::super::Secret::random().unwrap(),
                super::super::tests::rig::terms(),
            )
        };
        let (attachment, responder) = attach("lo", Choice::Best, Before::Dead(None), make).unwrap();
        assert_eq!(attachment.place(), Place::Ingress);
        assert_eq!(attachment.why(), Some("the driver of lo has no native XDP"));
        assert_eq!(attachment.stands(), Stands::Attached);
        assert!(
            !attachment.outlives(),
            "run the tests on Linux 6.6 or later"
        );
        drop((attachment, responder));
        let refused = attach("lo", Choice::Only(Place::Driver), Before::Dead(None), make)
            .map(|_| ())
            .unwrap_err();
        assert!(matches!(refused, AttachError::Refused(_)), "{refused}");
    }
}
