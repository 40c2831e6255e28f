//! Tests of the client against servers that are gone, deaf or babbling; `socket_tests` has those against ours.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;

use super::*;

/// Longer than anything takes.
const NEVER: Duration = Duration::from_secs(20);
/// A limit that a test waits for.
const SOON: Duration = Duration::from_millis(40);

#[test]
fn a_daemon_that_is_not_there_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let ask = || Api::at(Place::Socket(path.clone())).standing().unwrap_err();
    assert!(ask().to_string().contains("is `sorry run` running"));
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(ask(), ClientError::NoDaemon(_)));
}

#[test]
fn any_server_is_borne_with() {
    let standing = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"sites\":[]}";
    let fault = "HTTP/1.1 404 No\r\nContent-Length: 35\r\n\r\n{\"kind\":\"unknown\",\"message\":\"none\"}\n";
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"sites\":[]}\r\n0\r\n\r\n";
    for (said, expected) in [
        (standing, "ok"),
        (chunked, "ok"),
        (fault, "none"),
        ("", "hung up"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "hung up"),
        ("{\"ok\":{}}\n", "another version"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            "another version",
        ),
        (
            "HTTP/1.1 502 Bad\r\nContent-Length: 2\r\n\r\nno",
            "another version",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            stream.write_all(said.as_bytes()).unwrap();
        });
        let asked = Api::at(Place::Socket(path)).with_patience(NEVER).standing();
        let shown = asked.map_or_else(|error| error.to_string(), |_| "ok".to_owned());
        assert!(shown.contains(expected), "{said:?}: {shown}");
        server.join().unwrap();
    }
}

#[test]
fn a_deaf_server_is_not_waited_for_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let _deaf = UnixListener::bind(&path).unwrap();
    let api = Api::at(Place::Socket(path)).with_patience(SOON);
    let error = api.status().unwrap_err();
    assert!(
        matches!(error, ClientError::Timeout { what: "reply", .. }),
        "{error}"
    );
}

#[test]
fn what_is_wanted_of_the_history_stands_in_the_query() {
    let wanted = Wanted {
        site: Some("a&b".to_owned()),
        since: Some(Moment(7)),
        until: None,
        limit: Some(3),
    };
    assert_eq!(
        wanted.query(),
        "site=a%26b&since=1970-01-01T00:00:07Z&limit=3"
    );
    assert_eq!(Wanted::default().query(), "");
}
