//! One timer of one connection, touched as seldom as possible.
//!
//! A busy connection's deadline moves with each request. The timer is set earlier at once but later only when it fires: so
//! the runtime's timer wheel is touched once per patience, not once per request, and a connection that is answered and
//! closed at once has no timer at all.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::Sleep;

use super::talk::Wait;

/// What the connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Waiting(Wait),
    Writing,
    Lingering,
}

/// Whether the client has used up its time for what it sends: then it gets no more by sending on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    InTime,
    Late,
}

/// The timer, made when first waited for.
#[derive(Debug, Default)]
pub(super) struct Patience {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// `Ready` when `deadline` has passed; else the task is woken then.
    pub(super) fn poll(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        let timer = match &mut self.timer {
            Some(timer) => timer,
            None => self
                .timer
                .insert(Box::pin(tokio::time::sleep_until(deadline.into()))),
        };
        if timer.deadline() > deadline.into() {
            timer.as_mut().reset(deadline.into());
        }
        loop {
            std::task::ready!(timer.as_mut().poll(context));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline.into());
        }
    }
}
