//! What is told of a balancer and a listener that do not agree about the PROXY protocol: a line in the log that says what to
//! change, once an hour for each listener, however many connections come. Counting is done by whoever complains.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::worker::{Front, Worker};
use crate::answer::ListenerId;
use crate::listen::proxy_protocol::HeaderError;

/// For how long the same is not told again.
const SILENCE: Duration = Duration::from_secs(3600);

/// In what they do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    /// A header where none is expected.
    Unexpected,
    /// No header, or a bad one, where one is required.
    Missing,
}

/// When what was told last, for the whole process.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    told: Mutex<HashMap<(ListenerId, Subject), Instant>>,
}

impl Complaints {
    /// Whether it is time to tell; whoever is told so tells.
    fn is_due(&self, listener: ListenerId, subject: Subject, now: Instant) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // What is long past is forgotten, so that listeners that come and go leave nothing behind.
        told.retain(|_, before| now.saturating_duration_since(*before) < SILENCE);
        let is_due = !told.contains_key(&(listener, subject));
        told.entry((listener, subject)).or_insert(now);
        is_due
    }
}

/// A PROXY header came from `peer`, from where none is expected.
pub(super) fn unexpected(worker: &Worker, front: &Front, id: ListenerId, peer: Option<IpAddr>) {
    let complaints = &worker.shared.complaints;
    if complaints.is_due(id, Subject::Unexpected, Instant::now()) {
        log::warn!(
            "{}: {} sent a PROXY header, which this listener does not expect from there, and was refused with 400; list it in \
             proxy-protocol-from, or let it send none",
            listener(front, id),
            address(peer)
        );
    }
}

/// `peer` must send a PROXY header and did not, or sent a bad one.
pub(super) fn missing(
    worker: &Worker,
    front: &Front,
    id: ListenerId,
    peer: Option<IpAddr>,
    error: &HeaderError,
) {
    let complaints = &worker.shared.complaints;
    if complaints.is_due(id, Subject::Missing, Instant::now()) {
        log::warn!(
            "{}: a connection from {} was closed: {error}; let it send one, its health checks too, or take it out of \
             proxy-protocol-from",
            listener(front, id),
            address(peer)
        );
    }
}

/// As it stands in the configuration.
fn listener(front: &Front, id: ListenerId) -> &str {
    let entrance = front.entrances.get(&id);
    entrance.map_or("a listener that is gone", |entrance| &entrance.name)
}

fn address(peer: Option<IpAddr>) -> String {
    peer.map_or_else(|| "a unix socket".to_owned(), |peer| peer.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_listener_is_told_of_once_an_hour() {
        let complaints = Complaints::default();
        let begun = Instant::now();
        for (listener, subject, seconds, expected) in [
            (1, Subject::Unexpected, 0, true),
            (1, Subject::Unexpected, 0, false),
            (1, Subject::Missing, 10, true),
            (2, Subject::Unexpected, 20, true),
            (1, Subject::Unexpected, 3599, false),
            (1, Subject::Unexpected, 3600, true),
            (1, Subject::Missing, 3601, false),
            (1, Subject::Unexpected, 7199, false),
        ] {
            let now = begun + Duration::from_secs(seconds);
            assert_eq!(
                complaints.is_due(ListenerId(listener), subject, now),
                expected,
                "{listener} {subject:?} {seconds}"
            );
        }
    }
}
