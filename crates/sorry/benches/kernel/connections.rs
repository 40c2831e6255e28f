//! Whole connections and floods of SYNs, by all servers in turns: A B C D, A B C D. What counts is how long the server's threads have run for each.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::clients::{Doing, SEATS, Seat, Tallies};
use crate::clock;
use crate::cpu;
use crate::pages;
use crate::peers::{Peer, Place, Server};
use crate::plan::Plan;
use crate::stage::{self, CLIENT_CORE, SERVER_CORE};
use crate::told::Line;

/// SYNs of a flood that are under way at once: as many as a cable takes, less what else is on it.
const FLOOD: u32 = 200;

/// How often it is looked for seats that have lost a packet: no server here takes as long for one connection.
const LOOK: Duration = Duration::from_millis(100);

/// One run is repeated up to twice if more than this share of the server's core went to others, and the least disturbed counts.
const DISTURBED_PERCENT: f64 = 8.0;

pub(crate) fn measure(plan: &Plan) -> anyhow::Result<()> {
    stage::stay_on(CLIENT_CORE)?;
    let folder = tempfile::tempdir()?;
    // nginx gives up its rights before it reads the page.
    fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )?;
    let pages = pages::make(folder.path())?;
    let mut servers = Vec::new();
    for (number, peer) in (1..).zip(&plan.servers) {
        let place = Place {
            pages: &pages,
            folder: folder.path(),
            sorry: &plan.sorry,
        };
        let server = Server::start(*peer, number, &place);
        servers.push(server.with_context(|| format!("{} is not there", peer.name()))?);
    }
    let before = map_bytes()?;
    let mut patience = plan.patience;
    for run in 1..=plan.runs {
        if plan.connections {
            for (at, page) in pages.iter().enumerate() {
                for flight in &plan.flights {
                    let is_asked = |server: &&mut Server| {
                        page.speech.segments() > 1 || !server.peer.is_for_long_pages()
                    };
                    for server in servers.iter_mut().filter(is_asked) {
                        server.clients.aim(page.port, server.bytes[at])?;
                        let sample = quietest(server, Doing::Loop, *flight, plan, &mut patience)?;
                        let what = format!("{:>5}, {flight:>3} in flight", page.name);
                        sample.show(run, plan, server.peer, &what);
                        sample.tell(server.peer, page.name, *flight, server.bytes[at]);
                    }
                }
            }
        }
        for server in servers
            .iter_mut()
            .filter(|server| plan.flood && server.peer.place().is_some())
            .filter(|server| !server.peer.is_for_long_pages())
        {
            server.clients.aim(pages[0].port, 0)?;
            let sample = quietest(server, Doing::Flood, FLOOD, plan, &mut patience)?;
            sample.show(run, plan, server.peer, "SYNs");
            sample.tell_flood(server.peer);
        }
    }
    let grown = map_bytes()? - before;
    for server in &servers {
        Line::new("memory")
            .with("server", server.peer.name())
            .with("connections", server.clients.tallies()?.done())
            .with("sockets", server.sockets()?)
            .with("grown", grown)
            .print();
    }
    Ok(())
}

fn quietest(
    server: &mut Server,
    doing: Doing,
    flight: u32,
    plan: &Plan,
    patience: &mut Duration,
) -> anyhow::Result<Sample> {
    clock::quiet(patience);
    let mut best = one(server, doing, flight, plan.time)?;
    for _ in 0..2 {
        if best.others <= DISTURBED_PERCENT || patience.is_zero() {
            break;
        }
        clock::quiet(patience);
        let again = one(server, doing, flight, plan.time)?;
        if again.others < best.others {
            best = again;
        }
    }
    Ok(best)
}

/// What one run came to.
struct Sample {
    doing: Doing,
    tallies: Tallies,
    seconds: f64,
    /// CPU time of the server.
    ns: u64,
    /// That of the clients.
    client_ns: u64,
    /// Share of the server's core that went to others, in per cent.
    others: f64,
    /// Connections that were given up, and begun again.
    restarts: u64,
}

