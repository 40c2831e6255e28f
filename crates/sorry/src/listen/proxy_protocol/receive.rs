//! Reads a required header from a socket. What came behind it stays in the caller's buffer.

use std::io;
use std::time::Duration;

use super::super::socket::Socket;
use super::{Invalid, Parsed, parse};

/// Why a peer that must send a header is closed.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    #[error("the PROXY header is absent")]
    Absent,
    #[error("the PROXY header is bad: {0}")]
    Invalid(#[from] Invalid),
    #[error("the PROXY header did not come in time")]
    Late,
    #[error("the connection ended before the PROXY header did")]
    Ended,
    #[error("the PROXY header is longer than the buffer")]
    LongerThanBuffer,
    #[error("cannot read the PROXY header")]
    Read(#[from] io::Error),
}

/// Reads until the header is whole and says how many bytes of `buffer` are filled; the header can then be had by
/// `parse` on them. `filled` counts what the caller has read already. The time is for the whole header, so that a
/// byte now and then does not prolong it.
pub async fn receive(
    socket: &Socket,
    buffer: &mut [u8],
    filled: usize,
    within: Duration,
) -> Result<usize, HeaderError> {
    tokio::time::timeout(within, read_header(socket, buffer, filled))
        .await
        .map_err(|_| HeaderError::Late)?
}

async fn read_header(
    socket: &Socket,
    buffer: &mut [u8],
    mut filled: usize,
) -> Result<usize, HeaderError> {
    loop {
        match parse(&buffer[..filled]) {
            Parsed::Done(_) => return Ok(filled),
            Parsed::NotProxy => return Err(HeaderError::Absent),
            Parsed::Invalid(invalid) => return Err(invalid.into()),
            Parsed::Partial if filled == buffer.len() => return Err(HeaderError::LongerThanBuffer),
            Parsed::Partial => {}
        }
        socket.readable().await?;
        match socket.try_read(&mut buffer[filled..]) {
            Ok(0) => return Err(HeaderError::Ended),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}
