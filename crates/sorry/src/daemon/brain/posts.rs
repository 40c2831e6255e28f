//! The thread that brings alerts to their receivers: their secrets and authorities are read from files, and a file system that hangs
//! holds up no decision.

use std::io;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Dropping it ends the thread when it can; nobody waits for that.
pub(super) struct Posts {
    pub(super) handle: Handle,
    _until: oneshot::Sender<()>,
}

impl Posts {
    pub(super) fn start() -> io::Result<Posts> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (until, dropped) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("sorry-posts".into())
            .spawn(move || {
                let _dropped = runtime.block_on(dropped);
                runtime.shutdown_background();
            })?;
        Ok(Posts {
            handle,
            _until: until,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_to_it_runs_until_it_is_dropped() {
        let posts = Posts::start().unwrap();
        let (tell, told) = oneshot::channel();
        posts.handle.spawn(async move { tell.send("told") });
        assert_eq!(told.blocking_recv(), Ok("told"));
        let (held, gone) = oneshot::channel::<()>();
        posts.handle.spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        drop(posts);
        assert!(gone.blocking_recv().is_err(), "it lets everything go");
    }
}
