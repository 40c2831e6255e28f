//! Both sides of the runner, in one process: who asks, and who runs.

use super::super::programs::Argv;
use super::super::programs::tests::{argv, config};
use super::super::serve::answer_all;
use super::*;
use crate::program::How;
use std::cell::RefCell;
use std::rc::Rc;
use tokio::task::{JoinHandle, LocalSet};

const LONG: Duration = Duration::from_secs(20);

/// A runner that reads what is in here as its configuration file, and one that asks it.
struct Pair {
    file: Rc<RefCell<Option<Config>>>,
    runner: Runner,
    driver: JoinHandle<Told>,
}

impl Pair {
    fn new(in_force: &Config, file: Option<Config>) -> Pair {
        let (ours, its) = channel::pair().unwrap();
        let file = Rc::new(RefCell::new(file));
        let read = {
            let file = Rc::clone(&file);
            move || {
                file.borrow()
                    .clone()
                    .ok_or_else(crate::config::Report::default)
            }
        };
        tokio::task::spawn_local(answer_all(its, read));
        let (runner, mut calls, standing) = Runner::new(in_force);
        let hung = Arc::clone(&runner.hung);
        let driver = tokio::task::spawn_local(async move {
            let told = converse(ours, &mut calls, &hung).await;
            drop(standing);
            told
        });
        Pair {
            file,
            runner,
            driver,
        }
    }

    async fn check(&self, argv: &Argv, input: &[u8]) -> Finished {
        let run = self.runner.run(Kind::Check, argv, input.to_vec(), LONG);
        run.await
    }

    async fn refused(&self, argv: &Argv) -> String {
        match self.check(argv, b"").await.how {
            How::NotStarted(why) => why.into(),
            other => panic!("{other:?}"),
        }
    }
}

fn cat() -> Argv {
    argv(&["/bin/cat"])
}

fn exit(code: &str) -> Argv {
    argv(&["/bin/sh", "-c", &format!("exit {code}")])
}

#[tokio::test]
async fn programs_of_the_configuration_are_run() {
    LocalSet::new()
        .run_until(async {
            let config = config(&[exit("3"), cat()], &[exit("4")]);
            let pair = Pair::new(&config, Some(config.clone()));
            assert_eq!(pair.check(&exit("3"), b"").await.how, How::Exit(3));
            let finished = pair.check(&cat(), b"{\"site\":\"shop\"}").await;
            assert_eq!(finished.how, How::Exit(0));
            assert_eq!(finished.output, b"{\"site\":\"shop\"}");
            let alert = exit("4");
            let finished = pair.runner.run(Kind::Alert, &alert, Vec::new(), LONG).await;
            assert_eq!(finished.how, How::Exit(4));
        })
        .await;
}

#[tokio::test]
async fn and_no_others() {
    LocalSet::new()
        .run_until(async {
            let in_force = config(&[cat()], &[]);
            let pair = Pair::new(&in_force, Some(in_force.clone()));
            let told = pair.refused(&exit("0")).await;
            assert!(told.contains("not in the configuration that is in force"));
            // A daemon that was turned against us can name what it wants: only what the file has is run.
            pair.runner.configured(&config(&[exit("0")], &[]));
            let told = pair.refused(&exit("0")).await;
            assert!(told.contains("is not in force yet"), "{told}");
        })
        .await;
}

#[tokio::test]
async fn a_reload_is_read_by_both_sides() {
    LocalSet::new()
        .run_until(async {
            let (old, new) = (config(&[exit("1")], &[]), config(&[exit("2")], &[]));
            let pair = Pair::new(&old, Some(old.clone()));
            assert_eq!(pair.check(&exit("1"), b"").await.how, How::Exit(1));
            *pair.file.borrow_mut() = Some(new.clone());
            // Not reloaded yet: what is in force is run, and it is the old one.
            assert_eq!(pair.check(&exit("1"), b"").await.how, How::Exit(1));
            pair.runner.configured(&new);
            // It may have looked at the file just before.
            let deadline = Instant::now() + LONG;
            while pair.check(&exit("2"), b"").await.how != How::Exit(2) {
                assert!(Instant::now() < deadline);
                tokio::task::yield_now().await;
            }
            // A file with mistakes changes nothing for what is known.
            *pair.file.borrow_mut() = None;
            assert_eq!(pair.check(&exit("2"), b"").await.how, How::Exit(2));
        })
        .await;
}

