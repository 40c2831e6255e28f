//! Which files the daemon may still use: those that its configuration names, with the folders they stand in, since files are
//! exchanged by renaming others over them, and what the C library reads to resolve names, tell the time and trust authorities. So is what
//! a service manager has put down for us: secrets, in `$CREDENTIALS_DIRECTORY` (systemd.exec(5)).

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::authorities;
use crate::config::check::{self, FileCheck};
use crate::config::{Config, ListenAddress, OnCrash, Place, Purpose};
use crate::daemon::kernel;
use crate::kernel::pin;

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
        let read = read_by(config).map(|(path, _)| path);
        for path in system.into_iter().chain(file).chain(read) {
            paths.read.extend(reaches(path));
        }
        if kernel::is_wanted(config) && config.kernel.on_crash == OnCrash::Keep {
            paths.write.push(pin::folder().to_owned());
        }
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        // Itself and nothing above it, where others' may lie.
        let credentials = credentials.filter(|folder| folder.is_absolute() && folder.is_dir());
        paths
            .read
            .extend(credentials.iter().flat_map(|folder| reaches(folder)));
        for path in authorities::places() {
            paths.read.extend(reaches(&path));
        }
        for (path, _) in written_by(config) {
            paths.write.push(path.to_owned());
            paths.folders.push(path.to_owned());
        }
        // A log may be a link to a file elsewhere, and so may the state folder.
        paths.write.extend(config.written.iter().filter_map(|file| {
            let real = fs::canonicalize(&file.path).ok()?;
            match file.purpose {
                Purpose::State => Some(real),
                _ => Some(real.parent()?.to_owned()),
            }
        }));
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

    /// What a configuration needs at once and these do not reach. What it only needs after a restart is not in it.
    pub(super) fn beyond(&self, config: &Config) -> Vec<(PathBuf, Place)> {
        let closed = |real: &Path| !is_beneath(real, self.read.iter().chain(&self.write));
        let files = files_of(config).filter(|(path, _)| {
            // What is not there is told by whoever wants it, and no restart would bring it.
            fs::canonicalize(path).is_ok_and(|real| closed(&real))
        });
        // These may be missing yet: once they are there nobody could read them.
        let numbers = numbers_of(config).filter(|(path, _)| closed(&where_it_would_be(path)));
        let sockets = sockets_of(config).filter(|(folder, _)| {
            let real = fs::canonicalize(folder);
            !is_beneath(real.as_deref().unwrap_or(folder), self.write.iter())
        });
        let all = files.chain(numbers).chain(sockets);
        all.map(|(path, place)| (path.to_owned(), place)).collect()
    }
}

/// What whoever has taken the daemon over could exchange: the configuration, from which the runner takes what it starts, and the
/// programs themselves. In words, each with its place.
pub(super) fn exposed(config: &Config) -> Vec<String> {
    let written: Vec<PathBuf> = written_by(config)
        .flat_map(|(folder, _)| [Some(folder.to_owned()), fs::canonicalize(folder).ok()])
        .flatten()
        .collect();
    let is_in_it = |path: &Path| {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        fs::canonicalize(folder).is_ok_and(|real| is_beneath(&real, written.iter()))
    };
    // The name, which could be another's then, and what it leads to.
    let is_written =
        |path: &Path| is_in_it(path) || fs::canonicalize(path).is_ok_and(|real| is_in_it(&real));
    let file = config.file().filter(|file| is_written(file)).map(|file| {
        format!(
            "{} is in a folder that the sandbox leaves writable, for a socket, a log or the state folder: whoever breaks into sorry could \
             change the configuration; put those into folders of their own",
            file.display()
        )
    });
    // Once each, where many checks name one.
    let mut seen = BTreeSet::new();
    let programs = config.files.iter().filter(|file| {
        file.purpose == Purpose::Program && is_written(&file.path) && seen.insert(&file.path)
    });
    let programs = programs.map(|file| {
        let why = format!(
            "{} is in a folder that the sandbox leaves writable: whoever breaks into sorry could put another program there",
            file.path.display()
        );
        config.told(file.place, &why)
    });
    file.into_iter().chain(programs).collect()
}

/// The path itself where it is there, else the last folder on the way to it that is.
fn where_it_would_be(path: &Path) -> PathBuf {
    let mut found = path
        .ancestors()
        .filter_map(|path| fs::canonicalize(path).ok());
    found.next().unwrap_or_else(|| path.to_owned())
}

fn is_beneath<'p>(path: &Path, mut folders: impl Iterator<Item = &'p PathBuf>) -> bool {
    folders.any(|folder| {
        path.starts_with(folder)
            || fs::canonicalize(folder).is_ok_and(|real| path.starts_with(real))
    })
}

/// Files and folders that are read, and where they are named.
fn read_by(config: &Config) -> impl Iterator<Item = (&Path, Place)> {
    files_of(config).chain(numbers_of(config))
}

/// Those that must be there.
fn files_of(config: &Config) -> impl Iterator<Item = (&Path, Place)> {
    // Programs are the runner's.
    let files = config
        .files
        .iter()
        .filter(|file| file.purpose != Purpose::Program);
    files.map(|file| (file.path.as_path(), file.place))
}

