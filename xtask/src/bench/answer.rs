//! `cargo xtask bench answer`: what a refusal costs. The story of one benchmark: build, set the stage, then each case with all servers in
//! turns, then tables. Measures nothing itself and knows no server by name.

use std::path::PathBuf;
use std::time::Duration;

use super::case::{Case, Work};
use super::document;
use super::h2load;
use super::idle;
use super::load::Load;
use super::machine::Machine;
use super::peer::{Door, Peer, in_path};
use super::plan::{Plan, Purpose, Style};
use super::proc_fs::{self, Cpu};
use super::quiet::Patience;
use super::running::{SERVER_CORE, Server};
use super::sheet::{Sample, Sheet};
use super::stage::Stage;
use super::start;
use super::target::Verdict;
use super::witness;
use super::wrk;
use crate::budget::Budget;
use crate::cargo;
use crate::setup::Background;
use crate::steps;
use crate::verb::End;

type Samples = Vec<(Peer, Vec<Sample>)>;

pub(crate) fn run(arguments: &[String]) -> Result<End, String> {
    let plan = Plan::read(arguments)?;
    install()?;
    let sorry = program(&plan)?;
    let machine = Machine::of(&plan, &sorry);
    let stage = Stage::set(sorry, patience(&plan))?;
    let mut sheets = Vec::new();
    let mut failed = Vec::new();
    for case in &plan.cases {
        eprintln!("-- {}: {}", case.name, case.about);
        match measure(case, &plan, &stage) {
            Ok(samples) => {
                let sheet = Sheet::new(case, &samples);
                if plan.style == Style::Tables {
                    println!("\n{}", sheet.markdown());
                }
                sheets.push(sheet);
            }
            Err(why) => {
                eprintln!("-- {}: FAILED: {why}", case.name);
                failed.push(case.name);
            }
        }
    }
    tell(&plan, &machine, &sheets)?;
    if !failed.is_empty() {
        eprintln!("-- bench: not measured: {}", failed.join(", "));
        return Ok(End::Bad);
    }
    Ok(verdict(&plan, &sheets))
}

/// The packages that bring the programs, if one of those is missing.
fn install() -> Result<(), String> {
    const PROGRAMS: [&str; 6] = ["wrk", "h2load", "openssl", "curl", "taskset", "setpriv"];
    let peers = [Peer::Nginx, Peer::Haproxy].map(|peer| peer.program("".as_ref()));
    let there = PROGRAMS.iter().all(|name| in_path(name).is_some());
    if there && peers.iter().all(|program| program.is_file()) {
        return Ok(());
    }
    let budget = Budget::read(&cargo::root())?;
    Background::start()?.wait(&budget).result
}

/// How long to wait, in all, until others are quiet.
fn patience(plan: &Plan) -> Patience {
    Patience::of(match plan.purpose {
        Purpose::Measure => Duration::from_secs(900),
        Purpose::Smoke => Duration::ZERO,
    })
}

/// Ours, built for the purpose.
fn program(plan: &Plan) -> Result<PathBuf, String> {
    if let Some(binary) = &plan.binary {
        return binary
            .canonicalize()
            .map_err(|error| format!("cannot find {}: {error}", binary.display()));
    }
    let profile = match plan.purpose {
        Purpose::Measure => "dist",
        Purpose::Smoke => "release",
    };
    let target = cargo::logs();
    let target = target.parent().unwrap_or(&target);
    let program = target.join(profile).join("sorry");
    if plan.peers.contains(&Peer::Sorry) {
        eprintln!("-- build: profile {profile}");
        let arguments = ["build", "--package", "sorry-server", "--profile", profile];
        steps::succeed(&mut cargo::cargo(&arguments))?;
    }
    Ok(program)
}

fn measure(case: &Case, plan: &Plan, stage: &Stage) -> Result<Samples, String> {
    match case.work {
        Work::Start => starts(plan, stage),
        Work::Idle => idles(plan, stage),
        Work::Http1(door, style) => under_load(case, plan, stage, door, |server, seconds| {
            wrk::run(stage, server, door, style, seconds)
        }),
        Work::Http2(door) => under_load(case, plan, stage, door, |server, seconds| {
            h2load::run(stage, server, door, seconds)
        }),
        Work::Handshakes => under_load(case, plan, stage, Door::Tls, |server, seconds| {
            h2load::handshakes(stage, server, seconds)
        }),
    }
}

/// All servers at once, each idle until its turn comes: A B C A B C.
fn under_load(
    case: &Case,
    plan: &Plan,
    stage: &Stage,
    door: Door,
    load: impl Fn(&Server, u64) -> Result<Load, String>,
) -> Result<Samples, String> {
    let mut servers = Vec::new();
    for peer in &plan.peers {
        let server = Server::start(*peer, stage)?;
        let bytes = witness::look(stage, &server, door)?;
        if plan.purpose == Purpose::Measure {
            // What it allocates once, it allocates now.
            load(&server, 1)?;
        }
        servers.push((server, bytes, Vec::new()));
    }
    for round in 1..=plan.runs {
        for (server, bytes, samples) in &mut servers {
            let name = server.peer.name();
            let mut run =
                quietest(plan, stage, server, &load).map_err(|why| format!("{name}: {why}"))?;
            if let Work::Http2(door) = case.work {
                run.load.latency = Some(h2load::latency(stage, server, door)?);
            }
            eprintln!(
                "   {} of {}: {name:<8} {:8.2} us/answer, {:7.0} answers/s, core {:3.0} %, others {:3.0} %",
                round,
                plan.runs,
                run.cpu_us(),
                run.load.responses / run.load.seconds,
                run.core_percent(),
                run.others_percent
            );
            samples.push(run.sample(*bytes));
        }
    }
    let named = servers
        .iter()
        .map(|(server, _, s)| (server.peer, s.clone()));
    Ok(named.collect())
}

