//! Finds the end of a request's body and forgets the rest (RFC 9112, sections 6 and 7).
//!
//! The sorry server never reads what it is sent; it must only know where the next request begins.

use super::fault::Fault;
use super::head::Framing;

/// The longest line of a chunk's size with its extensions, and of a trailer field.
const LONGEST_LINE: u16 = 4096;

/// The most trailer lines.
const MOST_TRAILERS: u16 = 64;

/// How far into a body the bytes have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discard {
    /// So many more bytes.
    Length(u64),
    /// Inside chunked coding.
    Chunked(Chunk),
}

/// Where in chunked coding the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// In the digits of a chunk's size: the size so far, and how many digits.
    Size(u64, u8),
    /// In a chunk's extensions, with the size known: bytes of the line so far.
    Extension(u64, u16),
    /// After the CR of the size's line.
    SizeEnd(u64),
    /// In a chunk's data.
    Data(u64),
    /// Before the CR after the data.
    DataCr,
    /// Before the LF after the data.
    DataLf,
    /// At the beginning of a trailer line: lines so far.
    Trailer(u16),
    /// Inside a trailer line: lines so far, bytes of this one.
    TrailerLine(u16, u16),
    /// After the CR of a trailer line.
    TrailerEnd(u16),
    /// After the CR of the empty line that ends everything.
    End,
}

impl Discard {
    /// A body that begins now, if there is one.
    pub fn new(framing: Framing) -> Option<Discard> {
        match framing {
            Framing::Length(0) => None,
            Framing::Length(length) => Some(Discard::Length(length)),
            Framing::Chunked => Some(Discard::Chunked(Chunk::Size(0, 0))),
        }
    }

    /// Takes bytes. Says how many belonged to the body, and whether it ended with them.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(usize, Progress), Fault> {
        match self {
            Discard::Length(left) => {
                let taken = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                *left -= taken as u64;
                Ok((
                    taken,
                    if *left == 0 {
                        Progress::Ended
                    } else {
                        Progress::More
                    },
                ))
            }
            Discard::Chunked(chunk) => chunk.feed(bytes),
        }
    }
}

/// Whether a body has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// More of it follows.
    More,
    /// That was its last byte.
    Ended,
}

impl Chunk {
    fn feed(&mut self, bytes: &[u8]) -> Result<(usize, Progress), Fault> {
        let mut at = 0;
        while at < bytes.len() {
            if let Chunk::Data(left) = self {
                let taken = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len() - at);
                *left -= taken as u64;
                at += taken;
                if *left == 0 {
                    *self = Chunk::DataCr;
                }
                continue;
            }
            let byte = bytes[at];
            at += 1;
            if *self == Chunk::End {
                return if byte == b'\n' {
                    Ok((at, Progress::Ended))
                } else {
                    Err(Fault::Chunk)
                };
            }
            *self = self.step(byte)?;
        }
        Ok((at, Progress::More))
    }

    /// The state after one byte of framing. Lines end in CR LF and nothing else, or two readers could disagree.
    fn step(self, byte: u8) -> Result<Chunk, Fault> {
        match (self, byte) {
            (Chunk::Size(size, digits @ 0..16), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                Ok(Chunk::Size((size << 4) | hex(byte), digits + 1))
            }
            (Chunk::Size(size, 1..), b'\r') => Ok(Chunk::SizeEnd(size)),
            (Chunk::Size(size, 1..), b';' | b' ' | b'\t') => Ok(Chunk::Extension(size, 0)),
            (Chunk::Extension(size, _), b'\r') => Ok(Chunk::SizeEnd(size)),
            (Chunk::Extension(size, length @ 0..LONGEST_LINE), byte) if is_text(byte) => {
                Ok(Chunk::Extension(size, length + 1))
            }
            (Chunk::SizeEnd(0), b'\n') => Ok(Chunk::Trailer(0)),
            (Chunk::SizeEnd(size), b'\n') => Ok(Chunk::Data(size)),
            (Chunk::DataCr, b'\r') => Ok(Chunk::DataLf),
            (Chunk::DataLf, b'\n') => Ok(Chunk::Size(0, 0)),
            (Chunk::Trailer(_), b'\r') => Ok(Chunk::End),
            (Chunk::Trailer(lines @ 0..MOST_TRAILERS), byte) if is_text(byte) => {
                Ok(Chunk::TrailerLine(lines, 1))
            }
            (Chunk::TrailerLine(lines, _), b'\r') => Ok(Chunk::TrailerEnd(lines + 1)),
            (Chunk::TrailerLine(lines, length @ 0..LONGEST_LINE), byte) if is_text(byte) => {
                Ok(Chunk::TrailerLine(lines, length + 1))
            }
            (Chunk::TrailerEnd(lines), b'\n') => Ok(Chunk::Trailer(lines)),
            _ => Err(Fault::Chunk),
        }
    }
}

