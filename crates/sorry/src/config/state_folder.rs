//! The folder of journal, history, alerts and audit log: which one is meant. It is not looked at here.

use super::fault::Fault;
use super::reader::FromText;
use super::value::FilePath;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// The key `state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StateFolder {
    /// The service manager's, else the usual one.
    Auto,
    /// Nothing is kept.
    None,
    /// This one.
    At(FilePath),
}

/// Where it is when nobody says (file-hierarchy(7)).
const USUAL: &str = "/var/lib/sorry";

impl StateFolder {
    /// The folder itself. `from_manager` is `$STATE_DIRECTORY`: paths with colons between them (systemd.exec(5)).
    pub(super) fn path(&self, base: &Path, from_manager: Option<&OsStr>) -> Option<PathBuf> {
        match self {
            StateFolder::None => None,
            StateFolder::At(path) => Some(base.join(&path.0)),
            StateFolder::Auto => {
                let given = from_manager.map(OsStr::as_bytes).unwrap_or_default();
                let first = given.split(|byte| *byte == b':').next().unwrap_or_default();
                match first {
                    [] => Some(USUAL.into()),
                    first => Some(OsString::from_vec(first.to_vec()).into()),
                }
            }
        }
    }
}

impl FromText for StateFolder {
    fn form() -> String {
        "\"auto\", \"none\" or a path".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        match text {
            "auto" => Ok(StateFolder::Auto),
            "none" => Ok(StateFolder::None),
            _ => FilePath::from_text(text).map(StateFolder::At),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_manager_says_where_unless_the_operator_does() {
        for (typed, from_manager, expected) in [
            ("auto", None, Some("/var/lib/sorry")),
            ("auto", Some(""), Some("/var/lib/sorry")),
            (
                "auto",
                Some("/var/lib/private/sorry:/var/lib/b"),
                Some("/var/lib/private/sorry"),
            ),
            ("none", Some("/var/lib/sorry"), None),
            ("kept", Some("/var/lib/sorry"), Some("/etc/sorry/kept")),
            ("/srv/kept", None, Some("/srv/kept")),
        ] {
            let folder = StateFolder::from_text(typed).unwrap();
            let path = folder.path(Path::new("/etc/sorry"), from_manager.map(OsStr::new));
            assert_eq!(
                path.as_deref(),
                expected.map(Path::new),
                "{typed} {from_manager:?}"
            );
        }
    }
}
