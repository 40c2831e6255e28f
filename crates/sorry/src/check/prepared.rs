//! A check that is ready to be made: everything that can be done beforehand is (requests, TLS, regular expressions), and every file that
//! it needs was read. Made once for each configuration; `probe` is called again and again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sorry_core::health::Reason;
use tokio::time::{Instant, timeout_at};

use crate::config::Place;
use crate::config::check::{Check, Egress, Kind as Asked};
use crate::config::real_server::Target;

use super::authority::Authorities;
use super::connect::Way;
use super::dns::Dns;
use super::exec::Exec;
use super::failure::{Failure, Good, Progress, Verdict};
use super::file::File;
use super::grpc::Grpc;
use super::http::Http;
use super::icmp::Icmp;
use super::outcome::Outcome;
use super::smtp::Smtp;
use super::spawner::Spawner;
use super::subject::Subject;
use super::tcp::Tcp;
use super::udp::Udp;

/// When the end of a probe's time is noticed so much later, this process did not get to run, and the time was over before anybody could
/// have looked for an answer: a busy machine must not take everything for dead.
const STALL: Duration = Duration::from_millis(100);

/// Why a check cannot be made ready.
#[derive(Debug, thiserror::Error)]
#[error("{}{what}", file.as_ref().map(|file| format!("{}: ", file.display())).unwrap_or_default())]
pub struct PrepareError {
    /// The file that is to blame, if it is one.
    pub file: Option<PathBuf>,
    /// What is wrong, behind the name of the file or alone.
    pub what: String,
}

impl PrepareError {
    pub(super) fn file(path: &Path, what: String) -> PrepareError {
        PrepareError {
            file: Some(path.to_owned()),
            what,
        }
    }

    pub(super) fn general(what: impl Into<String>) -> PrepareError {
        PrepareError {
            file: None,
            what: what.into(),
        }
    }
}

/// What the checks of one configuration share.
#[derive(Debug)]
pub struct Shared {
    authorities: Authorities,
    spawner: Arc<dyn Spawner>,
}

impl Shared {
    /// Reads nothing yet; programs are run by `spawner`.
    pub fn new(spawner: Arc<dyn Spawner>) -> Shared {
        Shared {
            authorities: Authorities::default(),
            spawner,
        }
    }
}

/// A check that is ready.
#[derive(Debug)]
pub struct Prepared {
    kind: Kind,
    timeout: Duration,
    identity: Identity,
}

/// What it was made of, but for where that was typed and when it is to be made.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    Check(Box<(Check, Subject)>),
    Reference(Target, Duration),
}

#[derive(Debug)]
enum Kind {
    Http(Box<Http>),
    Tcp(Box<Tcp>),
    Grpc(Box<Grpc>),
    Dns(Box<Dns>),
    Smtp(Box<Smtp>),
    Icmp(Icmp),
    Udp(Udp),
    Exec(Exec),
    File(File),
}

impl Prepared {
    /// Makes it ready.
    ///
    /// # Errors
    /// A file is missing or broken, or something that was typed cannot be used.
    pub fn new(
        check: &Check,
        subject: &Subject,
        shared: &Shared,
    ) -> Result<Prepared, PrepareError> {
        let authorities = &shared.authorities;
        let way = Way::new(check.target.clone(), check.egress.clone());
        let kind = match &check.kind {
            Asked::Http(http) => Kind::Http(Box::new(Http::prepare(http, way, authorities)?)),
            Asked::Tcp(dialogue) => {
                Kind::Tcp(Box::new(Tcp::prepare(way, None, dialogue, authorities)?))
            }
            Asked::Tls(tls, dialogue) => {
                let tcp = Tcp::prepare(way, Some(tls), dialogue, authorities)?;
                Kind::Tcp(Box::new(tcp))
            }
            Asked::Grpc(grpc) => Kind::Grpc(Box::new(Grpc::prepare(grpc, way, authorities)?)),
            Asked::Dns(dns) => Kind::Dns(Box::new(Dns::prepare(dns, way)?)),
            Asked::Smtp(smtp) => Kind::Smtp(Box::new(Smtp::prepare(smtp, way, authorities)?)),
            Asked::Icmp => Kind::Icmp(Icmp::new(way)),
            Asked::Udp(udp) => Kind::Udp(Udp::new(udp.clone(), way)),
            Asked::Exec(exec) => Kind::Exec(Exec::prepare(exec, subject, &shared.spawner)?),
            Asked::File(file) => Kind::File(File::new(file.clone())),
        };
        let typed = Check {
            place: Place::File,
            ..check.clone()
        };
        Ok(Prepared {
            kind,
            timeout: check.timing.timeout,
            identity: Identity::Check(Box::new((typed, subject.clone()))),
        })
    }

