//! Accepting: batches, dealing, and running out of descriptors.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;

use rustix::process::{Resource, Rlimit};

use super::*;
use crate::listen::distribute::distribute;
use crate::listen::socket::Room;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn listening() -> (OwnedFd, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener.into(), address)
}

fn clients(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    (0..count)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect()
}

#[test]
fn batches_keep_to_the_limit_and_come_again() {
    let (socket, address) = listening();
    runtime().block_on(async {
        let mut listener = Listener::new(socket).unwrap();
        let clients = clients(address, 5);
        let mut batch = Vec::new();
        let mut sizes = Vec::new();
        while batch.len() < 5 {
            let before = batch.len();
            assert_eq!(listener.next_batch(&mut batch, 2).await, None);
            sizes.push(batch.len() - before);
        }
        assert_eq!(sizes, [2, 2, 1]);
        let mut seen: Vec<_> = batch
            .iter()
            .map(|raw| raw.peer().address().unwrap())
            .collect();
        let mut expected: Vec<_> = clients
            .iter()
            .map(|client| client.local_addr().unwrap())
            .collect();
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected);
        assert!(listener.accept_remaining(&mut batch, 10));
        assert_eq!(batch.len(), 5);
    });
}

#[test]
fn the_last_look_finds_what_the_runtime_has_not_heard_of() {
    let (socket, address) = listening();
    runtime().block_on(async {
        let mut listener = Listener::new(socket).unwrap();
        let _clients = clients(address, 3);
        let mut batch = Vec::new();
        assert!(!listener.accept_remaining(&mut batch, 2));
        assert!(listener.accept_remaining(&mut batch, 2));
        assert_eq!(batch.len(), 3);
    });
}

#[test]
fn every_error_of_accept_has_a_meaning() {
    assert_eq!(classify(Errno::MFILE), Interruption::ProcessDescriptors);
    assert_eq!(classify(Errno::NFILE), Interruption::SystemDescriptors);
    assert_eq!(classify(Errno::NOBUFS), Interruption::Memory);
    assert_eq!(classify(Errno::CONNABORTED), Interruption::Aborted);
    assert_eq!(classify(Errno::PERM), Interruption::Aborted);
    assert_eq!(
        classify(Errno::INVAL),
        Interruption::Unexpected(Errno::INVAL)
    );
}

#[test]
fn a_socket_that_cannot_accept_is_reported_and_tried_again() {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (socket, _) = listening();
    runtime().block_on(async {
        let mut listener = Listener::new(socket).unwrap();
        // Shutting a listening socket down makes every further accept fail with EINVAL.
        rustix::net::shutdown(listener.socket().unwrap(), rustix::net::Shutdown::Both).unwrap();
        let error = rustix::net::accept_with(listener.socket().unwrap(), flags).unwrap_err();
        let mut batch = Vec::new();
        for _ in 0..2 {
            let interruption = listener.next_batch(&mut batch, 8).await;
            assert_eq!(interruption, Some(Interruption::Unexpected(error)));
            assert!(
                listener.resting_until.is_some(),
                "it rests instead of spinning"
            );
        }
        assert!(batch.is_empty());
    });
}

#[test]
fn fewer_sockets_than_workers_are_dealt_evenly() {
    let (socket, address) = listening();
    runtime().block_on(async {
        let workers = NonZeroUsize::new(3).unwrap();
        let mut listeners: Vec<Listener> = distribute(vec![socket], workers)
            .into_iter()
            .map(|mut shares| {
                assert_eq!(shares.len(), 1);
                shares.remove(0).listen().unwrap()
            })
            .collect();
        assert!(listeners[0].socket().is_some());
        assert!(listeners[1].socket().is_none());
        let _clients = clients(address, 9);
        let mut batches = [const { Vec::new() }; 3];
        while batches[0].len() < 3 {
            listeners[0].next_batch(&mut batches[0], 16).await;
        }
        for worker in [1, 2] {
            listeners[worker].next_batch(&mut batches[worker], 16).await;
        }
        assert_eq!(batches.map(|batch| batch.len()), [3, 3, 3]);
    });
}

#[test]
fn what_was_dealt_survives_a_dropped_wait() {
    let (socket, address) = listening();
    runtime().block_on(async {
        let mut shares = distribute(vec![socket], NonZeroUsize::new(2).unwrap());
        let mut other = shares.remove(1).remove(0).listen().unwrap();
        let mut dealer = shares.remove(0).remove(0).listen().unwrap();
        let _clients = clients(address, 2);
        let mut own = Vec::new();
        dealer.next_batch(&mut own, 16).await;
        assert!(other.source_waits().await);
        let mut dealt = Vec::new();
        drop(dealer);
        assert!(other.accept_remaining(&mut dealt, 16));
        assert_eq!((own.len(), dealt.len()), (1, 1));
    });
}

