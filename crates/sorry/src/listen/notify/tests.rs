//! Messages to the service manager, as a manager in small hears them.

use std::io::{IoSliceMut, Read, Write};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};

use super::*;

fn manager() -> (UnixDatagram, Notifier, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let notifier = Notifier::new(path.to_str()).unwrap();
    (socket, notifier, folder)
}

fn receive(socket: &UnixDatagram) -> (String, Vec<OwnedFd>) {
    let mut buffer = [0; 1024];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut pieces = [IoSliceMut::new(&mut buffer)];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let count = rustix::net::recvmsg(socket, &mut pieces, &mut control, flags)
        .unwrap()
        .bytes;
    let descriptors = control
        .drain()
        .flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
            _ => Vec::new(),
        })
        .collect();
    let text = std::str::from_utf8(&buffer[..count]).unwrap();
    (text.to_owned(), descriptors)
}

#[test]
fn states_are_lines() {
    let (socket, notifier, _folder) = manager();
    let reloading = State::Reloading {
        monotonic: Duration::from_micros(1_500_000),
    };
    for (state, expected) in [
        (State::Ready, "READY=1\n"),
        (reloading, "RELOADING=1\nMONOTONIC_USEC=1500000\n"),
        (State::Stopping, "STOPPING=1\n"),
        (State::Status("a\nREADY=1".to_owned()), "STATUS=a READY=1\n"),
        (State::Watchdog, "WATCHDOG=1\n"),
        (State::MainProcess(7), "MAINPID=7\n"),
        (
            State::ExtendTimeout(Duration::from_millis(2)),
            "EXTEND_TIMEOUT_USEC=2000\n",
        ),
    ] {
        notifier.tell(&[state]).unwrap();
        assert_eq!(receive(&socket).0, expected);
    }
    notifier
        .tell(&[State::Ready, State::Status("all well".to_owned())])
        .unwrap();
    assert_eq!(receive(&socket).0, "READY=1\nSTATUS=all well\n");
}

#[test]
fn abstract_names_are_reached_too() {
    let name = format!("sorry-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    let notifier = Notifier::new(Some(&format!("@{name}"))).unwrap();
    notifier.tell(&[State::Ready]).unwrap();
    assert_eq!(receive(&socket).0, "READY=1\n");
}

#[test]
fn nobody_to_tell_is_no_error_and_a_wrong_address_is() {
    for nobody in [None, Some("")] {
        let notifier = Notifier::new(nobody).unwrap();
        assert!(!notifier.is_heard());
        notifier.tell(&[State::Ready]).unwrap();
        notifier.barrier(Duration::from_secs(1)).unwrap();
    }
    for wrong in ["relative", "vsock:2:1234"] {
        let error = Notifier::new(Some(wrong)).unwrap_err().to_string();
        assert!(error.contains(wrong), "{error}");
    }
    let notifier = Notifier::new(Some("/nonexistent/notify")).unwrap();
    let error = notifier.tell(&[State::Ready]).unwrap_err();
    assert!(matches!(error, NotifyError::Send(_)), "{error}");
}

#[test]
fn descriptors_are_stored_under_a_name() {
    let (socket, notifier, _folder) = manager();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let many = vec![theirs.as_fd(); DESCRIPTORS_PER_MESSAGE + 2];
    notifier.store("listen=[%3A%3A]%3A80", &many).unwrap();
    let expected = "FDSTORE=1\nFDNAME=listen=[%3A%3A]%3A80\n";
    let (text, mut first) = receive(&socket);
    assert_eq!(
        (text.as_str(), first.len()),
        (expected, DESCRIPTORS_PER_MESSAGE)
    );
    let (text, second) = receive(&socket);
    assert_eq!((text.as_str(), second.len()), (expected, 2));
    ours.write_all(b"x").unwrap();
    let mut stored = UnixStream::from(first.remove(0));
    stored.read_exact(&mut [0; 1]).unwrap();
    notifier.discard("old").unwrap();
    assert_eq!(receive(&socket).0, "FDSTOREREMOVE=1\nFDNAME=old\n");
    let error = notifier.store("a:b", &[theirs.as_fd()]).unwrap_err();
    assert!(matches!(error, NotifyError::Name(_)), "{error}");
}

#[test]
fn the_barrier_waits_for_the_manager() {
    let (socket, notifier, _folder) = manager();
    let error = notifier.barrier(Duration::from_millis(5)).unwrap_err();
    assert!(matches!(error, NotifyError::NoBarrier(_)), "{error}");
    drop(receive(&socket));
    let reader = std::thread::spawn(move || {
        let (text, descriptors) = receive(&socket);
        assert_eq!((text.as_str(), descriptors.len()), ("BARRIER=1\n", 1));
    });
    notifier.barrier(Duration::from_secs(20)).unwrap();
    reader.join().unwrap();
}

#[test]
fn the_watchdog_is_for_the_named_process() {
    let second = Some(Duration::from_secs(1));
    assert_eq!(watchdog_limit(Some("1000000"), None, 7), second);
    assert_eq!(watchdog_limit(Some("1000000"), Some("7"), 7), second);
    assert_eq!(watchdog_limit(Some("1000000"), Some("8"), 7), None);
    assert_eq!(watchdog_limit(Some("1000000"), Some("x"), 7), None);
    assert_eq!(watchdog_limit(Some("0"), None, 7), None);
    assert_eq!(watchdog_limit(Some("x"), None, 7), None);
    assert_eq!(watchdog_limit(None, None, 7), None);
    assert!(monotonic_now() > Duration::ZERO);
}