/// Those of file checks that read a number, which may come and go.
fn numbers_of(config: &Config) -> impl Iterator<Item = (&Path, Place)> {
    let checks = checks_of(config);
    let numbers = checks.filter(|(check, _)| check.reads());
    numbers.map(|(check, place)| (check.path.as_path(), place))
}

/// File checks. All but those that read a number only look whether the file is there, which landlock leaves to everybody.
pub(super) fn checks_of(config: &Config) -> impl Iterator<Item = (&FileCheck, Place)> {
    let reals = config.sites.iter().flat_map(|site| &site.reals);
    let checks = reals.flat_map(|real| &real.checks);
    checks.filter_map(|check| match &check.kind {
        check::Kind::File(file) => Some((file, check.place)),
        _ => None,
    })
}

/// Folders of the sockets that sites are reached by.
fn sockets_of(config: &Config) -> impl Iterator<Item = (&Path, Place)> {
    let sockets = config
        .listeners
        .iter()
        .filter_map(|listener| match &listener.address {
            ListenAddress::Unix(path) => Some((path.parent()?, listener.place)),
            _ => None,
        });
    sockets.filter(|(folder, _)| *folder != Path::new(""))
}

/// Folders in which something is made, and where that is named.
fn written_by(config: &Config) -> impl Iterator<Item = (&Path, Place)> {
    let files = config.written.iter().filter_map(|file| match file.purpose {
        Purpose::State => Some((file.path.as_path(), file.place)),
        _ => Some((file.path.parent()?, file.place)),
    });
    let admin = config.admin.iter().filter_map(|path| path.parent());
    let state = config.state.iter().map(PathBuf::as_path);
    let others = admin.chain(state).map(|folder| (folder, Place::File));
    let others = files.chain(others);
    let others = others.filter(|(folder, _)| *folder != Path::new(""));
    sockets_of(config).chain(others)
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

    /// What a reload does not put in force has all it needs when its restart comes.
    #[test]
    fn what_waits_for_a_restart_is_not_beyond() {
        let tree = tree();
        let at = |path: &str| tree.path().join(path);
        let paths = Paths::of(&config(&[], &[]), None);
        let mut other = config(&[], &[]);
        other.state = Some(at("b"));
        other.admin = Some(at("c/admin.sock"));
        for (file, purpose) in [("b", Purpose::State), ("c/log", Purpose::AccessLog)] {
            let (path, place) = (at(file), Place::File);
            other.written.push(FileUse {
                path,
                place,
                purpose,
            });
        }
        assert_eq!(paths.beyond(&other), []);
        // The folder above the state folder is nobody's business.
        assert_eq!(own(Paths::of(&other, None).write), [at("b"), at("c")]);
    }

    fn with_check(path: &Path, down: &str) -> Config {
        let text = format!(
            "state = \"none\"\n[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\"]\n[[site.real-server]]\n\
             address = \"10.0.0.1:80\"\ncheck.file = {{ path = \"{}\", down-when = \"{down}\" }}",
            path.display()
        );
        let mut config = parse(&text, "sorry.toml", Path::new("/"), &TimeZone::UTC).unwrap();
        config.admin = None;
        config.written.clear();
        config
    }

    #[test]
    fn a_number_is_read_when_its_file_has_come() {
        let tree = tree();
        let at = |path: &str| tree.path().join(path);
        let reached = Paths::of(&with_check(&at("a/load"), "nonzero"), None);
        assert_eq!(own(reached.read.clone()), [at("a")]);
        for (path, down, is_beyond) in [
            ("a/load", "nonzero", false),
            ("a/new/load", "nonzero", false),
            ("c/load", "nonzero", true),
            ("c/new/load", "nonzero", true),
            ("c/page.html", "nonzero", true),
            // Whether a file is there is for everybody to see.
            ("c/load", "exists", false),
            ("c/page.html", "missing", false),
        ] {
            let beyond = reached.beyond(&with_check(&at(path), down));
            assert_eq!(!beyond.is_empty(), is_beyond, "{path} {down}");
        }
        let looks = Paths::of(&with_check(&at("a/load"), "missing"), None);
        assert_eq!(own(looks.read), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_configuration_and_programs_that_a_break_in_could_change_are_told() {
        let tree = tree();
        let at = |path: &str| tree.path().join(path);
        let told = |name: &str, socket: &str, program: &str| {
            let text = format!(
                "state = \"none\"\n[[site]]\nname = \"shop\"\nsorry.listen = [\"unix:{}\"]",
                at(socket).display()
            );
            let name = at(name).display().to_string();
            let mut config = parse(&text, &name, Path::new("/"), &TimeZone::UTC).unwrap();
            config.admin = None;
            config.written.clear();
            let program = FileUse {
                path: at(program),
                place: Place::File,
                purpose: Purpose::Program,
            };
            config.files = vec![program.clone(), program];
            let told = exposed(&config);
            let about = |words: &str| told.iter().filter(|one| one.contains(words)).count();
            (about("change the configuration"), about("another program"))
        };
        assert_eq!(told("a/sorry.toml", "b/socket", "c/check"), (0, 0));
        assert_eq!(told("a/sorry.toml", "a/socket", "c/check"), (1, 0));
        assert_eq!(told("a/sorry.toml", "c/socket", "c/check"), (0, 1));
        fs::create_dir(at("c/inner")).unwrap();
        assert_eq!(told("c/inner/sorry.toml", "c/socket", "a/check"), (1, 0));
    }
}
