//! Moves the bytes of one connection, plain or TLS: read, let the talk answer, write, wait, within limits of time.
//!
//! A hand-written future, because most connections of a sorry server wait: one that does keeps no buffer, one timer
//! and a few words. Everything large is borrowed from the worker while bytes are at hand.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::beginning::{Beginning, Unsent, keep};
use super::patience::{Doing, Pace, Patience};
use super::talk::{Talk, Wait};
use super::worker::{Leaving, Place, Scratch, Times, Worker};
use crate::count::Limit;
use crate::http1::Next;

/// One connection.
pub(super) struct Connection<S> {
    stream: S,
    place: Place,
    talk: Talk,
    unread: Vec<u8>,
    unsent: Unsent,
    next: Next,
    flushed: Flushed,
    doing: Doing,
    /// When `doing` began.
    mark: Instant,
    since: Instant,
    patience: Patience,
    /// Bytes that may still be read and forgotten after our end.
    linger_bytes: u64,
    pace: Pace,
}

/// Whether the stream itself may hold bytes that were written to it; TLS does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flushed {
    Yes,
    NotYet,
}

/// What to do after a step.
enum Step {
    Again,
    Wait,
    Done,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection with what has happened on it so far.
    pub(super) fn new(
        stream: S,
        place: Place,
        talk: Talk,
        beginning: Beginning,
        now: Instant,
    ) -> Connection<S> {
        let linger_bytes = place.worker().with_front(|front| front.http1.body_bytes);
        let next = match beginning.next {
            Next::Read if !beginning.unread.is_empty() && talk.is_fresh() => Next::Again,
            next => next,
        };
        Connection {
            stream,
            doing: Doing::Waiting(talk.wait(&beginning.unread)),
            place,
            talk,
            unread: beginning.unread,
            unsent: Unsent::new(beginning.unsent, beginning.tail),
            next,
            flushed: Flushed::Yes,
            mark: now,
            since: now,
            patience: Patience::default(),
            linger_bytes,
            pace: Pace::InTime,
        }
    }

    fn step(&mut self, context: &mut Context<'_>) -> Step {
        if !self.unsent.is_empty() {
            return match self.poll_write(context) {
                Poll::Pending if self.skim(context) => Step::Again,
                Poll::Pending => self.now_doing(Doing::Writing),
                Poll::Ready(Ok(())) => Step::Again,
                Poll::Ready(Err(_)) => Step::Done,
            };
        }
        if self.flushed == Flushed::NotYet {
            match Pin::new(&mut self.stream).poll_flush(context) {
                Poll::Pending => return self.now_doing(Doing::Writing),
                Poll::Ready(Ok(())) => self.flushed = Flushed::Yes,
                Poll::Ready(Err(_)) => return Step::Done,
            }
        }
        if self.talk.has_waiting() && self.resume(context) {
            return Step::Again;
        }
        match (self.doing, self.next) {
            (Doing::Lingering, _) => self.forget(context),
            (_, Next::Close) => self.shut(context, Step::Done),
            (_, Next::Linger) => {
                let step = self.shut(context, Step::Again);
                if matches!(step, Step::Again) {
                    self.now_doing(Doing::Lingering);
                }
                step
            }
            (_, Next::Again) => self.turn(context, From::Unread),
            (_, Next::Read) => self.turn(context, From::Stream),
        }
    }

    /// The client does not read; it may be one that sends its whole body first. Says whether some of that came.
    fn skim(&mut self, context: &mut Context<'_>) -> bool {
        if !self.talk.is_in_body() || !self.unread.is_empty() {
            return false;
        }
        let worker = std::rc::Rc::clone(self.place.worker_rc());
        let mut scratch = worker.scratch.borrow_mut();
        match self.poll_read(context, scratch.room(0)) {
            Poll::Ready(Ok(count)) if count > 0 => {
                let input = &scratch.input[..count];
                let (consumed, next) =
                    worker.with_front(|front| self.talk.skim(&worker, front, input));
                keep(&mut self.unread, &input[consumed..]);
                self.mark = Instant::now();
                self.next = next.unwrap_or(self.next);
                true
            }
            _ => false,
        }
    }

    /// Reads, answers and writes once.
    fn turn(&mut self, context: &mut Context<'_>, from: From) -> Step {
        let worker = std::rc::Rc::clone(self.place.worker_rc());
        let mut scratch = worker.scratch.borrow_mut();
        let held = scratch.hold(&self.unread);
        let filled = match from {
            From::Unread => held,
            From::Stream => match self.poll_read(context, scratch.room(held)) {
                Poll::Ready(Ok(0)) | Poll::Ready(Err(_)) => return Step::Done,
                Poll::Ready(Ok(count)) => held + count,
                Poll::Pending => {
                    drop(scratch);
                    return self.idle(&worker);
                }
            },
        };
        let now = Instant::now();
        let (age, recovered) = worker.with_front(|front| (front.times.age, front.recovered));
        let old = now.duration_since(self.since) >= age;
        // A site is back: whoever comes anew is sent to its real servers.
        let recovered = recovered.is_some_and(|at| self.since < at);
        if old || recovered || worker.leaving() == Leaving::Now {
            let news = self.talk.end_with_next_answer();
            if news && old {
                worker.counts.limit(Limit::Age).bump();
            }
        }
        let (consumed, next) =
            worker.with_front(|front| self.talk.take(&worker, front, &mut scratch, filled));
        self.next = next;
        keep(&mut self.unread, &scratch.input[consumed..filled]);
        let failed = self.send(context, &mut scratch).is_err();
        if scratch.answered > 0 {
            worker
                .counts
                .latency
                .record(now.elapsed(), scratch.answered);
            // Whatever head lies there now has begun since.
            self.mark = now;
        }
        if failed {
            return Step::Done;
        }
        self.note(now);
        Step::Again
    }

