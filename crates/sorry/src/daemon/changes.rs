//! What a reload changes, in words for whoever asked for it: what is in force now, and what waits for a restart. Nothing here
//! changes anything.

use crate::config::Config;

/// What a reload changes, in words.
pub(super) fn differences(old: &Config, new: &Config) -> Vec<String> {
    let mut changes = Vec::new();
    for site in &new.sites {
        match old.sites.iter().find(|known| known.name == site.name) {
            None => changes.push(format!("site {} is new", site.name)),
            Some(known) if known != site => changes.push(format!("site {} has changed", site.name)),
            Some(_) => {}
        }
    }
    for site in &old.sites {
        if !new.sites.iter().any(|kept| kept.name == site.name) {
            changes.push(format!("site {} is gone", site.name));
        }
    }
    if old.limits != new.limits {
        changes.push("limits have changed".to_owned());
    }
    if old.certificates != new.certificates {
        changes.push("certificates have changed".to_owned());
    }
    changes.extend(restarts(old, new));
    changes
}

/// What is configured anew and waits for a restart.
fn restarts(old: &Config, new: &Config) -> Vec<String> {
    let mut changes = Vec::new();
    let restart = [
        (
            old.workers != new.workers || old.pin_workers != new.pin_workers,
            "workers",
        ),
        (old.admin != new.admin, "the admin socket"),
        (old.metrics != new.metrics, "the metrics address"),
        (old.log != new.log, "the log"),
        (
            sockets_differ(old, new),
            "`mode` or `v6-only` of a listener that is open",
        ),
    ];
    for (_, what) in restart.iter().filter(|(changed, _)| *changed) {
        changes.push(format!("{what}: in force after the next restart"));
    }
    changes
}

/// Whether a listener that stays is to be made in another way.
fn sockets_differ(old: &Config, new: &Config) -> bool {
    new.listeners.iter().any(|listener| {
        let known = old
            .listeners
            .iter()
            .find(|known| known.address == listener.address);
        known.is_some_and(|known| {
            let (was, is) = (&known.options, &listener.options);
            was.unix_mode != is.unix_mode || was.v6_only != is.v6_only
        })
    })
}
