//! Cuts a stream of bytes into lines with a longest length. Bytes in, lines out; no sockets.

use memchr::memchr;

/// What has been read and is not yet a line.
#[derive(Debug)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// How much of it was searched for an end.
    searched: usize,
    longest: usize,
}

/// A line without its end, or the reason why there will never be one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Whole(Vec<u8>),
    TooLong,
}

impl Lines {
    /// Lines of at most `longest` bytes, their ends not counted.
    pub(super) fn new(longest: usize) -> Lines {
        Lines {
            bytes: Vec::new(),
            searched: 0,
            longest,
        }
    }

    /// Adds what was read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether nothing waits: no line, and no beginning of one.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next line, if it is there. After `TooLong` nothing more can be read.
    pub(super) fn next(&mut self) -> Option<Line> {
        let end = memchr(b'\n', &self.bytes[self.searched..]).map(|at| self.searched + at);
        let Some(end) = end else {
            self.searched = self.bytes.len();
            return (self.bytes.len() > self.longest).then_some(Line::TooLong);
        };
        if end > self.longest {
            return Some(Line::TooLong);
        }
        let mut line: Vec<u8> = self.bytes.drain(..=end).collect();
        line.pop();
        self.searched = 0;
        Some(Line::Whole(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(longest: usize, pieces: &[&[u8]]) -> (Vec<Line>, bool) {
        let mut lines = Lines::new(longest);
        let mut found = Vec::new();
        for piece in pieces {
            lines.push(piece);
            while let Some(line) = lines.next() {
                let over = line == Line::TooLong;
                found.push(line);
                if over {
                    return (found, lines.is_empty());
                }
            }
        }
        (found, lines.is_empty())
    }

    #[test]
    fn lines_are_cut_at_their_ends() {
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        for (pieces, expected, empty) in [
            (
                &["ab\n\ncd\n"][..],
                vec![whole("ab"), whole(""), whole("cd")],
                true,
            ),
            (&["a", "b", "\nc"], vec![whole("ab")], false),
            (&["abcd\n"], vec![whole("abcd")], true),
            (&["abcde\n"], vec![Line::TooLong], false),
            (&["abcd", "e"], vec![Line::TooLong], false),
            (&["abcd", "\n"], vec![whole("abcd")], true),
            (&[], vec![], true),
        ] {
            let pieces: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
            assert_eq!(all(4, &pieces), (expected, empty), "{pieces:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn how_bytes_arrive_changes_nothing(text in "[a\n]{0,60}", size in 1_usize..9, longest in 0_usize..9) {
            let bytes = text.as_bytes();
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(all(longest, &pieces).0, all(longest, &[bytes]).0);
        }
    }
}
