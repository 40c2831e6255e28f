//! Programs that obey, talk, hang, fork and do not exist.

use super::*;

fn argv(words: &[&str]) -> Vec<Box<str>> {
    words.iter().map(|word| (*word).into()).collect()
}

const LONG: Duration = Duration::from_secs(20);

async fn sh(script: &str, input: &[u8], timeout: Duration) -> Finished {
    let argv = argv(&["/bin/sh", "-c", script]);
    run(&argv, input, timeout, &Hung::default()).await
}

async fn alone(words: &[&str], input: &[u8]) -> Finished {
    run(&argv(words), input, LONG, &Hung::default()).await
}

fn text(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.output).into_owned()
}

/// Whether a process is there and not only waits for being reaped.
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

async fn until(mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "never");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_program_ends_as_it_ends() {
    for (script, how, output) in [
        ("exit 0", How::Exit(0), ""),
        ("echo no; exit 3", How::Exit(3), "no\n"),
        ("echo no >&2; exit 255", How::Exit(255), "no\n"),
        ("kill -9 $$", How::Signal(9), ""),
        ("cat; echo; pwd", How::Exit(0), "{\"a\":1}\n/\n"),
        ("exec <&-; exit 7", How::Exit(7), ""),
    ] {
        let finished = sh(script, b"{\"a\":1}", LONG).await;
        assert_eq!(
            (&finished.how, text(&finished).as_str()),
            (&how, output),
            "{script}"
        );
    }
}

#[tokio::test]
async fn it_has_no_environment_but_a_path() {
    let finished = alone(&["/usr/bin/env"], b"").await;
    assert_eq!(text(&finished), format!("PATH={PATH}\n"));
}

/// Arguments are arguments: nobody parses them.
#[tokio::test]
async fn there_is_no_shell() {
    let finished = alone(&["/bin/echo", "$(id); `id`", "a b"], b"").await;
    assert_eq!(text(&finished), "$(id); `id` a b\n");
}

#[tokio::test]
async fn it_may_print_more_than_is_kept() {
    let finished = sh("head -c 1000000 /dev/zero; exit 4", b"", LONG).await;
    assert_eq!(
        (finished.how, finished.output.len()),
        (How::Exit(4), BYTES_MAX)
    );
}

#[tokio::test]
async fn input_that_nobody_reads_holds_nobody() {
    let input = vec![b'a'; BYTES_MAX];
    // More than a pipe holds, so that it cannot all be written.
    let finished = alone(&["/bin/true"], &[&input[..], &input].concat()).await;
    assert_eq!(finished.how, How::Exit(0));
}

#[tokio::test]
async fn a_program_that_hangs_is_killed_with_all_that_it_started() {
    let script = "sleep 1000 & echo $!; trap '' TERM; echo $$; wait; sleep 1000";
    let timeout = Duration::from_millis(500);
    let finished = sh(script, b"", timeout).await;
    assert_eq!(finished.how, How::Timeout);
    assert!(
        finished.took >= timeout && finished.took < LONG,
        "{:?}",
        finished.took
    );
    let pids = text(&finished);
    assert_eq!(pids.lines().count(), 2, "{pids}");
    for pid in pids.lines() {
        until(|| !lives(pid)).await;
    }
}

#[tokio::test]
async fn it_is_asked_before_it_is_killed() {
    let script = "trap 'echo bye; exit 0' TERM; echo; while :; do sleep 0.01; done";
    let finished = sh(script, b"", Duration::from_secs(2)).await;
    assert_eq!(finished.how, How::Timeout);
    assert!(text(&finished).ends_with("bye\n"), "{}", text(&finished));
    assert!(
        finished.took < Duration::from_secs(2),
        "{:?}",
        finished.took
    );
}

#[tokio::test]
async fn what_it_leaves_behind_does_not_hold_its_answer() {
    let finished = sh("sleep 1000 & echo $!", b"", LONG).await;
    assert_eq!(finished.how, How::Exit(0));
    assert!(finished.took < LONG / 2);
    let pid = text(&finished);
    until(|| !lives(pid.trim())).await;
}

