//! Which group belongs into which lane, and how many of its tests run at once. What is not in the table runs in lane 1, four at once,
//! and may be taken by an idle lane 0.

/// One of the two cores that tests run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// What measures time or starts guests.
    Zero,
    /// The rest.
    One,
}

impl Lane {
    pub(crate) const BOTH: [Self; 2] = [Self::Zero, Self::One];

    /// Its number, for people and for the list of cores.
    pub(crate) fn number(self) -> usize {
        match self {
            Self::Zero => 0,
            Self::One => 1,
        }
    }
}

/// Whether an idle lane may take a group that belongs to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    Exclusive,
    Movable,
}

/// How a group runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Habit {
    pub(crate) lane: Lane,
    pub(crate) binding: Binding,
    /// `--test-threads`.
    pub(crate) threads: u32,
}

const USUAL: Habit = Habit {
    lane: Lane::One,
    binding: Binding::Movable,
    threads: 4,
};

/// The exceptions, each with its reason.
const TABLE: &[(&str, Habit, &str)] = &[
    (
        "it::takeover",
        measuring(1),
        "counts refused connections while processes change places: a neighbour on the core would slow it beyond its deadlines",
    ),
    (
        "it::abuse",
        measuring(1),
        "thousands of slow connections and deadlines; takes most file descriptors for itself",
    ),
    (
        "it::allocations",
        measuring(1),
        "counts what one thread allocates: a neighbour in the process would count along",
    ),
    (
        "it::kernel",
        measuring(2),
        "starts a guest, whose processor is emulated on ours, and measures answers across a wire that loses packets",
    ),
    (
        "soak",
        measuring(1),
        "kills processes and counts who was refused, within deadlines",
    ),
    (
        "bench",
        measuring(1),
        "takes both cores for a second, whatever lane it is in",
    ),
    (
        "bench-kernel",
        measuring(1),
        "takes both cores for a few seconds, whatever lane it is in",
    ),
    (
        "it::balancers",
        rest(2),
        "each test starts a balancer beside our program: four at once would only wait for each other",
    ),
    (
        "it::check",
        rest(2),
        "each test starts servers to check: four at once would only wait for each other",
    ),
    (
        "it::clients",
        rest(2),
        "starts Chromium and Python: four at once would only wait for each other",
    ),
    (
        "it::packaging",
        rest(1),
        "installs the one package and removes it again",
    ),
];

const fn measuring(threads: u32) -> Habit {
    Habit {
        lane: Lane::Zero,
        binding: Binding::Exclusive,
        threads,
    }
}

const fn rest(threads: u32) -> Habit {
    Habit { threads, ..USUAL }
}

/// How the group of that name runs.
pub(crate) fn of(group: &str) -> Habit {
    let found = TABLE.iter().find(|(name, _, _)| *name == group);
    found.map_or(USUAL, |(_, habit, _)| *habit)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Binding, Lane, TABLE, of};

    #[test]
    fn each_exception_is_named_once_with_a_reason() {
        let names: BTreeSet<&str> = TABLE.iter().map(|(name, _, _)| *name).collect();
        assert_eq!(names.len(), TABLE.len());
        assert!(TABLE.iter().all(|(_, _, reason)| reason.len() > 10));
    }

    #[test]
    fn what_is_not_listed_is_usual() {
        let habit = of("it::something-new");
        assert_eq!(
            (habit.lane, habit.binding, habit.threads),
            (Lane::One, Binding::Movable, 4)
        );
        assert_eq!(of("it::takeover").binding, Binding::Exclusive);
    }
}
