//! Integration tests: the real binary, real sockets, real clients. One binary, one module per subject; the runner gives
//! each module a lane and a budget (ci/budget.toml).

mod abuse;
mod alerts;
mod balancers;
mod browser;
mod check;
mod clients;
mod command;
mod harness;
mod kernel;
mod matrix;
mod mended;
mod packaging;
mod sandbox;
mod takeover;
mod watching;
