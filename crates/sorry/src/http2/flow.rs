//! Flow control of what is received: bodies are thrown away, so that a window is only a brake (RFC
//! 9113, section 5.2).
//!
//! What we may send is a plain number beside the body that waits (`stream`, `connection`).

/// How much more a peer may send, on a stream or on the connection.
#[derive(Debug)]
pub(crate) struct ReceiveWindow {
    left: u32,
    /// Received and not yet given back.
    spent: u32,
    /// Given back in pieces of half of it, so that a WINDOW_UPDATE goes out for tens of DATA frames
    /// and the peer never stands still.
    whole: u32,
}

/// The peer sent more than it may.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overrun;

impl ReceiveWindow {
    /// `left` may be more than `whole`: before our settings are acknowledged the peer goes by the
    /// protocol's default.
    pub(crate) fn new(left: u32, whole: u32) -> Self {
        Self {
            left,
            spent: 0,
            whole,
        }
    }

    /// Counts a DATA frame, its padding included.
    pub(crate) fn take(&mut self, length: u32) -> Result<(), Overrun> {
        self.left = self.left.checked_sub(length).ok_or(Overrun)?;
        self.spent += length;
        Ok(())
    }

    /// The increment of a WINDOW_UPDATE that is due.
    pub(crate) fn give_back(&mut self) -> Option<u32> {
        if self.spent == 0 || self.spent < self.whole / 2 {
            return None;
        }
        let increment = std::mem::take(&mut self.spent);
        self.left += increment;
        Some(increment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_window_is_given_back_at_a_time() {
        let mut window = ReceiveWindow::new(100, 100);
        assert_eq!((window.take(49), window.give_back()), (Ok(()), None));
        assert_eq!((window.take(1), window.give_back()), (Ok(()), Some(50)));
        assert_eq!((window.take(100), window.take(1)), (Ok(()), Err(Overrun)));
        let mut smallest = ReceiveWindow::new(1, 1);
        assert_eq!(
            (smallest.give_back(), smallest.take(1), smallest.give_back()),
            (None, Ok(()), Some(1))
        );
    }
}
