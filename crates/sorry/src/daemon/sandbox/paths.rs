//! Which files the daemon may still use: those that its configuration names, with the folders they stand in, since files are
//! exchanged by renaming others over them, and what the C library reads to resolve names, tell the time and trust authorities.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::config::check::{self, FileCheck};
use crate::config::{Config, ListenAddress, Place, Purpose};

/// What the system has for everybody. All of /etc, since files such as resolv.conf are exchanged while the daemon runs, and a
/// daemon that can resolve no name any more would take whole sites down; who may read what there is up to the modes of files.
const SYSTEM: [&str; 17] = [
    "/etc",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/proc",
    "/sys/fs/cgroup",
    "/sys/devices/system/cpu",
    "/dev/null",
    "/dev/urandom",
];

/// Files and folders, with all that is beneath them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Paths {
    /// May be read.
    pub(super) read: Vec<PathBuf>,
    /// May be read, written, made and removed.
    pub(super) write: Vec<PathBuf>,
    /// Folders that are made, where they are missing, before nothing can be made any more.
    folders: Vec<PathBuf>,
}

impl Paths {
    /// What this configuration, read from this file, needs.
    pub(super) fn of(config: &Config, file: Option<&Path>) -> Paths {
        let mut paths = Paths {
            read: SYSTEM.iter().map(PathBuf::from).collect(),
            ..Paths::default()
        };
        let system = ["/etc/resolv.conf", "/etc/localtime", "/etc/hosts"].map(Path::new);
        let authorities = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(std::env::var_os);
        let authorities = authorities.iter().flatten().map(Path::new);
        let read = read_by(config).map(|(path, _)| path);
        for path in system
            .into_iter()
            .chain(file)
            .chain(authorities)
            .chain(read)
        {
            paths.read.extend(reaches(path));
        }
        for (path, _) in written_by(config) {
            paths.write.push(path.to_owned());
            paths.folders.push(path.to_owned());
        }
        // A log may be a link to a file elsewhere.
        let real = config
            .written
            .iter()
            .filter_map(|file| fs::canonicalize(&file.path).ok());
        paths
            .write
            .extend(real.filter_map(|real| Some(real.parent()?.to_owned())));
        paths
    }

    /// Makes folders that are missing, but none above them.
    pub(super) fn make_folders(&self) {
        for folder in &self.folders {
            match DirBuilder::new().mode(0o750).create(folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    // Whoever needs it says so at the place that names it.
                    log::debug!("cannot make {}: {error}", folder.display());
                }
                _ => {}
            }
        }
    }

    /// What a configuration names and these do not reach.
    pub(super) fn beyond(&self, config: &Config) -> Vec<(PathBuf, Place)> {
        let read = read_by(config).filter(|(path, _)| {
            // What is not there is told by whoever wants it.
            let found = fs::canonicalize(path).ok();
            found.is_some_and(|real| !is_beneath(&real, self.read.iter().chain(&self.write)))
        });
        let written = written_by(config).filter(|(folder, _)| {
            let real = fs::canonicalize(folder);
            !is_beneath(real.as_deref().unwrap_or(folder), self.write.iter())
        });
        read.chain(written)
            .map(|(path, place)| (path.to_owned(), place))
            .collect()
    }
}

fn is_beneath<'p>(path: &Path, mut folders: impl Iterator<Item = &'p PathBuf>) -> bool {
    folders.any(|folder| {
        path.starts_with(folder)
            || fs::canonicalize(folder).is_ok_and(|real| path.starts_with(real))
    })
}

/// Files and folders that are read, and where they are named.
fn read_by(config: &Config) -> impl Iterator<Item = (&Path, Place)> {
    // Programs are the runner's.
    let files = config
        .files
        .iter()
        .filter(|file| file.purpose != Purpose::Program);
    let files = files.map(|file| (file.path.as_path(), file.place));
    let checks = config
        .sites
        .iter()
        .flat_map(|site| &site.reals)
        .flat_map(|real| &real.checks);
    let checks = checks.filter_map(|check| match &check.kind {
        check::Kind::File(FileCheck { path, .. }) => Some((path.as_path(), check.place)),
        _ => None,
    });
    files.chain(checks)
}

/// Folders in which something is made, and where that is named.
fn written_by(config: &Config) -> impl Iterator<Item = (&Path, Place)> {
    let sockets = config
        .listeners
        .iter()
        .filter_map(|listener| match &listener.address {
            ListenAddress::Unix(path) => Some((path.parent()?, listener.place)),
            _ => None,
        });
    let files = config.written.iter().filter_map(|file| match file.purpose {
        Purpose::State => Some((file.path.as_path(), file.place)),
        _ => Some((file.path.parent()?, file.place)),
    });
    let admin = config.admin.iter().filter_map(|path| path.parent());
    let state = config.state.iter().map(PathBuf::as_path);
    let others = admin.chain(state).map(|folder| (folder, Place::File));
    let all = sockets.chain(files).chain(others);
    all.filter(|(folder, _)| *folder != Path::new(""))
}