    /// Writes what the scratch buffer holds; what does not fit is kept.
    fn send(&mut self, context: &mut Context<'_>, scratch: &mut Scratch) -> io::Result<()> {
        let tail = std::mem::take(&mut scratch.out.tail);
        if scratch.out.bytes.is_empty() && tail.is_empty() {
            return Ok(());
        }
        let mut written = 0;
        self.flushed = Flushed::NotYet;
        if tail.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, &scratch.out.bytes) {
                Poll::Ready(Ok(count)) => written = count,
                Poll::Ready(Err(error)) => {
                    scratch.out.bytes.clear();
                    return Err(error);
                }
                Poll::Pending => {}
            }
        }
        if written < scratch.out.bytes.len() || !tail.is_empty() {
            self.unsent = Unsent::new(Bytes::copy_from_slice(&scratch.out.bytes[written..]), tail);
        }
        scratch.forget_output();
        Ok(())
    }

    /// Writes what was kept.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let pieces = self.unsent.pieces();
            let count = std::task::ready!(
                Pin::new(&mut self.stream).poll_write_vectored(context, &pieces)
            )?;
            self.flushed = Flushed::NotYet;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(count);
            self.mark = Instant::now();
        }
        self.note(Instant::now());
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, context: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(into);
        std::task::ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Ends our half. A TLS stream says so in its own way.
    fn shut(&mut self, context: &mut Context<'_>, then: Step) -> Step {
        match Pin::new(&mut self.stream).poll_shutdown(context) {
            Poll::Ready(Ok(())) => then,
            Poll::Ready(Err(_)) => Step::Done,
            Poll::Pending => self.now_doing(Doing::Writing),
        }
    }

    /// Reads and forgets, so that the client can finish sending and see its answer instead of a reset. Whoever still sends
    /// is waited for anew, since a body needs longer than an end.
    fn forget(&mut self, context: &mut Context<'_>) -> Step {
        let worker = std::rc::Rc::clone(self.place.worker_rc());
        let mut scratch = worker.scratch.borrow_mut();
        match self.poll_read(context, &mut scratch.input) {
            Poll::Ready(Ok(0)) | Poll::Ready(Err(_)) => Step::Done,
            Poll::Pending => Step::Wait,
            Poll::Ready(Ok(count)) => match self.linger_bytes.checked_sub(count as u64) {
                Some(left) => {
                    self.linger_bytes = left;
                    if self.pace == Pace::InTime {
                        self.mark = Instant::now();
                    }
                    Step::Again
                }
                None => {
                    worker.counts.limit(Limit::BodyBytes).bump();
                    Step::Done
                }
            },
        }
    }

    /// What was written has gone: bodies that waited for room go on. Says whether there was anything.
    fn resume(&mut self, context: &mut Context<'_>) -> bool {
        let worker = std::rc::Rc::clone(self.place.worker_rc());
        let mut scratch = worker.scratch.borrow_mut();
        if let Some(next) = self.talk.resume(&mut scratch) {
            self.follow(next);
        }
        let anything = !scratch.out.is_empty();
        if self.send(context, &mut scratch).is_err() {
            self.next = Next::Close;
        }
        anything
    }

    /// Tells an HTTP/2 client that no further requests should come. Says whether that was news.
    fn say_goodbye(&mut self, worker: &Worker) -> bool {
        let mut scratch = worker.scratch.borrow_mut();
        let Some(next) = self.talk.go_away(&mut scratch) else {
            return false;
        };
        self.follow(next);
        self.mark = Instant::now();
        self.unsent.append(&scratch.out.bytes);
        scratch.out.bytes.clear();
        true
    }

    /// What comes next, unless more must be understood first of what was read.
    fn follow(&mut self, next: Next) {
        if (self.next, next) != (Next::Again, Next::Read) {
            self.next = next;
        }
    }

    /// Nothing to read: a connection that was served ends now if the worker leaves.
    fn idle(&mut self, worker: &Worker) -> Step {
        if worker.leaving() == Leaving::NotYet {
            return Step::Wait;
        }
        if self.say_goodbye(worker) {
            return Step::Again;
        }
        // Half a request may lie there: it is answered, and the answer is the last.
        if self.talk.leave() && self.unread.is_empty() && self.mark.elapsed() >= QUIET {
            self.next = Next::Close;
            return Step::Again;
        }
        Step::Wait
    }

    fn now_doing(&mut self, doing: Doing) -> Step {
        if self.doing != doing {
            self.doing = doing;
            self.mark = Instant::now();
        }
        Step::Wait
    }

    /// Something happened: what is waited for now, and since when. Whatever moves is waited for anew.
    fn note(&mut self, now: Instant) {
        let wait = self.talk.wait(&self.unread);
        let moves = self.talk.moves(wait);
        let doing = Doing::Waiting(wait);
        if self.doing != doing || moves {
            self.doing = doing;
            self.mark = now;
        }
    }

    /// When patience ends.
    fn deadline(&self, times: &Times) -> Instant {
        let patience = match self.doing {
            Doing::Waiting(Wait::Request) => times.idle,
            Doing::Waiting(Wait::Head) => times.head,
            Doing::Waiting(Wait::Body) => times.body,
            Doing::Waiting(Wait::Window) | Doing::Writing => times.write,
            Doing::Lingering => times.linger,
        };
        let deadline = (self.mark + patience).min(self.since + times.life);
        if !self.may_age() {
            deadline
        } else if self.talk.says_goodbye() {
            deadline.min(self.since + times.age)
        } else {
            deadline.min(self.end_of_service(times))
        }
    }

    /// When an HTTP/1 connection ends that waits for a request, because it is old or the worker leaves. Not while its client
    /// is busy: its next request may be on its way, and is answered with `Connection: close`.
    fn end_of_service(&self, times: &Times) -> Instant {
        let quiet = self.mark + QUIET;
        match self.place.worker().leaving() {
            Leaving::Now => quiet,
            Leaving::NotYet => quiet.max(self.since + times.age),
        }
    }

    /// Age ends an HTTP/1 connection only where it waits for a request and has had an answer; before, it makes the next
    /// answer the last. An HTTP/2 connection says goodbye once, and then gives its client time to confirm it: requests that
    /// crossed it on the way are still answered.
    fn may_age(&self) -> bool {
        if self.talk.says_goodbye() {
            return self.talk.owes_goodbye() && self.doing != Doing::Writing;
        }
        self.doing == Doing::Waiting(Wait::Request) && self.talk.has_answered()
    }

    /// `Ready` when patience has ended.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let times = self.place.worker().with_front(|front| front.times);
        let deadline = self.deadline(&times);
        self.patience.poll(deadline, context)
    }

    /// Patience has ended.
    fn expire(&mut self) -> Step {
        let worker = std::rc::Rc::clone(self.place.worker_rc());
        let times = worker.with_front(|front| front.times);
        let lived = self.since.elapsed();
        if lived >= times.life {
            worker.counts.limit(Limit::Life).bump();
            return Step::Done;
        }
        if lived >= times.age && self.doing != Doing::Writing && self.say_goodbye(&worker) {
            worker.counts.limit(Limit::Age).bump();
            return Step::Again;
        }
        if worker.leaving() == Leaving::Now && self.may_age() && !self.talk.says_goodbye() {
            self.next = Next::Close;
            return Step::Again;
        }
        let old = lived >= times.age && self.talk.has_answered();
        let limit = match self.doing {
            Doing::Waiting(Wait::Request) if old => Limit::Age,
            Doing::Waiting(Wait::Request) => Limit::IdleTime,
            // A head that is given up is counted with its answer.
            Doing::Waiting(Wait::Head) => return self.give_up(&worker),
            Doing::Waiting(Wait::Body) => Limit::BodyTime,
            Doing::Waiting(Wait::Window) | Doing::Writing => Limit::WriteTime,
            Doing::Lingering => Limit::LingerTime,
        };
        worker.counts.limit(limit).bump();
        match self.doing {
            Doing::Waiting(_) => self.give_up(&worker),
            Doing::Writing | Doing::Lingering => Step::Done,
        }
    }

    /// Tells a client that had begun to speak, and ends.
    fn give_up(&mut self, worker: &Worker) -> Step {
        let mut scratch = worker.scratch.borrow_mut();
        self.next =
            worker.with_front(|front| self.talk.give_up(worker, front, &self.unread, &mut scratch));
        self.pace = Pace::Late;
        self.unread = Vec::new();
        self.unsent.append(&scratch.out.bytes);
        scratch.out.bytes.clear();
        Step::Again
    }
}

/// How long a client has been silent that is taken for one without a request on its way.
const QUIET: Duration = Duration::from_secs(1);

/// Where a turn's bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Stream,
    Unread,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Connection<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // A client that never stops talking must let the others speak too.
        for _ in 0..TURNS_AT_ONCE {
            match this.step(context) {
                Step::Again => {}
                Step::Done => return Poll::Ready(()),
                Step::Wait => {
                    if this.poll_patience(context).is_pending() {
                        this.place.wake_on_leave(context.waker());
                        return Poll::Pending;
                    }
                    if matches!(this.expire(), Step::Done) {
                        return Poll::Ready(());
                    }
                }
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

const TURNS_AT_ONCE: usize = 16;
