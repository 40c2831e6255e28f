//! HTTP/2 frames as bytes, for clients that say what no library would say.

/// The first bytes of HTTP/2 (RFC 9113, section 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Types of frames (RFC 9113, section 6).
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

// Flags.
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// `GET http /` from the static table (RFC 7541, appendix A).
pub(super) const GET: &[u8] = &[0x82, 0x86, 0x84];

/// One frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a short frame")
        .to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend_from_slice(&[kind, flags]);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// The error code of the last GOAWAY among the frames (section 6.8).
pub(super) fn goaway(bytes: &[u8]) -> Option<u32> {
    let frames = frames(bytes);
    let (_, payload) = frames.iter().rfind(|(kind, _)| *kind == GOAWAY)?;
    let code = payload.get(4..8)?.try_into().ok()?;
    Some(u32::from_be_bytes(code))
}

/// ENHANCE_YOUR_CALM (section 7).
pub(super) const CALM: u32 = 0xb;

/// The whole frames among the bytes: type and payload.
pub(super) fn frames(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = bytes {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let Some(payload) = rest.get(..length) else {
            break;
        };
        frames.push((*kind, payload));
        bytes = &rest[length..];
    }
    frames
}
