//! Nanoseconds for one packet of each kind: the responder's own programs, as the kernel runs them on trial (BPF_PROG_TEST_RUN), with lists and token
//! buckets on. Each trial brings the packet back first, and what that costs is taken off: `crates/bpf/c/trial.bpf.c` says how.

use std::fs;
use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use aya::maps::{Array, MapData, ProgramArray};
use aya::programs::{
    Program, ProgramError, ProgramFd, TestRun as _, TestRunOptions, TestRunResult, loaded_programs,
};
use aya::{Ebpf, EbpfLoader};
use sorry_bpf::{layout::Kind, program};
use sorry_server::kernel::Place;

use crate::frame::{ACK, FIN, Frame, PSH, SYN, seq_of};
use crate::pages;
use crate::plan::Plan;
use crate::responder::{self, NEAR_LISTED};
use crate::stage::{self, SERVER_CORE};
use crate::told::Line;

/// What curl asks.
const CURL: &str =
    "GET / HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n";

/// What Chrome asks.
const BROWSER: &str = "GET /collections/shoes/blue-suede?size=42&page=3 HTTP/1.1\r\nHost: shop.example\r\n\
    Connection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) \
    AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\nAccept: text/html,application/xhtml+xml,\
    application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n";

/// Clients and servers of both protocols. Each client hears another Retry-After, so that the page is copied from another place: where source and
/// target lie towards each other makes a difference on some processors. The last one has listed neighbours.
const WAYS: [(&str, [&str; 6], &str); 2] = [
    (
        "4",
        [
            "203.0.113.7:40000",
            "198.51.100.8:40000",
            "203.0.113.9:40000",
            "198.51.100.10:40000",
            "203.0.113.11:40000",
            NEAR_LISTED.0,
        ],
        "192.0.2.1:80",
    ),
    (
        "6",
        [
            "[2a00:1450::7]:40000",
            "[2a00:1451::8]:40000",
            "[2a00:1452::9]:40000",
            "[2a00:1453::10]:40000",
            "[2a00:1454::11]:40000",
            NEAR_LISTED.1,
        ],
        "[2001:db8::1]:80",
    ),
];

pub(crate) fn measure(plan: &Plan) -> anyhow::Result<()> {
    stage::stay_on(SERVER_CORE)?;
    let folder = tempfile::tempdir()?;
    let pages = pages::make(folder.path())?;
    let page = &pages[0];
    for peer in &plan.servers {
        let Some(place) = peer.place().filter(|_| !peer.is_for_long_pages()) else {
            continue;
        };
        let mut responder = responder::load(place)?;
        let vips = WAYS.iter().map(|(_, _, server)| server.parse());
        let vips = vips.collect::<Result<Vec<SocketAddr>, _>>()?;
        responder::fill(&mut responder, &[(vips, page.speech.clone())])?;
        let mut trial = Trial::new(place)?;
        let whole = u32::try_from(page.speech.end(Kind::Page))?;
        let mut all = Vec::new();
        for (family, clients, server) in WAYS {
            let clients = clients.iter().map(|client| client.parse());
            let clients = clients.collect::<Result<Vec<SocketAddr>, _>>()?;
            let sorts = Sort::all(&mut trial, &clients, server.parse()?, whole)?;
            all.extend(sorts.into_iter().map(|sort| (family, sort)));
        }
        // In turns: a machine that is slow for a while is slow for all kinds, and for some of the runs of each.
        for _ in 0..plan.runs {
            for (_, sort) in &mut all {
                sort.run(&mut trial, plan)?;
            }
        }
        for (family, sort) in all {
            tell(peer.name(), family, sort);
        }
    }
    Ok(())
}

fn tell(server: &str, family: &str, sort: Sort) {
    let name = sort.name;
    let (median, most) = sort.median();
    eprintln!("   {server:<4} IPv{family} {name:<28} {median:6.1} ns, at most {most:6.1}");
    Line::new("packet")
        .with("server", server)
        .with("family", family)
        .with("kind", name)
        .with("ns", format!("{median:.1}"))
        .with("most", format!("{most:.1}"))
        .print();
}

/// What becomes of a packet.
#[derive(Clone, Copy)]
enum Fate {
    Sent,
    Dropped,
    Passed,
}

