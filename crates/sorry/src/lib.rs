//! Does. The library behind the one binary, `sorry`; ARCHITECTURE.md is its map.
#![forbid(unsafe_code)]

pub mod admin;
pub mod alert;
pub mod answer;
pub mod check;
pub mod cli;
pub mod config;
pub mod count;
pub mod daemon;
pub mod http1;
pub mod http2;
pub mod journal;
pub mod kernel;
pub mod listen;
pub mod page;
pub mod program;
