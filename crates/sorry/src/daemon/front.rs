//! The front of a worker: accepts, greets, and gives each connection that must wait a task of its own.
//!
//! A connection that has spoken when it is accepted is read and answered at once; if that was all, it is closed without
//! the runtime ever hearing of it. This is what a sorry server does most.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;

use super::connection::{Beginning, Connection, keep};
use super::talk::Talk;
use super::worker::{Place, Worker};
use crate::answer::{Guest, ListenerId, Security};
use crate::count::Limit;
use crate::http1::Next;
use crate::listen::listener::{Interruption, Listener};
use crate::listen::socket::{Raw, Room};

/// Connections that are taken from the queue at a time, so that those already here are served between.
const BATCH: usize = 64;

/// What every connection of one listener has in common.
#[derive(Debug)]
pub(super) struct Door {
    /// Its number.
    pub(super) id: ListenerId,
}

/// Accepts until the worker leaves.
pub(super) async fn accept(worker: Rc<Worker>, mut listener: Listener, door: Arc<Door>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        if let Some(interruption) = listener.next_batch(&mut batch, BATCH).await {
            note(&worker, interruption);
        }
        for raw in batch.drain(..) {
            admit(&worker, raw, &door);
        }
        // A flood of connections must not keep those that are here from being served.
        tokio::task::yield_now().await;
    }
}

fn note(worker: &Worker, interruption: Interruption) {
    match interruption {
        Interruption::Aborted => worker.counts.aborted.bump(),
        Interruption::ProcessDescriptors | Interruption::SystemDescriptors => {
            worker.counts.limit(Limit::Descriptors).bump();
        }
        Interruption::Memory | Interruption::Unexpected(_) => {
            worker.counts.aborted.bump();
            log::warn!("accepting a connection failed and will be tried again: {interruption:?}");
        }
    }
}

fn admit(worker: &Rc<Worker>, raw: Raw, door: &Door) {
    worker.counts.accepted.bump();
    let most = worker.with_front(|front| front.connections);
    let crowded = worker.shared.open.load(Ordering::Relaxed) >= most;
    if crowded {
        worker.counts.limit(Limit::Connections).bump();
    }
    let guest = Guest {
        listener: door.id,
        client: raw.peer().address().map(|address| address.ip()),
        security: Security::Plain,
    };
    let room = if crowded {
        Room::LastDescriptor
    } else {
        raw.room()
    };
    greet(worker, raw, guest, room);
}

/// Reads what has been said already and answers it.
fn greet(worker: &Rc<Worker>, raw: Raw, guest: Guest, room: Room) {
    let mut talk = Talk::new(guest);
    let now = Instant::now();
    let beginning = {
        let mut scratch = worker.scratch.borrow_mut();
        match raw.try_read(&mut scratch.input) {
            Ok(0) => return,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => None,
            Err(_) => return,
            Ok(filled) => {
                if room == Room::LastDescriptor {
                    talk.end_with_next_answer();
                }
                let (consumed, next) =
                    worker.with_front(|front| talk.take(worker, front, &mut scratch, filled));
                let mut unread = Vec::new();
                keep(&mut unread, &scratch.input[consumed..filled]);
                let tail = std::mem::take(&mut scratch.out.tail);
                let mut unsent = Bytes::new();
                match raw.try_write(&scratch.out.bytes) {
                    Ok(count) if count == scratch.out.bytes.len() => {}
                    Ok(count) => unsent = Bytes::copy_from_slice(&scratch.out.bytes[count..]),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                        unsent = Bytes::copy_from_slice(&scratch.out.bytes);
                    }
                    Err(_) => {
                        scratch.out.bytes.clear();
                        return;
                    }
                }
                scratch.out.bytes.clear();
                if scratch.answered > 0 {
                    worker
                        .counts
                        .latency
                        .record(now.elapsed(), scratch.answered);
                }
                Some(Beginning {
                    unread,
                    unsent,
                    tail,
                    next,
                })
            }
        }
    };
    let done = matches!(&beginning, Some(b) if b.next == Next::Close && b.unsent.is_empty() && b.tail.is_empty());
    if done || room == Room::LastDescriptor {
        return;
    }
    let place = Place::take(worker);
    let Ok(socket) = raw.register() else {
        worker.counts.limit(Limit::Descriptors).bump();
        return;
    };
    let connection = Connection::new(socket, place, talk, beginning.unwrap_or_default(), now);
    tokio::task::spawn_local(connection);
}
