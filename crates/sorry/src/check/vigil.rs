//! Notices when the thread that checks ends although nobody has asked it to. Held by `watcher` on that thread.

/// Does something when it is dropped, by a panic or otherwise, and was not told before that all is well.
pub(super) struct Vigil<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Vigil<F> {
    /// What is to be done.
    pub(super) fn keep(unasked: F) -> Vigil<F> {
        Vigil(Some(unasked))
    }

    /// The end was asked for.
    pub(super) fn end(mut self) {
        self.0 = None;
    }
}

impl<F: FnOnce()> Drop for Vigil<F> {
    fn drop(&mut self) {
        if let Some(unasked) = self.0.take() {
            unasked();
        }
    }
}

/// Ends the process. Without checks every site would stay as it was last seen, and nobody would know; who starts the process
/// again has eyes again, and what was decided is in the journal.
pub(super) fn abort() {
    log::error!(
        "the thread that checks real servers has ended by itself, and so does this process: please report it"
    );
    log::logger().flush();
    std::process::abort();
}
