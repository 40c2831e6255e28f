//! Watched files: rewritten, renamed over, and reached by links that move.

use std::fs;
use std::future::Future;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::pin::pin;
use std::task::{Context, Waker};

use super::*;

/// Events alone must do: the slow look would come after the test's own limit.
fn settings() -> Settings {
    Settings {
        settle: Duration::from_millis(2),
        settle_at_most: Duration::from_millis(200),
        look_every: Duration::from_secs(3600),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Waits until the watch sleeps, makes the change, and expects it to be told.
fn told(files: &[PathBuf], settings: Settings, change: impl FnOnce()) {
    let mut watch = FileWatch::new(files.to_vec(), settings);
    runtime().block_on(async {
        let mut changed = pin!(watch.changed());
        let sleeps = std::future::poll_fn(|context| {
            std::task::Poll::Ready(changed.as_mut().poll(context).is_pending())
        });
        assert!(sleeps.await, "nothing has changed yet");
        change();
        tokio::time::timeout(Duration::from_secs(20), changed)
            .await
            .expect("the change is told");
    });
}

#[test]
fn every_way_to_change_a_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cert.pem");
    let other = folder.path().join("new.pem");
    let files = [file.clone()];
    told(&files, settings(), || fs::write(&file, "created").unwrap());
    told(&files, settings(), || {
        fs::write(&file, "rewritten").unwrap();
    });
    told(&files, settings(), || {
        fs::write(&other, "renamed").unwrap();
        fs::rename(&other, &file).unwrap();
    });
    told(&files, settings(), || {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    });
    told(&files, settings(), || fs::remove_file(&file).unwrap());
}

#[test]
fn swapped_links_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for version in ["..v1", "..v2"] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("tls.crt"), version).unwrap();
    }
    symlink("..v1", at("..data")).unwrap();
    symlink("..data/tls.crt", at("tls.crt")).unwrap();
    told(&[at("tls.crt")], settings(), || {
        symlink("..v2", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
    });
    told(&[at("tls.crt")], settings(), || {
        fs::remove_file(at("tls.crt")).unwrap();
        symlink("..v1/tls.crt", at("tls.crt")).unwrap();
    });
}

#[test]
fn a_folder_that_comes_later_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("later/cert.pem");
    told(std::slice::from_ref(&file), settings(), || {
        fs::create_dir(folder.path().join("later")).unwrap();
        fs::write(&file, "x").unwrap();
    });
}

#[test]
fn what_changes_before_the_first_wait_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cert.pem");
    let mut watch = FileWatch::new(vec![file.clone()], settings());
    fs::write(&file, "x").unwrap();
    runtime().block_on(watch.changed());
}

#[test]
fn neighbours_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cert.pem");
    fs::write(&file, "x").unwrap();
    runtime().block_on(async {
        let watches = Watches::new(std::slice::from_ref(&file)).unwrap();
        fs::write(folder.path().join("neighbour"), "x").unwrap();
        drop(watches.inotify.readable().await.unwrap());
        assert!(!watches.drain());
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(watches.event()).poll(&mut context).is_pending());
        fs::write(&file, "y").unwrap();
        watches.event().await;
    });
}

#[test]
fn the_slow_look_sees_what_the_kernel_does_not_tell() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cert.pem");
    fs::write(&file, "x").unwrap();
    let settings = Settings {
        look_every: Duration::from_millis(5),
        ..settings()
    };
    let mut watch = FileWatch::new(vec![file.clone()], settings);
    // A file that was seen otherwise, with no event to come.
    watch.seen = fingerprints(&[file]);
    let mut earlier = watch.seen[0].clone().unwrap();
    earlier.size += 1;
    let _ = std::mem::replace(&mut watch.seen, vec![Some(earlier)]);
    runtime().block_on(watch.changed());
}
