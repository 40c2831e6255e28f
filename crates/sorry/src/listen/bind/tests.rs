//! Listening sockets: shared ports, unix files, and what is said when an address is taken.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

use super::*;

fn workers(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn tcp(text: &str) -> Address {
    text.parse().unwrap()
}

fn bound(address: &str, settings: &Settings, count: usize) -> (Vec<OwnedFd>, SocketAddr) {
    let sockets = bind(&tcp(address), settings, workers(count)).unwrap();
    match local_address(&sockets[0]).unwrap() {
        Address::Tcp(actual) => (sockets, actual),
        other => panic!("{other} is not TCP"),
    }
}

/// Accepts on whichever socket of the group the kernel chose.
fn accept_any(sockets: &[OwnedFd]) -> OwnedFd {
    let mut ready: Vec<_> = sockets
        .iter()
        .map(|socket| rustix::event::PollFd::new(socket, rustix::event::PollFlags::IN))
        .collect();
    rustix::event::poll(&mut ready, None).unwrap();
    let index = ready
        .iter()
        .position(|poll| !poll.revents().is_empty())
        .unwrap();
    rustix::net::accept_with(&sockets[index], SocketFlags::CLOEXEC).unwrap()
}

#[test]
fn a_group_shares_the_port_that_the_kernel_chose() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (sockets, actual) = bound(address, &Settings::default(), 3);
        assert_eq!(sockets.len(), 3);
        for socket in &sockets {
            assert_eq!(local_address(socket).unwrap(), Address::Tcp(actual));
            assert!(sockopt::socket_acceptconn(socket).unwrap());
        }
        for _ in 0..20 {
            let mut client = TcpStream::connect(actual).unwrap();
            let server = accept_any(&sockets);
            rustix::net::send(&server, b"x", rustix::net::SendFlags::empty()).unwrap();
            client.read_exact(&mut [0; 1]).unwrap();
        }
    }
}

