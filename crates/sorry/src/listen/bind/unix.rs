//! Unix listening sockets. A socket's file outlives its process, so an old one has to be removed; one that somebody
//! listens on must never be (rules: "a live socket is never unlinked by a second instance"). The look and the removal
//! happen under a lock on the folder, so that two starting processes cannot remove each other's.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::super::address::Address;
use super::{BindError, Holder, Settings, backlog, error, holder};

pub(super) fn bind(path: &Path, settings: &Settings) -> Result<OwnedFd, BindError> {
    let refused = |attempt: &'static str| {
        move |errno| error::refused(&Address::Unix(path.to_owned()), attempt, errno)
    };
    let _lock = lock_folder(path, settings)?;
    remove_dead(path)?;
    let socket = stream_socket().map_err(refused("set up a socket for"))?;
    // The file gets the socket's own mode less the umask (unix(7)): narrow from the first moment, then as configured.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR).map_err(refused("set the mode of"))?;
    let address = SocketAddrUnix::new(path).map_err(refused("bind"))?;
    rustix::net::bind(&socket, &address).map_err(refused("bind"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(settings.unix_mode))
        .map_err(|source| file("set the mode of", path, source))?;
    rustix::net::listen(&socket, backlog(settings)).map_err(refused("listen on"))?;
    Ok(socket)
}

/// The folder, opened and locked until the value is dropped; made if it is missing and may be.
fn lock_folder(path: &Path, settings: &Settings) -> Result<fs::File, BindError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let opened = match (fs::File::open(folder), settings.unix_folder_mode) {
        (Err(error), Some(mode)) if error.kind() == io::ErrorKind::NotFound => {
            make_folder(folder, mode)?;
            fs::File::open(folder)
        }
        (Err(error), None) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BindError::NoFolder(path.to_owned()));
        }
        (opened, _) => opened,
    };
    let opened = opened.map_err(|source| file("open the folder", folder, source))?;
    // The lock is held for a few system calls; a process that keeps it longer is not one of ours.
    let deadline = Instant::now() + settings.unix_folder_wait;
    loop {
        match rustix::fs::flock(&opened, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(opened),
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(Errno::WOULDBLOCK) => return Err(BindError::Contended(path.to_owned())),
            Err(errno) => return Err(file("lock the folder", folder, errno.into())),
        }
    }
}

const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Makes the last folder of the path only: a missing tree is more likely a mistyped path.
fn make_folder(folder: &Path, mode: u32) -> Result<(), BindError> {
    match fs::DirBuilder::new().mode(mode).create(folder) {
        Ok(()) => fs::set_permissions(folder, fs::Permissions::from_mode(mode))
            .map_err(|source| file("set the mode of the folder", folder, source)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(file("make the folder", folder, source)),
    }
}

/// Removes the file of a socket that nobody listens on; leaves everything else alone.
fn remove_dead(path: &Path) -> Result<(), BindError> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(file("look at", path, source)),
    };
    if !kind.is_socket() {
        return Err(BindError::NotASocket(path.to_owned()));
    }
    if !is_dead(path).map_err(|errno| file("knock at", path, errno.into()))? {
        return Err(BindError::Alive {
            path: path.to_owned(),
            holder: holder_of(path),
        });
    }
    fs::remove_file(path).map_err(|source| file("remove the dead socket", path, source))
}

/// Only a refused connection proves that nobody listens; a full queue (EAGAIN), another socket type (EPROTOTYPE) or
/// missing permission may well hide a living process.
fn is_dead(path: &Path) -> Result<bool, Errno> {
    let socket = stream_socket()?;
    let address = SocketAddrUnix::new(path)?;
    match rustix::net::connect(&socket, &address) {
        Err(Errno::CONNREFUSED) => Ok(true),
        Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Who listens on the socket, where it lets us in. The kernel says so of the process that called listen(2) (unix(7)).
fn holder_of(path: &Path) -> Option<Holder> {
    let socket = stream_socket().ok()?;
    let address = SocketAddrUnix::new(path).ok()?;
    rustix::net::connect(&socket, &address).ok()?;
    let pid = sorry_sys::socket_option::peer_process(socket.as_fd()).ok()??;
    Some(holder::describe(pid))
}

fn stream_socket() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

fn file(attempt: &'static str, path: &Path, error: io::Error) -> BindError {
    BindError::File {
        attempt,
        path: path.to_owned(),
        error,
    }
}
