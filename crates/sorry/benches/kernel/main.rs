//! What answering in the kernel costs, beside servers with sockets. `cargo xtask bench kernel` runs this as root, judges and makes tables; here each
//! run is one line: a word for what it is, then `name=value` (`told.rs`).
//!
//! The story: a network namespace of our own, which ends with this process (`stage`); a cable for each server, with the server's end on
//! core 1 (`cable`); clients without sockets on core 0 (`clients`); runs in turns (`connections`); single packets on trial (`packets`).

#![forbid(unsafe_code)]

mod cable;
mod clients;
mod clock;
mod connections;
mod cpu;
mod frame;
mod packets;
mod pages;
mod peers;
mod plan;
mod responder;
mod stage;
mod told;
mod witness;

use std::process::ExitCode;

use plan::Plan;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = Plan::read(&arguments).and_then(|plan| match stage::is_ours() {
        true => measure(&plan),
        false => stage::enter(&arguments),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kernel: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(plan: &Plan) -> anyhow::Result<()> {
    if plan.packets {
        packets::measure(plan)?;
    }
    if plan.connections || plan.flood {
        connections::measure(plan)?;
    }
    Ok(())
}
