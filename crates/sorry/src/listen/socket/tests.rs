//! Sockets: reading, writing, and what the kernel is asked for each.

use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::task::Waker;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// An accepted connection and the client's end of it.
fn pair() -> (Raw, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, peer) = listener.accept().unwrap();
    server.set_nonblocking(true).unwrap();
    (Raw::new(server.into(), Peer::Tcp(peer)), client)
}

fn is_ready(future: impl Future) -> bool {
    pin!(future)
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_ready()
}

#[test]
fn a_waiting_connection_is_small() {
    // Beside it the runtime keeps one cache-line-aligned record per registered descriptor (256 bytes).
    assert!(size_of::<Socket>() <= 64, "{} bytes", size_of::<Socket>());
    assert!(size_of::<Raw>() <= 40, "{} bytes", size_of::<Raw>());
}

#[test]
fn a_raw_connection_is_read_and_answered_without_a_runtime() {
    let (raw, mut client) = pair();
    let error = raw.try_read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    client.write_all(b"ping").unwrap();
    let mut buffer = [0; 16];
    rustix::event::poll(
        &mut [rustix::event::PollFd::new(
            &raw,
            rustix::event::PollFlags::IN,
        )],
        None,
    )
    .unwrap();
    assert_eq!(raw.try_read(&mut buffer).unwrap(), 4);
    let pieces = [IoSlice::new(b"po"), IoSlice::new(b"ng")];
    assert_eq!(raw.try_write_vectored(&pieces).unwrap(), 4);
    raw.shutdown_write().unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "pong");
    assert_eq!(raw.peer(), Peer::Tcp(client.local_addr().unwrap()));
}

#[test]
fn a_short_read_clears_readiness_and_a_full_one_does_not() {
    let (raw, mut client) = pair();
    runtime().block_on(async {
        let socket = raw.register().unwrap();
        client.write_all(b"12345678").unwrap();
        socket.readable().await.unwrap();
        let mut buffer = [0; 4];
        assert_eq!(socket.try_read(&mut buffer).unwrap(), 4);
        assert!(is_ready(socket.readable()), "the buffer was filled");
        let mut buffer = [0; 16];
        assert_eq!(socket.try_read(&mut buffer).unwrap(), 4);
        assert!(!is_ready(socket.readable()), "the socket is known empty");
        let error = socket.try_read(&mut buffer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        client.write_all(b"9").unwrap();
        socket.readable().await.unwrap();
        assert_eq!(socket.try_read(&mut buffer).unwrap(), 1);
    });
}

#[test]
fn an_end_that_comes_with_the_last_bytes_is_not_lost() {
    let (raw, mut client) = pair();
    runtime().block_on(async {
        let socket = raw.register().unwrap();
        client.write_all(b"last").unwrap();
        drop(client);
        let mut buffer = [0; 16];
        socket.readable().await.unwrap();
        assert_eq!(socket.try_read(&mut buffer).unwrap(), 4);
        loop {
            socket.readable().await.unwrap();
            match socket.try_read(&mut buffer) {
                Ok(count) => break assert_eq!(count, 0),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
    });
}

#[test]
fn a_full_send_buffer_waits_until_the_client_reads() {
    let (raw, mut client) = pair();
    let total = 16 * 1024 * 1024;
    let (full, is_full) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        is_full.recv().unwrap();
        let mut seen = 0;
        let mut buffer = vec![0; 65536];
        while seen < total {
            seen += client.read(&mut buffer).unwrap();
        }
        seen
    });
    runtime().block_on(async {
        let socket = raw.register().unwrap();
        let chunk = vec![b'x'; total];
        let mut written = 0;
        while written < total {
            match socket.try_write(&chunk[written..]) {
                Ok(count) => written += count,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    let _ = full.send(());
                    socket.writable().await.unwrap();
                }
            }
        }
    });
    assert_eq!(reader.join().unwrap(), total);
}

#[test]
fn a_full_send_buffer_clears_readiness() {
    let (raw, _client) = pair();
    runtime().block_on(async {
        let socket = raw.register().unwrap();
        let chunk = vec![b'x'; 1024 * 1024];
        socket.writable().await.unwrap();
        while socket
            .try_write(&chunk)
            .is_ok_and(|count| count == chunk.len())
        {}
        assert!(!is_ready(socket.writable()), "waiting would spin");
        let error = socket.try_write(&chunk).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn discarding_counts_without_keeping() {
    let (raw, mut client) = pair();
    runtime().block_on(async {
        let socket = raw.register().unwrap();
        client.write_all(&[b'x'; 1000]).unwrap();
        client.write_all(b"end").unwrap();
        let mut scratch = [0; 500];
        let mut discarded = 0;
        while discarded < 1000 {
            socket.readable().await.unwrap();
            discarded += socket.try_discard(&mut scratch).unwrap();
        }
        assert_eq!(discarded, 1000);
        assert_eq!(scratch, [0; 500], "TCP bytes are dropped, not copied");
        let mut buffer = [0; 16];
        socket.readable().await.unwrap();
        let count = socket.try_read(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"end");
    });
}

#[test]
fn works_as_a_stream_in_both_directions() {
    let (raw, client) = pair();
    let echo = std::thread::spawn(move || {
        let mut client = client;
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        client.write_all(text.as_bytes()).unwrap();
    });
    runtime().block_on(async {
        let mut socket = raw.register().unwrap();
        let text = "x".repeat(100_000);
        socket.write_all(text.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut back = String::new();
        socket.read_to_string(&mut back).await.unwrap();
        assert_eq!(back, text);
    });
    echo.join().unwrap();
}

#[test]
fn a_reset_is_seen_by_the_client() {
    let (raw, mut client) = pair();
    runtime().block_on(async { raw.register().unwrap().reset().unwrap() });
    let error = client.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn mapped_addresses_are_shown_as_ipv4() {
    let mapped: SocketAddr = "[::ffff:192.0.2.1]:5000".parse().unwrap();
    assert_eq!(Peer::of(Some(mapped.into())).to_string(), "192.0.2.1:5000");
    assert_eq!(Peer::of(None).address(), None);
}
