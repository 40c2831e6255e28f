//! Thin: arguments, run, exit code.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use sorry_server::cli;

fn main() -> ExitCode {
    cli::main(cli::Arguments::read())
}
