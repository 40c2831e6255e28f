//! Decides. Nothing here does I/O, reads a clock, starts a thread or awaits anything: time is an argument, answers are values.
//!
//! **Which answer**: [`answer`] says which of the prepared answers a request gets and in which dialect; [`retry_after`] says for
//! how long; [`said`] is the only form in which an operator's words travel; [`host`] and [`date`] are the two bits of HTTP
//! grammar that both need; [`scan`] is how bytes are looked through. Whoever wants bytes on a wire looks in `sorry-server`.
//!
//! **Where visitors go**: [`engine`] decides it for every site, from what comes in by [`event`]: results that [`health`] counts and
//! [`quorum`] judges, unless [`doubt`] says that they are not to be believed; what operators [`order`], and the [`window`]s
//! that were agreed on; held steady by [`damping`]. What of that people are told, and when, is decided in [`incident`]. When the kernel
//! answers by itself, [`responder`] says.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod answer;
pub mod damping;
pub mod date;
pub mod doubt;
pub mod engine;
pub mod event;
pub mod health;
pub mod host;
pub mod incident;
pub mod moment;
pub mod order;
pub mod outages;
pub mod quorum;
pub mod responder;
pub mod retry_after;
pub mod said;
pub mod scan;
pub mod site;
pub mod window;
pub mod zone;
