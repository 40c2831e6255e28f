//! What `sorry check-config --privileges` prints: which capabilities a configuration needs, and for what.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;

use super::output::{print, print_json};
use crate::config::Config;
use crate::daemon::sandbox::{Echo, Privileges};

/// Prints the table, for people or for programs.
pub(super) fn show(config: &Config, as_json: bool) -> ExitCode {
    let privileges = Privileges::of(config);
    if as_json {
        print_json(&value(&privileges))
    } else {
        print(&text(&privileges))
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

fn text(privileges: &Privileges) -> String {
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
        out.push_str(&echo_text(echo));
    }
    out
}

fn echo_text(echo: &Echo) -> String {
    let (first, last) = echo.groups;
    let who = if first > last {
        "nobody".to_owned()
    } else {
        format!("groups {first} to {last}")
    };
    format!(
        "icmp checks need no capability: this machine lets {who} send echo requests (sysctl net.ipv4.ping_group_range), and sorry's \
         group must be among them\n"
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
            assert_eq!(text(&privileges), expected);
        }
        let nobody = text(&privileges(&[], Some((1, 0))));
        assert!(nobody.contains("lets nobody send"), "{nobody}");
        let some = text(&privileges(&[], Some((0, 2_147_483_647))));
        assert!(some.contains("lets groups 0 to 2147483647 send"), "{some}");
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
