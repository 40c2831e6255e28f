//! Hand-over: every socket arrives, and nobody who waits in a queue is lost.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::os::unix::net::UnixStream;

use proptest::prelude::*;

use super::*;
use crate::listen::address::Address;
use crate::listen::bind::{Settings, bind, local_address};
use crate::listen::distribute::distribute;
use crate::listen::passed::descriptor_name;

const LONG: Duration = Duration::from_secs(20);

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

fn group(sockets: usize) -> (Vec<OwnedFd>, SocketAddr, String) {
    let any = "127.0.0.1:0".parse().unwrap();
    let sockets = bind(&any, &Settings::default(), count(sockets)).unwrap();
    let Address::Tcp(address) = local_address(&sockets[0]).unwrap() else {
        panic!("not TCP");
    };
    let name = descriptor_name(&Address::Tcp(address)).unwrap();
    (sockets, address, name)
}

fn named<'a>(name: &str, sockets: &'a [OwnedFd]) -> Vec<(String, BorrowedFd<'a>)> {
    let item = |socket: &'a OwnedFd| (name.to_owned(), socket.as_fd());
    sockets.iter().map(item).collect()
}

/// Clients that have connected and asked, and that nobody has accepted yet.
fn waiting(address: SocketAddr, number: usize) -> Vec<TcpStream> {
    (0..number)
        .map(|_| {
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(b"ask").unwrap();
            client
        })
        .collect()
}

/// Answers everybody who waits on any of the shares, as `workers` would.
fn answer_all(sockets: Vec<OwnedFd>, workers: usize, expected: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut listeners: Vec<_> = distribute(sockets, count(workers))
            .into_iter()
            .flatten()
            .map(|share| share.listen().unwrap())
            .collect();
        let mut answered = 0;
        while answered < expected {
            for listener in &mut listeners {
                let mut batch = Vec::new();
                let turn = Duration::from_millis(5);
                let _ = tokio::time::timeout(turn, listener.next_batch(&mut batch, 64)).await;
                for raw in batch {
                    assert_eq!(raw.try_read(&mut [0; 8]).unwrap(), 3);
                    raw.try_write(b"sorry").unwrap();
                    answered += 1;
                }
            }
        }
    });
}

/// The old process hands over and goes; the new one has other numbers of workers. Nobody who waited is reset.
#[test]
fn nobody_who_waits_is_reset() {
    for (old_workers, new_workers) in [(2, 2), (1, 3), (3, 2), (4, 1)] {
        let (sockets, address, name) = group(old_workers);
        let mut clients = waiting(address, 24);
        let (old, new) = UnixStream::pair().unwrap();
        let sender = std::thread::spawn(move || {
            send(&old, &named(&name, &sockets), LONG).unwrap();
            await_confirmation(&old, LONG).unwrap();
            acknowledge(&old, LONG).unwrap();
            drop(sockets);
        });
        let mut passed = receive(&new, LONG).unwrap();
        clients.extend(waiting(address, 8));
        confirm(&new, LONG).unwrap();
        sender.join().unwrap();
        let sockets = passed.claim_listeners(&Address::Tcp(address)).unwrap();
        assert_eq!(sockets.len(), old_workers);
        clients.extend(waiting(address, 8));
        answer_all(sockets, new_workers, 40);
        for mut client in clients {
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            assert_eq!(answer, "sorry");
        }
    }
}

#[test]
fn more_than_a_chunk_goes_in_order() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let (old, new) = UnixStream::pair().unwrap();
    old.set_nonblocking(true).unwrap();
    let sender = std::thread::spawn(move || {
        let items: Vec<_> = (0..2 * CHUNK + 3)
            .map(|number| (format!("{number}-{}", "x".repeat(200)), file.as_fd()))
            .collect();
        send(&old, &items, LONG).unwrap();
    });
    let passed = receive(&new, LONG).unwrap();
    sender.join().unwrap();
    assert_eq!(passed.len(), 2 * CHUNK + 3);
    for (number, (name, descriptor)) in passed.left_over().into_iter().enumerate() {
        assert!(name.starts_with(&format!("{number}-")), "{name}");
        let flags = rustix::io::fcntl_getfd(&descriptor).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
}

#[test]
fn nothing_at_all_can_be_handed_over() {
    let (old, new) = UnixStream::pair().unwrap();
    send(&old, &[], LONG).unwrap();
    assert!(receive(&new, LONG).unwrap().is_empty());
}

