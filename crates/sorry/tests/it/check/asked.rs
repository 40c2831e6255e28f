//! A check that is made once, and what comes of it.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use sorry_core::health::{Reason, Thresholds};
use sorry_server::check::{Direct, Outcome, Prepared, Shared, Subject};
use sorry_server::config::Place;
use sorry_server::config::check::{
    Check, Dialogue, Egress, Grpc, Http, HttpVersion, Kind, Timing, TlsClient, Verify,
};
use sorry_server::config::real_server::{Target, TargetHost};

/// For checks that are to succeed, or to fail by themselves.
pub(super) const LONG: Duration = Duration::from_secs(15);

/// For those that are to wait in vain.
pub(super) const SHORT: Duration = Duration::from_millis(300);

/// The target of an address.
pub(super) fn at(address: SocketAddr) -> Target {
    Target {
        host: TargetHost::Ip(address.ip()),
        port: address.port(),
    }
}

/// Makes a check once.
pub(super) fn probe(kind: &Kind, target: Target, timeout: Duration) -> Outcome {
    let one = NonZeroU16::MIN;
    let check = Check {
        name: kind.label().into(),
        kind: kind.clone(),
        egress: Egress::default(),
        timing: Timing {
            every: timeout,
            timeout,
            suspect_every: timeout,
            jitter: Duration::ZERO,
        },
        thresholds: Thresholds {
            rise: one,
            fall: one,
            forgive: one,
        },
        place: Place::File,
        target,
    };
    let subject = Subject {
        site: "shop".into(),
        real_server: "one".into(),
        address: check.target.to_string().into(),
    };
    let shared = Shared::new(Arc::new(Direct));
    let prepared = Prepared::new(&check, &subject, &shared).expect("a check that can be made");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let outcome = runtime.block_on(prepared.probe());
    runtime.shutdown_background();
    outcome
}

/// A machine that stands still while a probe waits has seen nothing; so often it may in a row.
const STALLS_MAX: usize = 3;

/// Makes a check once, and compares: the reason, and a part of what is told. Once more where this machine was too busy.
pub(super) fn assert_ends(
    what: &str,
    kind: &Kind,
    target: Target,
    timeout: Duration,
    (reason, words): (Reason, &str),
) -> Outcome {
    let mut outcomes = (0..STALLS_MAX).map(|_| probe(kind, target.clone(), timeout));
    let outcome = outcomes
        .find(|outcome| outcome.reason != Reason::Local || reason == Reason::Local)
        .unwrap_or_else(|| probe(kind, target, timeout));
    let told = outcome.detail.as_str();
    assert_eq!(outcome.reason, reason, "{what}: {told}");
    assert!(told.contains(words), "{what}: {told:?} lacks {words:?}");
    outcome
}

/// A GET of a path.
pub(super) fn get(path: &str) -> Http {
    Http {
        tls: None,
        method: "GET".into(),
        path: path.into(),
        host: None,
        headers: Vec::new(),
        version: HttpVersion::Http11,
        status: vec![200..=299],
        body: Vec::new(),
        body_bytes: 64 << 10,
    }
}

/// The same as a kind.
pub(super) fn http(http: Http) -> Kind {
    Kind::Http(Box::new(http))
}

/// TLS for a name, with this trust.
pub(super) fn tls(name: &str, verify: Verify) -> TlsClient {
    TlsClient {
        name: Some(name.into()),
        verify,
        identity: None,
        expiry_warning: None,
    }
}

/// The health of a service.
pub(super) fn grpc(service: &str) -> Kind {
    Kind::Grpc(Box::new(Grpc {
        service: service.into(),
        authority: None,
        tls: None,
    }))
}

/// Something that must come.
pub(super) fn expecting(send: &str, expect: &str) -> Dialogue {
    Dialogue {
        send: Some(send.as_bytes().into()),
        expect: Some(expect.as_bytes().into()),
    }
}
