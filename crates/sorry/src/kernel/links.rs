//! What holds programs to a device: a link for each, held by its descriptor. When the process ends, however it ends, the kernel detaches them,
//! unless somebody else holds a copy.
//!
//! At the driver a second program may be behind the first, at the traffic control hook: copies that the stack makes cost less than those that a
//! driver is sent, so it says pages of several segments.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use sorry_sys::bpf_link::{self, Hook};

use super::load::{LoadError, Loaded, Place};
use super::pin::Claim;

/// See the file's header.
#[derive(Debug)]
pub struct Links {
    /// Of the program at the place itself.
    pub own: OwnedFd,
    /// Of the one behind it.
    pub behind: Option<OwnedFd>,
}

/// What holds a program to a device.
#[derive(Debug)]
pub struct Held {
    /// Where.
    pub place: Place,
    /// By what.
    pub links: Links,
    /// The right to have it outlive the process, where that was asked for.
    pub claim: Option<Claim>,
}

/// The kernel's numbers of the programs that are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Programs {
    pub(super) own: u32,
    pub(super) behind: Option<u32>,
}

impl Links {
    /// Copies, for whoever shall hold them as well.
    pub fn copy(&self) -> io::Result<Links> {
        Ok(Links {
            own: self.own.try_clone()?,
            behind: self.behind.as_ref().map(OwnedFd::try_clone).transpose()?,
        })
    }

    /// Has them attach the programs of this object: that behind the driver first, since nothing is left to it before the one in front is there.
    pub(super) fn replace(&self, loaded: &mut Loaded, place: Place) -> Result<(), LoadError> {
        let all = [
            (self.behind.as_ref(), Place::Ingress),
            (Some(&self.own), place),
        ];
        for (link, place) in all {
            if let Some(link) = link {
                loaded
                    .with_program(place, |program| bpf_link::replace(link.as_fd(), program))?
                    .map_err(LoadError::Link)?;
            }
        }
        Ok(())
    }

    /// Which programs they attach.
    pub(super) fn programs(&self) -> io::Result<Programs> {
        let program = |link: &OwnedFd| bpf_link::read(link.as_fd()).map(|found| found.program);
        Ok(Programs {
            own: program(&self.own)?,
            behind: self.behind.as_ref().map(program).transpose()?,
        })
    }

    /// Whether the one behind the driver is attached to the device of this index still.
    pub(super) fn is_behind(&self, device: u32) -> bool {
        self.behind.as_ref().is_some_and(|link| {
            bpf_link::read(link.as_fd()).is_ok_and(|found| found.device == device)
        })
    }
}

/// Attaches the program of this place. The inner error is the kernel's.
pub(super) fn attach(
    loaded: &mut Loaded,
    device: u32,
    place: Place,
) -> Result<io::Result<OwnedFd>, LoadError> {
    let hook = match place {
        Place::Driver => Hook::Driver,
        Place::Ingress => Hook::Ingress,
    };
    loaded.with_program(place, |program| bpf_link::attach(program, device, hook))
}

/// Attaches the second program behind the driver; nothing where the kernel knows no link for that, and then the driver sends the copies.
pub(super) fn attach_behind(loaded: &mut Loaded, device: u32) -> Option<OwnedFd> {
    attach(loaded, device, Place::Ingress).ok()?.ok()
}