fn one(server: &mut Server, doing: Doing, flight: u32, time: Duration) -> anyhow::Result<Sample> {
    server.clients.fly(doing, flight)?;
    // What is done once is done now.
    clock::pass(time.min(Duration::from_millis(200)));
    let busy = || cpu::busy_seconds(SERVER_CORE).context("cannot read /proc/stat");
    let (start, core) = (Instant::now(), busy()?);
    let (cpu, tallies) = (cpu::run_ns(&server.pids)?, server.clients.tallies()?);
    let client = cpu::run_ns(&[server.client])?;
    let mut restarts = 0;
    let mut seats = server.clients.seats(flight)?;
    while start.elapsed() < time {
        clock::pass(LOOK.min(time - start.elapsed().min(time)));
        if let Some(responder) = &mut server.responder {
            responder.look(clock::now())?;
            responder.samples(SEATS as usize, clock::now());
        }
        if doing == Doing::Loop && start.elapsed() < time {
            let now = server.clients.seats(flight)?;
            let lost = stalled(&seats, &now);
            restarts += lost.len() as u64;
            server.clients.begin(&lost)?;
            seats = now;
        }
    }
    let ns = cpu::run_ns(&server.pids)? - cpu;
    let client_ns = cpu::run_ns(&[server.client])? - client;
    let tallies = server.clients.tallies()?.since(&tallies);
    let seconds = start.elapsed().as_secs_f64();
    let others = ((busy()? - core) - ns as f64 / 1e9).max(0.0) / seconds * 100.0;
    finish(server, flight)?;
    Ok(Sample {
        doing,
        tallies,
        seconds,
        ns,
        client_ns,
        others,
        restarts,
    })
}

/// Seats in which nothing has happened.
fn stalled(before: &[Seat], now: &[Seat]) -> Vec<u32> {
    let pairs = (0..).zip(before.iter().zip(now));
    pairs
        .filter(|(_, (before, now))| before == now)
        .map(|(seat, _)| seat)
        .collect()
}

/// Lets what is open come to its end, so that no server is left with halves of connections.
fn finish(server: &mut Server, flight: u32) -> anyhow::Result<()> {
    server.clients.turn_to(Doing::Finish)?;
    let mut seats = server.clients.seats(flight)?;
    for _ in 0..20 {
        clock::pass(Duration::from_millis(20));
        let now = server.clients.seats(flight)?;
        if now == seats {
            break;
        }
        seats = now;
    }
    server.clients.turn_to(Doing::Still)
}

impl Sample {
    /// Connections, or SYNs that were answered.
    fn many(&self) -> f64 {
        match self.doing {
            Doing::Flood => self.tallies.greeted() as f64,
            _ => self.tallies.done() as f64,
        }
    }

    fn each_ns(&self) -> f64 {
        self.ns as f64 / self.many()
    }

    fn rate(&self) -> f64 {
        self.many() / self.seconds
    }

    /// Share of a core, in per cent.
    fn share(&self, ns: u64) -> f64 {
        ns as f64 / 1e7 / self.seconds
    }

    fn lost(&self) -> u64 {
        self.restarts + self.tallies.lost()
    }

    /// How it went, for whoever waits.
    fn show(&self, run: u32, plan: &Plan, peer: Peer, what: &str) {
        let troubles = [
            ("lost", self.lost()),
            ("short", self.tallies.short()),
            ("gaps", self.tallies.gaps()),
            ("resets", self.tallies.resets()),
            ("failed", self.tallies.failed()),
        ];
        let troubles = troubles.into_iter().filter(|(_, many)| *many > 0);
        let troubles: String = troubles
            .map(|(name, many)| format!(", {many} {name}"))
            .collect();
        eprintln!(
            "   {run} of {}: {:<5} {what}: {:7.3} us, {:8.0}/s, core {:3.0} %, others {:3.0} %, clients {:3.0} %{troubles}",
            plan.runs,
            peer.name(),
            self.each_ns() / 1e3,
            self.rate(),
            self.share(self.ns),
            self.others,
            self.share(self.client_ns),
        );
    }

    fn line(&self, word: &str, peer: Peer) -> Line {
        Line::new(word)
            .with("server", peer.name())
            .with("ns", format!("{:.1}", self.each_ns()))
            .with("rate", format!("{:.0}", self.rate()))
            .with("core", format!("{:.1}", self.share(self.ns)))
            .with("others", format!("{:.1}", self.others))
            .with("clients", format!("{:.1}", self.share(self.client_ns)))
            .with(
                "packets",
                format!("{:.2}", self.tallies.packets() as f64 / self.many()),
            )
    }

    fn tell(&self, peer: Peer, page: &str, flight: u32, bytes: usize) {
        self.line("connection", peer)
            .with("page", page)
            .with("flight", flight)
            .with("bytes", bytes)
            .with("lost", self.lost())
            .with(
                "wrong",
                self.tallies.short() + self.tallies.resets() + self.tallies.failed(),
            )
            .print();
    }

    fn tell_flood(&self, peer: Peer) {
        self.line("flood", peer).print();
    }
}

/// Bytes of all maps that this process has, ours and the clients'.
fn map_bytes() -> anyhow::Result<i64> {
    let mut sum = 0;
    for entry in fs::read_dir("/proc/self/fdinfo")?.flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        if !text.contains("map_type:") {
            continue;
        }
        let line = text.lines().find_map(|line| line.strip_prefix("memlock:"));
        sum += line
            .and_then(|number| number.trim().parse::<i64>().ok())
            .unwrap_or(0);
    }
    Ok(sum)
}