#[test]
fn a_second_group_does_not_join_the_first_unasked() {
    let (_first, actual) = bound("127.0.0.1:0", &Settings::default(), 2);
    let error = bind(&Address::Tcp(actual), &Settings::default(), workers(2)).unwrap_err();
    // Which of the two depends on whether another test is starting a process at this moment.
    assert!(
        matches!(
            &error,
            BindError::Refused {
                refusal: Refusal::Overlap { .. } | Refusal::InUse { .. },
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn another_process_that_holds_the_port_is_named() {
    let (mut sockets, actual) = bound("127.0.0.1:0", &Settings::default(), 1);
    let mut holder = std::process::Command::new("sleep")
        .arg("1000")
        .stdin(sockets.remove(0))
        .spawn()
        .unwrap();
    let error = bind(&Address::Tcp(actual), &Settings::default(), workers(2)).unwrap_err();
    let expected = format!("sleep (pid {})", holder.id());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let text = error.to_string();
    assert!(text.contains("address in use by "), "{text}");
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn accepted_sockets_inherit_what_was_set_once() {
    let settings = Settings {
        keepalive: Some(Keepalive {
            idle: Duration::from_secs(40),
            interval: Duration::from_secs(7),
            probes: 3,
        }),
        unacknowledged: Some(Duration::from_secs(21)),
        ..Settings::default()
    };
    let (sockets, actual) = bound("127.0.0.1:0", &settings, 1);
    let _client = TcpStream::connect(actual).unwrap();
    let server = accept_any(&sockets);
    assert!(sockopt::tcp_nodelay(&server).unwrap());
    assert_eq!(sockopt::tcp_user_timeout(&server).unwrap(), 21_000);
    assert!(sockopt::socket_keepalive(&server).unwrap());
    assert_eq!(
        sockopt::tcp_keepidle(&server).unwrap(),
        Duration::from_secs(40)
    );
    assert_eq!(
        sockopt::tcp_keepintvl(&server).unwrap(),
        Duration::from_secs(7)
    );
    assert_eq!(sockopt::tcp_keepcnt(&server).unwrap(), 3);
}

#[test]
fn sockets_are_non_blocking_and_not_passed_on() {
    let (sockets, _) = bound("127.0.0.1:0", &Settings::default(), 1);
    let flags = rustix::io::fcntl_getfd(&sockets[0]).unwrap();
    assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    let error = rustix::net::accept(&sockets[0]).unwrap_err();
    assert_eq!(error, Errno::AGAIN);
}

#[test]
fn deferral_hides_connections_that_say_nothing() {
    let settings = Settings {
        deferral: Deferral::UntilBytes(Duration::from_secs(5)),
        ..Settings::default()
    };
    let (sockets, actual) = bound("127.0.0.1:0", &settings, 1);
    let mut client = TcpStream::connect(actual).unwrap();
    assert_eq!(
        rustix::net::accept(&sockets[0]).unwrap_err(),
        Errno::AGAIN,
        "nothing was said yet"
    );
    client.write_all(b"x").unwrap();
    let _server = accept_any(&sockets);
}

#[test]
fn ipv6_alone_leaves_room_for_ipv4() {
    let (_six, actual) = bound("[::]:0", &Settings::default(), 1);
    assert!(TcpStream::connect(("127.0.0.1", actual.port())).is_err());
    let both = Settings {
        ipv6: Ipv6::WithIpv4,
        ..Settings::default()
    };
    let (_both, actual) = bound("[::]:0", &both, 1);
    assert!(TcpStream::connect(("127.0.0.1", actual.port())).is_ok());
}

#[test]
fn an_address_of_another_machine_needs_free_bind() {
    let elsewhere = tcp("192.0.2.77:0");
    let error = bind(&elsewhere, &Settings::default(), workers(1)).unwrap_err();
    assert!(
        error.to_string().contains("does not hold the address"),
        "{error}"
    );
    let any = Settings {
        addresses: Addresses::Any,
        ..Settings::default()
    };
    bind(&elsewhere, &any, workers(1)).unwrap();
    bind(&tcp("[2001:db8::77]:0"), &any, workers(1)).unwrap();
}

#[test]
fn a_passed_socket_cannot_be_bound() {
    let error = bind(&tcp("systemd:http"), &Settings::default(), workers(1)).unwrap_err();
    assert!(
        error.to_string().contains("FileDescriptorName=http"),
        "{error}"
    );
}

#[test]
fn a_unix_socket_gets_its_folder_and_mode() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("http.sock");
    let settings = Settings {
        unix_mode: 0o660,
        unix_folder_mode: Some(0o750),
        ..Settings::default()
    };
    let sockets = bind(&Address::Unix(path.clone()), &settings, workers(4)).unwrap();
    assert_eq!(sockets.len(), 1);
    assert_eq!(
        local_address(&sockets[0]).unwrap(),
        Address::Unix(path.clone())
    );
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o660);
    assert_eq!(mode(path.parent().unwrap()), 0o750);
    UnixStream::connect(&path).unwrap();
}

#[test]
fn a_living_socket_is_left_alone_and_a_dead_one_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    let address = Address::Unix(path.clone());
    let living = UnixListener::bind(&path).unwrap();
    let error = bind(&address, &Settings::default(), workers(1)).unwrap_err();
    let who = format!("(pid {})", std::process::id());
    assert!(matches!(error, BindError::Alive { .. }), "{error}");
    assert!(error.to_string().contains(&who), "{error}");
    UnixStream::connect(&path).unwrap();
    drop(living);
    let _new = bind(&address, &Settings::default(), workers(1)).unwrap();
    UnixStream::connect(&path).unwrap();
}

#[test]
fn files_that_are_no_sockets_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious");
    std::fs::write(&path, "text").unwrap();
    let error = bind(
        &Address::Unix(path.clone()),
        &Settings::default(),
        workers(1),
    )
    .unwrap_err();
    assert!(matches!(error, BindError::NotASocket(_)), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "text");
}

#[test]
fn a_missing_folder_is_an_error_when_it_may_not_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::Unix(folder.path().join("absent/http.sock"));
    let settings = Settings {
        unix_folder_mode: None,
        ..Settings::default()
    };
    let error = bind(&address, &settings, workers(1)).unwrap_err();
    assert!(matches!(error, BindError::NoFolder(_)), "{error}");
}

#[test]
fn a_folder_that_another_process_works_in_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::Unix(folder.path().join("http.sock"));
    let lock = std::fs::File::open(folder.path()).unwrap();
    lock.lock().unwrap();
    let impatient = Settings {
        unix_folder_wait: Duration::ZERO,
        ..Settings::default()
    };
    let error = bind(&address, &impatient, workers(1)).unwrap_err();
    assert!(matches!(error, BindError::Contended(_)), "{error}");
    let waiting = std::thread::spawn(move || {
        let patient = Settings {
            unix_folder_wait: Duration::from_secs(20),
            ..Settings::default()
        };
        bind(&address, &patient, workers(1))
    });
    drop(lock);
    waiting.join().unwrap().unwrap();
}

#[test]
fn of_many_that_start_at_once_one_gets_the_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    drop(UnixListener::bind(&path).unwrap());
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let address = Address::Unix(path.clone());
            std::thread::spawn(move || bind(&address, &Settings::default(), workers(1)))
        })
        .collect();
    let results: Vec<_> = starts
        .into_iter()
        .map(|start| start.join().unwrap())
        .collect();
    let winners = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(winners, 1);
    UnixStream::connect(&path).unwrap();
}
