//! Whether the server in user space has more to do than it can, so that the kernel is to answer for it; and when it can do it again.
//!
//! While the kernel answers, the server has nothing to do, and that says nothing. So what counts for the way back is how much was
//! asked when it became too much: once at most half of that is asked for long enough, and nothing else is too much,
//! the server could do it.

use std::time::Duration;

use crate::moment::Tick;

/// Connections of all that there may be, in thousandths, from which it is too much.
const CROWDED: u32 = 800;
/// Time that the busiest worker works, in thousandths, from which it is too much.
const BUSY: u32 = 900;
/// For how long it must be too much.
const TOO_MUCH_FOR: Duration = Duration::from_secs(2);
/// For how long it must be less than half.
const LITTLE_FOR: Duration = Duration::from_secs(30);

/// What the server had to do since the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Open connections of those that there may be, in thousandths.
    pub connections: u32,
    /// Time that the busiest worker worked, in thousandths.
    pub busy: u32,
    /// What is asked of both, the server and the kernel, in requests per second.
    pub asked: u64,
}

/// Why it is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Too many connections, in thousandths of those that there may be.
    Connections(u32),
    /// A worker has no time left, in thousandths.
    Busy(u32),
}

/// Whether it is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overload {
    /// Why, and how much was asked then.
    over: Option<(Cause, u64)>,
    /// Since when what would change it is so.
    since: Option<Tick>,
}

impl Overload {
    /// As it was for the process before this one.
    pub fn found(cause: Cause, asked: u64) -> Overload {
        Overload {
            over: Some((cause, asked)),
            since: None,
        }
    }

    /// Why it is too much, and how many requests per second were asked for when it became that.
    pub fn state(&self) -> Option<(Cause, u64)> {
        self.over
    }

    /// Takes in what there was to do.
    pub fn look(&mut self, load: &Load, now: Tick) {
        let (cause, long) = match self.over {
            None => (too_much(load), TOO_MUCH_FOR),
            Some((cause, asked)) => (is_little(load, asked).then_some(cause), LITTLE_FOR),
        };
        let Some(cause) = cause else {
            self.since = None;
            return;
        };
        let since = *self.since.get_or_insert(now);
        if now.since(since) >= long {
            self.since = None;
            self.over = match self.over {
                None => Some((cause, load.asked)),
                Some(_) => None,
            };
        }
    }

    /// Why it is too much, where it is.
    pub fn cause(&self) -> Option<Cause> {
        self.over.map(|(cause, _)| cause)
    }
}

/// Whether the server could do it again, which had too much to do when so many requests were asked for. There may have been none: connections
/// alone can be too many, and then it counts that they have gone.
fn is_little(load: &Load, asked: u64) -> bool {
    load.asked <= asked / 2 && too_much(load).is_none()
}

fn too_much(load: &Load) -> Option<Cause> {
    if load.connections >= CROWDED {
        Some(Cause::Connections(load.connections))
    } else if load.busy >= BUSY {
        Some(Cause::Busy(load.busy))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(connections: u32, busy: u32, asked: u64) -> Load {
        Load {
            connections,
            busy,
            asked,
        }
    }

    #[test]
    fn it_takes_time_to_be_too_much_and_longer_to_be_little() {
        let mut overload = Overload::default();
        let full = load(100, 950, 60_000);
        for (second, load, over) in [
            (0, full, false),
            (1, load(100, 500, 60_000), false),
            (2, full, false),
            (4, full, true),
            // The kernel answers now: the server is idle, but as much is asked.
            (5, load(0, 0, 60_000), true),
            (60, load(0, 0, 31_000), true),
            (61, load(0, 0, 29_000), true),
            (80, load(0, 0, 31_000), true),
            (81, load(0, 0, 29_000), true),
            (110, load(0, 0, 100), true),
            (111, load(0, 0, 100), false),
            (112, load(850, 0, 10), false),
            (114, load(850, 0, 10), true),
            // Nobody asks, but those that made it too many are still there.
            (115, load(850, 0, 0), true),
            (150, load(850, 0, 0), true),
            (151, load(799, 0, 5), true),
            (180, load(0, 0, 0), true),
            (181, load(0, 0, 0), false),
            // Connections that ask for nothing at all are too many, too, and do not make it so for good.
            (182, load(900, 0, 0), false),
            (184, load(900, 0, 0), true),
            (185, load(0, 0, 0), true),
            (215, load(0, 0, 0), false),
            (216, load(850, 0, 10), false),
            (218, load(850, 0, 10), true),
        ] {
            overload.look(&load, Tick(second * 1000));
            assert_eq!(overload.cause().is_some(), over, "{second}");
        }
        assert_eq!(overload.cause(), Some(Cause::Connections(850)));
    }
}