    /// Whether another one does the same; files that both name may have changed between them.
    pub fn is_same(&self, other: &Prepared) -> bool {
        self.identity == other.identity
    }

    /// A reference, by which we doubt ourselves: a connection where there is a port, an echo where there is none.
    pub fn reference(target: &Target, timeout: Duration) -> Prepared {
        let way = Way::new(target.clone(), Egress::default());
        let kind = match target.port {
            0 => Kind::Icmp(Icmp::new(way)),
            _ => Kind::Tcp(Box::new(Tcp::plain(way))),
        };
        Prepared {
            kind,
            timeout,
            identity: Identity::Reference(target.clone(), timeout),
        }
    }

    /// Makes the check once. Ends within the timeout, whatever happens; to be called inside a tokio runtime with I/O and time.
    pub async fn probe(&self) -> Outcome {
        let started = Instant::now();
        let deadline = started + self.timeout;
        let progress = Progress::until(deadline);
        let verdict = match timeout_at(deadline, self.ask(&progress)).await {
            Ok(verdict) => verdict,
            Err(_) if deadline.elapsed() > STALL => Err(Failure::new(
                Reason::Local,
                "this machine was too busy to wait for an answer",
            )),
            Err(_) => Err(progress.timed_out(self.timeout)),
        };
        outcome(verdict, &progress, started.elapsed())
    }

    /// What is bigger than a plain connection goes to the heap, so that ten thousand of those stay small.
    async fn ask(&self, progress: &Progress) -> Verdict {
        match &self.kind {
            Kind::Http(http) => http.probe(progress).await,
            Kind::Tcp(tcp) => tcp.probe(progress).await,
            Kind::Grpc(grpc) => Box::pin(grpc.probe(progress)).await,
            Kind::Dns(dns) => Box::pin(dns.probe(progress)).await,
            Kind::Smtp(smtp) => Box::pin(smtp.probe(progress)).await,
            Kind::Icmp(icmp) => icmp.probe(progress).await,
            Kind::Udp(udp) => udp.probe(progress).await,
            Kind::Exec(exec) => Box::pin(exec.probe(progress)).await,
            Kind::File(file) => file.probe(progress).await,
        }
    }
}

fn outcome(verdict: Verdict, progress: &Progress, took: Duration) -> Outcome {
    let (reason, Good { detail, weight }) = match verdict {
        Ok(good) => (Reason::Ok, good),
        Err(failure) => (failure.reason, Good::with(failure.detail)),
    };
    Outcome {
        reason,
        detail,
        took,
        weight,
        expires: progress.expiry(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::real_server::TargetHost;

    #[tokio::test]
    async fn a_machine_that_stood_still_blames_nobody() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody answers UDP there, and nobody refuses it.
        let mute = std::net::UdpSocket::bind(address).unwrap();
        let target = Target {
            host: TargetHost::Ip(address.ip()),
            port: address.port(),
        };
        let timeout = Duration::from_millis(50);
        let asked = crate::config::check::Dns {
            name: ".".into(),
            record: "SOA".into(),
            tcp: false,
            codes: vec![0],
            answer: None,
        };
        let prepared = Prepared {
            kind: Kind::Dns(Box::new(
                Dns::prepare(&asked, Way::new(target.clone(), Egress::default())).unwrap(),
            )),
            timeout,
            identity: Identity::Reference(target, timeout),
        };
        let mut reasons = Vec::new();
        // It may stand still by itself, but hardly each time.
        while reasons.len() < 4 && !reasons.contains(&Reason::AnswerTimeout) {
            reasons.push(prepared.probe().await.reason);
        }
        assert_eq!(reasons.pop(), Some(Reason::AnswerTimeout), "{reasons:?}");
        assert!(reasons.iter().all(|reason| *reason == Reason::Local));
        let stands_still = async {
            tokio::task::yield_now().await;
            std::thread::park_timeout(timeout + 3 * STALL);
        };
        let (outcome, ()) = tokio::join!(prepared.probe(), stands_still);
        assert_eq!(outcome.reason, Reason::Local, "{}", outcome.detail);
        drop(mute);
    }
}
