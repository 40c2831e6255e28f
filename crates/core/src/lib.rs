//! Decides. Nothing here does I/O, reads a clock, starts a thread or awaits anything: time is an argument, answers are values.
//!
//! [`answer`] says which of the prepared answers a request gets and in which dialect; [`retry_after`] says for how long;
//! [`said`] is the only form in which an operator's words travel; [`host`] and [`date`] are the two bits of HTTP
//! grammar that both need; [`scan`] is how bytes are looked through. Whoever wants bytes on a wire looks in `sorry-server`.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod answer;
pub mod date;
pub mod host;
pub mod retry_after;
pub mod said;
pub mod scan;
