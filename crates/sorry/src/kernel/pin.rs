//! Links that outlive the process, because the operator wants the kernel to go on for a while when it dies: each has a file in the file system of type
//! bpf, by which the next process finds it. Whether there are such is the configuration's to say.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use sorry_sys::bpf_link;

use super::device::Device;
use super::load::Place;

/// Where such files are (systemd mounts it there).
pub const FOLDER: &str = "/sys/fs/bpf";

fn path(place: Place, device: &str) -> PathBuf {
    let hook = match place {
        Place::Driver => "xdp",
        Place::Ingress => "tc",
    };
    Path::new(FOLDER).join(format!("sorry-{hook}-{device}"))
}

/// Gives the link a file, in the place of one that is there.
pub(super) fn put(link: BorrowedFd<'_>, place: Place, device: &str) -> io::Result<()> {
    remove(place, device)?;
    bpf_link::pin(link, &path(place, device))
}

/// Takes the file away: the link lives as long as somebody holds it.
pub(super) fn remove(place: Place, device: &str) -> io::Result<()> {
    match fs::remove_file(path(place, device)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What a process that died has left attached to this device. Its file is taken away.
pub fn left_behind(device: &str) -> Option<(Place, OwnedFd)> {
    let index = Device::named(device).ok()?.index;
    [Place::Driver, Place::Ingress]
        .into_iter()
        .find_map(|place| {
            let link = bpf_link::pinned(&path(place, device)).ok()?;
            let _nobody_removes_it = remove(place, device);
            let is_its = bpf_link::read(link.as_fd()).is_ok_and(|found| found.device == index);
            is_its.then_some((place, link))
        })
}
