//! What a reload changes, in words for whoever asked for it: what is in force now, and what waits for a restart. Nothing here
//! changes anything.

use std::collections::HashMap;

use super::kernel;
use super::pages::Loaded;
use crate::config::{Config, Listener, Site};
use crate::listen::certificate::Certificate;

/// A configuration, and what was read for it.
pub(super) struct Side<'a> {
    pub(super) config: &'a Config,
    /// One for each site.
    pub(super) pages: &'a [Loaded],
    pub(super) certificates: &'a [Certificate],
}

/// What a reload changes at once; addresses that are opened and closed are told by `doors`.
pub(super) fn differences(old: &Side<'_>, new: &Side<'_>) -> Vec<String> {
    let mut changes = sites(old, new);
    changes.extend(listeners(old.config, new.config));
    let limits = new.config.limits.difference(&old.config.limits);
    if !limits.is_empty() {
        changes.push(format!("limits have changed: {}", quoted(&limits)));
    }
    changes.extend(certificates(old.certificates, new.certificates));
    changes.extend(kernel_terms(old.config, new.config));
    changes.extend(watching(old.config, new.config));
    changes
}

/// On which terms the kernel answers; what it is attached to is told by `pending`.
fn kernel_terms(old: &Config, new: &Config) -> Option<String> {
    let mut differing = new.kernel.difference(&old.kernel);
    differing.retain(|key| !OF_ATTACHMENT.contains(key));
    (!differing.is_empty()).then(|| format!("[kernel] has changed: {}", quoted(&differing)))
}

/// What is watched, and who is told.
fn watching(old: &Config, new: &Config) -> Vec<String> {
    let mut changes = Vec::new();
    let watch = new.watch.difference(&old.watch);
    if !watch.is_empty() {
        changes.push(format!("[watch] has changed: {}", quoted(&watch)));
    }
    changes.extend(new.receivers_difference(old));
    let files = new.remote_files_difference(old);
    if !files.is_empty() {
        changes.push(format!("[admin] has changed: {}", quoted(&files)));
    }
    if new.down_for != old.down_for {
        changes.push("`down-for` has changed".to_owned());
    }
    changes
}

fn sites(old: &Side<'_>, new: &Side<'_>) -> Vec<String> {
    let before = by_name(old);
    let after = by_name(new);
    let mut changes = Vec::new();
    for (site, page) in new.config.sites.iter().zip(new.pages) {
        let called = new.config.called(site);
        let Some((known, before)) = before.get(&*site.name) else {
            changes.push(format!("{called} is new"));
            continue;
        };
        let keys = site.difference(known);
        let keys = (!keys.is_empty()).then(|| quoted(&keys));
        let files = files(known, before, site, page);
        let what: Vec<&str> = keys.as_deref().into_iter().chain(files).collect();
        if !what.is_empty() {
            changes.push(format!("{called} has changed: {}", what.join(", ")));
        }
    }
    for site in &old.config.sites {
        if !after.contains_key(&*site.name) {
            changes.push(format!("{} is gone", old.config.called(site)));
        }
    }
    changes
}

fn by_name<'a>(side: &Side<'a>) -> HashMap<&'a str, (&'a Site, &'a Loaded)> {
    let each = side.config.sites.iter().zip(side.pages);
    each.map(|(site, page)| (&*site.name, (&**site, page)))
        .collect()
}

/// Which files have other contents under the same names.
fn files(was: &Site, old: &Loaded, is: &Site, new: &Loaded) -> Vec<&'static str> {
    let same_page = is.sorry.page.is_some() && is.sorry.page == was.sorry.page;
    let same_robots = is.sorry.robots.is_some() && is.sorry.robots == was.sorry.robots;
    let page = same_page && old.page.digest != new.page.digest;
    let robots = same_robots && old.robots != new.robots;
    let files = [
        page.then_some("the files of its page"),
        robots.then_some("its robots.txt"),
    ];
    files.into_iter().flatten().collect()
}

/// What those who come to an address that stays open find there.
fn listeners(old: &Config, new: &Config) -> Vec<String> {
    let mut changes = Vec::new();
    for listener in &new.listeners {
        let same = |known: &&Listener| known.address == listener.address;
        let Some(known) = old.listeners.iter().find(same) else {
            continue;
        };
        let mut keys = listener.options.difference(&known.options);
        // How the socket was made waits for a restart; see `pending`.
        keys.retain(|key| !OF_SOCKETS.contains(key));
        let default = |config: &Config, listener: &Listener| {
            let site = config.sites.get(listener.default_site());
            site.map(|site| site.name.clone())
        };
        if default(old, known) != default(new, listener) {
            keys.push("default");
        }
        if !keys.is_empty() {
            let address = &listener.address;
            changes.push(format!("{address} has changed: {}", quoted(&keys)));
        }
    }
    changes
}

/// The keys of a listener that say how its socket is made.
const OF_SOCKETS: [&str; 2] = ["mode", "v6-only"];

