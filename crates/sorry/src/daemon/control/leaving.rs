//! How the process leaves: it gives its sockets to a successor, or it ends; either way everybody may finish.
//!
//! What is to be done in which case is decided by `handing`.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::super::alarm;
use super::super::handing::Outcome;
use super::super::kernel::Kernel;
use super::super::supervisor::Sockets;
use super::{Background, Control, Ended, Event, Files, Handed, Next, takeover};
use crate::admin::Command;
use crate::admin::message::Takeover;
use crate::config;
use crate::count::access;

/// How long the access log may take to write what waits at the end.
const LAST_LINES: Duration = Duration::from_secs(2);

/// How many connections were cut, in words.
fn were_cut(count: u64) -> String {
    match count {
        0 => "no connection was cut".to_owned(),
        1 => "1 connection was cut".to_owned(),
        more => format!("{more} connections were cut"),
    }
}

/// What a draining process still waits for.
struct Awaited {
    crew: bool,
    own: bool,
    successor: bool,
}

impl Control {
    /// Gives copies of all sockets to a successor, on a thread of its own: it takes its time to start.
    pub(super) fn hand_over(&mut self, takeover: Takeover) {
        let successor = takeover.caller.pid.and_then(|pid| u32::try_from(pid).ok());
        let who = successor.map_or_else(
            || "a process of another namespace".to_owned(),
            |pid| format!("process {pid}"),
        );
        if let Err(why) = self.handing.begin(&who) {
            log::warn!("no take-over by {who}: {why}");
            return takeover.refuse(why);
        }
        let mut sockets = self.state.doors.named();
        sockets.extend(self.own.named());
        let copies = match takeover::copies(&sockets) {
            Ok(mut copies) => {
                copies.extend(self.kernel.iter().flat_map(Kernel::bequest));
                copies.extend(self.state.spoken());
                copies
            }
            Err(error) => {
                self.fail();
                return takeover.refuse(format!("cannot copy the listening sockets: {error}"));
            }
        };
        log::info!("{who} (version {}) takes over", takeover.from_version);
        let done = self.background.0.clone();
        let give = move || {
            let result = takeover::give(takeover, &copies);
            drop(copies);
            let handed = Handed { successor, result };
            let _process_has_ended = done.send(Background::Handed(handed));
        };
        if let Err(error) = std::thread::Builder::new()
            .name("sorry-give".into())
            .spawn(give)
        {
            self.fail();
            log::error!("the take-over failed and this process goes on: {error}");
        }
    }

    /// Nothing has come of a take-over.
    fn fail(&mut self) -> Next {
        if let Some(kernel) = &self.kernel {
            kernel.go_on();
        }
        self.handing.settle(Outcome::Failed)
    }

    /// A take-over has ended, well or not.
    pub(super) fn settle(&mut self, handed: Handed) -> Next {
        let next = match handed.result {
            Ok(()) => self.handing.settle(Outcome::Confirmed),
            Err(_) => self.fail(),
        };
        match handed.result {
            Ok(()) => {
                if let Some(process) = handed.successor {
                    self.supervisor.succeeded_by(process);
                }
                log::info!("another process has taken over");
            }
            Err(error) => {
                let what = match next {
                    Next::GoOn | Next::Leave => "this process goes on",
                    Next::LeaveFiles | Next::RemoveFiles => "this process ends all the same",
                };
                let error = anyhow::Error::new(error);
                log::error!("the take-over failed and {what}: {error:#}");
            }
        }
        if matches!(next, Next::Leave | Next::LeaveFiles) {
            // What it keeps is the successor's from now on, who waits for it.
            self.brain = None;
            self.gauge.audit.close();
        }
        match next {
            Next::GoOn | Next::Leave => {}
            Next::LeaveFiles => self.close(),
            Next::RemoveFiles => {
                self.remove_files();
                self.close();
            }
        }
        next
    }

