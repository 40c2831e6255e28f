//! Moving descriptors to another process over a unix stream (SCM_RIGHTS, unix(7)): how a new `sorry` takes over from
//! the one that runs.
//!
//! The sockets themselves move, with everything that waits in their queues. The sender keeps its copies and goes on
//! accepting until the receiver confirms; then it closes them, which resets nothing, since the receiver holds them
//! too. If anything fails before that, the old process simply goes on.
//!
//! On the wire: a header (eight bytes of magic, the number of descriptors), then chunks, each of a fixed part with
//! the descriptors attached and the names behind it; at the end one byte back, and one byte in answer to it: so each
//! side knows which of them goes on. All numbers are big-endian. Who may
//! ask for this is for the admin socket to decide. The calls block, each within its time; run them on a thread that
//! may.

mod wire;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::passed::Passed;
use wire::{Channel, ChunkHeader};

/// More listeners than any configuration has; a peer gone mad must not fill our descriptor table.
pub const DESCRIPTORS_MAX: usize = 4096;

/// Descriptors in one chunk, well below the kernel's limit of 253 (`SCM_MAX_FD`).
const CHUNK: usize = 128;

/// Every name of a chunk at its longest, with its length byte.
const NAMES_MAX_BYTES: usize = CHUNK * 256;

const MAGIC: [u8; 8] = *b"SorryFD1";
const CONFIRMED: u8 = b'+';
const WITHDRAWN: u8 = b'-';

