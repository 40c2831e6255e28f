//! A cable: a pair of virtual Ethernet devices (veth), with clients at the near end and a server at the far one. It is no network card: nothing is
//! copied by a device, no doorbell is rung and no interrupt comes; a packet is handed over in memory, and a thread of the kernel for
//! each end takes it from there (threaded NAPI), so that what receiving costs is somebody's CPU time.

use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;

use anyhow::Context as _;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::clock;
use crate::cpu;
use crate::stage::{self, CLIENT_CORE, Namespace, SERVER_CORE};

pub(crate) struct Cable {
    number: u8,
    pub(crate) near: String,
    pub(crate) far: String,
    /// The near end's index.
    pub(crate) index: u32,
}

impl Cable {
    /// Lays one; the far end is in the other namespace where there is one.
    pub(crate) fn lay(number: u8, namespace: Option<&Namespace>) -> anyhow::Result<Cable> {
        let own = std::process::id();
        let (near, far) = (format!("c{own}n{number}"), format!("c{own}f{number}"));
        let mut cable = Cable {
            number,
            near,
            far,
            index: 0,
        };
        let Cable { near, far, .. } = &cable;
        let (near_link, far_link) = (link(cable.link(1)), link(cable.link(2)));
        let (near_at, far_at) = (cable.near_address(), cable.far_address());
        stage::run(&format!(
            "ip link add {near} address {near_link} numrxqueues 1 numtxqueues 1 type veth \
             peer name {far} address {far_link} numrxqueues 1 numtxqueues 1"
        ))?;
        stage::run(&format!("ip link set {near} addrgenmode none up"))?;
        stage::run(&format!("ip address add {near_at}/24 dev {near}"))?;
        stage::run(&format!(
            "ip neighbour replace {far_at} lladdr {far_link} dev {near} nud permanent"
        ))?;
        stage::run(&format!("ip link set {far} addrgenmode none up"))?;
        if let Some(namespace) = namespace {
            stage::run(&format!("ip link set {far} netns {}", namespace.holder()))?;
            namespace.run(&format!("ip link set {far} up"))?;
            namespace.run(&format!("ip address add {far_at}/24 dev {far}"))?;
            namespace.run(&format!(
                "ip neighbour replace {near_at} lladdr {near_link} dev {far} nud permanent"
            ))?;
            // Where the clients are, which only the near end's program knows.
            namespace.run(&format!("ip route add 198.18.0.0/15 via {near_at}"))?;
        }
        let index = fs::read_to_string(format!("/sys/class/net/{}/ifindex", cable.near));
        cable.index = index?.trim().parse().context("ifindex")?;
        Ok(cable)
    }

    /// The Ethernet address of an end: 1 is the near one, 2 the far one.
    fn link(&self, end: u8) -> [u8; 6] {
        [2, 0, 0, 0, self.number, end]
    }

    /// Receiver and sender, as they stand in what the clients send.
    pub(crate) fn links(&self) -> [u8; 12] {
        let mut both = [0; 12];
        both[..6].copy_from_slice(&self.link(2));
        both[6..].copy_from_slice(&self.link(1));
        both
    }

    fn near_address(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 91, self.number, 1)
    }

    /// Where the server is.
    pub(crate) fn far_address(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 91, self.number, 2)
    }

    /// Gives each end its thread on its core, once programs are attached to both; returns the near one's and the far one's.
    pub(crate) fn threads(&self, namespace: Option<&Namespace>) -> anyhow::Result<(u32, u32)> {
        let switch = |device: &str| format!("echo 1 > /sys/class/net/{device}/threaded");
        let (near, far) = (switch(&self.near), switch(&self.far));
        stage::ended(Command::new("sh").args(["-c", &near]), &near)?;
        match namespace {
            None => stage::ended(Command::new("sh").args(["-c", &far]), &far)?,
            Some(namespace) => {
                // The kernel's files of that namespace, which are others than ours.
                let far = format!("mount -t sysfs sysfs /sys && {far}");
                let mut command = namespace.command();
                stage::ended(command.args(["unshare", "--mount", "sh", "-c", &far]), &far)?;
            }
        }
        Ok((pin(&self.near, CLIENT_CORE)?, pin(&self.far, SERVER_CORE)?))
    }
}

fn link(address: [u8; 6]) -> String {
    address.map(|byte| format!("{byte:02x}")).join(":")
}

fn pin(device: &str, core: usize) -> anyhow::Result<u32> {
    let pid = clock::until("a thread that receives", || cpu::receiver(device))?;
    let mut cores = CpuSet::new();
    cores.set(core);
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
    sched_setaffinity(raw, &cores)
        .with_context(|| format!("cannot bind the thread of {device}"))?;
    Ok(pid)
}
