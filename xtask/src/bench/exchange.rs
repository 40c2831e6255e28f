//! One request and its whole answer on a connection of our own: for what neither `wrk` nor `h2load` can do, which is to find the first
//! moment at which a server answers, and to hold ten thousand connections open.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::request;

/// No answer takes this long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Connects.
pub(crate) fn connect(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address(port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Asks once, reads the answer to its end, and returns its status. The connection stays open.
pub(crate) fn ask(stream: &mut TcpStream, port: u16) -> Result<u16, String> {
    let request = request::http1(&address(port).to_string());
    let sent = stream.write_all(request.as_bytes());
    sent.map_err(|error| format!("cannot send a request: {error}"))?;
    let mut answer = Vec::new();
    let mut piece = [0; 8192];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return Err("the server closed the connection before it had answered".into()),
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) => return Err(format!("cannot read an answer: {error}")),
        }
        if let Some(status) = whole(&answer)? {
            return Ok(status);
        }
    }
}

/// The status, once the answer is whole. Servers here always send Content-Length.
pub(crate) fn whole(answer: &[u8]) -> Result<Option<u16>, String> {
    let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.lines();
    let status = lines.next().and_then(|l| l.split(' ').nth(1)?.parse().ok());
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let matches = name.eq_ignore_ascii_case("content-length");
        matches.then(|| value.trim().parse::<usize>().ok())?
    });
    match (status, length) {
        (Some(status), Some(length)) => Ok((answer.len() >= end + 4 + length).then_some(status)),
        _ => Err(format!("no status or no Content-Length in: {head}")),
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        let answer =
            b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\ncontent-length: 3\r\n\r\nabc";
        for stop in 0..answer.len() {
            assert_eq!(whole(&answer[..stop]), Ok(None), "{stop}");
        }
        assert_eq!(whole(answer), Ok(Some(503)));
        assert!(whole(b"HTTP/1.1 503\r\n\r\n").is_err());
        assert!(whole(b"garbage\r\n\r\n").is_err());
    }
}
