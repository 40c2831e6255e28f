//! Links that outlive the process, because the operator wants the kernel to go on for a while when it dies: each has a file in the file system of type
//! bpf, by which the next process finds it. Whether there are such is the configuration's to say.
//!
//! Who may have the file of a device is settled by a name in the device's network namespace, which goes with whoever has it: what belongs to a
//! process that lives is not taken from it.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use sorry_sys::bpf_link;

use super::device::Device;
use super::links::{Held, Links};
use super::load::Place;

/// Where such files are (systemd mounts it there).
pub const FOLDER: &str = "/sys/fs/bpf";

/// Of the program behind the driver's.
const BEHIND: &str = "behind";

/// Devices of several network namespaces may have one name, and all see one file system.
fn path(hook: &str, device: &str) -> io::Result<PathBuf> {
    let namespace = fs::metadata("/proc/self/ns/net")?.ino();
    Ok(Path::new(FOLDER).join(format!("sorry-{namespace}-{hook}-{device}")))
}

/// The right to the file of a device, which one process has, and those that it hands a copy to.
#[derive(Debug)]
pub struct Claim(OwnedFd);

impl Claim {
    /// Takes it, unless a process has it that lives.
    ///
    /// # Errors
    /// `EADDRINUSE` where another one has it.
    pub fn take(place: Place, device: &str) -> io::Result<Claim> {
        let name = format!("sorry-kernel-{}-{device}", place.word());
        let address = SocketAddrUnix::new_abstract_name(name.as_bytes())?;
        let flags = SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
        rustix::net::bind(&socket, &address)?;
        Ok(Claim(socket))
    }

    /// One that was handed on.
    pub fn passed(copy: OwnedFd) -> Claim {
        Claim(copy)
    }

    /// A copy for a successor.
    pub fn copy(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }
}

/// Gives links their files, in the place of those that are there.
pub(super) fn put(links: &Links, _right: &Claim, place: Place, device: &str) -> io::Result<()> {
    remove(place, device)?;
    // First what is left to, then who leaves it.
    if let Some(link) = &links.behind {
        bpf_link::pin(link.as_fd(), &path(BEHIND, device)?)?;
    }
    bpf_link::pin(links.own.as_fd(), &path(place.word(), device)?)
}

/// Takes the files away: links live as long as somebody holds them.
pub fn remove(place: Place, device: &str) -> io::Result<()> {
    let behind = (place == Place::Driver).then_some(BEHIND);
    let mut done = Ok(());
    for hook in [place.word()].into_iter().chain(behind) {
        match fs::remove_file(path(hook, device)?) {
            Err(error) if error.kind() != ErrorKind::NotFound => done = done.and(Err(error)),
            _ => {}
        }
    }
    done
}

/// What a process that died has left attached to a device. Its files are taken away.
pub fn left_behind(device: &str) -> Option<Held> {
    let index = Device::named(device).ok()?.index;
    let found = |hook: &str| {
        let link = bpf_link::pinned(&path(hook, device).ok()?).ok()?;
        let is_its = bpf_link::read(link.as_fd()).is_ok_and(|found| found.device == index);
        is_its.then_some(link)
    };
    [Place::Driver, Place::Ingress]
        .into_iter()
        .find_map(|place| {
            let claim = Claim::take(place, device).ok()?;
            let own = found(place.word());
            let behind = found(BEHIND).filter(|_| place == Place::Driver);
            let _nobody_removes_it = remove(place, device);
            let links = Links { own: own?, behind };
            Some(Held {
                place,
                links,
                claim: Some(claim),
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_one_process_s_and_its_successors() {
        let device = format!("test-{}", std::process::id());
        let first = Claim::take(Place::Driver, &device).unwrap();
        let other = Claim::take(Place::Ingress, &device);
        assert!(other.is_ok(), "another place is another claim");
        let second = Claim::take(Place::Driver, &device).unwrap_err();
        assert_eq!(second.kind(), ErrorKind::AddrInUse);
        let heir = Claim::passed(first.copy().unwrap());
        drop(first);
        assert!(Claim::take(Place::Driver, &device).is_err(), "it lives on");
        drop(heir);
        assert!(Claim::take(Place::Driver, &device).is_ok());
    }

    #[test]
    fn files_of_several_networks_differ() {
        let path = path(Place::Ingress.word(), "eth0").unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let namespace = name
            .strip_prefix("sorry-")
            .and_then(|rest| rest.strip_suffix("-tc-eth0"));
        assert!(
            namespace.is_some_and(|inode| inode.parse::<u64>().is_ok()),
            "{name}"
        );
    }
}
