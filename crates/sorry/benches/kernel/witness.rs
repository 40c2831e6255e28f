//! Looks at an answer with a real client, before anything is measured: a server that says something else is not measured.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

/// What the clients ask: short, since a cable has little room behind a packet that came from a socket.
pub(crate) const REQUEST: &[u8] = b"GET / HTTP/1.0\r\nHost: a\r\nAccept: text/html\r\n\r\n";

/// Bytes of the whole answer.
pub(crate) fn look(at: SocketAddr) -> anyhow::Result<usize> {
    let patience = Duration::from_secs(3);
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&at, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(REQUEST)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().with_context(|| format!("no answer from {at}"))?;
    ensure!(answer.starts_with(b"HTTP/1.1 503 "), "{at} does not refuse");
    let text = String::from_utf8_lossy(&answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        bail!("{at}: the head does not end");
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let length: usize = length.context("no length")?.trim().parse()?;
    ensure!(
        length == body.len(),
        "{at}: {length} bytes were promised, {} came",
        body.len()
    );
    Ok(answer.len())
}
