//! Programs as receivers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sorry_server::config::alert::Channel;

use super::stage::{desk, firing, receiver, run, until};

fn program(script: &str, folder: &Path) -> Channel {
    let argv = ["/bin/sh", "-c", script, "sh", &folder.display().to_string()];
    Channel::Exec {
        argv: argv.map(Box::from).into(),
    }
}

#[test]
fn a_program_reads_the_message_and_its_exit_code_counts() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        // The first time it fails.
        let script =
            r#"cat >"$1/message"; test -e "$1/again" && exit 0; touch "$1/again"; exit 75"#;
        let mut ops = receiver("ops", program(script, folder.path()));
        ops.timeout = Duration::from_secs(10);
        let desk = desk(vec![ops], &Arc::default());
        desk.tell(&firing(1));
        let status = until(&desk, "ops", |status| status.delivered == 1).await;
        let (_, why) = status.last_error.expect("an error");
        assert_eq!(
            (status.failed, &*why),
            (1, "/bin/sh ended with the exit code 75")
        );
        let message = std::fs::read(folder.path().join("message")).expect("the message");
        let message: serde_json::Value = serde_json::from_slice(&message).expect("JSON");
        assert_eq!(message["phase"], "firing");
    });
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_all_it_has_started() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let script = r#"sleep 100 & echo $! >"$1/child"; wait"#;
        let mut ops = receiver("ops", program(script, folder.path()));
        ops.timeout = Duration::from_millis(700);
        let desk = desk(vec![ops], &Arc::default());
        desk.tell(&firing(1));
        let status = until(&desk, "ops", |status| status.failed == 1).await;
        let (_, why) = status.last_error.expect("an error");
        assert_eq!(why, "/bin/sh took longer than its timeout");
        let child = std::fs::read_to_string(folder.path().join("child")).expect("its child");
        let gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
            // Whoever adopted it may not have looked yet.
            stat.map_or(true, |stat| stat.contains(") Z "))
        };
        until(&desk, "ops", |_| gone()).await;
    });
}

#[test]
fn what_cannot_be_started_and_what_reads_nothing() {
    run(async {
        let nowhere = Channel::Exec {
            argv: vec!["/nowhere/program".into()],
        };
        let reads_nothing = Channel::Exec {
            argv: vec!["/bin/true".into()],
        };
        let killed = program("kill -9 $$", Path::new("/"));
        let receivers = vec![
            receiver("nowhere", nowhere),
            receiver("deaf", reads_nothing),
            receiver("killed", killed),
        ];
        let desk = desk(receivers, &Arc::default());
        desk.tell(&firing(1));
        until(&desk, "deaf", |status| status.delivered == 1).await;
        for (name, says) in [
            ("nowhere", "cannot start /nowhere/program: "),
            ("killed", "/bin/sh was ended by signal 9"),
        ] {
            let status = until(&desk, name, |status| status.failed > 0).await;
            let (_, why) = status.last_error.expect("an error");
            assert!(why.starts_with(says), "{why}");
        }
    });
}
