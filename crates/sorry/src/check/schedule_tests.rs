//! Grids, jitter, stalls and pace, with times that are made up.

use super::*;

const TIMING: Timing = Timing {
    every: Duration::from_millis(1000),
    timeout: Duration::from_millis(500),
    suspect_every: Duration::from_millis(100),
    jitter: Duration::ZERO,
};

const ALONE: Turn = Turn { index: 0, count: 1 };

/// A schedule whose times are told in milliseconds since its beginning.
struct World {
    schedule: Schedule,
    zero: Instant,
    now: Instant,
    /// When those that are under way end.
    open: Vec<(Instant, Begin)>,
}

impl World {
    fn new() -> World {
        let zero = Instant::now();
        World {
            schedule: Schedule::new(1),
            zero,
            now: zero,
            open: Vec::new(),
        }
    }

    fn add(&mut self, timing: Timing, turn: Turn) -> Place {
        self.schedule.add(timing, 2, turn, self.now)
    }

    fn at(&mut self, ms: u64) {
        self.now = self.zero + Duration::from_millis(ms);
    }

    /// What begins up to `ms`, each told when it is due; all end `took` after their beginning, in order.
    fn run(&mut self, ms: u64, took: u64) -> Vec<(Place, u128)> {
        let until = self.zero + Duration::from_millis(ms);
        let mut begun = Vec::new();
        loop {
            let ends = self.open.iter().map(|(end, _)| *end).min();
            let next = [self.schedule.next(), ends].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= until) else {
                return begun;
            };
            self.now = self.now.max(next);
            self.open.retain(|(end, begin)| {
                let over = *end <= self.now;
                if over {
                    self.schedule
                        .end(begin.place, begin.number, Verdict::Good, self.now);
                }
                !over
            });
            while let Some(begin) = self.schedule.begin(self.now) {
                begun.push((begin.place, (begin.due - self.zero).as_millis()));
                self.open
                    .push((self.now + Duration::from_millis(took), begin));
            }
        }
    }

    fn times(&mut self, ms: u64, took: u64) -> Vec<u128> {
        self.run(ms, took).into_iter().map(|(_, at)| at).collect()
    }
}

#[test]
fn the_first_is_at_once_and_nothing_drifts() {
    let mut world = World::new();
    world.add(TIMING, ALONE);
    assert_eq!(world.times(4500, 30), [0, 1000, 2000, 3000, 4000]);
}

#[test]
fn many_begin_spread_and_stay_spread() {
    for every in [500, 1000, 60_000] {
        let mut world = World::new();
        for index in 0..100 {
            let timing = Timing {
                every: Duration::from_millis(every),
                ..TIMING
            };
            world.add(timing, Turn { index, count: 100 });
        }
        let span = u128::from(every.min(1000));
        let first: Vec<u128> = world.times(u64::try_from(span).unwrap() - 1, 1);
        let crowd = |times: &[u128], width: u128| {
            let counts = (0..10).map(|i| times.iter().filter(|t| **t / width % 10 == i).count());
            counts.max().unwrap()
        };
        assert!(
            first.len() >= 100 && *first.last().unwrap() < span,
            "{every}"
        );
        assert!(crowd(&first[..100], span / 10) <= 11, "{every}: {first:?}");
        // The third time round, whatever the second was.
        let _second = world.times(every * 2, 1);
        let third = world.times(every * 3, 1);
        assert!(
            (99..=101).contains(&third.len()),
            "{every}: {}",
            third.len()
        );
        assert!(
            crowd(&third, u128::from(every) / 10) <= 12,
            "{every}: {third:?}"
        );
    }
}

#[test]
fn jitter_adds_at_most_itself_and_keeps_the_grid() {
    let mut world = World::new();
    let timing = Timing {
        jitter: Duration::from_millis(200),
        ..TIMING
    };
    world.add(timing, ALONE);
    let times = world.times(200_000, 1);
    let mut moved = 0;
    for (index, at) in times.iter().enumerate() {
        let grid = 1000 * index as u128;
        assert!((grid..=grid + 200).contains(at), "{index}: {at}");
        moved += usize::from(*at > grid);
    }
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(longest <= Some(1200) && moved > 150, "{longest:?} {moved}");
}

