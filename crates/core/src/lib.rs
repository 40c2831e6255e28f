//! Decides. Nothing here does I/O, reads a clock, starts a thread or awaits anything: time is an argument, answers are values.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
