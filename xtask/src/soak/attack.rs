//! The ways in which an attack on one connection goes: each opens what it needs, sends what nobody should, and comes to an end. What it
//! leaves open is handed back, to be held for a while.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::dice::Dice;

/// An attacker does not wait longer than this for anything.
const PATIENCE: Duration = Duration::from_millis(500);

/// One attack; the connections that it leaves open.
pub(crate) type Attack = fn(SocketAddr, &mut Dice) -> std::io::Result<Vec<TcpStream>>;

pub(crate) const ATTACKS: &[Attack] = &[
    garbage,
    slow_heads,
    half_open,
    never_reads,
    long_head,
    endless_upload,
    http2_flood,
    hello_of_tls,
    two_framings,
    comes_and_goes,
];

fn open(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Reads to the end, within bounds: an answer to abuse is short.
fn hear(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut piece = [0; 4096];
    for _ in 0..64 {
        if stream.read(&mut piece)? == 0 {
            break;
        }
    }
    Ok(())
}

fn say(address: SocketAddr, bytes: &[u8]) -> std::io::Result<Vec<TcpStream>> {
    let mut stream = open(address)?;
    stream.write_all(bytes)?;
    hear(&mut stream)?;
    Ok(Vec::new())
}

fn garbage(address: SocketAddr, dice: &mut Dice) -> std::io::Result<Vec<TcpStream>> {
    let count = 1 + dice.below(4096);
    let bytes = dice.bytes(count);
    let mut stream = open(address)?;
    stream.write_all(&bytes)?;
    stream.shutdown(Shutdown::Write)?;
    hear(&mut stream)?;
    Ok(Vec::new())
}

fn slow_heads(address: SocketAddr, dice: &mut Dice) -> std::io::Result<Vec<TcpStream>> {
    const HEAD: &[u8] = b"GET /slow HTTP/1.1\r\nHost: shop\r\nX-Slow: yes\r\n";
    let mut streams = Vec::new();
    for _ in 0..=dice.below(20) {
        let mut stream = open(address)?;
        let said = 1 + dice.below(HEAD.len() as u64 - 1);
        stream.write_all(&HEAD[..usize::try_from(said).unwrap_or(1)])?;
        streams.push(stream);
    }
    Ok(streams)
}

fn half_open(address: SocketAddr, dice: &mut Dice) -> std::io::Result<Vec<TcpStream>> {
    (0..=dice.below(20)).map(|_| open(address)).collect()
}

/// Asks for much and takes none of it.
fn never_reads(address: SocketAddr, dice: &mut Dice) -> std::io::Result<Vec<TcpStream>> {
    let mut stream = open(address)?;
    let requests = b"GET / HTTP/1.1\r\nHost: shop\r\nAccept: text/html\r\n\r\n".repeat(500);
    stream.write_all(&requests)?;
    Ok(match dice.percent(50) {
        true => vec![stream],
        false => Vec::new(),
    })
}

fn long_head(address: SocketAddr, dice: &mut Dice) -> std::io::Result<Vec<TcpStream>> {
    let mut bytes = b"GET / HTTP/1.1\r\nHost: shop\r\nX-Long: ".to_vec();
    bytes.extend(vec![b'x'; 32_000 + dice.bytes(1).len() * 40_000]);
    say(address, &bytes)
}

fn endless_upload(address: SocketAddr, dice: &mut Dice) -> std::io::Result<Vec<TcpStream>> {
    let mut stream = open(address)?;
    stream
        .write_all(b"POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: 1073741824\r\n\r\n")?;
    let piece = vec![b'u'; 65_536];
    for _ in 0..=dice.below(16) {
        stream.write_all(&piece)?;
    }
    Ok(vec![stream])
}

/// A preface, and then frames that ask for answers or undo what was asked: PING, SETTINGS, RST_STREAM.
fn http2_flood(address: SocketAddr, dice: &mut Dice) -> std::io::Result<Vec<TcpStream>> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let frame: &[u8] = match dice.below(3) {
        0 => b"\0\0\x08\x06\0\0\0\0\0pingpong",
        1 => b"\0\0\0\x04\0\0\0\0\0",
        _ => b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08",
    };
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame.repeat(2_000));
    say(address, &bytes)
}

fn hello_of_tls(address: SocketAddr, dice: &mut Dice) -> std::io::Result<Vec<TcpStream>> {
    let mut bytes = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    bytes.extend(dice.bytes(300));
    say(address, &bytes)
}

fn two_framings(address: SocketAddr, _: &mut Dice) -> std::io::Result<Vec<TcpStream>> {
    let bytes = b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /inner HTTP/1.1\r\n\r\n";
    say(address, bytes)
}

fn comes_and_goes(address: SocketAddr, dice: &mut Dice) -> std::io::Result<Vec<TcpStream>> {
    for _ in 0..=dice.below(50) {
        drop(open(address)?);
    }
    Ok(Vec::new())
}