/// One run under load, with what it took of the server's core.
struct Run {
    load: Load,
    cpu: Cpu,
    /// Share of the server's core that went to anybody else.
    others_percent: f64,
}

impl Run {
    fn cpu_us(&self) -> f64 {
        self.cpu.ns as f64 / 1e3 / self.load.responses
    }

    fn core_percent(&self) -> f64 {
        self.cpu.ns as f64 / 1e7 / self.load.seconds
    }

    /// In the order that `sheet` expects.
    fn sample(&self, bytes: usize) -> Sample {
        let mut sample = vec![
            Some(self.cpu_us()),
            self.cpu.user_share().map(|share| share * self.cpu_us()),
            Some(self.load.responses / self.load.seconds),
            Some(self.core_percent()),
            Some(self.others_percent),
            Some(bytes as f64),
        ];
        if let Some(latency) = self.load.latency {
            sample.extend([latency.p50, latency.p99, latency.p999].map(Some));
        }
        if let Some(first_byte) = self.load.first_byte.filter(|_| self.load.latency.is_none()) {
            sample.extend([first_byte.mean, first_byte.most].map(Some));
        }
        sample
    }
}

/// One run; once or twice more if somebody else was busy on the server's core, of which the least disturbed counts.
fn quietest(
    plan: &Plan,
    stage: &Stage,
    server: &Server,
    load: impl Fn(&Server, u64) -> Result<Load, String>,
) -> Result<Run, String> {
    const DISTURBED_PERCENT: f64 = 8.0;
    let attempts = match plan.purpose {
        Purpose::Measure => 3,
        Purpose::Smoke => 1,
    };
    stage.patience.wait();
    let mut best = one(plan, server, &load)?;
    for _ in 1..attempts {
        if best.others_percent <= DISTURBED_PERCENT {
            break;
        }
        stage.patience.wait();
        let again = one(plan, server, &load)?;
        if again.others_percent < best.others_percent {
            best = again;
        }
    }
    Ok(best)
}

fn one(
    plan: &Plan,
    server: &Server,
    load: impl Fn(&Server, u64) -> Result<Load, String>,
) -> Result<Run, String> {
    let pids = server.pids();
    let core = || proc_fs::busy_seconds(SERVER_CORE).ok_or("cannot read /proc/stat");
    let (cpu, busy) = (Cpu::of(&pids)?, core()?);
    let load = load(server, plan.seconds)?;
    let (cpu, busy) = (Cpu::of(&pids)?.since(cpu), core()? - busy);
    let others = (busy - cpu.ns as f64 / 1e9).max(0.0);
    Ok(Run {
        others_percent: others / load.seconds * 100.0,
        load,
        cpu,
    })
}

fn starts(plan: &Plan, stage: &Stage) -> Result<Samples, String> {
    let rounds = match plan.purpose {
        Purpose::Measure => 20,
        Purpose::Smoke => 2,
    };
    let mut samples: Samples = plan.peers.iter().map(|peer| (*peer, Vec::new())).collect();
    for _ in 0..rounds {
        for (peer, times) in &mut samples {
            times.push(vec![Some(start::first_answer(stage, *peer)?)]);
        }
    }
    Ok(samples)
}

fn idles(plan: &Plan, stage: &Stage) -> Result<Samples, String> {
    let (seconds, connections) = match plan.purpose {
        Purpose::Measure => (10, stage.descriptors.connections()),
        Purpose::Smoke => (1, 200),
    };
    let mib = |bytes: u64| Some(bytes as f64 / f64::from(1 << 20));
    let mut samples = Samples::new();
    for peer in &plan.peers {
        eprintln!(
            "   {}: {seconds} s, then {connections} connections",
            peer.name()
        );
        let idle = idle::measure(stage, *peer, seconds, connections)
            .map_err(|why| format!("{}: {why}", peer.name()))?;
        let sample = vec![
            mib(idle.program),
            mib(idle.before.rss),
            mib(idle.before.pss),
            Some(idle.wakeups_per_second),
            Some(idle.cpu_ppm),
            Some(idle.held as f64),
            mib(idle.after.rss),
            Some(idle.per_connection()),
        ];
        samples.push((*peer, vec![sample]));
    }
    Ok(samples)
}

/// Prints what has not been printed, and writes it into the documentation if that is wanted.
fn tell(plan: &Plan, machine: &Machine, sheets: &[Sheet]) -> Result<(), String> {
    match plan.style {
        Style::Tables => println!("\n{}", machine.markdown()),
        Style::Json => {
            let cases: Vec<String> = sheets.iter().map(Sheet::json).collect();
            println!(
                "{{\"machine\":{},\n\"cases\":[{}]}}",
                machine.json(),
                cases.join(",\n")
            );
        }
    }
    if plan.writes {
        let tables: Vec<String> = sheets.iter().map(Sheet::markdown).collect();
        document::write(
            "answer",
            &format!("{}\n{}", machine.markdown(), tables.join("\n")),
        )?;
    }
    Ok(())
}

fn verdict(plan: &Plan, sheets: &[Sheet]) -> End {
    let judged = sheets.iter().flat_map(|sheet| &sheet.judged);
    let missed = judged.filter(|j| j.verdict == Verdict::Missed).count();
    if plan.purpose == Purpose::Smoke {
        eprintln!("-- bench: everything works; one second says nothing about speed");
        return End::Good;
    }
    if missed > 0 {
        eprintln!("-- bench: {missed} gates missed");
        return End::Bad;
    }
    End::Good
}
