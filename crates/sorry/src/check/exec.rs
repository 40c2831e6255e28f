//! The checker of exec: a program that says by its exit code whether the real server works. It gets a line of JSON on its standard input
//! and has until the time is over; how it is started is `spawner`'s business.

use std::sync::Arc;

use serde::Serialize;
use sorry_core::health::Reason;

use crate::config::check::Exec as Asked;

use super::failure::{Failure, Good, Phase, Progress, Verdict};
use super::prepared::PrepareError;
use super::remote::{Quoted, Remote};
use super::spawner::{Ended, Errand, How, Spawner};
use super::subject::Subject;

/// What a program is told.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Input<'a> {
    site: &'a str,
    real_server: &'a str,
    address: &'a str,
}

/// A check that is ready.
#[derive(Debug)]
pub(super) struct Exec {
    asked: Asked,
    subject: Subject,
    input: Vec<u8>,
    spawner: Arc<dyn Spawner>,
}

impl Exec {
    pub(super) fn prepare(
        asked: &Asked,
        subject: &Subject,
        spawner: &Arc<dyn Spawner>,
    ) -> Result<Exec, PrepareError> {
        let told = Input {
            site: &subject.site,
            real_server: &subject.real_server,
            address: &subject.address,
        };
        let input = serde_json::to_string(&told)
            .map_err(|error| PrepareError::general(format!("cannot write JSON: {error}")))?;
        Ok(Exec {
            asked: asked.clone(),
            subject: subject.clone(),
            input: (input + "\n").into(),
            spawner: Arc::clone(spawner),
        })
    }

    pub(super) async fn probe(&self, progress: &Progress) -> Verdict {
        progress.enter(Phase::Running);
        let errand = Errand {
            subject: &self.subject,
            argv: &self.asked.argv,
            input: &self.input,
            deadline: progress.deadline(),
        };
        let ended = self.spawner.run(errand).await.map_err(|error| {
            let words = format_args!("the program could not be started: {error}");
            Failure::told(Reason::NotStarted, Remote::told(words))
        })?;
        self.judge(&ended)
    }

    fn judge(&self, ended: &Ended) -> Verdict {
        match ended.how {
            How::Code(0) => Ok(Good::with(told("exit code 0", &ended.output))),
            How::Code(code @ 2..) if self.asked.weight => Ok(Good {
                detail: told(&format!("exit code {code}"), &ended.output),
                weight: Some(u16::from(code) - 2),
            }),
            How::Code(code) => Err(Failure::told(
                Reason::ExitCode,
                told(&format!("exit code {code}"), &ended.output),
            )),
            How::Signal(signal) => Err(Failure::told(
                Reason::Signal,
                told(&format!("ended by signal {signal}"), &ended.output),
            )),
            How::TimedOut => Err(Failure::told(
                Reason::ProgramTimeout,
                told("did not end in time", &ended.output),
            )),
        }
    }
}

/// How it ended, and the last line that it printed: the one that says why, mostly.
fn told(how: &str, output: &[u8]) -> Remote {
    let mut lines = output.split(|byte| *byte == b'\n').rev();
    match lines.find(|line| !line.trim_ascii().is_empty()) {
        Some(line) => Remote::told(format_args!("{how}, {}", Quoted(line.trim_ascii()))),
        None => Remote::told(how),
    }
}

#[cfg(test)]
mod tests {
    use super::super::spawner::Direct;
    use super::*;

    #[test]
    fn exit_codes_are_judged() {
        let subject = Subject {
            site: "shop".into(),
            real_server: "a".into(),
            address: "192.0.2.1:80".into(),
        };
        let spawner: Arc<dyn Spawner> = Arc::new(Direct);
        let judge = |weight, how, output: &str| {
            let asked = Asked {
                argv: vec!["/bin/true".into()],
                weight,
            };
            let exec = Exec::prepare(&asked, &subject, &spawner).unwrap();
            assert_eq!(
                exec.input,
                b"{\"site\":\"shop\",\"real-server\":\"a\",\"address\":\"192.0.2.1:80\"}\n"
            );
            let ended = Ended {
                how,
                output: output.into(),
            };
            match exec.judge(&ended) {
                Ok(good) => (Reason::Ok, good.weight, good.detail.to_string()),
                Err(failure) => (failure.reason, None, failure.detail.to_string()),
            }
        };
        let row = |reason, weight, words: &str| (reason, weight, words.to_owned());
        for (weight, how, output, expected) in [
            (
                false,
                How::Code(0),
                "",
                row(Reason::Ok, None, "exit code 0"),
            ),
            (true, How::Code(0), "", row(Reason::Ok, None, "exit code 0")),
            (
                false,
                How::Code(3),
                "",
                row(Reason::ExitCode, None, "exit code 3"),
            ),
            (
                true,
                How::Code(1),
                "one\ndisk full \n\n",
                row(Reason::ExitCode, None, "exit code 1, \"disk full\""),
            ),
            (
                true,
                How::Code(2),
                "",
                row(Reason::Ok, Some(0), "exit code 2"),
            ),
            (
                true,
                How::Code(255),
                "",
                row(Reason::Ok, Some(253), "exit code 255"),
            ),
            (
                true,
                How::Signal(11),
                "",
                row(Reason::Signal, None, "ended by signal 11"),
            ),
            (
                false,
                How::TimedOut,
                "waiting",
                row(
                    Reason::ProgramTimeout,
                    None,
                    "did not end in time, \"waiting\"",
                ),
            ),
        ] {
            assert_eq!(judge(weight, how, output), expected, "{how:?}");
        }
    }
}
