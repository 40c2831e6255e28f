//! All frames but HEADERS, CONTINUATION and DATA (RFC 9113, sections 6.3 to 6.9).

use super::{Connection, GOODBYE_PING, Goodbye, Progress, Turn};
use crate::http2::Answer;
use crate::http2::fault::Fault;
use crate::http2::frame::{self, ACK, Code, Head, Kind};
use crate::http2::settings::LARGEST_WINDOW;
use crate::http2::stream::Fate;

impl Connection {
    pub(super) fn on_control<A: Answer>(
        &mut self,
        head: &Head,
        payload: &[u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        match head.kind {
            Kind::Settings => self.on_settings(head, payload, turn),
            Kind::WindowUpdate => self.on_window_update(head, payload, turn),
            Kind::RstStream => self.on_rst_stream(head, payload, turn),
            Kind::Ping => self.on_ping(head, payload, turn),
            Kind::Priority => self.on_priority(head, turn),
            Kind::GoAway => self.on_go_away(head, turn),
            Kind::PushPromise => Err(Fault::Connection(
                Code::ProtocolError,
                "PUSH_PROMISE of a client",
            )),
            // Section 5.5: ignored, but not without end.
            Kind::Unknown | Kind::Data | Kind::Headers | Kind::Continuation => {
                self.budget.spend_control(&self.limits, turn.now)
            }
        }
    }

    /// Section 6.5.
    fn on_settings<A: Answer>(
        &mut self,
        head: &Head,
        payload: &[u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        on_connection(head, "SETTINGS on a stream")?;
        if head.has(ACK) {
            return self.on_settings_ack(head, turn);
        }
        if self.progress == Progress::Established {
            self.budget.spend_control(&self.limits, turn.now)?;
        }
        self.progress = Progress::Established;
        let before = i64::from(self.peer.window);
        self.peer.apply(payload)?;
        frame::put_head(0, Kind::Settings, ACK, 0, turn.out);
        self.shift_windows(i64::from(self.peer.window) - before)?;
        self.send_waiting(turn.out);
        Ok(())
    }

    fn on_settings_ack<A: Answer>(
        &mut self,
        head: &Head,
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        if head.length > 0 {
            return Err(Fault::Connection(
                Code::FrameSizeError,
                "an acknowledgement with settings",
            ));
        }
        if self.agreed {
            return self.budget.spend_control(&self.limits, turn.now);
        }
        self.agreed = true;
        self.hpack.agree(self.limits.table_bytes);
        Ok(())
    }

    /// Section 6.9.2: a new initial window changes the windows that are.
    fn shift_windows(&mut self, difference: i64) -> Result<(), Fault> {
        for stream in self.streams.iter_mut() {
            stream.window += difference;
            if stream.window > i64::from(LARGEST_WINDOW) {
                return Err(Fault::Connection(
                    Code::FlowControlError,
                    "SETTINGS takes a window above 2^31-1",
                ));
            }
        }
        Ok(())
    }

    /// Section 6.9.
    fn on_window_update<A: Answer>(
        &mut self,
        head: &Head,
        payload: &[u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        let octets: &[u8; 4] = exactly(payload, "WINDOW_UPDATE of no 4 octets")?;
        let increment = i64::from(u32::from_be_bytes(*octets) & LARGEST_WINDOW);
        self.budget.spend_control(&self.limits, turn.now)?;
        if head.stream == 0 {
            self.window += increment;
            if increment == 0 {
                return Err(Fault::Connection(
                    Code::ProtocolError,
                    "WINDOW_UPDATE of nothing",
                ));
            }
            if self.window > i64::from(LARGEST_WINDOW) {
                return Err(Fault::Connection(
                    Code::FlowControlError,
                    "WINDOW_UPDATE takes the window above 2^31-1",
                ));
            }
        } else {
            self.widen_stream(head.stream, increment)?;
        }
        self.send_waiting(turn.out);
        Ok(())
    }

    fn widen_stream(&mut self, id: u32, increment: i64) -> Result<(), Fault> {
        let fate = self.streams.fate(id);
        if fate == Fate::Idle && !self.is_ignored(id) {
            return Err(Fault::Connection(
                Code::ProtocolError,
                "WINDOW_UPDATE on an idle stream",
            ));
        }
        if increment == 0 {
            return Err(Fault::Stream(id, Code::ProtocolError));
        }
        // On a stream that is done it comes late, and does no harm (section 5.1).
        if let Fate::Live(at) = fate {
            let stream = self.streams.stream(at);
            stream.window += increment;
            if stream.window > i64::from(LARGEST_WINDOW) {
                return Err(Fault::Stream(id, Code::FlowControlError));
            }
        }
        Ok(())
    }

    /// Section 6.4. One that crosses ours on the way is no reset of theirs.
    fn on_rst_stream<A: Answer>(
        &mut self,
        head: &Head,
        payload: &[u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        let _: &[u8; 4] = exactly(payload, "RST_STREAM of no 4 octets")?;
        match self.streams.fate(head.stream) {
            Fate::Idle if self.is_ignored(head.stream) => {
                self.budget.spend_control(&self.limits, turn.now)
            }
            Fate::Idle => Err(Fault::Connection(
                Code::ProtocolError,
                "RST_STREAM on an idle stream",
            )),
            Fate::Reset => self.budget.spend_control(&self.limits, turn.now),
            Fate::Live(at) => {
                self.streams.remove(at);
                self.budget.spend_reset(&self.limits, turn.now)
            }
            Fate::Ended | Fate::Skipped | Fate::Forgotten => {
                self.budget.spend_reset(&self.limits, turn.now)
            }
        }
    }

    /// Section 6.7.
    fn on_ping<A: Answer>(
        &mut self,
        head: &Head,
        payload: &[u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        on_connection(head, "PING on a stream")?;
        let data: &[u8; 8] = exactly(payload, "PING of no 8 octets")?;
        if head.has(ACK) && data == GOODBYE_PING && self.goodbye == Goodbye::Announced {
            self.finish_goodbye(turn.out);
            return Ok(());
        }
        self.budget.spend_control(&self.limits, turn.now)?;
        if !head.has(ACK) {
            frame::put_ping(ACK, data, turn.out);
        }
        Ok(())
    }

    /// Section 6.3: of no use any more, and still five octets long. That a stream may not depend on
    /// itself went with RFC 7540.
    fn on_priority<A: Answer>(&mut self, head: &Head, turn: &mut Turn<'_, A>) -> Result<(), Fault> {
        if head.stream == 0 {
            return Err(Fault::Connection(
                Code::ProtocolError,
                "PRIORITY on no stream",
            ));
        }
        if head.length != 5 {
            return Err(Fault::Connection(
                Code::FrameSizeError,
                "PRIORITY of no 5 octets",
            ));
        }
        self.budget.spend_control(&self.limits, turn.now)
    }

    /// Section 6.8: it says that we may not open streams, which we never do. The client closes when
    /// it has its answers.
    fn on_go_away<A: Answer>(&mut self, head: &Head, turn: &mut Turn<'_, A>) -> Result<(), Fault> {
        on_connection(head, "GOAWAY on a stream")?;
        if head.length < 8 {
            return Err(Fault::Connection(
                Code::FrameSizeError,
                "GOAWAY of less than 8 octets",
            ));
        }
        self.budget.spend_control(&self.limits, turn.now)
    }

    /// A stream that came after our final GOAWAY: nothing on it is looked at (section 6.8).
    pub(super) fn is_ignored(&self, id: u32) -> bool {
        self.goodbye == Goodbye::Final && id % 2 == 1
    }
}

fn on_connection(head: &Head, why: &'static str) -> Result<(), Fault> {
    if head.stream == 0 {
        Ok(())
    } else {
        Err(Fault::Connection(Code::ProtocolError, why))
    }
}

fn exactly<'p, const LENGTH: usize>(
    payload: &'p [u8],
    why: &'static str,
) -> Result<&'p [u8; LENGTH], Fault> {
    payload
        .try_into()
        .map_err(|_| Fault::Connection(Code::FrameSizeError, why))
}
