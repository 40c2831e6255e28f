//! How checks speak TLS.

use super::Builder;
use crate::config::Purpose;
use crate::config::check::{TlsClient, Verify};
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::spec;
use crate::config::value::OrNone;
use std::path::PathBuf;

impl Builder<'_> {
    /// What a check of this table says about TLS. `None` where something is mistaken.
    pub(super) fn tls(&mut self, typed: spec::OwnTls, table: Place) -> Option<TlsClient> {
        let (verify, ca) = (typed.verify?, typed.ca);
        let verify = match (verify.value, ca) {
            (true, None) => Some(Verify::System),
            (true, Some(ca)) => Some(Verify::Authority(self.path(ca, Purpose::Authority))),
            (false, None) => Some(Verify::Off),
            (false, Some(ca)) => {
                let message = "ca: nothing is checked against it with `verify = false`";
                let mistake = Mistake::new(Code::Conflict, ca.place, message);
                self.tell(
                    mistake
                        .also(verify.place, "that is here")
                        .hint("leave one of them out"),
                );
                None
            }
        };
        let certificate = typed.certificate.clone();
        let key = typed.key.clone();
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((
                self.path(certificate, Purpose::Certificate),
                self.path(key, Purpose::PrivateKey),
            )),
            (Some(alone), None) if !self.is_broken(table) => {
                self.alone("certificate", "key", alone.place)
            }
            (None, Some(alone)) if !self.is_broken(table) => {
                self.alone("key", "certificate", alone.place)
            }
            _ => None,
        };
        Some(TlsClient {
            name: typed.server_name.map(|name| name.value.0),
            verify: verify?,
            identity,
            expiry_warning: match typed.expiry_warning?.value {
                OrNone::None => None,
                OrNone::Given(time) => Some(time.0),
            },
        })
    }

    fn alone(&mut self, key: &str, other: &str, place: Place) -> Option<(PathBuf, PathBuf)> {
        let message = format!("{key}: it does nothing without `{other}`");
        let mistake = Mistake::new(Code::Missing, place, message);
        self.tell(mistake.hint(format!("add `{other}`, or leave `{key}` out")));
        None
    }

    /// Keys of TLS in a check that speaks none. `mend` says what would make it do so.
    pub(super) fn no_tls(&mut self, typed: &spec::OwnTls, table: Place, mend: &str) {
        let keys = [
            ("server-name", typed.server_name.as_ref().map(|at| at.place)),
            ("verify", typed.verify.as_ref().map(|at| at.place)),
            ("ca", typed.ca.as_ref().map(|at| at.place)),
            ("certificate", typed.certificate.as_ref().map(|at| at.place)),
            ("key", typed.key.as_ref().map(|at| at.place)),
            (
                "expiry-warning",
                typed.expiry_warning.as_ref().map(|at| at.place),
            ),
        ];
        for (key, place) in keys {
            // What was not typed is at the place of its table.
            let Some(place) = place.filter(|place| *place != table) else {
                continue;
            };
            let message = format!("{key}: this check speaks no TLS");
            self.tell(Mistake::new(Code::Conflict, place, message).hint(mend));
        }
    }
}
