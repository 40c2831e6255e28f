//! From configuration and pages to what is published: the one place where settings become answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use sorry_core::answer::{EventStream, Mode, Policy, Robots};
use sorry_core::retry_after::{Promise, salt};

use super::brain::Outlook;
use super::earlier::Earlier;
use super::entrance::Entrance;
use super::pages::Loaded;
use super::worker::{Front, Times};
use crate::answer::{AltSvc, Hosts, Known, ListenerId, Site, Sites};
use crate::config::{self, Config, Limits};
use crate::count;
use crate::http1::{Bounds, FULL_BYTES};
use crate::http2;
use crate::listen::tls::Tls;
use crate::page::prepared::{Answers, RetryForm, Settings};

/// A listener that is gone.
#[derive(Debug, Clone)]
pub(super) struct Retired {
    pub(super) id: ListenerId,
    pub(super) known: Arc<Known>,
    pub(super) entrance: Option<Entrance>,
    /// When the last connection that came in there has ended.
    pub(super) end: Instant,
}

/// What does not change while answers do.
pub(super) struct Fixed<'a> {
    pub(super) config: &'a Config,
    pub(super) counts: &'a count::Sites,
    /// The number of each of the configuration's listeners, in its order.
    pub(super) listeners: &'a [ListenerId],
    pub(super) tls: Option<&'a Tls>,
    /// The most connections of the process.
    pub(super) connections: usize,
    /// Listeners that are gone, whose connections may not be.
    pub(super) retired: &'a [Retired],
    /// Files of pages that were replaced.
    pub(super) earlier: &'a Earlier,
    /// What visitors are told beside what is configured.
    pub(super) outlooks: &'a [Outlook],
    /// When a site was last sent to its real servers again.
    pub(super) recovered: Option<Instant>,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// Puts together what workers read. `None` without a site.
pub(super) fn front(fixed: &Fixed<'_>, pages: &[Loaded]) -> Option<Front> {
    let config = fixed.config;
    let sites = config
        .sites
        .iter()
        .zip(pages)
        .map(|(site, loaded)| self::site(fixed, site, loaded))
        .collect();
    let listeners = config.listeners.iter().zip(fixed.listeners);
    let hosts = |listener: &config::Listener| Hosts {
        names: listener.hosts.clone(),
        default: listener.default_site(),
    };
    let hosts = listeners
        .clone()
        .map(|(listener, id)| (*id, hosts(listener)))
        .collect();
    let mut entrances: HashMap<_, _> = listeners
        .map(|(listener, id)| (*id, Entrance::new(listener)))
        .collect();
    entrances.extend(
        fixed
            .retired
            .iter()
            .filter_map(|gone| Some((gone.id, gone.entrance.clone()?))),
    );
    let retired = fixed
        .retired
        .iter()
        .map(|gone| (gone.id, Arc::clone(&gone.known)))
        .collect();
    Some(Front {
        sites: Sites::new(sites, hosts, retired)?,
        entrances,
        tls: fixed.tls.cloned(),
        proxy_header_time: config.limits.proxy_header_time,
        http1: bounds(&config.limits),
        http2: http2_limits(&config.limits),
        times: times(&config.limits),
        connections: fixed.connections,
        recovered: fixed.recovered,
    })
}

/// One site.
pub(super) fn site(fixed: &Fixed<'_>, site: &config::Site, loaded: &Loaded) -> Site {
    let sorry = &site.sorry;
    let counts = fixed.counts.named(&site.name);
    let strangers = if site.hosts.is_empty() {
        Arc::clone(&counts)
    } else {
        fixed.counts.named(config::STRANGERS)
    };
    let settings = settings(sorry, loaded);
    let outlook = fixed
        .outlooks
        .iter()
        .find(|outlook| outlook.site == site.name);
    Site {
        name: (*site.name).into(),
        policy: policy(sorry),
        promise: promise(fixed.now, site, outlook),
        answers: Answers::new(&loaded.page, &settings)
            .with_earlier(fixed.earlier.of(&site.name), &settings),
        alt_svc: match sorry.alt_svc {
            config::AltSvc::Auto => AltSvc::Auto,
            config::AltSvc::Clear => AltSvc::Clear,
            config::AltSvc::Leave => AltSvc::Leave,
        },
        counts,
        strangers,
    }
}