impl Fate {
    /// What the program returns then: XDP_TX, XDP_DROP, XDP_PASS; TC_ACT_REDIRECT, TC_ACT_SHOT, TC_ACT_UNSPEC (linux/bpf.h,
    /// linux/pkt_cls.h).
    fn number(self, place: Place) -> u32 {
        match (place, self) {
            (Place::Driver, Fate::Sent) => 3,
            (Place::Driver, Fate::Dropped) => 1,
            (Place::Driver, Fate::Passed) => 2,
            (Place::Ingress, Fate::Sent) => 7,
            (Place::Ingress, Fate::Dropped) => 2,
            (Place::Ingress, Fate::Passed) => u32::MAX,
        }
    }
}

/// A kind of packet.
struct Sort {
    name: &'static str,
    fate: Fate,
    /// One of each client.
    packets: Vec<Vec<u8>>,
    /// Nanoseconds for each of them, by run.
    times: Vec<Vec<f64>>,
}

impl Sort {
    /// All kinds; `whole` is the length of the page's answer.
    fn all(
        trial: &mut Trial,
        clients: &[SocketAddr],
        server: SocketAddr,
        whole: u32,
    ) -> anyhow::Result<Vec<Sort>> {
        let mut sorts: Vec<Sort> = Vec::new();
        let (near, others) = clients.split_last().context("there are no clients")?;
        for client in others {
            for (name, fate, frame) in frames(trial, *client, *near, server, whole)? {
                let known = sorts.iter_mut().find(|sort| sort.name == name);
                match known {
                    Some(sort) => {
                        sort.packets.push(frame.to_bytes());
                        sort.times.push(Vec::new());
                    }
                    None => sorts.push(Sort {
                        name,
                        fate,
                        packets: vec![frame.to_bytes()],
                        times: vec![Vec::new()],
                    }),
                }
            }
        }
        Ok(sorts)
    }

    /// One run more of each packet.
    fn run(&mut self, trial: &mut Trial, plan: &Plan) -> anyhow::Result<()> {
        for (packet, times) in self.packets.iter().zip(&mut self.times) {
            let fate = trial.once(packet)?.0;
            ensure!(
                fate == self.fate.number(trial.place),
                "{}: it returned {fate}",
                self.name
            );
            times.push(trial.measure(packet, plan)?);
        }
        Ok(())
    }

    /// Nanoseconds for each: the median of all clients' medians, and the greatest of those.
    fn median(mut self) -> (f64, f64) {
        let middle = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        let mut medians: Vec<f64> = self.times.iter_mut().map(middle).collect();
        medians.sort_by(f64::total_cmp);
        (medians[medians.len() / 2], medians[medians.len() - 1])
    }
}

fn frames(
    trial: &mut Trial,
    client: SocketAddr,
    near: SocketAddr,
    server: SocketAddr,
    whole: u32,
) -> anyhow::Result<Vec<(&'static str, Fate, Frame)>> {
    let frame = |seq, ack, flags, data: &str| Frame {
        from: client,
        to: server,
        seq,
        ack,
        flags,
        data: data.as_bytes().to_vec(),
    };
    let syn = || frame(1000, 0, SYN, "");
    let greeting = trial.once(&syn().to_bytes())?.1;
    let first = seq_of(&greeting).context("no SYN-ACK")?.wrapping_add(1);
    let end = first.wrapping_add(whole + 1);
    let foreign = first.wrapping_add(0x7000_0000);
    let request = |ack, data| frame(1001, ack, ACK | PSH, data);
    let other = SocketAddr::new(server.ip(), 8443);
    Ok(vec![
        ("syn", Fate::Sent, syn()),
        (
            "syn-near-listed",
            Fate::Sent,
            Frame {
                from: near,
                ..syn()
            },
        ),
        ("ack", Fate::Dropped, frame(1001, first, ACK, "")),
        ("request-curl", Fate::Sent, request(first, CURL)),
        ("request-browser", Fate::Sent, request(first, BROWSER)),
        ("fin", Fate::Sent, frame(1001 + 500, end, ACK | FIN, "")),
        ("foreign", Fate::Passed, request(foreign, CURL)),
        (
            "other-port",
            Fate::Passed,
            Frame {
                to: other,
                ..request(first, CURL)
            },
        ),
    ])
}

