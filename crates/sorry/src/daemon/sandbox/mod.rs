//! What the daemon gives up for good once everything is open: files that the configuration does not name, system calls that it never
//! makes, and every capability that its configuration does not need. Before there is a second thread, so that all have it.
//!
//! It cannot be taken back, so a reload that needs more is refused, and says what to do: restart. What must be executed is
//! the `runner`'s. How a thread gives something up is `sorry_sys::sandbox`'s. Called by `run`, and the table of capabilities by
//! `sorry check-config --privileges`.

mod authorities;
mod paths;
mod privileges;

use std::path::{Path, PathBuf};

use rustix::thread::{CapabilitySet, CapabilitySets};
use sorry_sys::sandbox::{self, Bpf, Held};

use super::kernel;
use super::state::Read;
use crate::config::{Code, Config, Mistake, Report, Sandbox};
use paths::Paths;
pub use privileges::{Capability, Echo, Need, Privileges, Until};

/// What was given up.
#[derive(Debug)]
pub(super) struct Confined {
    paths: Paths,
    kept: Vec<Capability>,
}

/// Gives up what this configuration, read from this file, does not need. Where the kernel cannot hold something, that is told
/// and the rest is given up. Nothing where the configuration says so, or where there is a second thread, which would
/// have kept all. In the folders of `left` something is to be removed.
pub(super) fn confine(
    config: &Config,
    file: Option<&Path>,
    left: Vec<PathBuf>,
) -> Option<Confined> {
    if config.sandbox == Sandbox::Off {
        log::warn!("there is no sandbox, as the configuration says");
        return None;
    }
    // Where there is no /proc to count them in, there is no reason to think that there are more.
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads != 1 {
        log::error!(
            "there is no sandbox, for there are {threads} threads already; this is a mistake in sorry, please report it"
        );
        return None;
    }
    let mut paths = Paths::of(config, file);
    paths.write.extend(left);
    paths.make_folders();
    let kept = Privileges::of(config).capabilities();
    if let Err(error) = keep(&kept) {
        log::warn!("capabilities cannot be given up: {error}");
    }
    match sandbox::limit_files(&paths.read, &paths.write) {
        Ok(Held::All) => {}
        Ok(Held::Some) => {
            log::info!("the kernel holds the sandbox's files only in part: it is older than 6.10");
        }
        Ok(Held::Nothing) => {
            log::warn!("the kernel has no landlock: the sandbox leaves all files within reach");
        }
        Err(error) => log::warn!("files cannot be given up: {error}"),
    }
    let bpf = match kernel::is_wanted(config) {
        true => Bpf::Allowed,
        false => Bpf::Forbidden,
    };
    if let Err(error) = sandbox::limit_calls(bpf) {
        log::warn!("system calls cannot be given up: {error}");
    }
    Some(Confined { paths, kept })
}

/// Reads as before, and refuses what needs more than there still is.
pub(super) fn guarded(read: Read, confined: Option<Confined>) -> Read {
    match confined {
        None => read,
        Some(confined) => Box::new(move || confined.allow(read()?)),
    }
}

/// What of a configuration makes the sandbox worth less than it could be, each with its place. Told by `sorry check-config`, at the start
/// and at a reload.
pub(super) fn cautions(config: &Config) -> Vec<String> {
    match config.sandbox {
        Sandbox::Off => Vec::new(),
        _ => paths::exposed(config),
    }
}

/// Keeps these capabilities of those that there are, and gives all others up, for programs, too (capabilities(7)).
fn keep(kept: &[Capability]) -> rustix::io::Result<()> {
    let kept = kept
        .iter()
        .fold(CapabilitySet::empty(), |set, kept| set | kept.set());
    rustix::thread::clear_ambient_capability_set()?;
    let now = rustix::thread::capabilities(None)?;
    if now.effective.contains(CapabilitySet::SETPCAP) {
        for given_up in CapabilitySet::all() - kept {
            // Newer than the kernel, perhaps.
            let _unknown = rustix::thread::remove_capability_from_bounding_set(given_up);
        }
    }
    let kept = now.permitted & kept;
    let sets = CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, sets)
}

impl Confined {
    /// The configuration, unless it needs what was given up.
    pub(super) fn allow(&self, config: Config) -> Result<Config, Report> {
        match config.report(self.lacking(&config)) {
            None => Ok(config),
            Some(report) => Err(report),
        }
    }

    /// Only what a reload puts in force at once: what waits for a restart, such as another state folder, has all that it needs then.
    fn lacking(&self, config: &Config) -> Vec<Mistake> {
        const HINT: &str = "restart sorry, which begins with all that the configuration needs";
        let files = self.paths.beyond(config).into_iter().map(|(path, place)| {
            let message = format!("{} is out of reach of the sandbox", path.display());
            Mistake::new(Code::BadFile, place, message).hint(HINT)
        });
        let needs = Privileges::at_once(config)
            .into_iter()
            .filter(|need| !self.kept.contains(&need.capability))
            .map(|need| {
                let message = format!(
                    "{} was given up, and is needed {}",
                    need.capability, need.why
                );
                let code = match need.capability {
                    Capability::NetAdmin | Capability::Bpf | Capability::Perfmon => Code::Conflict,
                    Capability::NetBindService | Capability::DacOverride => Code::BadListener,
                };
                Mistake::new(code, need.place, message).hint(HINT)
            });
        files.chain(needs).collect()
    }
}
