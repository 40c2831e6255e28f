//! Work that may hold a thread for long (asking the system's resolver, reading a file from a server far away), done aside, and once
//! at a time: a probe that gives up leaves the work to the next one, so that a resolver which hangs holds one thread for each check
//! and no more. Called by `connect` and `file`.

use std::io;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// One piece of work that is asked for again and again.
#[derive(Debug)]
pub(super) struct Once<T>(Mutex<Option<JoinHandle<T>>>);

impl<T> Default for Once<T> {
    fn default() -> Once<T> {
        Once(Mutex::new(None))
    }
}

impl<T: Send + 'static> Once<T> {
    /// What the work gives: begun now, or already under way since somebody gave up.
    pub(super) async fn run(&self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        let mut running = self.0.lock().await;
        let handle = running.get_or_insert_with(|| tokio::task::spawn_blocking(work));
        let result = handle.await;
        *running = None;
        result.map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[tokio::test]
    async fn who_gives_up_leaves_the_work_to_the_next() {
        let once = Once::default();
        let begun = Arc::new(AtomicUsize::new(0));
        let (go, wait) = channel::<()>();
        let count = Arc::clone(&begun);
        let first = once.run(move || {
            let _told = wait.recv();
            count.fetch_add(1, Ordering::SeqCst)
        });
        tokio::time::timeout(Duration::from_millis(5), first)
            .await
            .unwrap_err();
        go.send(()).unwrap();
        let count = Arc::clone(&begun);
        let second = once.run(move || count.fetch_add(100, Ordering::SeqCst));
        assert_eq!(second.await.unwrap(), 0, "the first work's result");
        assert_eq!(begun.load(Ordering::SeqCst), 1, "begun once");
        assert_eq!(once.run(|| 7).await.unwrap(), 7, "and then anew");
    }
}
