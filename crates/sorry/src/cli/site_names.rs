//! The names of sites, for completions: asked of the daemon that the line means, and none where it does not answer at once.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap_complete::{ArgValueCompleter, CompletionCandidate};

use super::admin_socket::USUAL;
use crate::admin::api::{Api, Place};
use crate::config;

/// Whoever presses a key does not wait for long.
const PATIENCE: Duration = Duration::from_secs(1);

/// Completes the name of a site.
pub(super) fn completer() -> ArgValueCompleter {
    ArgValueCompleter::new(beginning_with)
}

fn beginning_with(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(socket) = socket(std::env::args_os()) else {
        return Vec::new();
    };
    let api = Api::at(Place::Socket(socket)).with_patience(PATIENCE);
    let sites = api.standing().map(|standing| standing.sites);
    let names = sites
        .unwrap_or_default()
        .into_iter()
        .map(|site| site.name)
        .filter(|name| typed.to_str().is_some_and(|typed| name.starts_with(typed)));
    names.map(CompletionCandidate::new).collect()
}

/// The admin socket that the line means; none where it means a daemon elsewhere.
fn socket(line: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    let mut words = line.filter_map(|word| word.into_string().ok());
    let mut socket = PathBuf::from(USUAL);
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => match word.strip_prefix("-c").filter(|file| !file.is_empty()) {
                Some(file) => ("-c".to_owned(), Some(file.to_owned())),
                None => (word, None),
            },
        };
        // bash makes a word of its own of the sign.
        let mut value = || value.clone().or_else(|| words.find(|word| word != "="));
        match flag.as_str() {
            "--admin" => socket = value()?.into(),
            "--config" | "-c" => {
                let file: PathBuf = value()?.into();
                socket = config::load(&file).ok()?.admin?;
            }
            "--server" => return None,
            _ => {}
        }
    }
    Some(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_that_of_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sorry.toml");
        let text = "[admin]\nsocket = \"/run/mine.sock\"\n[[site]]\nname = \"a\"\nsorry.listen = [\"127.0.0.1:0\"]\n";
        std::fs::write(&file, text).unwrap();
        let config = format!("sorry -- sorry up -c {}", file.display());
        for (line, expected) in [
            ("sorry -- sorry status ", Some(USUAL)),
            (
                "sorry -- sorry down --admin /run/a.sock s",
                Some("/run/a.sock"),
            ),
            (
                "sorry -- sorry down s --admin=/run/a.sock",
                Some("/run/a.sock"),
            ),
            (
                "sorry -- sorry down s --admin = /run/a.sock",
                Some("/run/a.sock"),
            ),
            ("sorry -- sorry down --admin", None),
            ("sorry -- sorry status --server https://a.test", None),
            ("sorry -- sorry status --config /nowhere", None),
            (config.as_str(), Some("/run/mine.sock")),
            (&config.replace("-c ", "-c"), Some("/run/mine.sock")),
        ] {
            let words = line.split(' ').map(OsString::from);
            assert_eq!(socket(words), expected.map(PathBuf::from), "{line}");
        }
    }
}
