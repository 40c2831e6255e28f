//! Deals the groups to two lanes and runs them. `Queue` decides which group is next; the threads below it only do as they are told.

use std::sync::Mutex;
use std::time::Instant;

use super::groups::Group;
use super::habits::{Binding, Lane};
use super::report::Row;
use super::run::{self, Cores};
use crate::budget::Budget;

/// Runs all groups and returns how they ended, in the order of their names.
pub(crate) fn run(groups: Vec<Group>, budget: &Budget) -> Vec<Row> {
    let cores = Cores::allowed();
    eprintln!("-- tests: {} groups, {cores}", groups.len());
    let start = Instant::now();
    let queue = Queue::new(groups, |name| budget.group(name));
    let mut rows = deal(queue, |group, lane| {
        run::run(group, lane, &cores, budget, start)
    });
    rows.sort_by(|a, b| a.group.cmp(&b.group));
    rows
}

/// Lets both lanes work through the queue at the same time.
fn deal<T: Send>(queue: Queue, work: impl Fn(&Group, Lane) -> T + Sync) -> Vec<T> {
    let queue = Mutex::new(queue);
    let done = Mutex::new(Vec::new());
    // A function of its own, so that the lock is given back before the work begins.
    let next = |lane| locked(&queue).next(lane);
    std::thread::scope(|scope| {
        for lane in Lane::BOTH {
            let (next, done, work) = (&next, &done, &work);
            scope.spawn(move || {
                while let Some(group) = next(lane) {
                    let result = work(&group, lane);
                    locked(done).push(result);
                }
            });
        }
    });
    std::mem::take(&mut *locked(&done))
}

/// A lane that panicked has lost its own group only; the other goes on.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The groups that have not started.
struct Queue {
    /// Longest first, so that no long group starts last.
    left: Vec<Group>,
}

impl Queue {
    fn new(mut groups: Vec<Group>, seconds: impl Fn(&str) -> f64) -> Self {
        groups.sort_by(|a, b| seconds(&b.name).total_cmp(&seconds(&a.name)));
        Self { left: groups }
    }

    /// The longest group of this lane's own; if there is none, the longest that the other lane gives away.
    fn next(&mut self, lane: Lane) -> Option<Group> {
        let own = self.left.iter().position(|g| g.habit.lane == lane);
        let given = || {
            let movable = |g: &Group| g.habit.binding == Binding::Movable;
            self.left.iter().position(movable)
        };
        let index = own.or_else(given)?;
        Some(self.left.remove(index))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Condvar, Mutex};
    use std::time::Duration;

    use super::{Queue, deal};
    use crate::test::groups::{Group, Work};
    use crate::test::habits::{Binding, Habit, Lane};

    fn group(name: &str, lane: Lane, binding: Binding) -> Group {
        Group {
            name: name.to_owned(),
            habit: Habit {
                lane,
                binding,
                threads: 1,
            },
            work: Work::Docs,
        }
    }

    /// Names are seconds.
    fn queue(groups: Vec<Group>) -> Queue {
        Queue::new(groups, |name| name.parse().unwrap())
    }

    fn names(queue: &mut Queue, lane: Lane) -> Vec<String> {
        std::iter::from_fn(|| queue.next(lane))
            .map(|g| g.name)
            .collect()
    }

    #[test]
    fn own_groups_come_first_and_the_longest_of_them() {
        let mut queue = queue(vec![
            group("1", Lane::One, Binding::Movable),
            group("9", Lane::One, Binding::Movable),
            group("2", Lane::Zero, Binding::Exclusive),
            group("3", Lane::Zero, Binding::Movable),
        ]);
        assert_eq!(names(&mut queue, Lane::Zero), ["3", "2", "9", "1"]);
    }

    #[test]
    fn both_lanes_work_at_the_same_time() {
        let queue = queue(vec![
            group("1", Lane::Zero, Binding::Exclusive),
            group("2", Lane::One, Binding::Exclusive),
        ]);
        // Each lane waits until the other has begun.
        let begun = (AtomicUsize::new(0), Condvar::new(), Mutex::new(()));
        let met = deal(queue, |_, _| {
            let (count, changed, lock) = &begun;
            let guard = lock.lock().unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            changed.notify_all();
            let alone = |(): &mut ()| count.load(Ordering::SeqCst) < 2;
            let patience = Duration::from_secs(20);
            let (_guard, end) = changed.wait_timeout_while(guard, patience, alone).unwrap();
            !end.timed_out()
        });
        assert_eq!(met, [true, true]);
    }

    #[test]
    fn an_exclusive_group_stays_in_its_lane() {
        let mut queue = queue(vec![
            group("5", Lane::Zero, Binding::Exclusive),
            group("4", Lane::Zero, Binding::Movable),
        ]);
        assert_eq!(names(&mut queue, Lane::One), ["4"]);
        assert_eq!(names(&mut queue, Lane::Zero), ["5"]);
    }
}
