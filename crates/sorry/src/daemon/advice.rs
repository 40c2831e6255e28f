//! What an operator can do about an address that cannot be listened on: it depends on how the process was started, and on what
//! the address is for. What is wrong is said by `listen::bind`.

use std::io::ErrorKind;

use crate::config::{Code, Mistake, Place};
use crate::listen::bind::{BindError, Refusal};

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Site,
    Metrics,
    Admin,
    /// The admin API over TCP.
    Remote,
}

/// The mistake at the place that names the address.
pub(super) fn mistake(wanted: Use, place: Place, error: &BindError) -> Mistake {
    let message = match wanted {
        Use::Site => error.to_string(),
        Use::Metrics => format!("the metrics address: {error}"),
        Use::Admin => format!("the admin socket: {error}"),
        Use::Remote => format!("the admin API over TCP: {error}"),
    };
    let mistake = Mistake::new(Code::BadListener, place, message);
    match hint(wanted, place, error) {
        Some(hint) => mistake.hint(hint),
        None => mistake,
    }
}

fn hint(wanted: Use, place: Place, error: &BindError) -> Option<String> {
    match error {
        BindError::Refused {
            refusal: Refusal::InUse { port, holders },
            ..
        } if holders.is_empty() => Some(format!(
            "`ss -ltnp 'sport = :{port}'` as root says by whom; {}",
            way_past(wanted, place)
        )),
        BindError::Refused {
            refusal: Refusal::InUse { .. },
            ..
        }
        | BindError::Alive { .. } => Some(way_past(wanted, place)),
        BindError::File { .. } => Some(elsewhere(wanted).to_owned()),
        BindError::Refused {
            refusal: Refusal::Other(errno),
            ..
        } if std::io::Error::from(*errno).kind() == ErrorKind::PermissionDenied => {
            Some(elsewhere(wanted).to_owned())
        }
        _ => None,
    }
}

/// Somebody else is there. Only `run`, which has a file, can take sockets over.
fn way_past(wanted: Use, place: Place) -> String {
    if let Place::Flag(flag) = place {
        let example = match wanted {
            Use::Metrics | Use::Remote => "127.0.0.1:9504",
            Use::Site | Use::Admin => "127.0.0.1:8081",
        };
        return format!("stop it, or choose another address, for example {flag} {example}");
    }
    let other = match wanted {
        Use::Site => "choose another address",
        Use::Metrics => "choose another [metrics] listen",
        Use::Admin => "choose another [admin] socket",
        Use::Remote => "choose another [admin] listen",
    };
    format!("stop it, {other}, or, if it is Sorry, take over its sockets with --takeover")
}

/// The file of a socket cannot be made.
fn elsewhere(wanted: Use) -> &'static str {
    match wanted {
        Use::Admin => {
            "[admin] socket = \"/another/path\" puts it where the user that sorry runs as may write; \"none\" does without it"
        }
        Use::Site | Use::Metrics | Use::Remote => {
            "let the user that sorry runs as write to the folder, for example by RuntimeDirectory= of the systemd unit, or choose another path"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Span;
    use crate::listen::bind::Holder;

    fn in_use(holders: Vec<Holder>) -> BindError {
        BindError::Refused {
            address: "127.0.0.1:80".parse().unwrap(),
            attempt: "bind",
            refusal: Refusal::InUse { port: 80, holders },
        }
    }

    fn file() -> BindError {
        BindError::File {
            attempt: "open the folder",
            path: "/run/sorry".into(),
            error: ErrorKind::PermissionDenied.into(),
        }
    }

    #[test]
    fn only_who_can_take_over_is_told_to() {
        let nginx = || {
            vec![Holder {
                pid: 7,
                name: "nginx".to_owned(),
            }]
        };
        let alive = || BindError::Alive {
            path: "/s".into(),
            holder: None,
        };
        let typed = Place::Span(Span { start: 0, end: 1 });
        for error in [in_use(nginx()), in_use(Vec::new()), alive()] {
            for wanted in [Use::Site, Use::Metrics, Use::Admin, Use::Remote] {
                let told = hint(wanted, typed, &error).unwrap();
                assert!(told.contains("--takeover"), "{told}");
            }
            let told = hint(Use::Site, Place::Flag("--listen"), &error).unwrap();
            assert!(
                !told.contains("--takeover") && told.contains("--listen 127.0.0.1:8081"),
                "{told}"
            );
        }
        let told = hint(Use::Site, typed, &in_use(Vec::new())).unwrap();
        assert!(told.starts_with("`ss -ltnp 'sport = :80'`"), "{told}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told_once_and_with_a_way_out() {
        let told = mistake(Use::Admin, Place::File, &file());
        assert_eq!(
            told.message,
            "the admin socket: cannot open the folder /run/sorry: permission denied"
        );
        let hint = told.hint.unwrap();
        assert!(
            hint.contains("[admin] socket = ") && hint.contains("\"none\""),
            "{hint}"
        );
        let hint = mistake(Use::Site, Place::File, &file()).hint.unwrap();
        assert!(hint.contains("RuntimeDirectory="), "{hint}");
    }
}
