//! Bytes and descriptors over a unix stream, whole or not at all, within a time. The stream may be blocking or not.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

use super::super::address::is_descriptor_name;
use super::{CHUNK, Deadline, HandoverError};

/// The fixed part of a chunk, to which the descriptors are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChunkHeader {
    pub descriptors: usize,
    /// Bytes of names that follow.
    pub names: usize,
}

impl ChunkHeader {
    pub(super) const LENGTH: usize = 4;

    /// Both numbers are below 65536: the caller's chunks are, by their limits.
    pub(super) fn encode(self) -> [u8; Self::LENGTH] {
        let [.., d1, d0] = self.descriptors.to_be_bytes();
        let [.., n1, n0] = self.names.to_be_bytes();
        [d1, d0, n1, n0]
    }

    pub(super) fn decode([d1, d0, n1, n0]: [u8; Self::LENGTH]) -> Self {
        Self {
            descriptors: u16::from_be_bytes([d1, d0]).into(),
            names: u16::from_be_bytes([n1, n0]).into(),
        }
    }
}

/// Names, each behind its length in one byte.
pub(super) fn split_names(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let name = std::str::from_utf8(name).ok()?;
        if !is_descriptor_name(name) {
            return None;
        }
        names.push(name.to_owned());
        bytes = rest;
    }
    Some(names)
}

/// A stream with a deadline.
pub(super) struct Channel<'a> {
    stream: BorrowedFd<'a>,
    deadline: Deadline,
}

impl<'a> Channel<'a> {
    pub(super) fn new(stream: BorrowedFd<'a>, within: Duration) -> Self {
        Self {
            stream,
            deadline: Deadline::new(within),
        }
    }

    /// Writes all of `bytes`; the descriptors go with the first of them.
    pub(super) fn write(
        &self,
        bytes: &[u8],
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(), HandoverError> {
        let mut rest = bytes;
        let mut attached = descriptors;
        while !rest.is_empty() {
            match self.send_some(rest, attached) {
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    attached = &[];
                }
                Err(Errno::AGAIN) => self.wait(PollFlags::OUT)?,
                Err(Errno::TOOMANYREFS) => self.rest()?,
                Err(Errno::INTR) => {}
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(HandoverError::Ended),
                Err(error) => return Err(std::io::Error::from(error).into()),
            }
        }
        Ok(())
    }

    /// Fills `buffer` and returns the descriptors that came with its bytes.
    pub(super) fn read(&self, buffer: &mut [u8]) -> Result<Vec<OwnedFd>, HandoverError> {
        let mut filled = 0;
        let mut descriptors = Vec::new();
        while filled < buffer.len() {
            match self.receive_some(&mut buffer[filled..], &mut descriptors) {
                Ok((0, _)) => return Err(HandoverError::Ended),
                Ok((_, flags)) if flags.contains(ReturnFlags::CTRUNC) => {
                    return Err(HandoverError::Lost);
                }
                Ok((count, _)) => filled += count,
                Err(Errno::AGAIN) => self.wait(PollFlags::IN)?,
                Err(Errno::INTR) => {}
                Err(Errno::CONNRESET) => return Err(HandoverError::Ended),
                Err(error) => return Err(std::io::Error::from(error).into()),
            }
        }
        Ok(descriptors)
    }

    fn send_some(&self, bytes: &[u8], attached: &[BorrowedFd<'_>]) -> Result<usize, Errno> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(CHUNK))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !attached.is_empty() && !control.push(SendAncillaryMessage::ScmRights(attached)) {
            return Err(Errno::INVAL);
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        rustix::net::sendmsg(self.stream, &[IoSlice::new(bytes)], &mut control, flags)
    }

    fn receive_some(
        &self,
        buffer: &mut [u8],
        descriptors: &mut Vec<OwnedFd>,
    ) -> Result<(usize, ReturnFlags), Errno> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(CHUNK))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        let mut pieces = [IoSliceMut::new(buffer)];
        let message = rustix::net::recvmsg(self.stream, &mut pieces, &mut control, flags)?;
        for received in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = received {
                descriptors.extend(received);
            }
        }
        Ok((message.bytes, message.flags))
    }

    fn wait(&self, events: PollFlags) -> Result<(), HandoverError> {
        let left = self.deadline.left()?;
        let timeout = Timespec::try_from(left).map_err(std::io::Error::other)?;
        let mut poll = [PollFd::from_borrowed_fd(self.stream, events)];
        match rustix::event::poll(&mut poll, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(std::io::Error::from(error).into()),
        }
    }

    /// Too many descriptors are in flight until the receiver reads (unix(7)), and no event tells when it has.
    fn rest(&self) -> Result<(), HandoverError> {
        std::thread::sleep(self.deadline.left()?.min(REST));
        Ok(())
    }
}

const REST: Duration = Duration::from_millis(5);