/// What brings packets back, and what is measured behind it.
struct Trial {
    object: Ebpf,
    place: Place,
    packet: Array<MapData, [u8; 1520]>,
    measured: ProgramArray<MapData>,
    responder: ProgramFd,
    nothing: ProgramFd,
}

impl Trial {
    /// For the responder of this place that this process has.
    fn new(place: Place) -> anyhow::Result<Trial> {
        let mut object = EbpfLoader::new().btf(None).load(sorry_bpf::TRIAL)?;
        let (again, nothing, map, name) = match place {
            Place::Driver => ("again_xdp", "nothing_xdp", "measured_xdp", program::XDP),
            Place::Ingress => ("again_tc", "nothing_tc", "measured_tc", program::TC),
        };
        for program in [again, nothing] {
            match object.program_mut(program) {
                Some(Program::Xdp(xdp)) => xdp.load()?,
                Some(Program::SchedClassifier(tc)) => tc.load()?,
                _ => bail!("the object has no program {program}"),
            }
        }
        let nothing = match object.program(nothing) {
            Some(Program::Xdp(xdp)) => xdp.fd()?.try_clone()?,
            Some(Program::SchedClassifier(tc)) => tc.fd()?.try_clone()?,
            _ => bail!("the object has no program {nothing}"),
        };
        Ok(Trial {
            packet: crate::clients::taken(&mut object, "packet")?,
            measured: crate::clients::taken(&mut object, map)?,
            object,
            place,
            responder: own_program(name)?,
            nothing,
        })
    }

    /// Runs the responder once; what it returned, and what became of the packet.
    fn once(&mut self, bytes: &[u8]) -> anyhow::Result<(u32, Vec<u8>)> {
        self.bring(bytes)?;
        self.measured.set(0, &self.responder, 0)?;
        let mut out = vec![0; 4096];
        let result = self.run(bytes, 1, Some(&mut out))?;
        out.truncate(usize::try_from(result.data_size_out)?);
        Ok((result.return_value, out))
    }

    /// Nanoseconds for each packet.
    fn measure(&mut self, packet: &[u8], plan: &Plan) -> anyhow::Result<f64> {
        self.measured.set(0, &self.nothing, 0)?;
        let bare = self.run(packet, plan.repeat, None)?.duration;
        self.measured.set(0, &self.responder, 0)?;
        let with = self.run(packet, plan.repeat, None)?.duration;
        Ok(with.as_nanos() as f64 - bare.as_nanos() as f64)
    }

    fn bring(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut value = [0; 1520];
        value[..4].copy_from_slice(&u32::try_from(bytes.len())?.to_ne_bytes());
        value[4..4 + bytes.len()].copy_from_slice(bytes);
        Ok(self.packet.set(0, value, 0)?)
    }

    fn run(
        &mut self,
        bytes: &[u8],
        repeat: u32,
        out: Option<&mut [u8]>,
    ) -> Result<TestRunResult, ProgramError> {
        let options = TestRunOptions {
            data_in: Some(bytes),
            data_out: out,
            repeat,
            ..TestRunOptions::default()
        };
        match (
            self.object.program("again_xdp"),
            self.object.program("again_tc"),
        ) {
            (Some(Program::Xdp(xdp)), _) if self.place == Place::Driver => xdp.test_run(options),
            (_, Some(Program::SchedClassifier(tc))) => tc.test_run(options),
            _ => Err(ProgramError::NotLoaded),
        }
    }
}

/// A program of this name that this process holds: the responder does not give its own away.
fn own_program(name: &str) -> anyhow::Result<ProgramFd> {
    let mut own = Vec::new();
    for entry in fs::read_dir("/proc/self/fdinfo")?.flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let id = text.lines().find_map(|line| line.strip_prefix("prog_id:"));
        own.extend(id.and_then(|id| id.trim().parse::<u32>().ok()));
    }
    for info in loaded_programs() {
        let info = info?;
        if own.contains(&info.id()) && info.name_as_str() == Some(name) {
            return Ok(info.fd()?);
        }
    }
    bail!("no program {name} is loaded")
}
