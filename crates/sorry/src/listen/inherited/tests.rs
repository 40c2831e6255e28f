//! What the service manager passes in, and what pretends to be that.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use super::*;
use crate::listen::address::Address;

fn read(
    process: Option<&str>,
    count: Option<&str>,
    names: Option<&str>,
) -> Result<Vec<String>, String> {
    let variable = |name| {
        let value = match name {
            "LISTEN_PID" => process,
            "LISTEN_FDS" => count,
            _ => names,
        };
        value.map(str::to_owned).ok_or(VarError::NotPresent)
    };
    announced(variable, 77).map_err(|error| error.to_string())
}

#[test]
fn what_is_announced_is_read_strictly() {
    let none = Ok(Vec::new());
    assert_eq!(read(None, None, None), none);
    assert_eq!(read(None, Some("1"), None), none);
    assert_eq!(
        read(Some("76"), Some("1"), Some("a")),
        none,
        "for another process"
    );
    assert_eq!(read(Some("77"), Some("0"), Some("")), none);
    let two = Ok(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(read(Some("77"), Some("2"), Some("a:b")), two);
    let unknown = Ok(vec!["unknown".to_owned(); 2]);
    assert_eq!(read(Some("77"), Some("2"), None), unknown);
    for (process, count, names, expected) in [
        ("x", "1", "a", "LISTEN_PID is `x`"),
        ("77", "-1", "a", "LISTEN_FDS is `-1`"),
        ("77", "4097", "a", "LISTEN_FDS is `4097`"),
        ("77", "1", "a:b", "2 names for 1 descriptors"),
        ("77", "2", "a", "1 names for 2 descriptors"),
    ] {
        let error = read(Some(process), Some(count), Some(names)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

/// Passes two sockets for real: a shell puts them at numbers 3 and 4, as a service manager does, and becomes this
/// very test in a new process.
#[test]
fn sockets_are_inherited_by_number() {
    const NAME: &str = "listen::inherited::tests::sockets_are_inherited_by_number";
    if std::env::var_os("SORRY_TEST_CHILD").is_some() {
        return answer_on_inherited_sockets();
    }
    let one = TcpListener::bind("127.0.0.1:0").unwrap();
    let two = TcpListener::bind("127.0.0.1:0").unwrap();
    let waiting = [&one, &two].map(|listener| {
        let address = listener.local_addr().unwrap();
        (address, TcpStream::connect(address).unwrap())
    });
    let script = "exec 3<&0 4>&1 </dev/null >&2; LISTEN_PID=$$ exec \"$0\" \"$@\"";
    let child = Command::new("/bin/sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture", "--test-threads=1"])
        .env("SORRY_TEST_CHILD", waiting[1].0.to_string())
        .env("LISTEN_FDS", "2")
        .env("LISTEN_FDNAMES", "http:unknown")
        .stdin(Stdio::from(OwnedFd::from(one)))
        .stdout(Stdio::from(OwnedFd::from(two)))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    for (_, mut client) in waiting {
        let mut said = String::new();
        client.read_to_string(&mut said).unwrap();
        assert_eq!(said, "inherited");
    }
}

fn answer_on_inherited_sockets() {
    let mut passed = take().unwrap();
    assert_eq!(passed.len(), 2);
    let named = Address::Systemd("http".to_owned());
    let bound: Address = std::env::var("SORRY_TEST_CHILD").unwrap().parse().unwrap();
    for address in [named, bound] {
        let sockets = passed.claim_listeners(&address).unwrap();
        let [socket] = <[OwnedFd; 1]>::try_from(sockets).unwrap();
        let flags = rustix::io::fcntl_getfd(&socket).unwrap();
        assert!(
            flags.contains(rustix::io::FdFlags::CLOEXEC),
            "not passed on"
        );
        let listener = TcpListener::from(socket);
        let (mut client, _) = listener.accept().unwrap();
        client.write_all(b"inherited").unwrap();
    }
    assert!(
        take().unwrap_err().to_string().contains("cannot take"),
        "only once"
    );
    // Whether this thread is alone depends on the test harness; either way nothing is half done.
    match forget() {
        Ok(()) => assert!(std::env::var_os("LISTEN_FDS").is_none()),
        Err(_) => assert!(std::env::var_os("LISTEN_FDS").is_some()),
    }
}