/// What must be within reach so that a file can be read, also once it was exchanged for another: a folder itself, else the folder it is
/// in; both where it is named and where its links lead.
fn reaches(path: &Path) -> Vec<PathBuf> {
    let real = fs::canonicalize(path).ok();
    let both = [Some(path.to_owned()), real];
    both.into_iter()
        .flatten()
        .map(|path| reach(&path))
        .collect()
}

fn reach(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    // What is missing may come, and its folder with it.
    let mut folders = path.ancestors().skip(1).filter(|folder| folder.is_dir());
    match folders.next() {
        // A file right below the root must not open all there is.
        Some(folder) if folder != Path::new("/") => folder.to_owned(),
        Some(_) => path.to_owned(),
        // A path without a folder is one of the working folder.
        None => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{FileUse, parse};
    use jiff::tz::TimeZone;
    use std::os::unix::fs::symlink;

    fn config(read: &[&Path], sockets: &[&Path]) -> Config {
        let listen: Vec<String> = sockets
            .iter()
            .map(|path| format!("\"unix:{}\"", path.display()))
            .collect();
        let listen = listen.join(", ");
        let text = format!(
            "state = \"none\"\n[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\", {listen}]"
        );
        let mut config = parse(&text, "sorry.toml", Path::new("/"), &TimeZone::UTC).unwrap();
        config.admin = None;
        config.written.clear();
        config.files = read
            .iter()
            .map(|path| FileUse {
                path: path.to_path_buf(),
                place: Place::File,
                purpose: Purpose::Page,
            })
            .collect();
        config
    }

    /// `a/page.html`, a link `a/key` to `b/key`, and a folder `c`.
    fn tree() -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        for folder in ["a", "b", "c"] {
            fs::create_dir(tree.path().join(folder)).unwrap();
        }
        for file in ["a/page.html", "b/key", "c/page.html"] {
            fs::write(tree.path().join(file), "").unwrap();
        }
        symlink("../b/key", tree.path().join("a/key")).unwrap();
        tree
    }

    fn own(paths: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut own: Vec<PathBuf> = paths
            .into_iter()
            .filter(|path| !SYSTEM.iter().any(|system| path.starts_with(system)))
            .collect();
        own.sort();
        own.dedup();
        own
    }

    #[test]
    fn folders_of_files_and_of_what_their_links_lead_to_are_within_reach() {
        let tree = tree();
        let at = |path: &str| tree.path().join(path);
        let (a, b, c) = (at("a"), at("b"), at("c"));
        for (named, reach) in [
            (at("a/page.html"), vec![a.clone()]),
            (at("a/key"), vec![a.clone(), b.clone()]),
            (c.clone(), vec![c.clone()]),
            (at("c/missing/page.html"), vec![c.clone()]),
        ] {
            let paths = Paths::of(&config(&[&named], &[]), None);
            assert_eq!(own(paths.read), reach, "{}", named.display());
            assert_eq!(paths.write, Vec::<PathBuf>::new());
        }
        let paths = Paths::of(&config(&[], &[&at("new/socket")]), Some(&at("a/page.html")));
        assert_eq!(
            (own(paths.read.clone()), paths.write.clone()),
            (vec![a], vec![at("new")])
        );
        paths.make_folders();
        assert!(at("new").is_dir());
    }

    #[test]
    fn a_file_below_the_root_opens_nothing_else() {
        assert_eq!(
            reach(Path::new("/no-such-file")),
            Path::new("/no-such-file")
        );
    }

    #[test]
    fn what_a_reload_names_beyond_is_told() {
        let tree = tree();
        let at = |path: &str| tree.path().join(path);
        let paths = Paths::of(&config(&[&at("a/page.html")], &[&at("c/socket")]), None);
        let beyond = |read: &[&Path], sockets: &[&Path]| -> Vec<PathBuf> {
            let beyond = paths.beyond(&config(read, sockets));
            beyond.into_iter().map(|(path, _)| path).collect()
        };
        let none = Vec::<PathBuf>::new();
        assert_eq!(
            beyond(&[&at("a/page.html"), &at("c/page.html")], &[&at("c/other")]),
            none
        );
        assert_eq!(beyond(&[&at("a/missing"), &at("b/missing")], &[]), none);
        assert_eq!(beyond(&[&at("b/key")], &[]), [at("b/key")]);
        assert_eq!(
            beyond(&[&at("a/key")], &[]),
            [at("a/key")],
            "its link leads beyond"
        );
        assert_eq!(beyond(&[], &[&at("a/socket")]), [at("a")]);
    }
}
