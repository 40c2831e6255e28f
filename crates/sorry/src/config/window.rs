//! A maintenance window as configured, or as an operator schedules it.

use super::diagnostics::Place;
use sorry_core::order::{Keep, OnOverrun};
use sorry_core::said::Said;
use std::time::Duration;

/// `[[site.window]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What it is called; unique within its site.
    pub name: Box<str>,
    /// When it is open.
    pub when: sorry_core::window::Window,
    /// That in words, for people: `sun 02:00 for 1h Europe/Berlin`.
    pub shown: Box<str>,
    /// What visitors are told.
    pub say: Option<Said>,
    /// What may be served from copies.
    pub keep: Keep,
    /// What becomes of it when its time is over.
    pub on_overrun: OnOverrun,
    /// How long before it opens somebody is told.
    pub announce: Option<Duration>,
    /// Where it was typed.
    pub place: Place,
}
