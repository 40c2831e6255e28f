//! Programs that end well, badly, late and not at all.

use super::*;

fn subject() -> Subject {
    Subject {
        site: "shop".into(),
        real_server: "192.0.2.1:80".into(),
        address: "192.0.2.1:80".into(),
    }
}

async fn shell(script: &str, input: &[u8], time: Duration) -> Ended {
    let argv: Vec<Box<str>> = ["/bin/sh", "-c", script].map(Into::into).into();
    let subject = subject();
    let errand = Errand {
        subject: &subject,
        argv: &argv,
        input,
        deadline: Instant::now() + time,
    };
    Direct.run(errand).await.unwrap()
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn programs_end_as_they_end() {
    for (script, how, output) in [
        ("exit 0", How::Code(0), ""),
        ("echo out; echo err >&2; exit 3", How::Code(3), "out\nerr\n"),
        ("cat", How::Code(0), "{\"a\":1}"),
        ("kill -9 $$", How::Signal(9), ""),
        (
            "echo $PATH; env | wc -l",
            How::Code(0),
            &format!("{PATH}\n2\n"),
        ),
        // One that stays does not hold the check.
        ("sleep 60 & echo done", How::Code(0), "done\n"),
    ] {
        let ended = shell(script, b"{\"a\":1}", LONG).await;
        let seen = String::from_utf8_lossy(&ended.output).into_owned();
        assert_eq!(ended.how, how, "{script}");
        if script.starts_with("echo $PATH") {
            // The shell adds its own working folder.
            assert!(seen.starts_with(&format!("{PATH}\n")), "{seen}");
        } else {
            assert_eq!(seen, output, "{script}");
        }
    }
}

#[tokio::test]
async fn output_has_an_end_and_holds_nobody() {
    let ended = shell("head -c 1000000 /dev/zero; exit 7", b"", LONG).await;
    assert_eq!(ended.how, How::Code(7), "what is not kept is read");
    assert_eq!(ended.output.len(), OUTPUT_MAX_BYTES);
}

#[tokio::test]
async fn the_whole_group_dies_in_time() {
    for script in [
        "sleep 60 & echo $! $$; sleep 60",
        "trap '' TERM; sleep 60 & echo $! $$; while :; do sleep 60; done",
        // The first process ends when it is asked to, another one does not.
        "sh -c 'trap \"\" TERM; sleep 60' & echo $! $$; wait",
    ] {
        let began = Instant::now();
        let ended = shell(script, b"", Duration::from_millis(400)).await;
        assert_eq!(ended.how, How::TimedOut, "{script}");
        assert!(began.elapsed() < Duration::from_secs(10), "{script}");
        let text = String::from_utf8(ended.output).unwrap();
        let numbers: Vec<i32> = text
            .split_whitespace()
            .map(|n| n.parse().unwrap())
            .collect();
        assert_eq!(numbers.len(), 2, "{script}: {text:?}");
        for number in numbers {
            gone(number).await;
        }
    }
}

#[tokio::test]
async fn who_is_not_waited_for_dies() {
    let argv: Vec<Box<str>> = ["/bin/sleep", "60"].map(Into::into).into();
    let (child, _output) = start(&argv).unwrap();
    let number = i32::try_from(child.id().unwrap()).unwrap();
    drop(Group::of(&child));
    drop(child);
    gone(number).await;
}

/// Awaits the end of a process: a zombie whose parent was killed with it is as good as gone.
async fn gone(number: i32) {
    let deadline = Instant::now() + LONG;
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").map_or("", |(_, rest)| &rest[..1]);
        if matches!(state, "" | "Z" | "X") {
            return;
        }
        assert!(Instant::now() < deadline, "{number} lives: {stat}");
        tokio::task::yield_now().await;
    }
}
