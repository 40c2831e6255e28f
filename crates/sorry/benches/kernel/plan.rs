//! What one call is to measure. Only `cargo xtask bench kernel` writes these arguments; it explains them to people.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::peers::Peer;

/// The kinds of runs, by the words with which their lines begin.
const KINDS: [&str; 3] = ["connection", "flood", "packet"];

pub(crate) struct Plan {
    pub(crate) connections: bool,
    pub(crate) flood: bool,
    pub(crate) packets: bool,
    pub(crate) servers: Vec<Peer>,
    /// How many connections are in flight at once.
    pub(crate) flights: Vec<u32>,
    pub(crate) runs: u32,
    /// How long each takes.
    pub(crate) time: Duration,
    /// How often a program is run on trial at a time.
    pub(crate) repeat: u32,
    /// How long to wait, in all, until nobody else is busy.
    pub(crate) patience: Duration,
    /// Our server with sockets.
    pub(crate) sorry: PathBuf,
}

impl Plan {
    pub(crate) fn read(arguments: &[String]) -> anyhow::Result<Plan> {
        let mut plan = Plan {
            connections: true,
            flood: true,
            packets: true,
            servers: Peer::ALL.to_vec(),
            flights: vec![16, 64, 128],
            runs: 5,
            time: Duration::from_secs(2),
            repeat: 100_000,
            patience: Duration::ZERO,
            sorry: env!("CARGO_BIN_EXE_sorry").into(),
        };
        // What cargo says to every benchmark.
        let mut left = arguments.iter().filter(|argument| *argument != "--bench");
        while let Some(name) = left.next() {
            let value = left
                .next()
                .with_context(|| format!("{name} lacks its value"))?;
            let number = || {
                value
                    .parse::<u32>()
                    .with_context(|| format!("{name} {value}"))
            };
            match name.as_str() {
                "--only" => plan.only(value)?,
                "--servers" => {
                    let servers = value.split(',').map(Peer::named);
                    plan.servers = servers.collect::<anyhow::Result<_>>()?;
                }
                "--flights" => {
                    let flights = value.split(',').map(str::parse);
                    plan.flights = flights.collect::<Result<_, _>>().context("--flights")?;
                }
                "--runs" => plan.runs = number()?,
                "--milliseconds" => plan.time = Duration::from_millis(number()?.into()),
                "--repeat" => plan.repeat = number()?,
                "--patience" => plan.patience = Duration::from_secs(number()?.into()),
                "--sorry" => plan.sorry = value.into(),
                _ => bail!("there is no option {name}"),
            }
        }
        Ok(plan)
    }

    fn only(&mut self, list: &str) -> anyhow::Result<()> {
        if let Some(strange) = list.split(',').find(|word| !KINDS.contains(word)) {
            bail!("there is no kind of run {strange}");
        }
        let [connections, flood, packets] =
            KINDS.map(|kind| list.split(',').any(|word| word == kind));
        (self.connections, self.flood, self.packets) = (connections, flood, packets);
        Ok(())
    }
}
