//! What was typed becomes what it means: paths get their folder, sites their listeners, and what cannot be together is
//! found. Nothing is opened or looked up here; the files that must exist are only listed.

use super::diagnostics::{Code, Mistake, Place, Source};
use super::idle;
use super::limits::Limits;
use super::listen_address::ListenAddress;
use super::listener::{self, Certificates, Claim, Entry};
use super::log::Log;
use super::reader::At;
use super::site::{Mode, ModeWord, RetryAfter, Site, Sorry};
use super::spec;
use super::value::{Auto, FilePath, Whole};
use super::watching::Watching;
use super::{Certificate, Config, FileUse, Purpose, STRANGERS, Workers};
use sorry_core::damping::Damping;
use sorry_core::doubt::Mass;
use sorry_core::quorum::Quorum;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Collects mistakes and the files that the configuration names.
struct Builder<'b> {
    base: &'b Path,
    mistakes: &'b mut Vec<Mistake>,
    /// Keys that do nothing: where they are, and why.
    idle: Vec<(Place, String)>,
    files: Vec<FileUse>,
}

/// What is said of a configuration.
pub(super) struct Told<'t> {
    pub(super) mistakes: &'t mut Vec<Mistake>,
    pub(super) warnings: &'t mut Vec<String>,
}

/// What a `listen` key asks for.
enum Asked<'a> {
    Nothing,
    /// Nobody knows; the mistake has been told.
    Mistaken,
    For(&'a At<Vec<At<spec::Listen>>>),
}

/// An absent array is an empty one at the place of its table.
fn asked(table: Place, listen: &Option<At<Vec<At<spec::Listen>>>>) -> Asked<'_> {
    match listen {
        None => Asked::Mistaken,
        Some(listen) if listen.place == table => Asked::Nothing,
        Some(listen) => Asked::For(listen),
    }
}

/// Builds the configuration. `None`, or mistakes, or both, when something is wrong.
pub(super) fn build(
    file: spec::File,
    base: &Path,
    source: Arc<Source>,
    told: Told<'_>,
) -> Option<Config> {
    let Told {
        mistakes,
        warnings: told,
    } = told;
    let mut builder = Builder {
        base,
        mistakes,
        idle: Vec::new(),
        files: Vec::new(),
    };
    let certificates = builder.certificates(file.tls);
    let sites = file.site.map(|sites| sites.value).unwrap_or_default();
    if sites.is_empty() && builder.mistakes.is_empty() {
        let mistake = Mistake::new(Code::Missing, Place::File, "there is no site to answer for");
        builder
            .mistakes
            .push(mistake.hint(format!("for example: {}", spec::SMALLEST)));
    }
    builder.names_differ(&sites);
    let has = match &certificates {
        Some(none) if none.is_empty() => Certificates::None,
        _ => Certificates::Some,
    };
    let entries = builder.listener_entries(&sites, file.sorry.as_ref(), has);
    let claims: Vec<Claim<'_>> = sites.iter().zip(&entries).map(claim).collect();
    let listeners = listener::gather(&claims, builder.mistakes);
    let metrics = file.metrics.and_then(|metrics| metrics.value.listen);
    let admin = file.admin.and_then(|admin| admin.value.socket);
    builder.own_addresses(&listeners, metrics.as_ref(), admin.as_ref());
    let written = written(file.log.as_ref(), admin.as_ref(), base);
    let sites: Vec<_> = sites
        .into_iter()
        .map(|site| builder.site(site.value))
        .collect();
    builder.idle.extend(file.log.as_ref().and_then(idle::log));
    told.extend(idle::told(&builder.idle, &source));
    let log = file.log?.value;
    let files = builder.files;
    Some(Config {
        workers: match file.workers?.value {
            Auto::Auto => Workers::OnePerCore,
            Auto::Given(Whole(count)) => Workers::Count(usize::try_from(count).ok()?),
        },
        pin_workers: file.pin_workers?.value,
        sandbox: file.sandbox?.value,
        certificates: certificates?,
        sites: sites.into_iter().collect::<Option<_>>()?,
        listeners,
        limits: Limits::from_spec(file.limits?.value)?,
        metrics_place: metrics
            .as_ref()
            .map_or(Place::File, |metrics| metrics.place),
        metrics: metrics.map(|metrics| metrics.value),
        admin: admin?.value.0,
        remote: None,
        state: None,
        watch: Watching {
            references: Vec::new(),
            every: Duration::from_secs(1),
            timeout: Duration::from_millis(500),
            mass: Mass {
                share_permille: 500,
                within: Duration::from_secs(10),
            },
            hold: Duration::from_secs(30),
            votes: 0,
            peers: Vec::new(),
        },
        receivers: Vec::new(),
        down_for: Duration::from_secs(3600),
        log: log_of(log, base)?,
        files,
        written,
        source,
        warnings: told.clone(),
    })
}

