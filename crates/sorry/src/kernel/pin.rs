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

/// The file system of type bpf, where systemd mounts it, for root alone; and a folder in it, which root may give to the user that sorry runs as.
pub const ROOT: &str = "/sys/fs/bpf";
const OWN: &str = "/sys/fs/bpf/sorry";

/// Where such files are made.
pub fn folder() -> &'static Path {
    let own = Path::new(OWN);
    match is_trusted(own) {
        true => own,
        false => Path::new(ROOT),
    }
}

/// Whether it is a folder in which nobody but this user and root can put anything: whoever may write to the root of that file system could have made it.
fn is_trusted(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| {
        let owners = [0, rustix::process::geteuid().as_raw()];
        found.is_dir() && owners.contains(&found.uid()) && found.mode() & 0o022 == 0
    })
}

/// Of the program behind the driver's.
const BEHIND: &str = "behind";

/// Devices of several network namespaces may have one name, and all see one file system.
fn name(hook: &str, device: &str) -> io::Result<String> {
    let namespace = fs::metadata("/proc/self/ns/net")?.ino();
    Ok(format!("sorry-{namespace}-{hook}-{device}"))
}

/// The file of a device that is to be made.
fn path(hook: &str, device: &str) -> io::Result<PathBuf> {
    Ok(folder().join(name(hook, device)?))
}

/// Wherever it may have been made.
fn paths(hook: &str, device: &str) -> io::Result<[PathBuf; 2]> {
    let name = name(hook, device)?;
    Ok([folder(), Path::new(ROOT)].map(|folder| folder.join(&name)))
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
        for path in paths(hook, device)? {
            match fs::remove_file(path) {
                Err(error) if is_there(&error) => done = done.and(Err(error)),
                _ => {}
            }
        }
    }
    done
}

/// Whether a file that could not be removed may be one of ours: where we may not look there is none that we have made.
fn is_there(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
    )
}

/// What a process that died has left attached to a device. Its files are taken away.
pub fn left_behind(device: &str) -> Option<Held> {
    let index = Device::named(device).ok()?.index;
    let found = |hook: &str| {
        let links = paths(hook, device).ok()?.into_iter();
        let mut links = links.filter_map(|path| bpf_link::pinned(&path).ok());
        links.find(|link| bpf_link::read(link.as_fd()).is_ok_and(|found| found.device == index))
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