#[test]
fn a_standstill_is_followed_by_no_burst() {
    let mut world = World::new();
    for index in 0..4 {
        world.add(TIMING, Turn { index, count: 4 });
    }
    assert_eq!(world.times(999, 1), [0, 250, 500, 750]);
    world.at(10_600);
    // One of each, late; then every one at its own place of the grid again.
    let late = world.run(10_600, 1);
    assert_eq!(late.len(), 4);
    assert_eq!(
        world.times(12_499, 1),
        [10_750, 11_000, 11_250, 11_500, 11_750, 12_000, 12_250]
    );
}

#[test]
fn usually_one_waits_for_the_other() {
    let mut world = World::new();
    world.add(TIMING, ALONE);
    assert_eq!(world.times(5000, 1500), [0, 1500, 3000, 4500]);
}

#[test]
fn suspects_are_asked_sooner_and_without_waiting() {
    let mut world = World::new();
    let place = world.add(TIMING, ALONE);
    let first = world.schedule.begin(world.now).unwrap();
    assert_eq!(world.times(30, 0), []);
    world
        .schedule
        .end(place, first.number, Verdict::Good, world.now);
    world.schedule.pace(place, Pace::Suspect, world.now);
    // They take longer than there is between them.
    assert_eq!(world.times(450, 300), [100, 200, 300, 400]);
    world.schedule.pace(place, Pace::Normal, world.now);
    assert_eq!(world.times(3000, 0), [1400, 2400], "as usual again");
}

#[test]
fn a_suspect_that_is_late_already_is_asked_at_once() {
    let mut world = World::new();
    let place = world.add(TIMING, ALONE);
    world.schedule.begin(world.now).unwrap();
    world.at(700);
    world.schedule.pace(place, Pace::Suspect, world.now);
    assert_eq!(world.times(950, 0), [700, 800, 900]);
}

#[test]
fn those_under_way_have_a_bound() {
    let mut world = World::new();
    let place = world.add(TIMING, ALONE);
    world.schedule.begin(world.now).unwrap();
    world.schedule.pace(place, Pace::Suspect, world.now);
    assert_eq!(world.times(5000, 100_000).len(), 15, "and the first");
}

#[test]
fn results_are_told_in_the_order_of_their_beginning() {
    let mut world = World::new();
    let place = world.add(TIMING, ALONE);
    world.schedule.begin(world.now).unwrap();
    world.schedule.pace(place, Pace::Suspect, world.now);
    world.at(250);
    let second = world.schedule.begin(world.now).unwrap();
    let third = world.schedule.begin(world.now);
    assert_eq!(
        (second.number, third),
        (2, None),
        "one that was missed is not made up for"
    );
    world.at(300);
    assert_eq!(world.schedule.begin(world.now).unwrap().number, 3);
    let overtaken = world.schedule.slow(place, 1, world.now);
    assert_eq!(overtaken, None, "others have begun long since");
    let end =
        |world: &mut World, number| world.schedule.end(place, number, Verdict::Good, world.now);
    assert_eq!(end(&mut world, 2), Some(Fate::Told));
    assert_eq!(end(&mut world, 1), Some(Fate::TooLate));
    assert_eq!(end(&mut world, 3), Some(Fate::Told));
    world.schedule.remove(place);
    assert_eq!(end(&mut world, 4), None);
    assert_eq!(world.schedule.next(), None);
}

#[test]
fn a_place_is_taken_again() {
    let mut world = World::new();
    let first = world.add(TIMING, ALONE);
    world.schedule.remove(first);
    world.schedule.remove(first);
    assert_eq!(world.add(TIMING, ALONE), first);
    assert_ne!(world.add(TIMING, ALONE), first);
    assert_eq!(
        world.run(0, 0).len(),
        2,
        "each once, and none of the one that is gone"
    );
}