fn log_of(log: spec::Log, base: &Path) -> Option<Log> {
    Some(Log {
        level: log.level?.value,
        access: log.access?.value,
        access_target: match log.access_file?.value {
            super::AccessTarget::File(path) => super::AccessTarget::File(base.join(path)),
            stdout => stdout,
        },
    })
}

/// The files that the process makes itself, beside the sockets of sites.
fn written(
    log: Option<&At<spec::Log>>,
    admin: Option<&At<super::log::AdminSocket>>,
    base: &Path,
) -> Vec<FileUse> {
    let log = log.and_then(|log| {
        let wanted = log.value.access.as_ref()?.value != super::AccessFormat::None;
        let target = log.value.access_file.as_ref().filter(|_| wanted)?;
        match &target.value {
            super::AccessTarget::Stdout => None,
            super::AccessTarget::File(path) => Some(FileUse {
                path: base.join(path),
                place: target.place,
                purpose: Purpose::AccessLog,
            }),
        }
    });
    let admin = admin.and_then(|admin| {
        Some(FileUse {
            path: admin.value.0.clone()?,
            place: admin.place,
            purpose: Purpose::AdminSocket,
        })
    });
    log.into_iter().chain(admin).collect()
}

fn claim<'s>((site, entries): (&'s At<spec::Site>, &'s Arc<Vec<Entry>>)) -> Claim<'s> {
    let At { value: site, place } = site;
    let default = site.default.as_ref().filter(|default| default.value);
    Claim {
        name: site.name.as_ref().map(|name| &*name.value.0),
        place: *place,
        hosts: site.hosts.as_ref().map_or(&[], |hosts| &hosts.value),
        default: default.map(|default| default.place),
        entries,
    }
}