/// The path of the page in redirect mode where the configuration is silent; also its name in place.
fn page_path(sorry: &config::Sorry) -> &str {
    match &sorry.mode {
        config::Mode::Redirect { page, .. } => page.as_str(),
        config::Mode::InPlace => "/.sorry/page",
    }
}

fn policy(sorry: &config::Sorry) -> Policy {
    Policy {
        mode: match sorry.mode {
            config::Mode::InPlace => Mode::InPlace,
            config::Mode::Redirect { .. } => Mode::Redirect,
        },
        redirect_path: page_path(sorry).into(),
        alive: sorry.alive.as_str().into(),
        robots: if sorry.robots.is_some() {
            Robots::Given
        } else {
            Robots::Refused
        },
        event_stream: match sorry.event_stream {
            config::EventStream::Answer => EventStream::Answer,
            config::EventStream::Status => EventStream::Status,
        },
        origins: origins(sorry),
    }
}

fn origins(sorry: &config::Sorry) -> Box<[Box<str>]> {
    sorry
        .cors_origins
        .iter()
        .map(|origin| origin.as_str().into())
        .collect()
}

/// What a site says about its return.
pub(super) fn promise(now: u64, site: &config::Site, outlook: Option<&Outlook>) -> Promise {
    let until = site
        .sorry
        .until
        .map(|until| u64::try_from(until.as_second()).unwrap_or(0));
    // Where nobody has said, past outages tell what to expect.
    let until = until
        .filter(|until| *until > now)
        .or_else(|| outlook.and_then(|outlook| outlook.expected));
    // A time that was given is said as it is; only what nobody gave is counted down.
    let (default, until) = match site.sorry.retry_after {
        config::RetryAfter::Auto => (config::RetryAfter::USUAL, until),
        config::RetryAfter::After(time) => (time, None),
    };
    Promise {
        default: u32::try_from(default.as_secs()).unwrap_or(u32::MAX),
        until: until.filter(|until| *until > now),
        // What is promised, and nothing else, changes the spread: a reload or a take-over in the middle of an outage does
        // not.
        salt: salt(&site.name, until.unwrap_or(0) ^ default.as_secs()),
    }
}

fn settings(sorry: &config::Sorry, loaded: &Loaded) -> Settings {
    Settings {
        status: sorry.status,
        phrase: super::pages::phrase(sorry.status),
        retry_form: match sorry.retry_after_form {
            config::RetryAfterForm::Seconds => RetryForm::Seconds,
            config::RetryAfterForm::Date => RetryForm::Date,
        },
        said: loaded.said.clone(),
        redirect_status: match sorry.mode {
            config::Mode::Redirect { status, .. } => status,
            config::Mode::InPlace => 302,
        },
        robots: loaded.robots.clone(),
        origins: origins(sorry),
    }
}

pub(super) fn bounds(limits: &Limits) -> Bounds {
    Bounds {
        head_bytes: limits.head_bytes,
        requests: limits.requests_per_connection,
        body_bytes: limits.body_bytes,
    }
}

fn times(limits: &Limits) -> Times {
    Times {
        idle: limits.idle_time,
        head: limits.head_time,
        body: limits.body_time,
        write: limits.write_time,
        linger: limits.linger_time,
        age: limits.connection_age,
        life: limits.connection_life,
    }
}

fn http2_limits(limits: &Limits) -> http2::Limits {
    let few = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    http2::Limits {
        streams: few(limits.http2_streams),
        header_bytes: limits.http2_header_bytes,
        continuation_frames: few(limits.http2_continuation_frames),
        resets_per_second: few(limits.http2_resets_per_second),
        control_frames_per_second: few(limits.http2_control_frames_per_second),
        unread_body_bytes: limits.http2_unread_body_bytes as u64,
        requests: limits.requests_per_connection,
        unsent_bytes: FULL_BYTES,
        // Browsers open an HTTP/1.1 connection for a WebSocket and are refused there.
        extended_connect: http2::ExtendedConnect::Withheld,
        ..http2::Limits::default()
    }
}
