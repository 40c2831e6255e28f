//! SETTINGS: what we announce and what the peer may announce (RFC 9113, section 6.5; RFC 8441; RFC
//! 9218).

use super::fault::Fault;
use super::frame::{self, Code, Kind, LARGEST_MAX_FRAME, SMALLEST_MAX_FRAME};
use super::limits::{ExtendedConnect, Limits};

const HEADER_TABLE_SIZE: u16 = 0x1;
const ENABLE_PUSH: u16 = 0x2;
const MAX_CONCURRENT_STREAMS: u16 = 0x3;
const INITIAL_WINDOW_SIZE: u16 = 0x4;
const MAX_FRAME_SIZE: u16 = 0x5;
const MAX_HEADER_LIST_SIZE: u16 = 0x6;
const ENABLE_CONNECT_PROTOCOL: u16 = 0x8;
const NO_RFC7540_PRIORITIES: u16 = 0x9;

/// A window before anybody said anything (section 6.9.2).
pub(crate) const INITIAL_WINDOW: u32 = 65_535;
/// The largest window (section 6.9.1).
pub(crate) const LARGEST_WINDOW: u32 = 0x7fff_ffff;

/// Appends our SETTINGS frame. What equals the protocol's default is not said.
pub(crate) fn announce(limits: &Limits, out: &mut Vec<u8>) {
    let offered = u32::from(limits.extended_connect == ExtendedConnect::Offered);
    let ours = [
        (HEADER_TABLE_SIZE, saturated(limits.table_bytes), Some(4096)),
        (MAX_CONCURRENT_STREAMS, limits.streams, None),
        (
            INITIAL_WINDOW_SIZE,
            limits.window_bytes,
            Some(INITIAL_WINDOW),
        ),
        (MAX_FRAME_SIZE, limits.frame_bytes, Some(SMALLEST_MAX_FRAME)),
        (MAX_HEADER_LIST_SIZE, saturated(limits.header_bytes), None),
        (ENABLE_CONNECT_PROTOCOL, offered, Some(0)),
        // RFC 9218, 2.1: the old priorities are ignored here, and clients need not send them.
        (NO_RFC7540_PRIORITIES, 1, None),
    ];
    let said = || {
        ours.iter()
            .filter(|(_, value, default)| Some(*value) != *default)
    };
    frame::put_head(said().count() * 6, Kind::Settings, 0, 0, out);
    for (id, value, _) in said() {
        out.extend_from_slice(&id.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// What matters of the peer's settings to somebody who only answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerSettings {
    /// Of each new stream.
    pub(crate) window: u32,
    pub(crate) max_frame: u32,
    /// The peer named a table size since our last block: RFC 7541, 4.2 wants an answer at the start
    /// of the next one.
    pub(crate) table_named: bool,
}

impl PeerSettings {
    pub(crate) fn new() -> Self {
        Self {
            window: INITIAL_WINDOW,
            max_frame: SMALLEST_MAX_FRAME,
            table_named: false,
        }
    }

    /// Applies the payload of a SETTINGS frame, in order; a setting that is not known, or does not
    /// concern a server, is skipped.
    pub(crate) fn apply(&mut self, payload: &[u8]) -> Result<(), Fault> {
        let (settings, rest) = payload.as_chunks::<6>();
        if !rest.is_empty() {
            return Err(Fault::Connection(
                Code::FrameSizeError,
                "SETTINGS of no whole number of settings",
            ));
        }
        for [a, b, value @ ..] in settings {
            let value = u32::from_be_bytes(*value);
            match u16::from_be_bytes([*a, *b]) {
                HEADER_TABLE_SIZE => self.table_named = true,
                ENABLE_PUSH | ENABLE_CONNECT_PROTOCOL | NO_RFC7540_PRIORITIES if value > 1 => {
                    return Err(Fault::Connection(
                        Code::ProtocolError,
                        "a setting that is neither 0 nor 1",
                    ));
                }
                INITIAL_WINDOW_SIZE if value > LARGEST_WINDOW => {
                    return Err(Fault::Connection(
                        Code::FlowControlError,
                        "SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1",
                    ));
                }
                INITIAL_WINDOW_SIZE => self.window = value,
                MAX_FRAME_SIZE if !(SMALLEST_MAX_FRAME..=LARGEST_MAX_FRAME).contains(&value) => {
                    return Err(Fault::Connection(
                        Code::ProtocolError,
                        "SETTINGS_MAX_FRAME_SIZE out of range",
                    ));
                }
                MAX_FRAME_SIZE => self.max_frame = value,
                _ => {}
            }
        }
        Ok(())
    }
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
