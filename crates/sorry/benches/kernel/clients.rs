//! The clients without sockets at the near end of a cable: `crates/bpf/c/load.bpf.c`, whose maps are said here again.

use anyhow::{Context as _, bail, ensure};
use aya::maps::{Array, Map, MapData, MapError, PerCpuArray};
use aya::programs::{Program, TestRun as _, TestRunAttrs, TestRunOptions, Xdp, XdpMode};
use aya::{Ebpf, EbpfLoader};
use sorry_bpf::layout;

use crate::cable::Cable;
use crate::witness::REQUEST;

/// The most that can be in flight.
pub(crate) const SEATS: u32 = 256;

/// What they do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Nothing is sent.
    Still,
    /// A new connection after each.
    Loop,
    /// Those that are open are ended.
    Finish,
    /// A SYN after each SYN-ACK, from anywhere.
    Flood,
}

const PLAN: usize = 172;

/// A place at the near end, with one connection at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Connections begun.
    pub(crate) begun: u32,
    /// Connections that were whole.
    pub(crate) done: u32,
}

const TALLIES: usize = 9;

/// What was counted, since the clients are there.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tallies([u64; TALLIES]);

macro_rules! tallies {
    ($($(#[doc = $doc:literal])+ $name:ident = $at:literal,)+) => {
        impl Tallies {
            $($(#[doc = $doc])+ pub(crate) fn $name(&self) -> u64 { self.0[$at] })+
        }
    };
}

tallies! {
    /// Connections from their SYN to the last acknowledgement.
    done = 0,
    /// SYN-ACKs.
    greeted = 1,
    /// Packets of the server.
    packets = 2,
    /// Answers that had fewer bytes than they should have.
    short = 4,
    /// FINs that came before what they end.
    gaps = 5,
    /// RSTs.
    resets = 6,
    /// Packets that could not be made longer.
    failed = 7,
    /// Connections that were given up, for a packet was lost.
    lost = 8,
}

impl Tallies {
    pub(crate) fn since(&self, before: &Tallies) -> Tallies {
        let mut difference = [0; TALLIES];
        for (at, value) in difference.iter_mut().enumerate() {
            *value = self.0[at] - before.0[at];
        }
        Tallies(difference)
    }
}

pub(crate) struct Clients {
    object: Ebpf,
    plans: Array<MapData, [u8; PLAN]>,
    seats: Array<MapData, [u32; 9]>,
    waiting: Array<MapData, u32>,
    begun: Array<MapData, u32>,
    tallied: PerCpuArray<MapData, [u64; TALLIES]>,
    plan: [u8; PLAN],
}

impl Clients {
    /// Attaches them to the near end.
    pub(crate) fn new(cable: &Cable) -> anyhow::Result<Clients> {
        let mut object = load()?;
        xdp(&mut object, "begin")?.load()?;
        let client = xdp(&mut object, "client")?;
        client.load()?;
        client.attach(&cable.near, XdpMode::Driver)?;
        let mut plan = [0; PLAN];
        plan[4..8].copy_from_slice(&cable.index.to_ne_bytes());
        plan[8..12].copy_from_slice(&cable.far_address().octets());
        plan[32..44].copy_from_slice(&cable.links());
        Ok(Clients {
            plans: taken(&mut object, "plans")?,
            seats: taken(&mut object, "seats")?,
            waiting: taken(&mut object, "waiting")?,
            begun: taken(&mut object, "begun")?,
            tallied: taken(&mut object, "tallied")?,
            object,
            plan,
        })
    }

    /// What they are to ask for, and how many bytes an answer has at least.
    pub(crate) fn aim(&mut self, port: u16, least: usize) -> anyhow::Result<()> {
        let number = |value: usize| u32::try_from(value).unwrap_or(0).to_ne_bytes();
        self.plan[12..14].copy_from_slice(&port.to_be_bytes());
        self.plan[16..20].copy_from_slice(&number(least));
        self.plan[20..24].copy_from_slice(&number(REQUEST.len()));
        self.plan[24..28].copy_from_slice(&u32::from(layout::sum(REQUEST)).to_ne_bytes());
        self.plan[44..44 + REQUEST.len()].copy_from_slice(REQUEST);
        self.turn_to(Doing::Still)
    }

    /// With so many connections in flight.
    pub(crate) fn fly(&mut self, doing: Doing, flight: u32) -> anyhow::Result<()> {
        self.plan[28..32].copy_from_slice(&flight.to_ne_bytes());
        self.turn_to(doing)?;
        let all: Vec<u32> = (0..flight).collect();
        self.begin(&all)
    }

    pub(crate) fn turn_to(&mut self, doing: Doing) -> anyhow::Result<()> {
        self.plan[..4].copy_from_slice(&(doing as u32).to_ne_bytes());
        Ok(self.plans.set(0, self.plan, 0)?)
    }

    /// Begins a connection in each of these seats.
    pub(crate) fn begin(&mut self, seats: &[u32]) -> anyhow::Result<()> {
        if seats.is_empty() {
            return Ok(());
        }
        for (place, seat) in (0..).zip(seats) {
            self.waiting.set(place, seat, 0)?;
        }
        self.begun.set(0, 0, 0)?;
        let many = u32::try_from(seats.len())?;
        ensure!(many <= SEATS, "there are {SEATS} seats");
        let options = TestRunOptions {
            data_in: Some(&[0; 74]),
            repeat: many,
            attrs: TestRunAttrs::new().xdp_live_frames(many),
            ..TestRunOptions::default()
        };
        xdp(&mut self.object, "begin")?.test_run(options)?;
        Ok(())
    }

    pub(crate) fn seats(&self, many: u32) -> anyhow::Result<Vec<Seat>> {
        let seat = |index: u32| {
            let words = self.seats.get(&index, 0)?;
            Ok(Seat {
                begun: words[0],
                done: words[7],
            })
        };
        (0..many).map(seat).collect()
    }

    pub(crate) fn tallies(&self) -> anyhow::Result<Tallies> {
        let mut sum = Tallies::default();
        for counts in self.tallied.get(&0, 0)?.iter() {
            for (total, count) in sum.0.iter_mut().zip(counts) {
                *total += count;
            }
        }
        Ok(sum)
    }
}

/// What lets everything by at the far end, for as long as it is kept.
pub(crate) fn let_by(device: &str) -> anyhow::Result<Ebpf> {
    let mut object = load()?;
    let pass = xdp(&mut object, "pass")?;
    pass.load()?;
    pass.attach(device, XdpMode::Driver)?;
    Ok(object)
}

fn load() -> anyhow::Result<Ebpf> {
    let mut loader = EbpfLoader::new();
    loader
        .btf(None)
        .load(sorry_bpf::LOAD)
        .context("cannot load the clients")
}

pub(crate) fn xdp<'o>(object: &'o mut Ebpf, name: &str) -> anyhow::Result<&'o mut Xdp> {
    match object.program_mut(name) {
        Some(Program::Xdp(xdp)) => Ok(xdp),
        _ => bail!("the object has no program {name}"),
    }
}

pub(crate) fn taken<T: TryFrom<Map, Error = MapError>>(
    object: &mut Ebpf,
    name: &str,
) -> anyhow::Result<T> {
    let map = object
        .take_map(name)
        .with_context(|| format!("the object has no map {name}"))?;
    Ok(T::try_from(map)?)
}