#[test]
fn a_sender_that_stops_is_noticed() {
    let short = Duration::from_millis(5);
    let (old, new) = UnixStream::pair().unwrap();
    let error = receive(&new, short).unwrap_err();
    assert!(matches!(error, HandoverError::Late(_)), "{error}");
    (&old).write_all(&MAGIC).unwrap();
    drop(old);
    let error = receive(&new, LONG).unwrap_err();
    assert!(matches!(error, HandoverError::Ended), "{error}");
    let (old, new) = UnixStream::pair().unwrap();
    drop(new);
    let error = await_confirmation(&old, LONG).unwrap_err();
    assert!(matches!(error, HandoverError::Ended), "{error}");
    let error = send(&old, &[], LONG).unwrap_err();
    assert!(matches!(error, HandoverError::Ended), "{error}");
}

/// Each side knows which of them goes on, whichever of them falters.
#[test]
fn a_confirmation_is_answered() {
    let (old, new) = UnixStream::pair().unwrap();
    withdraw(&old, LONG);
    drop(old);
    let error = confirm(&new, LONG).unwrap_err();
    assert!(matches!(error, HandoverError::Withdrawn), "{error}");
    let (old, new) = UnixStream::pair().unwrap();
    drop(old);
    let error = confirm(&new, LONG).unwrap_err();
    assert!(matches!(error, HandoverError::Ended), "{error}");
    let (old, new) = UnixStream::pair().unwrap();
    let error = confirm(&new, Duration::from_millis(5)).unwrap_err();
    assert!(matches!(error, HandoverError::Late(_)), "{error}");
    drop(new);
    await_confirmation(&old, LONG).unwrap();
    let error = acknowledge(&old, LONG).unwrap_err();
    assert!(matches!(error, HandoverError::Ended), "{error}");
}

#[test]
fn a_receiver_that_does_not_read_is_given_up() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let (old, _new) = UnixStream::pair().unwrap();
    let name = "x".repeat(255);
    let items: Vec<_> = (0..DESCRIPTORS_MAX)
        .map(|_| (name.clone(), file.as_fd()))
        .collect();
    let error = send(&old, &items, Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, HandoverError::Late(_)), "{error}");
}

#[test]
fn contradictions_are_refused() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let header = |count: u32| [MAGIC.as_slice(), &count.to_be_bytes()].concat();
    let try_bytes = |bytes: &[u8], attached: usize| {
        let (old, new) = UnixStream::pair().unwrap();
        let channel = Channel::new(old.as_fd(), LONG);
        channel.write(&header(2), &[]).unwrap();
        let attached = vec![file.as_fd(); attached];
        channel
            .write(&bytes[..ChunkHeader::LENGTH], &attached)
            .unwrap();
        channel.write(&bytes[ChunkHeader::LENGTH..], &[]).unwrap();
        drop(old);
        receive(&new, LONG).unwrap_err().to_string()
    };
    for (bytes, attached, expected) in [
        (b"\0\0\0\x02\x01a".as_slice(), 0, "out of bounds"),
        (b"\xff\0\0\x02\x01a", 1, "out of bounds"),
        (b"\0\x02\0\x02\x01a", 1, "were lost"),
        (b"\0\x01\0\x02\x01a", 2, "were lost"),
        (b"\0\x01\0\x02\x09a", 1, "names do not fit"),
        (b"\0\x01\0\x02\x01:", 1, "names do not fit"),
        (b"\0\x01\0\x04\x01a\x01b", 1, "not one name"),
        (b"\0\x03\0\x06\x01a\x01b\x01c", 3, "more descriptors"),
    ] {
        let error = try_bytes(bytes, attached);
        assert!(error.contains(expected), "{bytes:?}: {error}");
    }
    let (old, new) = UnixStream::pair().unwrap();
    (&old).write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let error = receive(&new, LONG).unwrap_err();
    assert!(matches!(error, HandoverError::Magic), "{error}");
    let (old, new) = UnixStream::pair().unwrap();
    (&old).write_all(&header(u32::MAX)).unwrap();
    let error = receive(&new, LONG).unwrap_err();
    assert!(matches!(error, HandoverError::TooMany(_)), "{error}");
    let error = send(&old, &[("a:b".to_owned(), file.as_fd())], LONG).unwrap_err();
    assert!(matches!(error, HandoverError::Name(_)), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_refused_or_understood(noise in prop::collection::vec(any::<u8>(), 0..64), magic in any::<bool>()) {
        let (old, new) = UnixStream::pair().unwrap();
        if magic {
            (&old).write_all(&MAGIC).unwrap();
        }
        (&old).write_all(&noise).unwrap();
        drop(old);
        if let Ok(passed) = receive(&new, LONG) {
            prop_assert!(passed.is_empty());
        }
    }
}
