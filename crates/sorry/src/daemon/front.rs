//! The front of a worker: accepts, greets, and gives each connection that must wait a task of its own.
//!
//! A connection that has spoken when it is accepted is read and answered at once; if that was all, it is closed without
//! the runtime ever hearing of it. This is what a sorry server does most.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::beginning::Beginning;
use super::connection::Connection;
use super::entrance::enter;
use super::talk::Talk;
use super::worker::{Place, Worker};
use crate::answer::{Guest, ListenerId, Security};
use crate::count::Limit;
use crate::http1::{Next, Out};
use crate::listen::listener::{Interruption, Listener};
use crate::listen::socket::{Raw, Room};
use crate::listen::tls::Tls;

/// Connections that are taken from the queue at a time, so that those already here are served between.
pub(super) const BATCH: usize = 32;

/// Accepts until told to stop; then looks into the queue a last time, because whoever waits there was promised an answer.
pub(super) async fn accept(
    worker: Rc<Worker>,
    mut listener: Listener,
    id: ListenerId,
    stop: oneshot::Receiver<()>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => break,
            interruption = listener.next_batch(&mut batch, BATCH) => {
                if let Some(interruption) = interruption {
                    note(&worker, interruption);
                }
            }
        }
        admit_all(&worker, &mut batch, id);
        // A flood of connections must not keep those that are here from being served.
        tokio::task::yield_now().await;
    }
    let admit = |batch: &mut Vec<Raw>| admit_all(&worker, batch, id);
    look_a_last_time(&mut listener, LAST_ROUNDS, admit).await;
}

