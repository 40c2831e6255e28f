//! Whether the process can make its files, sockets and the access log: their folders exist, and nothing else is in the way. Told
//! with the place that names the file, before anything is opened. Nothing is made here.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use rustix::fs::StatVfsMountFlags;

use crate::config::{Code, Config, FileUse, ListenAddress, Mistake, Place, Purpose};

/// All that are missing.
pub(super) fn missing(config: &Config) -> Vec<Mistake> {
    let sockets = config.listeners.iter().filter_map(|listener| {
        let ListenAddress::Unix(path) = &listener.address else {
            return None;
        };
        socket(path, listener.place)
    });
    let written = config.written.iter().filter_map(|file| match file.purpose {
        Purpose::AccessLog => log(file),
        Purpose::State => state(file),
        _ => socket(&file.path, file.place),
    });
    sockets.chain(written).collect()
}

fn log(file: &FileUse) -> Option<Mistake> {
    let path = &file.path;
    if path.is_dir() {
        let message = format!("the access log {} is a folder", path.display());
        let hint = "name a file in it, such as access.log";
        return Some(Mistake::new(Code::BadFile, file.place, message).hint(hint));
    }
    let lack = lack_for(path)?;
    let message = format!("no access log at {}: {lack}", path.display());
    let hint = match lack {
        Lack::Closed(_) => "choose another path; the systemd unit may write below /var/log/sorry",
        _ => {
            "make the folder, or choose another path; the systemd unit may write below /var/log/sorry"
        }
    };
    Some(Mistake::new(Code::BadFile, file.place, message).hint(hint))
}

/// The folder that is kept from one start to the next. It is made if need be, and no folder above it.
fn state(file: &FileUse) -> Option<Mistake> {
    let path = &file.path;
    let hint = "choose another path in `state`, for example by StateDirectory= of the systemd unit; or \"none\" to keep nothing";
    let lack = match lack(path) {
        Some(Lack::Missing(_)) => {
            let above = folder(path)?;
            lack(above).or_else(|| closed(above))?
        }
        Some(lack) => lack,
        None => closed(path)?,
    };
    let message = format!("nothing can be kept in {}: {lack}", path.display());
    Some(Mistake::new(Code::BadFile, file.place, message).hint(hint))
}

fn socket(path: &Path, place: Place) -> Option<Mistake> {
    // Who listens there is found out when it is opened; what is no socket is never removed.
    if fs::symlink_metadata(path).is_ok_and(|found| !found.file_type().is_socket()) {
        let message = format!(
            "no socket at {}: there is a file that is none",
            path.display()
        );
        let hint = "remove it, or choose another path";
        return Some(Mistake::new(Code::BadListener, place, message).hint(hint));
    }
    let message = format!("no socket at {}: {}", path.display(), lack_for(path)?);
    let hint = "make the folder, for example by RuntimeDirectory= of the systemd unit, or choose another path";
    Some(Mistake::new(Code::BadListener, place, message).hint(hint))
}

/// Why a file cannot be made. The last folder of its path is made if need be, and no other: a missing tree is more likely a
/// mistyped path.
fn lack_for(path: &Path) -> Option<Lack<'_>> {
    let parent = folder(path)?;
    match lack(parent) {
        None => closed(parent).filter(|_| fs::symlink_metadata(path).is_err()),
        Some(Lack::Missing(_)) => {
            let above = folder(parent)?;
            lack(above).or_else(|| closed(above))
        }
        other => other,
    }
}

/// Whether nobody can make anything in a folder, whatever their rights: the kernel's own file systems have only its own
/// files, and some are read-only (statfs(2)).
fn closed(folder: &Path) -> Option<Lack<'_>> {
    /// `SYSFS_MAGIC` of linux/magic.h.
    const SYSFS: u64 = 0x6265_6572;
    let kind = rustix::fs::statfs(folder).ok()?.f_type;
    let is_the_kernels = kind == rustix::fs::PROC_SUPER_MAGIC || u64::try_from(kind) == Ok(SYSFS);
    let flags = rustix::fs::statvfs(folder).ok()?.f_flag;
    let is_closed = is_the_kernels || flags.contains(StatVfsMountFlags::RDONLY);
    is_closed.then_some(Lack::Closed(folder))
}

