//! Attackers: threads that attack again and again and hold a bounded number of connections open. What an attack meets is its own affair.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::attack::ATTACKS;
use super::dice::Dice;
use crate::bench::quiet;

/// Connections that one attacker holds: all of them together stay below the usual limit of open files.
const HELD: usize = 120;

pub(crate) struct Attackers {
    stop: Arc<AtomicBool>,
    attacks: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Attackers {
    /// So many, each with a rest after each attack.
    pub(crate) fn start(address: SocketAddr, count: u64, dice: &Dice, rest: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let attacks = Arc::new(AtomicU64::new(0));
        let threads = (0..count)
            .map(|number| {
                let (stop, attacks) = (Arc::clone(&stop), Arc::clone(&attacks));
                let mut dice = dice.another(number);
                std::thread::spawn(move || {
                    let mut held = VecDeque::new();
                    while !stop.load(Ordering::Relaxed) {
                        attack(address, &mut dice, &mut held);
                        attacks.fetch_add(1, Ordering::Relaxed);
                        quiet::pass(rest);
                    }
                })
            })
            .collect();
        Self {
            stop,
            attacks,
            threads,
        }
    }

    pub(crate) fn attacks(&self) -> u64 {
        self.attacks.load(Ordering::Relaxed)
    }
}

fn attack(address: SocketAddr, dice: &mut Dice, held: &mut VecDeque<TcpStream>) {
    let which = usize::try_from(dice.below(ATTACKS.len() as u64)).unwrap_or_default();
    // A reset or a closed door is what an attacker deserves.
    held.extend(ATTACKS[which](address, dice).unwrap_or_default());
    while held.len() > HELD {
        held.pop_front();
    }
}

impl Drop for Attackers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}