fn hex(digit: u8) -> u64 {
    u64::from(char::from(digit).to_digit(16).unwrap_or(0))
}

/// Anything but line ends and NUL.
fn is_text(byte: u8) -> bool {
    !matches!(byte, b'\r' | b'\n' | 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds the text whole and says where the body ended, or that it did not.
    fn end(framing: Framing, text: &str) -> Result<Option<usize>, Fault> {
        let mut body = Discard::new(framing).unwrap();
        body.feed(text.as_bytes())
            .map(|(taken, progress)| (progress == Progress::Ended).then_some(taken))
    }

    #[test]
    fn bodies_end_where_rfc_9112_says() {
        for (text, expected) in [
            ("5\r\nhello\r\n0\r\n\r\nGET", Ok(Some(15))),
            ("5;a=b;c=\"d\"\r\nhello\r\n0\r\n\r\n", Ok(Some(25))),
            (
                "000a \r\n0123456789\r\n0\r\nTrailer: x\r\nB: y\r\n\r\n",
                Ok(Some(42)),
            ),
            ("A\r\n0123456789\r\n", Ok(None)),
            ("5\r\nhello", Ok(None)),
            ("0\r\n\r", Ok(None)),
            ("5\nhello\r\n0\r\n\r\n", Err(Fault::Chunk)),
            ("5\r\nhello!\r\n", Err(Fault::Chunk)),
            ("5\r\nhello\n0\r\n\r\n", Err(Fault::Chunk)),
            // One octet of each line's end is another.
            ("5\r!hello\r\n0\r\n\r\n", Err(Fault::Chunk)),
            ("5\r\nhello!\n0\r\n\r\n", Err(Fault::Chunk)),
            ("5\r\nhello\r!0\r\n\r\n", Err(Fault::Chunk)),
            ("0\r\nA: b\r!\r\n", Err(Fault::Chunk)),
            ("\r\nhello", Err(Fault::Chunk)),
            ("-5\r\n", Err(Fault::Chunk)),
            ("0x5\r\n", Err(Fault::Chunk)),
            ("5;\n\r\n", Err(Fault::Chunk)),
            ("10000000000000000\r\n", Err(Fault::Chunk)),
            ("0\r\n\rX", Err(Fault::Chunk)),
            ("0\r\nA: b\n\r\n", Err(Fault::Chunk)),
        ] {
            assert_eq!(end(Framing::Chunked, text), expected, "{text:?}");
        }
        assert_eq!(end(Framing::Length(3), "abcGET"), Ok(Some(3)));
        assert_eq!(end(Framing::Length(9), "abc"), Ok(None));
        assert_eq!(Discard::new(Framing::Length(0)), None);
    }

    #[test]
    fn lines_and_trailers_are_bounded() {
        let long_extension = format!("5;{}\r\n", "a".repeat(5000));
        assert_eq!(end(Framing::Chunked, &long_extension), Err(Fault::Chunk));
        let many_trailers = format!("0\r\n{}\r\n", "A: b\r\n".repeat(65));
        assert_eq!(end(Framing::Chunked, &many_trailers), Err(Fault::Chunk));
        let long_trailer = format!("0\r\nA: {}\r\n\r\n", "b".repeat(5000));
        assert_eq!(end(Framing::Chunked, &long_trailer), Err(Fault::Chunk));
    }

    proptest! {
        #[test]
        fn pieces_end_where_the_whole_ends(sizes in proptest::collection::vec(1usize..40, 0..6), cut in 1usize..7) {
            let mut text = String::new();
            for size in sizes {
                text.push_str(&format!("{size:x}\r\n{}\r\n", "x".repeat(size)));
            }
            text.push_str("0\r\n\r\n");
            let whole = text.len();
            text.push_str("GET / HTTP/1.1");
            let mut body = Discard::new(Framing::Chunked).unwrap();
            let mut at = 0;
            loop {
                let piece = &text.as_bytes()[at..(at + cut).min(text.len())];
                let (taken, progress) = body.feed(piece).unwrap();
                at += taken;
                if progress == Progress::Ended {
                    break;
                }
                prop_assert_eq!(taken, piece.len());
            }
            prop_assert_eq!(at, whole);
        }
    }
}