#[tokio::test]
async fn a_file_with_mistakes_runs_nothing() {
    LocalSet::new()
        .run_until(async {
            let pair = Pair::new(&config(&[cat()], &[]), None);
            let told = pair.refused(&cat()).await;
            assert!(told.contains("has mistakes"), "{told}");
        })
        .await;
}

#[tokio::test]
async fn many_run_at_once_and_all_are_answered() {
    LocalSet::new()
        .run_until(async {
            let config = config(&[cat()], &[]);
            let pair = Pair::new(&config, Some(config.clone()));
            let ask = |number: usize| {
                let runner = pair.runner.clone();
                tokio::task::spawn_local(async move {
                    let input = number.to_string().into_bytes();
                    let finished = runner.run(Kind::Check, &cat(), input.clone(), LONG).await;
                    assert_eq!((finished.how, finished.output), (How::Exit(0), input));
                })
            };
            let all: Vec<_> = (0..100).map(ask).collect();
            for one in all {
                one.await.unwrap();
            }
        })
        .await;
}

#[tokio::test]
async fn without_a_runner_nothing_is_started() {
    let runner = Runner::none(&config(&[cat()], &[]));
    let finished = runner.run(Kind::Check, &cat(), Vec::new(), LONG).await;
    assert_eq!(finished, Finished::not_started("there is no runner"));
    assert_eq!(runner.standing(), Standing::None);
}

#[tokio::test]
async fn the_end_of_the_runner_is_told_to_who_waits() {
    let (ours, its) = channel::pair().unwrap();
    let (runner, mut calls, _standing) = Runner::new(&config(&[cat()], &[]));
    let its = Channel::new(its).unwrap();
    let dies = async {
        its.receive().await.unwrap().unwrap();
        drop(its);
    };
    let (argv, asked) = (cat(), Vec::new());
    let hung = AtomicU32::new(0);
    let (finished, told, ()) = tokio::join!(
        runner.run(Kind::Check, &argv, asked, LONG),
        converse(ours, &mut calls, &hung),
        dies
    );
    assert_eq!(finished, Finished::not_started("the runner is gone"));
    assert_eq!(told, Told::NoMore);
}

#[tokio::test]
async fn what_hangs_is_known_by_the_last_answer() {
    let (ours, its) = channel::pair().unwrap();
    let (runner, mut calls, standing) = Runner::new(&config(&[cat()], &[]));
    assert_eq!(runner.hung(), None, "there is no runner");
    standing.send(Standing::Runs(1)).unwrap();
    assert_eq!(runner.hung(), Some(0));
    let its = Channel::new(its).unwrap();
    let answers = async {
        let packet = its.receive().await.unwrap().unwrap();
        let (ask, _) = decode::<Ask>(&packet).unwrap();
        let answer = Answer {
            id: ask.id,
            how: How::Timeout,
            took_ms: 1,
            hung: 3,
        };
        its.send(&encode(&answer, b"").unwrap()).await.unwrap();
        drop(its);
    };
    let (argv, asked, hung) = (cat(), Vec::new(), Arc::clone(&runner.hung));
    let (finished, _, ()) = tokio::join!(
        runner.run(Kind::Check, &argv, asked, LONG),
        converse(ours, &mut calls, &hung),
        answers
    );
    assert_eq!(finished.how, How::Timeout);
    assert_eq!(runner.hung(), Some(3));
}

/// With the daemon gone, everything that it had asked for is killed.
#[tokio::test]
async fn the_end_of_the_daemon_is_the_end_of_all() {
    LocalSet::new()
        .run_until(async {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("pid");
            let script = format!("echo $$ > {}; exec sleep 1000", file.display());
            let hangs = argv(&["/bin/sh", "-c", &script]);
            let config = config(std::slice::from_ref(&hangs), &[]);
            let pair = Pair::new(&config, Some(config.clone()));
            let asks = pair.check(&hangs, b"");
            let pid = || std::fs::read_to_string(&file).unwrap_or_default();
            tokio::select! {
                finished = asks => panic!("{finished:?}"),
                () = until(|| pid().ends_with('\n')) => {}
            }
            pair.driver.abort();
            let path = format!("/proc/{}", pid().trim());
            until(|| !std::fs::exists(&path).unwrap()).await;
        })
        .await;
}

async fn until(mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "never");
        tokio::task::yield_now().await;
    }
}
