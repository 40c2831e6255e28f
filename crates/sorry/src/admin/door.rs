//! Limits reached at the operator's own doors. They are counted apart from the workers': a scraper that is too slow
//! says nothing about the site's visitors. So are requests of those who may not.

use std::sync::atomic::{AtomicU64, Ordering};

/// One of the operator's doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The metrics endpoint.
    Metrics,
    /// The admin socket.
    Admin,
    /// The admin API over TCP.
    Remote,
}

/// A limit there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Connections at a time.
    Connections,
    /// Time for a request to arrive.
    RequestTime,
    /// Bytes of a request.
    RequestBytes,
    /// Time between requests.
    IdleTime,
    /// Time for the daemon to reply.
    ReplyTime,
    /// Time for the client to take an answer.
    WriteTime,
    /// The process or the machine is out of descriptors.
    Descriptors,
    /// A token that is not in the file; those of an address that is not listened to any more, too.
    WrongTokens,
}

impl Door {
    /// All, in the order of their numbers.
    pub const ALL: [Door; 3] = [Door::Metrics, Door::Admin, Door::Remote];

    /// The label in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Door::Metrics => "metrics",
            Door::Admin => "admin",
            Door::Remote => "remote",
        }
    }
}

impl Bound {
    /// All, in the order of their numbers.
    pub const ALL: [Bound; 8] = [
        Bound::Connections,
        Bound::RequestTime,
        Bound::RequestBytes,
        Bound::IdleTime,
        Bound::ReplyTime,
        Bound::WriteTime,
        Bound::Descriptors,
        Bound::WrongTokens,
    ];

    /// The label in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Bound::Connections => "connections",
            Bound::RequestTime => "request-time",
            Bound::RequestBytes => "request-bytes",
            Bound::IdleTime => "idle-time",
            Bound::ReplyTime => "reply-time",
            Bound::WriteTime => "write-time",
            Bound::Descriptors => "descriptors",
            Bound::WrongTokens => "wrong-tokens",
        }
    }
}

/// The counts of all doors; shared by their servers and the metrics page.
#[derive(Debug, Default)]
pub struct Doors {
    reached: [[AtomicU64; Bound::ALL.len()]; Door::ALL.len()],
    refused: [AtomicU64; Door::ALL.len()],
}

impl Doors {
    /// Counts a limit that was reached.
    pub fn reached(&self, door: Door, bound: Bound) {
        self.reached[door as usize][bound as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was.
    pub fn count(&self, door: Door, bound: Bound) -> u64 {
        self.reached[door as usize][bound as usize].load(Ordering::Relaxed)
    }

    /// Counts a request of somebody who may not.
    pub fn refused(&self, door: Door) {
        self.refused[door as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn refusals(&self, door: Door) -> u64 {
        self.refused[door as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_of_each_door_is_counted_apart() {
        let doors = Doors::default();
        for door in Door::ALL {
            for bound in Bound::ALL {
                doors.reached(door, bound);
                assert_eq!(doors.count(door, bound), 1, "{door:?} {bound:?}");
            }
        }
        doors.reached(Door::Admin, Bound::Descriptors);
        assert_eq!(doors.count(Door::Admin, Bound::Descriptors), 2);
        assert_eq!(doors.count(Door::Metrics, Bound::Descriptors), 1);
        doors.refused(Door::Remote);
        let refusals = Door::ALL.map(|door| doors.refusals(door));
        assert_eq!(refusals, [0, 0, 1]);
    }
}
