//! A process that ends at any moment loses nothing: what was not delivered is, by the next one, in order and under the same id.

use std::sync::Arc;
use std::time::Duration;

use super::stage::{Answer, Hook, Kept, desk, firing, resolved, run, until, webhook};

#[test]
fn what_was_kept_and_not_delivered_is_delivered_by_the_next_process() {
    run(async {
        let store = Arc::<Kept>::default();
        let broken = Hook::new(vec![Answer::status(500)]).await;
        let first = desk(vec![webhook("ops", broken.url())], &store);
        first.tell(&firing(1));
        first.tell(&resolved(1));
        first.tell(&firing(2));
        until(&first, "ops", |status| status.failed > 0).await;
        drop(first);
        let mut hook = Hook::new(vec![Answer::status(200)]).await;
        let second = desk(vec![webhook("ops", hook.url())], &store);
        let mut phases = Vec::new();
        for _ in 0..3 {
            let seen = hook.next().await;
            phases.push((seen.json()["incident"].as_u64(), seen.word("phase")));
        }
        let place = |incident, phase: &str| {
            phases
                .iter()
                .position(|seen| *seen == (Some(incident), phase.to_owned()))
        };
        assert!(place(1, "firing") < place(1, "resolved"), "{phases:?}");
        assert!(place(2, "firing").is_some(), "{phases:?}");
        until(&second, "ops", |status| status.delivered == 3).await;
        drop(second);
        let third = desk(vec![webhook("ops", hook.url())], &store);
        assert_eq!(third.status()[0].waiting, 0);
        assert_eq!(hook.rest(), 0);
    });
}

/// The receiver has it, and nobody heard that it has.
#[test]
fn what_was_delivered_in_the_moment_of_a_crash_comes_again_under_its_id() {
    run(async {
        let store = Arc::<Kept>::default();
        let mut hook = Hook::new(vec![Answer::Hangs, Answer::status(200)]).await;
        let first = desk(vec![webhook("ops", hook.url())], &store);
        first.tell(&firing(1));
        let before = hook.next().await.word("id");
        drop(first);
        let second = desk(vec![webhook("ops", hook.url())], &store);
        assert_eq!(hook.next().await.word("id"), before);
        until(&second, "ops", |status| status.delivered == 1).await;
        assert_eq!(hook.rest(), 0);
    });
}

#[test]
fn a_stop_in_good_order_delivers_what_it_can() {
    run(async {
        let store = Arc::<Kept>::default();
        let mut works = Hook::new(vec![Answer::status(200)]).await;
        let broken = Hook::new(vec![Answer::status(500)]).await;
        let desk = desk(
            vec![
                webhook("works", works.url()),
                webhook("broken", broken.url()),
            ],
            &store,
        );
        for incident in 1..=5 {
            desk.tell(&firing(incident));
        }
        desk.stop(Duration::from_secs(10)).await;
        assert_eq!(works.rest(), 5);
        let next = super::stage::desk(
            vec![
                webhook("works", works.url()),
                webhook("broken", broken.url()),
            ],
            &store,
        );
        let waiting: Vec<usize> = next
            .status()
            .into_iter()
            .map(|status| status.waiting)
            .collect();
        assert_eq!(waiting, [5, 0], "broken, works");
    });
}

#[test]
fn a_stop_does_not_wait_for_who_hangs() {
    run(async {
        let hangs = Hook::new(vec![Answer::Hangs]).await;
        let mut slow = webhook("slow", hangs.url());
        slow.timeout = Duration::from_secs(60);
        let store = Arc::<Kept>::default();
        let desk = desk(vec![slow], &store);
        desk.tell(&firing(1));
        desk.stop(Duration::from_millis(400)).await;
        assert!(!store.entries().is_empty());
    });
}
