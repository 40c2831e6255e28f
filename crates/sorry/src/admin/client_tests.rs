//! Tests of the client against servers that are gone, deaf or babbling; `socket_tests` has those against ours.

use std::os::unix::net::UnixListener;
use std::thread::JoinHandle;

use super::*;

/// Longer than anything takes; a test that waits for it has failed.
const NEVER: Duration = Duration::from_secs(20);
/// A limit that a test waits for.
const SOON: Duration = Duration::from_millis(40);

#[test]
fn a_client_without_a_daemon_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let error = |path: &Path| connect(path, SOON).unwrap_err();
    assert!(matches!(error(&path), ClientError::NoSocket(_)));
    assert!(error(&path).to_string().contains("is `sorry run` running"));
    assert!(matches!(
        error(&folder.path().join("x".repeat(200))),
        ClientError::BadPath(_)
    ));
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(error(&path), ClientError::NoDaemon(_)));
}

/// A server that says `bytes` to everybody and hangs up.
fn parrot(path: &Path, bytes: &'static [u8]) -> JoinHandle<()> {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        stream.write_all(bytes).unwrap();
    })
}

#[test]
fn a_client_bears_with_any_server() {
    for (bytes, garbled) in [
        (&b"{\"ok\":{\"version\":\"1\",\"pid\":1}}"[..], false),
        (b"", false),
        (b"HTTP/1.1 400 Bad Request\r\n", true),
        (b"{\"ok\":{\"version\":1}}\n", true),
        (b"\xff\n", true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let server = parrot(&path, bytes);
        let error = connect(&path, NEVER).unwrap().ping().unwrap_err();
        match error {
            ClientError::Garbled { .. } => assert!(garbled, "{bytes:?}"),
            ClientError::HungUp(_) => assert!(!garbled, "{bytes:?}"),
            other => panic!("{other:?}"),
        }
        server.join().unwrap();
    }
}

#[test]
fn a_client_does_not_wait_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let _deaf = UnixListener::bind(&path).unwrap();
    let error = connect(&path, SOON).unwrap().ping().unwrap_err();
    assert!(
        matches!(error, ClientError::Timeout { what: "reply", .. }),
        "{error}"
    );
}

#[test]
fn a_client_does_not_wait_for_ever_to_be_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    let address = SocketAddrUnix::new(&path).unwrap();
    rustix::net::bind(&socket, &address).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let _queued = connect(&path, SOON).unwrap();
    let error = connect(&path, SOON).unwrap_err();
    let accept = "accept the connection";
    assert!(
        matches!(&error, ClientError::Timeout { what, .. } if *what == accept),
        "{error}"
    );
}