impl Builder<'_> {
    fn path(&mut self, path: At<FilePath>, purpose: Purpose) -> PathBuf {
        let full = self.base.join(path.value.0);
        self.files.push(FileUse {
            path: full.clone(),
            place: path.place,
            purpose,
        });
        full
    }

    fn certificates(&mut self, tls: Option<At<Vec<At<spec::Tls>>>>) -> Option<Vec<Certificate>> {
        let tables = tls?.value.into_iter();
        let certificates = tables.map(|At { value: table, .. }| {
            let (certificate, key) = (table.certificate?, table.key?);
            Some(Certificate {
                certificate: self.path(certificate, Purpose::Certificate),
                key: self.path(key, Purpose::PrivateKey),
            })
        });
        certificates.collect()
    }

    fn names_differ(&mut self, sites: &[At<spec::Site>]) {
        let mut seen = HashMap::new();
        for name in sites.iter().filter_map(|site| site.value.name.as_ref()) {
            if *name.value.0 == *STRANGERS {
                let mistake = Mistake::new(
                    Code::Conflict,
                    name.place,
                    "`other` is the label of unknown hosts in metrics",
                );
                self.mistakes
                    .push(mistake.hint("give the site another name"));
            }
            if let Some(first) = seen.insert(&name.value, name.place) {
                let message = format!("a second site is named `{}`", name.value.0);
                let mistake = Mistake::new(Code::Duplicate, name.place, message);
                self.mistakes.push(mistake.also(first, "first given here"));
            }
        }
        for site in sites {
            let mut seen = HashMap::new();
            for host in site.value.hosts.iter().flat_map(|hosts| &hosts.value) {
                if let Some(first) = seen.insert(&host.value, host.place) {
                    let message = format!("{} is given twice", host.value);
                    let mistake = Mistake::new(Code::Duplicate, host.place, message);
                    self.mistakes.push(mistake.also(first, "first given here"));
                }
            }
        }
    }

    /// The listeners that each site asks for: its own, else those of the whole file.
    fn listener_entries(
        &mut self,
        sites: &[At<spec::Site>],
        shared: Option<&At<spec::SharedSorry>>,
        has: Certificates,
    ) -> Vec<Arc<Vec<Entry>>> {
        let shared = shared.map_or(Asked::Mistaken, |sorry| {
            asked(sorry.place, &sorry.value.listen)
        });
        let shared_entries = self.asked_entries(&shared, has);
        let mut all = Vec::new();
        for At { value: site, place } in sites {
            let own = site.sorry.as_ref();
            let own = own.map_or(Asked::Mistaken, |sorry| {
                asked(sorry.place, &sorry.value.listen)
            });
            all.push(match (&own, &shared) {
                (Asked::Nothing, Asked::Nothing) => {
                    self.nowhere(site, *place);
                    Arc::default()
                }
                (Asked::Nothing, _) => Arc::clone(&shared_entries),
                _ => self.asked_entries(&own, has),
            });
        }
        all
    }

    fn asked_entries(&mut self, asked: &Asked<'_>, has: Certificates) -> Arc<Vec<Entry>> {
        let Asked::For(listen) = asked else {
            return Arc::default();
        };
        if listen.value.is_empty() {
            self.empty_listen(listen.place);
        }
        Arc::new(listener::entries(&listen.value, has, self.mistakes))
    }

    /// An array without entries, unless they were all mistaken, which has been told.
    fn empty_listen(&mut self, place: Place) {
        let inside = |mistake: &Mistake| match (mistake.place, place) {
            (Place::Span(inner), Place::Span(outer)) => {
                outer.start <= inner.start && inner.end <= outer.end
            }
            _ => false,
        };
        if !self.mistakes.iter().any(inside) {
            let mistake = Mistake::new(
                Code::Invalid,
                place,
                "listen: an empty array listens nowhere",
            );
            self.mistakes
                .push(mistake.hint("for example: listen = [\"127.0.0.1:8503\"]"));
        }
    }

    fn nowhere(&mut self, site: &spec::Site, place: Place) {
        let message = match &site.name {
            Some(name) => format!("site `{}` listens nowhere", name.value.0),
            None => "the site listens nowhere".to_owned(),
        };
        let hint = "add `listen` to its [site.sorry], or to the [sorry] of the whole file: listen = [\"127.0.0.1:8503\"]";
        self.mistakes
            .push(Mistake::new(Code::Missing, place, message).hint(hint));
    }

    /// Our own two addresses must not be anybody's listener.
    fn own_addresses(
        &mut self,
        listeners: &[listener::Listener],
        metrics: Option<&At<std::net::SocketAddr>>,
        admin: Option<&At<super::log::AdminSocket>>,
    ) {
        let metrics = metrics.map(|at| (at.place, "metrics", ListenAddress::Tcp(at.value)));
        let admin = admin.and_then(|at| {
            let path = at.value.0.clone()?;
            Some((at.place, "the admin socket", ListenAddress::Unix(path)))
        });
        for (place, what, address) in metrics.into_iter().chain(admin) {
            let held = |l: &&listener::Listener| {
                let same = l.address == address && !address.is_port_chosen();
                same || l.takes(&address) || address.covers(&l.address, false)
            };
            if let Some(listener) = listeners.iter().find(held) {
                let mistake = match place {
                    // The usual socket, which nobody typed.
                    Place::File => {
                        let message = format!("{address} is where {what} is");
                        let mistake = Mistake::new(Code::Conflict, listener.place, message);
                        mistake.hint("take another, or give [admin] another `socket`")
                    }
                    _ => {
                        let holder = &listener.address;
                        let message = match *holder == address {
                            true => format!("{what}: {address} is a sorry listener"),
                            false => format!("{what}: {address} and {holder} overlap"),
                        };
                        Mistake::new(Code::Conflict, place, message)
                            .also(listener.place, "the listener is here")
                            .hint("an address cannot be shared with a site")
                    }
                };
                self.mistakes.push(mistake);
            }
        }
    }

    fn site(&mut self, site: spec::Site) -> Option<Arc<Site>> {
        let At {
            value: sorry,
            place,
        } = site.sorry?;
        idle::keys(&sorry, place, &mut self.idle);
        let sorry = self.sorry(sorry);
        let hosts = site.hosts?.value.into_iter();
        Some(Arc::new(Site {
            name: site.name?.value.0,
            hosts: hosts.map(|host| host.value).collect(),
            sorry: sorry?,
            reals: Vec::new(),
            quorum: Quorum {
                at_least: 1,
                hysteresis: 0,
            },
            damping: Damping {
                dwell_live: Duration::ZERO,
                dwell_sorry: Duration::from_secs(5),
                hold_down: Duration::from_secs(30),
                hold_down_most: Duration::from_secs(1800),
                steady_after: Duration::from_secs(600),
            },
            windows: Vec::new(),
        }))
    }

    fn sorry(&mut self, sorry: spec::Sorry) -> Option<Sorry> {
        self.alive_is_apart(&sorry);
        // The files first, so that they are listed whatever else is wrong.
        let page = sorry.page.map(|page| self.path(page, Purpose::Page));
        let robots = sorry
            .robots
            .map(|robots| self.path(robots, Purpose::Robots));
        let origins = sorry.cors?.value.origins?.value.into_iter();
        Some(Sorry {
            page,
            status: sorry.status?.value.0,
            retry_after: match sorry.retry_after?.value {
                Auto::Auto => RetryAfter::Auto,
                Auto::Given(time) => RetryAfter::After(time.0),
            },
            retry_after_form: sorry.retry_after_form?.value,
            until: sorry.until.map(|until| until.value.0),
            say: sorry.say.map(|say| say.value),
            mode: match sorry.mode?.value {
                ModeWord::InPlace => Mode::InPlace,
                ModeWord::Redirect => Mode::Redirect {
                    status: sorry.redirect?.value.0,
                    page: sorry.redirect_page?.value,
                },
            },
            language: sorry.language?.value.0,
            alive: sorry.alive?.value,
            robots,
            event_stream: sorry.event_stream?.value,
            alt_svc: sorry.alt_svc?.value,
            cors_origins: origins.map(|origin| origin.value).collect(),
            csp: sorry.csp?.value,
        })
    }

    /// The one path that answers 200 must not be one that people see.
    fn alive_is_apart(&mut self, sorry: &spec::Sorry) {
        let Some(alive) = &sorry.alive else { return };
        let path = alive.value.as_str();
        let redirects = matches!(
            sorry.mode,
            Some(At {
                value: ModeWord::Redirect,
                ..
            })
        );
        let page = sorry
            .redirect_page
            .as_ref()
            .filter(|page| redirects && page.value == alive.value);
        let mistake = Mistake::new;
        if path == "/" {
            let message = "alive: `/` is the site's home page, which would answer 200";
            let found = mistake(Code::Conflict, alive.place, message.to_owned());
            self.mistakes
                .push(found.hint("choose a path that only the balancer asks for"));
        }
        if let Some(page) = page {
            let message = format!("alive: `{path}` is also the page that is redirected to");
            let found = mistake(Code::Conflict, alive.place, message);
            self.mistakes
                .push(found.also(page.place, "the page is here"));
        }
        if let (Some(robots), "/robots.txt") = (&sorry.robots, path) {
            let message = "alive: `/robots.txt` is answered with the file of `robots`".to_owned();
            let found = mistake(Code::Conflict, alive.place, message);
            self.mistakes
                .push(found.also(robots.place, "the file is here"));
        }
    }
}