#[test]
fn a_worker_that_is_gone_is_dealt_nothing() {
    let (socket, address) = listening();
    runtime().block_on(async {
        let mut shares = distribute(vec![socket], NonZeroUsize::new(2).unwrap());
        drop(shares.pop());
        let mut dealer = shares.remove(0).remove(0).listen().unwrap();
        let _clients = clients(address, 4);
        let mut own = Vec::new();
        while own.len() < 4 {
            dealer.next_batch(&mut own, 16).await;
        }
    });
}

#[test]
fn a_worker_that_has_looked_a_last_time_is_dealt_nothing() {
    let (socket, address) = listening();
    runtime().block_on(async {
        let mut shares = distribute(vec![socket], NonZeroUsize::new(2).unwrap());
        let mut leaving = shares.remove(1).remove(0).listen().unwrap();
        let mut dealer = shares.remove(0).remove(0).listen().unwrap();
        let _first = clients(address, 2);
        let (mut own, mut dealt) = (Vec::new(), Vec::new());
        while own.is_empty() || leaving.queue_length() == 0 {
            dealer.next_batch(&mut own, 16).await;
        }
        assert!(leaving.accept_remaining(&mut dealt, 16));
        assert_eq!((own.len(), dealt.len()), (1, 1));
        // Between the last look and the end of the listener: nothing may be put where nobody looks again.
        let _second = clients(address, 2);
        while own.len() + leaving.queue_length() < 3 {
            dealer.next_batch(&mut own, 16).await;
        }
        assert_eq!(own.len(), 3);
    });
}

#[test]
fn more_sockets_than_workers_are_all_kept() {
    let sockets = (0..5).map(|_| listening().0).collect();
    let counts: Vec<usize> = distribute(sockets, NonZeroUsize::new(2).unwrap())
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(counts, [3, 2]);
    assert!(
        distribute(Vec::new(), NonZeroUsize::new(2).unwrap())
            .iter()
            .all(Vec::is_empty)
    );
}

impl Listener {
    /// Begins to wait and gives up once something is in hand, as a caller's `select!` may do.
    async fn source_waits(&mut self) -> bool {
        self.wait().await;
        matches!(&self.source, Source::Dealt(hand) if hand.next.is_some())
    }

    /// How many connections were dealt and not taken.
    fn queue_length(&self) -> usize {
        match &self.source {
            Source::Own(..) => 0,
            Source::Dealt(hand) => hand.receiver.len(),
        }
    }
}

/// The limit is the process's, so the test runs again in a process of its own.
#[test]
fn out_of_descriptors_clients_are_still_answered_one_by_one() {
    const NAME: &str =
        "listen::listener::tests::out_of_descriptors_clients_are_still_answered_one_by_one";
    if std::env::var_os("SORRY_TEST_CHILD").is_some() {
        return runtime().block_on(answer_on_the_last_descriptor());
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture", "--test-threads=1"])
        .env("SORRY_TEST_CHILD", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{output:?}"
    );
}

async fn answer_on_the_last_descriptor() {
    let (socket, address) = listening();
    let mut listener = Listener::new(socket).unwrap();
    let mut waiting = clients(address, 5);
    for client in &mut waiting {
        client.write_all(b"ping").unwrap();
    }
    let fill = use_up_descriptors();
    let mut batch = Vec::new();
    for client in &mut waiting {
        let interruption = listener.next_batch(&mut batch, 8).await;
        assert_eq!(interruption, Some(Interruption::ProcessDescriptors));
        let raw = batch.pop().unwrap();
        assert_eq!(raw.room(), Room::LastDescriptor);
        assert_eq!(raw.try_read(&mut [0; 8]).unwrap(), 4);
        raw.try_write(b"pong").unwrap();
        drop(raw);
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "pong");
    }
    assert!(batch.is_empty());
    keeping_the_last_one_only_rests(&mut listener, address, fill).await;
}

async fn keeping_the_last_one_only_rests(
    listener: &mut Listener,
    address: SocketAddr,
    mut fill: Vec<OwnedFd>,
) {
    fill.truncate(fill.len() - 2);
    let _two = clients(address, 2);
    let mut batch = Vec::new();
    for expected in [1, 1] {
        let interruption = listener.next_batch(&mut batch, 8).await;
        assert_eq!(interruption, Some(Interruption::ProcessDescriptors));
        assert_eq!(batch.len(), expected, "the second one has to wait");
    }
    drop(fill);
    assert_eq!(listener.next_batch(&mut batch, 8).await, None);
    assert_eq!(batch.len(), 2);
    assert_eq!(batch[1].room(), Room::Open);
}

/// Lowers the limit to the next free descriptor, and takes that one too.
fn use_up_descriptors() -> Vec<OwnedFd> {
    use std::os::fd::AsRawFd;
    let mut fill: Vec<OwnedFd> = (0..64).map(|_| reserve().unwrap()).collect();
    let limit = fill.last().unwrap().as_raw_fd() + 1;
    let limit = Rlimit {
        current: Some(limit.try_into().unwrap()),
        maximum: Some(limit.try_into().unwrap()),
    };
    rustix::process::setrlimit(Resource::Nofile, limit).unwrap();
    while let Some(descriptor) = reserve() {
        fill.push(descriptor);
    }
    fill
}
