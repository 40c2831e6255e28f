//! Links that outlive the process, because the operator wants the kernel to go on for a while when it dies: each has a file in the file system of type
//! bpf, by which the next process finds it. Whether there are such is the configuration's to say.
//!
//! Who may have the file of a device is settled by a name in the device's network namespace, which goes with whoever has it: what belongs to a
//! process that lives is not taken from it.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use sorry_sys::bpf_link;

use super::device::Device;
use super::load::Place;

/// Where such files are (systemd mounts it there).
pub const FOLDER: &str = "/sys/fs/bpf";

fn word(place: Place) -> &'static str {
    match place {
        Place::Driver => "xdp",
        Place::Ingress => "tc",
    }
}

/// Devices of several network namespaces may have one name, and all see one file system.
fn path(place: Place, device: &str) -> io::Result<PathBuf> {
    let namespace = fs::metadata("/proc/self/ns/net")?.ino();
    Ok(Path::new(FOLDER).join(format!("sorry-{namespace}-{}-{device}", word(place))))
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
        let name = format!("sorry-kernel-{}-{device}", word(place));
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

/// Gives the link a file, in the place of one that is there.
pub(super) fn put(
    link: BorrowedFd<'_>,
    _right: &Claim,
    place: Place,
    device: &str,
) -> io::Result<()> {
    remove(place, device)?;
    bpf_link::pin(link, &path(place, device)?)
}

/// Takes the file away: the link lives as long as somebody holds it.
pub(super) fn remove(place: Place, device: &str) -> io::Result<()> {
    match fs::remove_file(path(place, device)?) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What a process that died has left attached to a device.
#[derive(Debug)]
pub struct Left {
    /// Where.
    pub place: Place,
    /// What holds it there.
    pub link: OwnedFd,
    /// The right to its file, which is taken away.
    pub claim: Claim,
}

/// Finds that.
pub fn left_behind(device: &str) -> Option<Left> {
    let index = Device::named(device).ok()?.index;
    [Place::Driver, Place::Ingress]
        .into_iter()
        .find_map(|place| {
            let claim = Claim::take(place, device).ok()?;
            let link = bpf_link::pinned(&path(place, device).ok()?).ok()?;
            let _nobody_removes_it = remove(place, device);
            let is_its = bpf_link::read(link.as_fd()).is_ok_and(|found| found.device == index);
            is_its.then_some(Left { place, link, claim })
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
        let path = path(Place::Ingress, "eth0").unwrap();
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