#[test]
fn a_slow_probe_is_followed_by_others_until_enough_are_under_way() {
    let mut world = World::new();
    let place = world.schedule.add(TIMING, 3, ALONE, world.now);
    let first = world.schedule.begin(world.now).unwrap();
    world.at(100);
    let second = world.schedule.slow(place, first.number, world.now).unwrap();
    let again = world.schedule.slow(place, first.number, world.now);
    assert_eq!(again, None, "only the latest one asks for another");
    world.at(200);
    let third = world
        .schedule
        .slow(place, second.number, world.now)
        .unwrap();
    world.at(300);
    let enough = world.schedule.slow(place, third.number, world.now);
    assert_eq!(enough, None, "three take it down");
    for probe in [first, second, third] {
        let fate = world
            .schedule
            .end(place, probe.number, Verdict::Bad, world.now);
        assert_eq!(fate, Some(Fate::Told));
    }
    world.at(1000);
    let next = world.schedule.begin(world.now).unwrap();
    let down = world.schedule.slow(place, next.number, world.now);
    assert_eq!(down, None, "what is down already is not asked more often");
}

/// Probes of a server that needs `took` for each good answer, as the watcher makes them up to `ms`: how many began in each second.
fn slow_but_good(fall: u16, took: u64, ms: u64) -> Vec<usize> {
    let mut world = World::new();
    let place = world.schedule.add(TIMING, fall, ALONE, world.now);
    let mut begun = vec![0; usize::try_from(ms / 1000).unwrap()];
    let mut open: Vec<(u64, u64)> = Vec::new();
    for now in 0..ms {
        world.at(now);
        let mut began = Vec::new();
        open.retain(|&(number, at)| {
            if now == at + took {
                world.schedule.end(place, number, Verdict::Good, world.now);
            } else if now == at + 100 {
                began.extend(world.schedule.slow(place, number, world.now));
            }
            now < at + took
        });
        while let Some(begin) = world.schedule.begin(world.now) {
            began.push(begin);
        }
        for begin in began {
            open.push((begin.number, now));
            begun[usize::try_from(now / 1000).unwrap()] += 1;
        }
    }
    begun
}

#[test]
fn who_is_slow_and_answers_is_not_asked_without_end() {
    for (fall, took, begun) in [
        (3, 50, [1; 5]),
        (3, 150, [2; 5]),
        // Three are enough, also where the first takes longer still.
        (3, 250, [3; 5]),
        (3, 450, [3; 5]),
        (3, 700, [3; 5]),
        (1, 450, [1; 5]),
        // Five would be; none begins once the first has answered.
        (5, 250, [3; 5]),
        (5, 450, [5; 5]),
    ] {
        assert_eq!(
            slow_but_good(fall, took, 5000),
            begun,
            "fall {fall}, {took} ms"
        );
    }
}

#[test]
fn what_says_nothing_or_comes_too_late_is_no_news() {
    use Verdict::{Bad, Good, Nothing};
    // Results in the order in which they come, by their probes, and whether a slow probe after them is followed by another.
    for (results, followed) in [
        (&[(1, Good), (2, Good)][..], true),
        (&[(1, Good), (2, Bad)], false),
        (&[(1, Bad), (2, Good)], true),
        (&[(1, Good), (2, Nothing)], true),
        (&[(1, Bad), (2, Nothing)], false),
        (&[(2, Bad), (1, Good)], false),
        (&[(2, Good), (1, Bad)], true),
    ] {
        let mut world = World::new();
        let place = world.add(TIMING, ALONE);
        world.schedule.begin(world.now).unwrap();
        world.schedule.pace(place, Pace::Suspect, world.now);
        world.at(100);
        world.schedule.begin(world.now).unwrap();
        for &(number, verdict) in results {
            world.schedule.end(place, number, verdict, world.now);
        }
        world.schedule.pace(place, Pace::Normal, world.now);
        world.at(1100);
        let slow = world.schedule.begin(world.now).unwrap().number;
        let next = world.schedule.slow(place, slow, world.now);
        assert_eq!(next.is_some(), followed, "{results:?}");
    }
}
