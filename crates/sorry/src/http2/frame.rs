//! Frames: the nine octets before each, and the frames that we write (RFC 9113, sections 4 and 6).
//!
//! Nothing here knows a connection's state. Used by everything in this folder that reads or writes.

/// The octets of a frame header (section 4.1).
pub(crate) const HEAD: usize = 9;
/// What every endpoint must take, and the least that may be asked for (sections 4.2 and 6.5.2).
pub(crate) const SMALLEST_MAX_FRAME: u32 = 1 << 14;
/// The most that a length field can say.
pub(crate) const LARGEST_MAX_FRAME: u32 = (1 << 24) - 1;
/// What clients send first (section 3.4).
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;
pub(crate) const PADDED: u8 = 0x8;
pub(crate) const PRIORITY: u8 = 0x20;

/// Error codes (section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    NoError = 0x0,
    ProtocolError = 0x1,
    FlowControlError = 0x3,
    StreamClosed = 0x5,
    FrameSizeError = 0x6,
    RefusedStream = 0x7,
    Cancel = 0x8,
    CompressionError = 0x9,
    EnhanceYourCalm = 0xb,
    Http11Required = 0xd,
}

/// Frame types (section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Data = 0x0,
    Headers = 0x1,
    Priority = 0x2,
    RstStream = 0x3,
    Settings = 0x4,
    PushPromise = 0x5,
    Ping = 0x6,
    GoAway = 0x7,
    WindowUpdate = 0x8,
    Continuation = 0x9,
    /// To be ignored (section 5.5).
    Unknown = 0xff,
}

impl Kind {
    fn new(octet: u8) -> Self {
        match octet {
            0x0 => Self::Data,
            0x1 => Self::Headers,
            0x2 => Self::Priority,
            0x3 => Self::RstStream,
            0x4 => Self::Settings,
            0x5 => Self::PushPromise,
            0x6 => Self::Ping,
            0x7 => Self::GoAway,
            0x8 => Self::WindowUpdate,
            0x9 => Self::Continuation,
            _ => Self::Unknown,
        }
    }
}

/// A frame header as it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) length: u32,
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
}

impl Head {
    #[inline]
    pub(crate) fn read(octets: &[u8; HEAD]) -> Self {
        let [a, b, c, kind, flags, id @ ..] = *octets;
        Self {
            length: u32::from_be_bytes([0, a, b, c]),
            kind: Kind::new(kind),
            flags,
            stream: u32::from_be_bytes(id) & 0x7fff_ffff,
        }
    }

    #[inline]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// How much of the payload must be at hand before the frame is looked at; the rest is discarded
    /// as it comes.
    #[inline]
    pub(crate) fn looked_at(&self) -> usize {
        match self.kind {
            Kind::Data => usize::from(self.has(PADDED)).min(self.length as usize),
            Kind::Unknown => 0,
            _ => self.length as usize,
        }
    }
}

/// Appends a frame header.
#[inline]
pub(crate) fn put_head(length: usize, kind: Kind, flags: u8, stream: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&head(length, kind, flags, stream));
}

/// A frame header; for one that is written once its length is known.
#[inline]
pub(crate) fn head(length: usize, kind: Kind, flags: u8, stream: u32) -> [u8; HEAD] {
    debug_assert!(length <= LARGEST_MAX_FRAME as usize);
    let [a, b, c, ..] = length.to_le_bytes();
    let [i, j, k, l] = stream.to_be_bytes();
    [c, b, a, kind as u8, flags, i, j, k, l]
}

pub(crate) fn put_rst_stream(stream: u32, code: Code, out: &mut Vec<u8>) {
    put_head(4, Kind::RstStream, 0, stream, out);
    out.extend_from_slice(&[0, 0, 0, code as u8]);
}

pub(crate) fn put_window_update(stream: u32, increment: u32, out: &mut Vec<u8>) {
    put_head(4, Kind::WindowUpdate, 0, stream, out);
    out.extend_from_slice(&increment.to_be_bytes());
}

pub(crate) fn put_ping(flags: u8, data: &[u8; 8], out: &mut Vec<u8>) {
    put_head(8, Kind::Ping, flags, 0, out);
    out.extend_from_slice(data);
}

/// `why` is for whoever reads a trace of the connection (section 6.8).
pub(crate) fn put_go_away(last: u32, code: Code, why: &str, out: &mut Vec<u8>) {
    put_head(8 + why.len(), Kind::GoAway, 0, 0, out);
    out.extend_from_slice(&last.to_be_bytes());
    out.extend_from_slice(&[0, 0, 0, code as u8]);
    out.extend_from_slice(why.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_come_back() {
        let written = head(0x12_3456, Kind::Continuation, 0x25, 0x7fff_fffd);
        assert_eq!(written, [0x12, 0x34, 0x56, 9, 0x25, 0x7f, 0xff, 0xff, 0xfd]);
        let read = Head::read(&written);
        assert_eq!(
            (read.length, read.kind, read.flags, read.stream),
            (0x12_3456, Kind::Continuation, 0x25, 0x7fff_fffd)
        );
        // The reserved bit is ignored (section 4.1).
        assert_eq!(Head::read(&[0, 0, 0, 0x10, 0, 0x80, 0, 0, 1]).stream, 1);
        assert_eq!(
            Head::read(&[0, 0, 0, 0x10, 0, 0x80, 0, 0, 1]).kind,
            Kind::Unknown
        );
    }
}
