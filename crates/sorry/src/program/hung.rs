//! Programs that were killed and have not ended, or have not even begun to: those that the kernel keeps (state D of ps(1)), for a disk or
//! a server far away that does not answer. Each costs itself alone: it is waited for aside, and is not started again before it is gone.
//! How many there may be has a bound.
//!
//! What kills them and hands them over is `run`'s.

use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sorry_sys::registered::Registered;
use tokio::runtime::Handle;
use tokio::time::{Instant, interval_at};

/// How many of one program may hang, each with another input; a check of many real servers is one program.
pub(super) const OF_ONE: usize = 8;

/// How many may hang at all.
pub(super) const AT_MOST: usize = 128;

/// How long one may take to end before that is told, and how often it is looked at then: while somebody traces it (ptrace(2)), the
/// kernel tells nobody when it can be reaped.
const AGAIN: Duration = Duration::from_secs(1);

/// A program with its input: what is asked for once more where it hangs already.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) argv: Vec<Box<str>>,
    pub(super) input: Vec<u8>,
}

/// Those that hang.
#[derive(Debug, Clone, Default)]
pub struct Hung(Arc<Mutex<Vec<Arc<Run>>>>);

impl Hung {
    /// How many there are.
    pub fn number(&self) -> usize {
        self.all().len()
    }

    /// Why this is not started now.
    pub(super) fn refuses(&self, run: &Run) -> Option<String> {
        let all = self.all();
        let of_one = all.iter().filter(|other| other.argv == run.argv).count();
        if all.iter().any(|other| **other == *run) {
            Some("it hung the last time and has not ended yet".to_owned())
        } else if of_one >= OF_ONE {
            Some(format!("{of_one} of it hang and have not ended yet"))
        } else if all.len() >= AT_MOST {
            Some(format!("{AT_MOST} programs hang and have not ended yet"))
        } else {
            None
        }
    }

    /// One more hangs, until what is given back is dropped.
    pub(super) fn keep(&self, run: &Arc<Run>) -> Kept {
        self.all().push(Arc::clone(run));
        Kept {
            hung: self.clone(),
            run: Arc::clone(run),
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<Run>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that hangs.
#[derive(Debug)]
pub(super) struct Kept {
    hung: Hung,
    run: Arc<Run>,
}

impl Kept {
    /// The program's path.
    fn program(&self) -> &str {
        self.run.argv.first().map_or("a program", |program| program)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut all = self.hung.all();
        let mine = all.iter().position(|run| Arc::ptr_eq(run, &self.run));
        mine.map(|at| all.swap_remove(at));
    }
}

/// Reaps a process that was killed, whenever that can be done, and holds nobody up. At the very end of this process the kernel gives it
/// to whoever reaps orphans.
pub(super) fn reap_later(child: Child, ended: Registered, kept: Kept) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(reap(child, ended, kept));
    }
}

async fn reap(mut child: Child, ended: Registered, kept: Kept) {
    let mut again = interval_at(Instant::now() + AGAIN, AGAIN);
    let (mut is_over, mut told) = (false, false);
    loop {
        let is_late = tokio::select! {
            _once = ended.readable(), if !is_over => {
                is_over = true;
                false
            }
            _ = again.tick() => true,
        };
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(_)) | Err(_) => break,
        }
        if is_late && !told {
            told = true;
            log::warn!(
                "{} (process {}) was killed and does not end: it is not started again before it has, and {} hang by now",
                kept.program(),
                child.id(),
                kept.hung.number()
            );
        }
    }
    if told {
        log::warn!("{} has ended at last", kept.program());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(program: &str, input: usize) -> Arc<Run> {
        Arc::new(Run {
            argv: vec![program.into()],
            input: input.to_string().into_bytes(),
        })
    }

    #[test]
    fn what_hangs_is_not_started_again_and_there_is_an_end_to_it() {
        let hung = Hung::default();
        let kept = hung.keep(&run("/a", 0));
        assert!(hung.refuses(&run("/a", 0)).is_some());
        assert_eq!(hung.refuses(&run("/a", 1)), None, "another real server's");
        assert_eq!(hung.refuses(&run("/b", 0)), None);
        let more: Vec<Kept> = (1..OF_ONE)
            .map(|input| hung.keep(&run("/a", input)))
            .collect();
        let told = hung.refuses(&run("/a", OF_ONE)).unwrap();
        assert!(told.starts_with("8 of it hang"), "{told}");
        drop(kept);
        assert_eq!(hung.refuses(&run("/a", 0)), None, "it is gone");
        let others: Vec<Kept> = (more.len()..AT_MOST)
            .map(|number| hung.keep(&run(&number.to_string(), 0)))
            .collect();
        assert_eq!(hung.number(), AT_MOST);
        assert!(hung.refuses(&run("/c", 0)).is_some());
        drop((more, others));
        assert_eq!(hung.number(), 0);
    }
}