/// Why descriptors did not move. The old process still has its own.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    #[error("cannot pass descriptors")]
    Io(#[from] std::io::Error),
    #[error("the other process did not answer within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("the other process closed the connection before the hand-over was complete")]
    Ended,
    #[error("the other process has not waited for us: it goes on by itself")]
    Withdrawn,
    #[error("the other process does not speak this hand-over; is it another version?")]
    Magic,
    #[error("{0} descriptors are more than {DESCRIPTORS_MAX}")]
    TooMany(usize),
    #[error("a chunk that contradicts itself: {0}")]
    Chunk(&'static str),
    #[error("descriptors were lost on the way; raise LimitNOFILE= of the service")]
    Lost,
    #[error("`{0}` cannot name a descriptor")]
    Name(String),
}

/// Sends copies of all descriptors, each under its name; a name may come more than once.
pub fn send(
    stream: impl AsFd,
    descriptors: &[(String, BorrowedFd<'_>)],
    within: Duration,
) -> Result<(), HandoverError> {
    check_names(descriptors)?;
    let channel = Channel::new(stream.as_fd(), within);
    let count = u32::try_from(descriptors.len())
        .ok()
        .filter(|_| descriptors.len() <= DESCRIPTORS_MAX)
        .ok_or(HandoverError::TooMany(descriptors.len()))?;
    channel.write(&[MAGIC.as_slice(), &count.to_be_bytes()].concat(), &[])?;
    for chunk in descriptors.chunks(CHUNK) {
        send_chunk(&channel, chunk)?;
    }
    Ok(())
}

/// Receives all descriptors of a hand-over. They are close-on-exec; what they are is checked when they are claimed.
pub fn receive(stream: impl AsFd, within: Duration) -> Result<Passed, HandoverError> {
    let channel = Channel::new(stream.as_fd(), within);
    let mut header = [0; MAGIC.len() + 4];
    if !channel.read(&mut header)?.is_empty() {
        return Err(HandoverError::Chunk("descriptors before the first chunk"));
    }
    let Some(count) = header.strip_prefix(&MAGIC) else {
        return Err(HandoverError::Magic);
    };
    let count = count
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    if count > DESCRIPTORS_MAX {
        return Err(HandoverError::TooMany(count));
    }
    let mut received = Vec::new();
    while received.len() < count {
        received.extend(receive_chunk(&channel)?);
    }
    if received.len() > count {
        return Err(HandoverError::Chunk("more descriptors than were announced"));
    }
    Ok(Passed::new(received))
}

/// Tells the sender that this process accepts on everything it was handed, and waits until it has heard that: from then on
/// the sockets are this process's alone. [`HandoverError::Ended`] says that there is no other process any more, so that they
/// are all the same.
pub fn confirm(stream: impl AsFd, within: Duration) -> Result<(), HandoverError> {
    let channel = Channel::new(stream.as_fd(), within);
    match channel.write(&[CONFIRMED], &[]) {
        // What the sender has said before it hung up can still be read.
        Ok(()) | Err(HandoverError::Ended) => {}
        Err(error) => return Err(error),
    }
    let mut answer = [0];
    channel.read(&mut answer)?;
    match answer {
        [CONFIRMED] => Ok(()),
        [WITHDRAWN] => Err(HandoverError::Withdrawn),
        _ => Err(HandoverError::Magic),
    }
}

/// Answers a confirmation. The receiver has gone if this fails: then the sender goes on.
pub fn acknowledge(stream: impl AsFd, within: Duration) -> Result<(), HandoverError> {
    Channel::new(stream.as_fd(), within).write(&[CONFIRMED], &[])
}

/// Tells the receiver that it was not waited for: the sender goes on. Whoever has gone need not be told.
pub fn withdraw(stream: impl AsFd, within: Duration) {
    let _gone = Channel::new(stream.as_fd(), within).write(&[WITHDRAWN], &[]);
}

/// Waits until the receiver has confirmed; only after it was told so may the sender close its copies.
pub fn await_confirmation(stream: impl AsFd, within: Duration) -> Result<(), HandoverError> {
    let mut answer = [0];
    Channel::new(stream.as_fd(), within).read(&mut answer)?;
    if answer == [CONFIRMED] {
        Ok(())
    } else {
        Err(HandoverError::Magic)
    }
}

fn check_names(descriptors: &[(String, BorrowedFd<'_>)]) -> Result<(), HandoverError> {
    let wrong = descriptors
        .iter()
        .find(|(name, _)| !super::address::is_descriptor_name(name));
    match wrong {
        Some((name, _)) => Err(HandoverError::Name(name.clone())),
        None => Ok(()),
    }
}

fn send_chunk(
    channel: &Channel<'_>,
    chunk: &[(String, BorrowedFd<'_>)],
) -> Result<(), HandoverError> {
    let mut names = Vec::new();
    for (name, _) in chunk {
        names.push(u8::try_from(name.len()).map_err(|_| HandoverError::Name(name.clone()))?);
        names.extend(name.as_bytes());
    }
    let header = ChunkHeader {
        descriptors: chunk.len(),
        names: names.len(),
    };
    let attached: Vec<BorrowedFd<'_>> = chunk.iter().map(|(_, descriptor)| *descriptor).collect();
    channel.write(&header.encode(), &attached)?;
    channel.write(&names, &[])
}

fn receive_chunk(channel: &Channel<'_>) -> Result<Vec<(String, OwnedFd)>, HandoverError> {
    let mut header = [0; ChunkHeader::LENGTH];
    let descriptors = channel.read(&mut header)?;
    let header = ChunkHeader::decode(header);
    if header.descriptors == 0 || header.descriptors > CHUNK || header.names > NAMES_MAX_BYTES {
        return Err(HandoverError::Chunk("its header is out of bounds"));
    }
    if descriptors.len() != header.descriptors {
        return Err(HandoverError::Lost);
    }
    let mut names = vec![0; header.names];
    if !channel.read(&mut names)?.is_empty() {
        return Err(HandoverError::Chunk("descriptors among the names"));
    }
    let names = wire::split_names(&names).ok_or(HandoverError::Chunk("its names do not fit"))?;
    if names.len() != descriptors.len() {
        return Err(HandoverError::Chunk("not one name for each descriptor"));
    }
    Ok(names.into_iter().zip(descriptors).collect())
}

/// The moment after which nothing is waited for any more.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: Instant,
    within: Duration,
}

impl Deadline {
    fn new(within: Duration) -> Self {
        Self {
            at: Instant::now() + within,
            within,
        }
    }

    fn left(self) -> Result<Duration, HandoverError> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            Err(HandoverError::Late(self.within))
        } else {
            Ok(left)
        }
    }
}

#[cfg(test)]
mod tests;
