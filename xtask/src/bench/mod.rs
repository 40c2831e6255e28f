//! `cargo xtask bench`: measures the program beside its peers. What is measured, and how, is told in docs/performance.md. This file
//! finds the benchmark; `answer` is the story of one, and the files below this one hold its chapters.

mod answer;
mod case;
mod checks;
mod detection;
mod document;
mod engine;
pub(crate) mod exchange;
mod h2load;
mod hold;
mod idle;
mod kernel;
mod load;
mod machine;
mod peer;
mod plan;
pub(crate) mod proc_fs;
pub(crate) mod quiet;
mod request;
mod running;
mod sheet;
mod stage;
mod start;
mod target;
mod witness;
mod wrk;

use crate::suggest;
use crate::verb::{End, Verb};

pub(crate) const VERB: Verb = Verb {
    name: "bench",
    summary: "measure the program beside nginx and HAProxy",
    usage: "\
cargo xtask bench answer [--only CASE,...] [--servers NAME,...] [--runs N] [--seconds N] [--binary PATH] [--json] [--write]
cargo xtask bench answer --smoke
cargo xtask bench kernel [--only KIND,...] [--servers NAME,...] [--flights N,...] [--runs N] [--seconds N]
                         [--profile NAME] [--binary PATH] [--json] [--write] [--smoke]
cargo xtask bench engine [--json]
cargo xtask bench checks [--counts N,...] [--runs N] [--seconds N] [--binary PATH]
cargo xtask bench detection [--times N] [--binary PATH]

How much a 503 costs, beside nginx and HAProxy, in turns: CPU time, requests per second, latency, memory, wake-ups, time to start.
The server has core 0 for itself and the load core 1; run it on an otherwise idle machine. docs/performance.md says how to read it.

    --only CASE,...       some of: keep-alive, close, pipelined, paced, tls-new, tls-keep, h2c, h2tls, start, idle
    --servers NAME,...    some of: sorry, nginx, haproxy
    --runs N              runs of each case and server, of which the median counts (5)
    --seconds N           of load in each run (5)
    --binary PATH         measures this program instead of building one with the profile `dist`
    --json                results as JSON on standard output; progress stays on standard error
    --write               writes the results into docs/performance.md
    --smoke               one second of each case, once, with the profile of the tests: whether it works, not how fast

`kernel` measures what answering in the kernel costs, beside nginx and our server with sockets, as root: CPU time of whole connections
at 16, 64 and 128 in flight (`connection`), of a flood of SYNs (`flood`), and nanoseconds of single packets (`packet`); servers are xdp, auto, tc, sorry
and nginx. The clients are a program in the kernel, too, on core 0; servers have core 1.

`engine` measures what one result of a probe costs the part that decides, in nanoseconds, and what ten thousand real servers take
of memory.

`checks` measures what a check costs, beside keepalived with the same real servers (1000, then 10000): CPU time, and how late ours begin.
As root, since keepalived wants to be.

`detection` measures how long a death goes unnoticed, of a server that refuses and of one that falls silent, beside the worst case that
`sorry check-config` prints.

Exit codes: 0 every gate held; 1 one was missed, or a server did not answer as it should; 2 nothing was tried.",
    run,
};

fn run(arguments: &[String]) -> Result<End, String> {
    const NAMES: [&str; 5] = ["answer", "kernel", "engine", "checks", "detection"];
    match arguments.split_first() {
        Some((name, rest)) if name == "answer" => answer::run(rest),
        Some((name, rest)) if name == "kernel" => kernel::run(rest),
        Some((name, rest)) if name == "engine" => engine::run(rest),
        Some((name, rest)) if name == "checks" => checks::run(rest),
        Some((name, rest)) if name == "detection" => detection::run(rest),
        // What `idle` starts as a process of its own; of no use to anybody else.
        Some((name, rest)) if name == hold::NAME => hold::run(rest),
        Some((name, _)) => Err(match suggest::nearest(name, &NAMES) {
            Some(near) => format!("there is no benchmark `{name}`; did you mean `{near}`?"),
            None => format!("there is no benchmark `{name}`; there are `answer`, `kernel`, `engine`, `checks` and `detection`"),
        }),
        None => Err(
            "which benchmark? There are `answer`, `kernel`, `engine`, `checks` and `detection`: see `cargo xtask help bench`"
                .to_owned(),
        ),
    }
}