fn certificates(old: &[Certificate], new: &[Certificate]) -> Vec<String> {
    let of = |list: &[Certificate], one: &Certificate| {
        list.iter().position(|known| known.files() == one.files())
    };
    let mut changes = Vec::new();
    for certificate in new {
        match of(old, certificate) {
            None => changes.push(format!("{certificate} is new")),
            Some(at) if !old[at].is_same(certificate) => {
                changes.push(format!("{certificate} was read again"));
            }
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|known| of(new, known).is_none());
    changes.extend(gone.map(|certificate| format!("{certificate} is gone")));
    if let ([was, ..], [is, ..]) = (old, new)
        && was.files() != is.files()
    {
        changes.push(format!("{is} is for unknown names now"));
    }
    changes
}

/// What is configured in another way than the process was started with, and waits for a restart. `sockets` are the listeners
/// whose sockets were made in another way.
pub(super) fn pending(started: &Config, config: &Config, sockets: &[String]) -> Vec<String> {
    let keys = [
        (started.workers != config.workers, "`workers`"),
        (started.pin_workers != config.pin_workers, "`pin-workers`"),
        (started.sandbox != config.sandbox, "`sandbox`"),
        (started.admin != config.admin, "`[admin] socket`"),
        (started.metrics != config.metrics, "`[metrics] listen`"),
        (started.state != config.state, "`state`"),
    ];
    let keys = keys.iter().filter(|(differs, _)| *differs);
    let keys = keys.map(|(_, key)| (*key).to_owned());
    let log = config.log.difference(&started.log).into_iter();
    let log = log.map(|key| format!("`[log] {key}`"));
    let remote = config.remote_difference(started).into_iter();
    let remote = remote.map(|key| format!("`[admin] {key}`"));
    let all = keys
        .chain(remote)
        .chain(log)
        .chain(of_kernel(started, config))
        .chain(sockets.iter().cloned());
    all.map(|what| format!("{what}: in force after the next restart"))
        .collect()
}

/// What is attached at the start, and not again: with nothing wanted of the kernel nothing was.
fn of_kernel(started: &Config, config: &Config) -> Vec<String> {
    if !kernel::is_wanted(config) {
        return Vec::new();
    }
    if !kernel::is_wanted(started) {
        return vec!["`kernel`".to_owned()];
    }
    let differing = config.kernel.difference(&started.kernel).into_iter();
    differing
        .filter(|key| OF_ATTACHMENT.contains(key))
        .map(|key| format!("`[kernel] {key}`"))
        .collect()
}

/// The keys of `[kernel]` that say what is attached, where, and for how long.
const OF_ATTACHMENT: [&str; 5] = ["interfaces", "hook", "key-file", "on-crash", "lease"];

fn quoted(keys: &[&str]) -> String {
    let each: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    each.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::pages::{self, Reached};
    use std::path::Path;

    fn parse(text: &str, folder: &Path) -> Config {
        crate::config::parse(text, "test", folder, &jiff::tz::TimeZone::UTC).unwrap()
    }

    fn load(config: &Config) -> Vec<Loaded> {
        pages::load(config, 0, &mut Reached::default()).unwrap()
    }

    const SITE: &str = "[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:1\"]\n";

    /// What is told of a change from one text to another one.
    fn told(old: &str, new: &str) -> Vec<String> {
        let (old, new) = (parse(old, Path::new("/")), parse(new, Path::new("/")));
        let (before, after) = (load(&old), load(&new));
        let old = Side {
            config: &old,
            pages: &before,
            certificates: &[],
        };
        let new = Side {
            config: &new,
            pages: &after,
            certificates: &[],
        };
        differences(&old, &new)
    }

    #[test]
    fn what_has_changed_is_named() {
        let blog = SITE.replace("shop", "blog").replace(":1", ":2");
        for (old, new, expected) in [
            (SITE.to_owned(), SITE.to_owned(), &[][..]),
            (
                SITE.to_owned(),
                format!("{SITE}status = 502\nretry-after = \"5m\"\n"),
                &["site shop has changed: `status`, `retry-after`"],
            ),
            (
                SITE.to_owned(),
                format!("{SITE}{blog}"),
                &["site blog is new"],
            ),
            (format!("{SITE}{blog}"), blog, &["site shop is gone"]),
            (
                SITE.to_owned(),
                format!("[limits]\nidle-time = \"3s\"\n{SITE}"),
                &["limits have changed: `idle-time`"],
            ),
            (
                format!("[kernel]\ninterfaces = [\"eth0\"]\n{SITE}kernel = \"when down\"\n"),
                format!(
                    "[kernel]\ninterfaces = [\"eth1\"]\ndrain = \"9s\"\ndeny = [\"10.0.0.0/8\"]\n{SITE}kernel = \"when down\"\n"
                ),
                &["[kernel] has changed: `drain`, `deny`"],
            ),
            (
                SITE.to_owned(),
                SITE.replace(
                    "\"127.0.0.1:1\"",
                    "{ address = \"127.0.0.1:1\", proxy-protocol-from = [\"10.0.0.0/8\"] }",
                ),
                &["127.0.0.1:1 has changed: `proxy-protocol-from`"],
            ),
        ] {
            assert_eq!(told(&old, &new), expected, "{new}");
        }
    }

    #[test]
    fn what_is_watched_and_who_is_told_is_named() {
        let watched = |lines: &str| {
            format!("{SITE}[[site.real-server]]\naddress = \"10.0.0.1:80\"\n{lines}\n")
        };
        let alert = |url: &str| {
            format!("{SITE}[[alert]]\nname = \"ops\"\nwebhook.url = \"http://{url}/\"\n")
        };
        let window = |at: &str| {
            watched(&format!(
                "[[site.window]]\nname = \"a\"\ndays = \"daily\"\nfor = \"1h\"\nat = \"{at}\""
            ))
        };
        let admin = |tokens: &str| {
            format!(
                "[admin]\nlisten = \"127.0.0.1:4\"\ncertificate = \"a\"\nkey = \"b\"\n\
                 tokens = \"{tokens}\"\n{SITE}"
            )
        };
        for (old, new, expected) in [
            (
                admin("c"),
                admin("d"),
                &["[admin] has changed: `tokens`"][..],
            ),
            (
                watched("check.tcp = {}"),
                format!("\n\n{}", watched("check.tcp = {}")),
                &[],
            ),
            (
                watched(""),
                watched("check.tcp = {}"),
                &["site shop has changed: `real-server`"],
            ),
            (
                watched("check.tcp = {}"),
                format!("[check]\nfall = 5\n{}", watched("check.tcp = {}")),
                &["site shop has changed: `real-server`"],
            ),
            (
                watched(""),
                watched("[site.quorum]\nhysteresis = 1\n[site.damping]\nhold-down = \"1s\""),
                &["site shop has changed: `quorum`, `damping`"],
            ),
            (window("01:00"), format!("\n{}", window("01:00")), &[]),
            (
                window("01:00"),
                window("02:00"),
                &["site shop has changed: `window`"],
            ),
            (
                SITE.to_owned(),
                format!("down-for = \"2h\"\n{SITE}[watch]\nhold = \"1m\"\n"),
                &["[watch] has changed: `hold`", "`down-for` has changed"],
            ),
            (SITE.to_owned(), alert("a"), &["alert ops is new"]),
            (alert("a"), format!("\n{}", alert("a")), &[]),
            (alert("a"), alert("b"), &["alert ops has changed"]),
            (alert("a"), SITE.to_owned(), &["alert ops is gone"]),
        ] {
            assert_eq!(told(&old, &new), expected, "{new}");
        }
    }

    #[test]
    fn a_page_and_a_robots_txt_that_have_changed_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        let html = "<!doctype html><title>t</title><img src=a.png alt=\"\"><p>one";
        write("page.html", html);
        write("a.png", "1");
        write("robots.txt", "User-agent: *\n");
        let text = format!("{SITE}page = \"page.html\"\nrobots = \"robots.txt\"\n");
        let config = parse(&text, folder.path());
        let before = load(&config);
        let told = || {
            let side = |pages| Side {
                config: &config,
                pages,
                certificates: &[],
            };
            differences(&side(&before), &side(&load(&config)))
        };
        assert_eq!(told(), [""; 0]);
        write("page.html", &html.replace("one", "two"));
        assert_eq!(told(), ["site shop has changed: the files of its page"]);
        write("page.html", html);
        write("a.png", "2");
        assert_eq!(told(), ["site shop has changed: the files of its page"]);
        write("a.png", "1");
        write("robots.txt", "User-agent: a\n");
        assert_eq!(told(), ["site shop has changed: its robots.txt"]);
        write("a.png", "2");
        assert_eq!(
            told(),
            ["site shop has changed: the files of its page, its robots.txt"]
        );
    }

    #[test]
    fn what_waits_for_a_restart_is_told_until_it_is_taken_back() {
        let started = parse(SITE, Path::new("/"));
        let text = format!(
            "workers = 7\nstate = \"none\"\n[metrics]\nlisten = \"127.0.0.1:3\"\n[log]\nlevel = \"debug\"\n\
             [admin]\nlisten = \"127.0.0.1:4\"\ncertificate = \"a\"\nkey = \"b\"\ntokens = \"c\"\n{SITE}"
        );
        let other = parse(&text, Path::new("/"));
        let expected = [
            "`workers`",
            "`[metrics] listen`",
            "`state`",
            "`[admin] listen`",
            "`[log] level`",
            "`mode` of unix:/s",
        ];
        let expected = expected.map(|what| format!("{what}: in force after the next restart"));
        let sockets = ["`mode` of unix:/s".to_owned()];
        assert_eq!(pending(&started, &other, &sockets), expected);
        assert_eq!(pending(&started, &started, &[]), [""; 0]);
    }
}
