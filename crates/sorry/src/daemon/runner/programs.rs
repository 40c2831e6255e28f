//! The table of programs that a configuration names. The daemon and the runner each make it from what they have read, and know by its
//! digest whether they mean the same.

use super::message::Kind;
use crate::config::Config;
use crate::config::alert::Channel;
use crate::config::check;

/// A program with its arguments.
pub(super) type Argv = Vec<Box<str>>;

/// The programs of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Programs {
    checks: Vec<Argv>,
    alerts: Vec<Argv>,
    digest: Box<str>,
}

impl Programs {
    /// Those of exec checks, site by site and real server by real server, and those of receivers.
    pub(super) fn of(config: &Config) -> Programs {
        let reals = config.sites.iter().flat_map(|site| &site.reals);
        let checks = reals.flat_map(|real| &real.checks);
        let checks = checks.filter_map(|check| match &check.kind {
            check::Kind::Exec(exec) => Some(exec.argv.clone()),
            _ => None,
        });
        let alerts = config.receivers.iter();
        let alerts = alerts.filter_map(|receiver| match &receiver.channel {
            Channel::Exec { argv } => Some(argv.clone()),
            _ => None,
        });
        let mut programs = Programs {
            checks: checks.collect(),
            alerts: alerts.collect(),
            digest: Box::default(),
        };
        programs.digest = programs.digested();
        programs
    }

    /// The SHA-256 of all of it, in hexadecimal.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// The program at a place.
    pub(super) fn at(&self, kind: Kind, index: u32) -> Option<&Argv> {
        self.of_kind(kind).get(usize::try_from(index).ok()?)
    }

    /// The place of a program. Of several that are the same any will do.
    pub(super) fn place(&self, kind: Kind, argv: &[Box<str>]) -> Option<u32> {
        let found = self.of_kind(kind).iter().position(|known| known == argv)?;
        u32::try_from(found).ok()
    }

    fn of_kind(&self, kind: Kind) -> &[Argv] {
        match kind {
            Kind::Check => &self.checks,
            Kind::Alert => &self.alerts,
        }
    }

    /// Every text behind its length, every list behind its number: no two tables are the same bytes.
    fn digested(&self) -> Box<str> {
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        let number = |digest: &mut ring::digest::Context, number: usize| {
            digest.update(&(number as u64).to_be_bytes());
        };
        for kind in [&self.checks, &self.alerts] {
            number(&mut digest, kind.len());
            for argv in kind {
                number(&mut digest, argv.len());
                for text in argv {
                    number(&mut digest, text.len());
                    digest.update(text.as_bytes());
                }
            }
        }
        let hex = |byte: &u8| format!("{byte:02x}");
        let digest = digest.finish();
        digest.as_ref().iter().map(hex).collect::<String>().into()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::alert::Receiver;
    use crate::config::check::{Check, Egress, Exec, Timing};
    use crate::config::real_server::{RealServer, Target, TargetHost};
    use crate::config::{Place, parse};
    use jiff::tz::TimeZone;
    use sorry_core::health::{State, Thresholds};
    use std::num::NonZeroU16;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    pub(in super::super) fn argv(words: &[&str]) -> Argv {
        words.iter().map(|word| (*word).into()).collect()
    }

    /// A configuration with these programs.
    pub(in super::super) fn config(checks: &[Argv], alerts: &[Argv]) -> Config {
        let text = "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\"]";
        let mut config = parse(text, "sorry.toml", Path::new("/"), &TimeZone::UTC).unwrap();
        let mut site = (*config.sites[0]).clone();
        site.reals = checks.iter().map(real).collect();
        config.sites[0] = Arc::new(site);
        config.receivers = alerts.iter().map(receiver).collect();
        config
    }

    fn receiver(argv: &Argv) -> Receiver {
        Receiver {
            name: "on-call".into(),
            sites: Vec::new(),
            reals: false,
            channel: Channel::Exec { argv: argv.clone() },
            timeout: Duration::from_secs(1),
            give_up: Duration::from_secs(1),
            place: Place::File,
        }
    }

    fn real(argv: &Argv) -> RealServer {
        let target = Target {
            host: TargetHost::Name("web".into()),
            port: 80,
        };
        let second = Duration::from_secs(1);
        let thresholds = Thresholds {
            rise: NonZeroU16::MIN,
            fall: NonZeroU16::MIN,
            forgive: NonZeroU16::MIN,
        };
        let check = |kind: check::Kind| Check {
            name: kind.label().into(),
            kind,
            target: target.clone(),
            egress: Egress::default(),
            timing: Timing {
                every: second,
                timeout: second,
                suspect_every: second,
                jitter: Duration::ZERO,
            },
            thresholds,
            place: Place::File,
        };
        let exec = Exec {
            argv: argv.clone(),
            weight: false,
        };
        RealServer {
            name: "web:80".into(),
            address: target.clone(),
            weight: 1,
            first: State::Unknown,
            checks: vec![check(check::Kind::Icmp), check(check::Kind::Exec(exec))],
            place: Place::File,
        }
    }

    #[test]
    fn programs_are_known_by_kind_and_place() {
        let (a, b, c) = (argv(&["/a", "1"]), argv(&["/b"]), argv(&["/c"]));
        let config = config(&[a.clone(), b.clone()], std::slice::from_ref(&c));
        let programs = Programs::of(&config);
        assert_eq!(programs.at(Kind::Check, 0), Some(&a));
        assert_eq!(programs.at(Kind::Check, 1), Some(&b));
        assert_eq!(programs.at(Kind::Check, 2), None);
        assert_eq!(programs.at(Kind::Alert, 0), Some(&c));
        assert_eq!(programs.place(Kind::Check, &b), Some(1));
        assert_eq!(programs.place(Kind::Alert, &b), None);
        assert_eq!(programs, Programs::of(&config));
    }

    #[test]
    fn other_programs_have_another_digest() {
        let (ab, a_b, c) = (argv(&["/a b"]), argv(&["/a", "b"]), argv(&["/c"]));
        let tables: [(&[Argv], &[Argv]); 7] = [
            (&[], &[]),
            (std::slice::from_ref(&ab), &[]),
            (std::slice::from_ref(&a_b), &[]),
            (&[], std::slice::from_ref(&a_b)),
            (&[ab.clone(), c.clone()], &[]),
            (&[c.clone(), ab.clone()], &[]),
            (std::slice::from_ref(&ab), std::slice::from_ref(&c)),
        ];
        let mut digests: Vec<Box<str>> = tables
            .iter()
            .map(|(checks, alerts)| Programs::of(&config(checks, alerts)).digest)
            .collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), tables.len());
    }
}