/// The folder of a path; the working one has no name.
fn folder(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| *folder != Path::new(""))
}

/// Why nothing can be made in a folder.
enum Lack<'p> {
    Missing(&'p Path),
    NotAFolder(&'p Path),
    Closed(&'p Path),
}

impl std::fmt::Display for Lack<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Lack::Missing(path) => write!(f, "the folder {} does not exist", path.display()),
            Lack::NotAFolder(path) => write!(f, "{} is not a folder", path.display()),
            Lack::Closed(path) => write!(f, "nothing can be made in {}", path.display()),
        }
    }
}

/// What cannot be looked at is left to whoever opens it: the one who checks may have fewer rights than the daemon.
fn lack(folder: &Path) -> Option<Lack<'_>> {
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => None,
        Ok(_) => Some(Lack::NotAFolder(folder)),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(Lack::Missing(folder)),
        Err(error) if error.kind() == ErrorKind::NotADirectory => Some(Lack::NotAFolder(folder)),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(found: Option<Mistake>) -> String {
        found.map(|mistake| mistake.message).unwrap_or_default()
    }

    #[test]
    fn a_socket_needs_the_folder_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::write(at("file"), "").unwrap();
        let base = folder.path().display().to_string();
        for (path, expected) in [
            ("s", String::new()),
            ("new/s", String::new()),
            (
                "new/new/s",
                format!("no socket at {base}/new/new/s: the folder {base}/new does not exist"),
            ),
            (
                "file/s",
                format!("no socket at {base}/file/s: {base}/file is not a folder"),
            ),
            (
                "file/new/s",
                format!("no socket at {base}/file/new/s: {base}/file/new is not a folder"),
            ),
        ] {
            assert_eq!(told(socket(&at(path), Place::File)), expected, "{path}");
        }
        assert_eq!(told(socket(Path::new("/s"), Place::File)), "");
    }

    #[test]
    fn what_is_no_socket_is_in_a_sockets_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "").unwrap();
        let said = told(socket(&path, Place::File));
        assert!(said.ends_with("there is a file that is none"), "{said}");
        fs::remove_file(&path).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert_eq!(told(socket(&path, Place::File)), "");
    }

    #[test]
    fn nothing_can_be_made_in_the_kernels_own_folders() {
        for (path, expected) in [
            ("/proc/nowhere/a.log", "nothing can be made in /proc"),
            ("/proc/a.log", "nothing can be made in /proc"),
            ("/proc/self/fd/1", ""),
        ] {
            let said = lack_for(Path::new(path)).map(|lack| lack.to_string());
            assert_eq!(said.unwrap_or_default(), expected, "{path}");
        }
    }

    #[test]
    fn an_access_log_needs_the_folder_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().display().to_string();
        for (path, expected) in [
            ("access.log", String::new()),
            ("new/access.log", String::new()),
            ("", format!("the access log {base}/ is a folder")),
            (
                "new/new/access.log",
                format!(
                    "no access log at {base}/new/new/access.log: the folder {base}/new does not exist"
                ),
            ),
        ] {
            let file = FileUse {
                path: folder.path().join(path),
                place: Place::File,
                purpose: Purpose::AccessLog,
            };
            assert_eq!(told(log(&file)), expected, "{path}");
        }
    }

    #[test]
    fn what_is_kept_needs_the_folder_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let base = folder.path().display().to_string();
        for (path, expected) in [
            ("", String::new()),
            ("new", String::new()),
            (
                "new/new",
                format!(
                    "nothing can be kept in {base}/new/new: the folder {base}/new does not exist"
                ),
            ),
            (
                "file",
                format!("nothing can be kept in {base}/file: {base}/file is not a folder"),
            ),
        ] {
            let file = FileUse {
                path: folder.path().join(path),
                place: Place::File,
                purpose: Purpose::State,
            };
            assert_eq!(told(state(&file)), expected, "{path}");
        }
    }
}