/// Whoever waits in the queue when the listener is given up was promised an answer. Who comes while it is being emptied
/// was not: a flood of them must not keep the worker from leaving, nor from those that are here.
async fn look_a_last_time(
    listener: &mut Listener,
    rounds: usize,
    mut admit: impl FnMut(&mut Vec<Raw>),
) {
    let deadline = Instant::now() + LAST_LOOK;
    let mut batch = Vec::with_capacity(BATCH);
    for _ in 0..rounds {
        let seen_empty = listener.accept_remaining(&mut batch, BATCH) || batch.is_empty();
        admit(&mut batch);
        if seen_empty || Instant::now() >= deadline {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Batches of a last look: what the longest queue holds that a listener of ours asks for (`listen::bind`).
const LAST_ROUNDS: usize = 65_536 / BATCH;

/// How long a last look may take.
const LAST_LOOK: Duration = Duration::from_secs(2);

fn admit_all(worker: &Rc<Worker>, batch: &mut Vec<Raw>, id: ListenerId) {
    for raw in batch.drain(..) {
        // A connection that finds a mistake of ours loses its answer; the listener must not go with it.
        let admitted = catch_unwind(AssertUnwindSafe(|| admit(worker, raw, id)));
        if admitted.is_err() {
            log::error!(
                "a connection was dropped because of a mistake in sorry; please report what is above"
            );
        }
    }
}

fn note(worker: &Worker, interruption: Interruption) {
    match interruption {
        Interruption::Aborted => worker.counts.aborted.bump(),
        Interruption::ProcessDescriptors | Interruption::SystemDescriptors => {
            worker.counts.limit(Limit::Descriptors).bump();
            worker.shared.shortage.note();
        }
        Interruption::Memory | Interruption::Unexpected(_) => {
            worker.counts.aborted.bump();
            log::warn!("accepting a connection failed and will be tried again: {interruption:?}");
        }
    }
}

fn admit(worker: &Rc<Worker>, raw: Raw, id: ListenerId) {
    worker.counts.accepted.bump();
    let client = raw.peer().address().map(|address| address.ip());
    let guest = Guest {
        listener: id,
        client,
        security: Security::Plain,
    };
    let (most, entrance) = worker.with_front(|front| {
        let entrance = front
            .entrances
            .get(&id)
            .filter(|entrance| !entrance.is_open(client));
        (front.connections, entrance.cloned())
    });
    // Its place is taken before it hears anything: whoever has read an answer is counted.
    let place = match raw.room() {
        Room::Open if !worker.shared.shortage.lasts() => {
            let place = seat(worker, most);
            // Without one it could not be told anything, as a plain connection is.
            match &entrance {
                Some(_) => place.or_else(|| seat_of_oldest_handshake(worker)),
                None => place,
            }
        }
        _ => None,
    };
    match (entrance, place) {
        (None, place) => greet(worker, raw, guest, place),
        (Some(entrance), Some(place)) => {
            tokio::task::spawn_local(enter(raw, place, guest, entrance));
        }
        // There is no room for a handshake: nothing true can be said here.
        (Some(_), None) => {}
    }
}

/// A place for one more connection, or none where there are `most` already.
fn seat(worker: &Rc<Worker>, most: usize) -> Option<Place> {
    let place = Place::take(worker, most);
    if place.is_none() {
        worker.counts.limit(Limit::Connections).bump();
    }
    place
}

/// The place of the oldest TLS handshake, which ends: so those who begin one and go no further keep nobody out where there
/// are fewer places than handshakes. Until its task has ended there is one connection more.
fn seat_of_oldest_handshake(worker: &Rc<Worker>) -> Option<Place> {
    let ended = worker.with_front(|front| front.tls.as_ref().is_some_and(Tls::end_oldest));
    ended.then(|| Place::take(worker, usize::MAX)).flatten()
}

/// Reads what has been said already and answers it. Without a `place` nobody is kept for longer than a moment.
fn greet(worker: &Rc<Worker>, raw: Raw, guest: Guest, place: Option<Place>) {
    let mut talk = Talk::new(guest);
    if place.is_none() {
        talk.end_with_next_answer();
    }
    let now = Instant::now();
    let beginning = match begin(worker, &raw, &mut talk, now) {
        Began::Gone => return,
        Began::Silent => Beginning::default(),
        Began::Said(beginning) if beginning.is_over() => return,
        Began::Said(beginning) => beginning,
    };
    let (place, stay) = match place {
        Some(place) => (Some(place), None),
        None => (spare_seat(worker, &raw, &talk, &beginning), Some(FAREWELL)),
    };
    let Some(place) = place else {
        return;
    };
    let Ok(socket) = raw.register() else {
        worker.counts.limit(Limit::Descriptors).bump();
        return;
    };
    let connection = Connection::new(socket, place, talk, beginning, now);
    match stay {
        None => tokio::task::spawn_local(connection),
        Some(stay) => tokio::task::spawn_local(async move {
            let _late = tokio::time::timeout(stay, connection).await;
        }),
    };
}

/// A place for a moment, for somebody who was answered or told goodbye and is not done: its request may be on its way, or a
/// body, and a close now would be a reset. Nobody gets one while descriptors are short.
fn spare_seat(worker: &Rc<Worker>, raw: &Raw, talk: &Talk, beginning: &Beginning) -> Option<Place> {
    let spoken_to = beginning.next == Next::Linger || talk.has_answered() || talk.says_goodbye();
    let room = raw.room() == Room::Open && !worker.shared.shortage.lasts();
    (spoken_to && room).then(|| Place::spare(worker)).flatten()
}

/// How long somebody stays who has a spare place.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a connection began.
enum Began {
    /// It has gone.
    Gone,
    /// It has said nothing yet.
    Silent,
    /// It has spoken and was answered as far as possible.
    Said(Beginning),
}

fn begin(worker: &Worker, raw: &Raw, talk: &mut Talk, now: Instant) -> Began {
    let mut scratch = worker.scratch.borrow_mut();
    let filled = match raw.try_read(scratch.room(0)) {
        Ok(0) => return Began::Gone,
        Ok(filled) => filled,
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Began::Silent,
        Err(_) => return Began::Gone,
    };
    let (consumed, next) =
        worker.with_front(|front| talk.take(worker, front, &mut scratch, filled));
    if talk.is_ending() {
        // HTTP/2 is told in a frame of its own. Requests that cross it are still answered.
        talk.go_away(&mut scratch);
    }
    let unread = scratch.input[consumed..filled].to_vec();
    let written = match raw.try_write(&scratch.out.bytes) {
        Ok(count) => count,
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => 0,
        Err(_) => {
            scratch.out = Out::default();
            return Began::Gone;
        }
    };
    let unsent = Bytes::copy_from_slice(&scratch.out.bytes[written..]);
    scratch.out.bytes.clear();
    let tail = std::mem::take(&mut scratch.out.tail);
    if scratch.answered > 0 {
        worker
            .counts
            .latency
            .record(now.elapsed(), scratch.answered);
    }
    Began::Said(Beginning {
        unread,
        unsent,
        tail,
        next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_flood_does_not_prolong_the_last_look() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let socket = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = socket.local_addr().unwrap();
            let connect = move || drop(TcpStream::connect(address).unwrap());
            let mut listener = Listener::new(socket.into()).unwrap();
            (0..2 * BATCH).for_each(|_| connect());
            let mut admitted = 0;
            // For each one that is let in another one comes.
            look_a_last_time(&mut listener, 4, |batch| {
                admitted += batch.len();
                batch.drain(..).for_each(|_| connect());
            })
            .await;
            assert_eq!(admitted, 4 * BATCH);
        });
    }
}
