//! One number that one thread writes and others may read.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter or gauge with a single writer. Readers may see it a moment late, never torn.
#[derive(Debug, Default)]
pub struct Cell(AtomicU64);

impl Cell {
    /// Adds one. Only the writer may call it: this is a load and a store, not an atomic addition.
    pub fn bump(&self) {
        self.add(1);
    }

    /// Adds `n`; only the writer may.
    pub fn add(&self, n: u64) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_add(n),
            Ordering::Relaxed,
        );
    }

    /// Takes one back; only the writer may.
    pub fn drop_one(&self) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_sub(1),
            Ordering::Relaxed,
        );
    }

    /// The number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