    /// Told to end. Files of sockets go before the sockets do, so that whoever comes now is told that nobody is there,
    /// instead of waiting; unless somebody follows, or still may.
    pub(super) fn end(&mut self) {
        let time = self.state.config.limits.drain_time;
        let links = self.links();
        let mut kept = self.state.doors.named();
        kept.extend(
            links
                .iter()
                .map(|(name, link)| (name.clone(), link.as_fd())),
        );
        if let Some(brain) = &self.brain {
            brain.stopping();
        }
        if self.supervisor.stopping(&kept, time) == Sockets::Kept {
            self.state.doors.leave_files();
            if let Some(kernel) = self.kernel.as_ref().filter(|_| !links.is_empty()) {
                kernel.is_kept();
            }
        }
        if self.handing.end() == Files::Ours {
            self.remove_files();
        }
    }

    /// What holds the programs in the kernel, with all that the next process needs to go on; nothing where that is another's already.
    fn links(&self) -> Vec<(String, OwnedFd)> {
        match (&self.kernel, self.supervisor.is_heard()) {
            (Some(kernel), true) if !self.handing.is_begun() => kernel.bequest(),
            _ => Vec::new(),
        }
    }

    fn remove_files(&mut self) {
        self.state.doors.remove_files();
        self.own.remove_file();
    }

    fn close(&mut self) {
        self.state.doors.close();
        self.own.close();
    }

    /// Accepts no more, lets everybody finish, within the drain time; a second signal ends it at once.
    pub(super) async fn drain(mut self) -> Ended {
        let time = self.state.config.limits.drain_time;
        log::info!("draining for at most {}", config::duration::format(time));
        self.own.end();
        if !self.handing.is_under_way() {
            self.close();
        }
        self.crew.leave(time);
        let ended = self.finish(Instant::now() + time).await;
        // A successor that has not confirmed by now finds nobody here when it does, and the files in their places.
        self.close();
        if let Some(log) = &self.gauge.log
            && log.finish(LAST_LINES) == access::Finish::Cut
        {
            log::warn!("the access log takes its last lines too slowly; some are lost");
        }
        self.tell_end(ended);
        ended
    }

    /// The last line of the log.
    fn tell_end(&self, ended: Ended) {
        let time = config::duration::format(self.state.config.limits.drain_time);
        match (ended, self.shared.cut.load(Ordering::Relaxed)) {
            (Ended::Cut, _) => {
                let open = self.crew.counts().iter().map(|counts| counts.open.get());
                log::warn!("ended at once by a second signal: {}", were_cut(open.sum()));
            }
            (Ended::Drained, 0) => log::info!("ended: everybody has finished"),
            (Ended::Drained, cut) => {
                let cut = were_cut(cut as u64);
                log::warn!("ended: {cut} after the drain time of {time}");
            }
        }
    }

    /// Waits for visitors, for operators, and for a successor that has not confirmed. Workers keep the time of their
    /// visitors themselves.
    async fn finish(&mut self, deadline: Instant) -> Ended {
        let mut awaited = Awaited {
            crew: true,
            own: true,
            successor: self.handing.is_under_way(),
        };
        let mut deadline = Some(deadline);
        while awaited.crew || awaited.own || awaited.successor {
            tokio::select! {
                biased;
                () = self.signals.end() => return Ended::Cut,
                () = self.crew.left(), if awaited.crew => awaited.crew = false,
                () = self.own.left(), if awaited.own => awaited.own = false,
                Some(done) = self.background.1.recv() => {
                    if let Background::Handed(handed) = done {
                        self.settle(handed);
                        awaited.successor = false;
                    }
                }
                // A site that comes back meanwhile is not answered for in the kernel until the last visitor has gone.
                Some(news) = self.news.1.recv() => self.handle(Event::News(news)),
                Some(order) = self.orders.1.recv() => self.turn_down(order),
                () = alarm::at(deadline) => {
                    deadline = None;
                    (awaited.own, awaited.successor) = (false, false);
                }
            }
        }
        Ended::Drained
    }

    /// Whoever asked before the end is told how things are, and that nothing else is done any more.
    fn turn_down(&mut self, order: Command) {
        match order {
            Command::Status(reply) => {
                let _nobody_waits = reply.send(self.status());
            }
            // Dropping the place for the reply says that the daemon is stopping.
            Command::Reload { reply, .. } => drop(reply),
            // Refused, since we are on our way.
            Command::Takeover(takeover) => self.hand_over(takeover),
            other => drop(other),
        }
    }
}