#[tokio::test]
async fn nobody_waits_and_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = format!("echo $$ > {}; exec sleep 1000", file.display());
    let pid = || std::fs::read_to_string(&file).unwrap_or_default();
    tokio::select! {
        finished = sh(&script, b"", LONG) => panic!("{finished:?}"),
        () = until(|| pid().ends_with('\n')) => {}
    }
    until(|| !lives(pid().trim())).await;
}

/// A program that no signal reaches, as one that the kernel keeps.
fn unkillable(run: &Arc<Run>, hung: &Hung) -> Result<Running, String> {
    let mut running = start(run, hung)?;
    running.process.as_mut().unwrap().group = None;
    Ok(running)
}

#[tokio::test]
async fn a_program_that_cannot_be_killed_costs_itself_alone() {
    let hung = Hung::default();
    let sleeps = argv(&["/bin/sh", "-c", "echo $$; exec sleep 1000"]);
    let ask = |input: &[u8]| {
        let (argv, input) = (sleeps.clone(), input.to_owned());
        let timeout = Duration::from_millis(500);
        begin(Arc::new(Run { argv, input }), timeout, &hung, unkillable)
    };
    let (one, two) = tokio::join!(ask(b"1"), ask(b"2"));
    for finished in [&one, &two] {
        assert_eq!(finished.how, How::Timeout);
        assert!(finished.took < LONG / 2, "{:?}", finished.took);
        assert!(lives(text(finished).trim()), "it could be killed");
    }
    assert_eq!(hung.number(), 2);
    let again = ask(b"1").await;
    let How::NotStarted(why) = again.how else {
        panic!("{again:?}");
    };
    assert!(why.contains("has not ended yet"), "{why}");
    // Others are run meanwhile.
    let other = run(&argv(&["/bin/true"]), b"", LONG, &hung).await;
    assert_eq!(other.how, How::Exit(0));
    for finished in [one, two] {
        let pid = text(&finished).trim().parse().ok().and_then(Pid::from_raw);
        rustix::process::kill_process(pid.unwrap(), Signal::KILL).unwrap();
    }
    until(|| hung.number() == 0).await;
    assert!(
        hung.refuses(&Run {
            argv: sleeps,
            input: b"1".to_vec()
        })
        .is_none()
    );
}

#[tokio::test]
async fn a_start_that_hangs_holds_nobody() {
    let hung = Hung::default();
    let (go_on, held) = std::sync::mpsc::channel::<()>();
    let stuck = move |run: &Arc<Run>, hung: &Hung| {
        let _never = held.recv();
        start(run, hung)
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ran");
    let script = format!("echo $$ > {}; exec sleep 1000", file.display());
    let stuck_run = || {
        Arc::new(Run {
            argv: argv(&["/bin/sh", "-c", &script]),
            input: Vec::new(),
        })
    };
    let finished = begin(stuck_run(), Duration::from_millis(100), &hung, stuck).await;
    let How::NotStarted(why) = &finished.how else {
        panic!("{finished:?}");
    };
    assert!(why.contains("not started in time"), "{why}");
    assert_eq!(hung.number(), 1);
    let other = run(&argv(&["/bin/true"]), b"", LONG, &hung).await;
    assert_eq!(other.how, How::Exit(0));
    drop(go_on);
    // What is started too late is killed at once.
    until(|| hung.number() == 0).await;
    let pid = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(pid.is_empty() || !lives(pid.trim()));
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    for (program, why) in [
        (
            &["/bin/no-such-program"][..],
            "cannot find /bin/no-such-program",
        ),
        (&["true"], "true is not a full path"),
        (&["/etc/passwd"], "/etc/passwd cannot be executed"),
        (&[], "there is no program"),
    ] {
        let finished = alone(program, b"").await;
        let How::NotStarted(told) = finished.how else {
            panic!("{program:?}");
        };
        assert!(told.starts_with(why), "{told}");
    }
}
