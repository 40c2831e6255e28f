//! Opens the access log and starts the thread that writes it. What a line looks like is `count::access`'s.
//!
//! The log is opened anew by `access::Log::reopen`, and ended by `access::Log::finish`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::run::RunError;
use crate::config::{AccessFormat, AccessTarget, Code, Config, Mistake, Place, Purpose};
use crate::count::access;

/// Visitors' addresses are for the daemon and its group, whatever the umask of whoever started it lets through.
const FILE_MODE: u32 = 0o640;

/// Opens the access log, where one is wanted, and starts the thread that writes it.
pub(super) fn open(config: &Config) -> Result<Option<access::Log>, RunError> {
    let format = match config.log.access {
        AccessFormat::None => return Ok(None),
        AccessFormat::Json => access::Format::Json,
        AccessFormat::Combined => access::Format::Combined,
    };
    let target = config.log.access_target.clone();
    let sink = open_sink(&target).map_err(|error| refused(config, &target, error))?;
    let (log, writer) = access::log(format);
    let write = move || {
        let reopen = || open_sink(&target);
        writer.run(sink, reopen, |error| {
            log::warn!("the access log cannot be written: {error}");
        });
    };
    std::thread::Builder::new()
        .name("sorry-log".into())
        .spawn(write)
        .map_err(|error| RunError::System("start the access log", error))?;
    Ok(Some(log))
}

/// A file that the configuration names is a mistake in the configuration.
fn refused(config: &Config, target: &AccessTarget, error: io::Error) -> RunError {
    let AccessTarget::File(path) = target else {
        return RunError::System("open the access log", error);
    };
    let mut files = config.written.iter();
    let place = files
        .find(|file| file.purpose == Purpose::AccessLog)
        .map_or(Place::File, |file| file.place);
    let message = format!("cannot open the access log {}: {error}", path.display());
    let hint = "let the user that sorry runs as write there, or choose another path with [log] access-file";
    let mistake = Mistake::new(Code::BadFile, place, message).hint(hint);
    RunError::Refused(config.report(vec![mistake]).unwrap_or_default())
}

/// At the start, and again when the file was rotated.
fn open_sink(target: &AccessTarget) -> io::Result<Box<dyn io::Write + Send>> {
    Ok(match target {
        AccessTarget::Stdout => Box::new(io::stdout()),
        AccessTarget::File(path) => Box::new(open_file(path)?),
    })
}

/// Makes the last folder of the path if it is missing. Who asked for what is nobody else's business.
fn open_file(path: &Path) -> io::Result<File> {
    match (open_plain(path), path.parent()) {
        (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
            fs::DirBuilder::new().mode(0o750).create(folder)?;
            open_plain(path)
        }
        (opened, _) => opened,
    }
}

/// The log may be a FIFO or a device, but the start of the process waits for no reader of it.
fn open_plain(path: &Path) -> io::Result<File> {
    let opened = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(FILE_MODE)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path);
    let file = opened.map_err(|error| match Errno::from_io_error(&error) {
        // open(2): a FIFO that nobody has open for reading.
        Some(Errno::NXIO) => io::Error::other("nobody reads from it; start its reader first"),
        _ => error,
    })?;
    // Once it is open the writer's own thread may wait; lines that find no room meanwhile are dropped and counted.
    let flags = rustix::fs::fcntl_getfl(&file)?;
    rustix::fs::fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_folder_is_made_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| AccessTarget::File(folder.path().join(path));
        for path in ["logs/access.log", "access.log"] {
            open_sink(&at(path)).unwrap().write_all(b"line\n").unwrap();
            let written = fs::read_to_string(folder.path().join(path)).unwrap();
            assert_eq!(written, "line\n", "{path}");
        }
        assert!(open_sink(&at("new/logs/access.log")).is_err());
        assert!(!folder.path().join("new").exists());
    }

    #[test]
    fn a_new_file_is_not_for_everybody() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        open_file(&path).unwrap();
        // The umask may take away more.
        assert_eq!(mode() & !FILE_MODE, 0, "{:o}", mode());
        // What somebody made stays as it was made.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        open_file(&path).unwrap();
        assert_eq!(mode(), 0o644);
    }

    #[test]
    fn a_fifo_that_nobody_reads_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, mode, 0).unwrap();
        let error = open_file(&path).unwrap_err().to_string();
        assert!(error.contains("nobody reads from"), "{error}");
        let reader = OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(&path);
        let log = open_file(&path).unwrap();
        let flags = rustix::fs::fcntl_getfl(&log).unwrap();
        assert!(!flags.contains(OFlags::NONBLOCK), "its writer may wait");
        drop(reader);
    }
}
