//! What `sorry check-config --privileges` prints: which capabilities a configuration needs, and for what.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;

use super::output::{print, print_json};
use crate::config::Config;
use crate::config::check::Kind;
use crate::daemon::sandbox::{Echo, Privileges};

/// Prints the table, for people or for programs.
pub(super) fn show(config: &Config, as_json: bool) -> ExitCode {
    let privileges = Privileges::of(config);
    if as_json {
        print_json(&value(&privileges))
    } else {
        print(&text(&privileges, Echoes::of(config)))
    }
}

/// What sends echo requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Echoes {
    Checks,
    /// Those of `[watch]` without a port.
    References,
    Both,
}

impl Echoes {
    /// Those of a configuration that has any.
    fn of(config: &Config) -> Echoes {
        let mut reals = config.sites.iter().flat_map(|site| &site.reals);
        let checks = reals.any(|real| real.checks.iter().any(|check| check.kind == Kind::Icmp));
        let mut references = config.watch.references.iter();
        match (checks, references.any(|target| target.port == 0)) {
            (true, true) => Echoes::Both,
            (false, true) => Echoes::References,
            (_, false) => Echoes::Checks,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Echoes::Checks => "icmp checks need",
            Echoes::References => "the references without a port in [watch] need",
            Echoes::Both => "icmp checks, and the references without a port in [watch], need",
        }
    }
}

fn value(privileges: &Privileges) -> serde_json::Value {
    let capabilities: Vec<_> = by_capability(privileges)
        .into_iter()
        .map(|(name, whys)| json!({ "name": name, "for": whys }))
        .collect();
    let echo = privileges.echo.as_ref();
    json!({
        "capabilities": capabilities,
        "echo": echo.map(|echo| json!({ "first_group": echo.groups.0, "last_group": echo.groups.1 })),
    })
}

fn text(privileges: &Privileges, echoes: Echoes) -> String {
    let mut out = String::new();
    let capabilities = by_capability(privileges);
    if capabilities.is_empty() {
        out.push_str("no capability is needed, and none is kept\n");
    }
    for (name, whys) in capabilities {
        for why in whys {
            out.push_str(&format!("{name} {why}\n"));
        }
    }
    if let Some(echo) = &privileges.echo {
        out.push_str(&echo_text(echo, echoes));
    }
    out
}

fn echo_text(echo: &Echo, echoes: Echoes) -> String {
    let (first, last) = echo.groups;
    let who = if first > last {
        "nobody".to_owned()
    } else {
        format!("groups {first} to {last}")
    };
    format!(
        "{} no capability: this machine lets {who} send echo requests (sysctl net.ipv4.ping_group_range), and sorry's \
         group must be among them\n",
        echoes.words()
    )
}

fn by_capability(privileges: &Privileges) -> BTreeMap<String, Vec<&str>> {
    let mut all: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for need in &privileges.needs {
        let whys = all.entry(need.capability.to_string()).or_default();
        whys.push(&need.why);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Place;
    use crate::daemon::sandbox::{Capability, Need};

    fn privileges(whys: &[&str], groups: Option<(u32, u32)>) -> Privileges {
        let need = |why: &&str| Need {
            capability: Capability::NetBindService,
            why: (*why).to_owned(),
            place: Place::File,
            until: crate::daemon::sandbox::Until::End,
        };
        Privileges {
            needs: whys.iter().map(need).collect(),
            echo: groups.map(|groups| Echo { groups }),
        }
    }

    #[test]
    fn people_read_a_line_for_each_need() {
        for (privileges, expected) in [
            (
                privileges(&[], None),
                "no capability is needed, and none is kept\n",
            ),
            (
                privileges(&["to listen on 0.0.0.0:80", "to listen on [::]:443"], None),
                "CAP_NET_BIND_SERVICE to listen on 0.0.0.0:80\nCAP_NET_BIND_SERVICE to listen on [::]:443\n",
            ),
        ] {
            assert_eq!(text(&privileges, Echoes::Checks), expected);
        }
        let nobody = text(&privileges(&[], Some((1, 0))), Echoes::Checks);
        assert!(nobody.contains("lets nobody send"), "{nobody}");
        let some = text(&privileges(&[], Some((0, 2_147_483_647))), Echoes::Checks);
        assert!(some.contains("lets groups 0 to 2147483647 send"), "{some}");
    }

    /// It used to say that icmp checks need it where there were none.
    #[test]
    fn what_sends_echo_requests_is_named() {
        let site = |check: &str| {
            format!(
                "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\"]\ncheck.{check} = {{}}\n\
                 [[site.real-server]]\naddress = \"10.0.0.1:80\"\n"
            )
        };
        let references = "[watch]\nreferences = [\"192.0.2.1\", \"192.0.2.2:53\"]\n";
        for (typed, expected) in [
            (site("icmp"), "icmp checks need no"),
            (
                site("tcp") + references,
                "the references without a port in [watch] need no",
            ),
            (
                site("icmp") + references,
                "icmp checks, and the references without a port in [watch], need no",
            ),
        ] {
            let zone = jiff::tz::TimeZone::UTC;
            let folder = std::path::Path::new("/");
            let config = crate::config::parse(&typed, "test", folder, &zone).unwrap();
            let shown = text(&Privileges::of(&config), Echoes::of(&config));
            assert!(shown.contains(expected), "{typed}: {shown}");
        }
    }

    #[test]
    fn programs_read_an_object() {
        let both = privileges(
            &["to listen on 0.0.0.0:80", "to listen on [::]:443"],
            Some((1, 0)),
        );
        let expected = json!({
            "capabilities": [
                { "name": "CAP_NET_BIND_SERVICE", "for": ["to listen on 0.0.0.0:80", "to listen on [::]:443"] },
            ],
            "echo": { "first_group": 1, "last_group": 0 },
        });
        assert_eq!(value(&both), expected);
        assert_eq!(
            value(&privileges(&[], None)),
            json!({ "capabilities": [], "echo": null })
        );
    }
}
