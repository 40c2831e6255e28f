//! An engine, what it has kept, and what it has told: until it is killed, and another goes on with what was kept.

use super::tables::moment;
use crate::engine::Engine;
use crate::event::{Command, Input, Notice, Output, Record, Setup, SiteId};

pub(super) struct Desk {
    pub(super) engine: Engine,
    kept: Vec<Record>,
    told: Vec<Notice>,
}

impl Desk {
    pub(super) fn new(setup: Setup) -> Desk {
        let mut desk = Desk {
            engine: Engine::new(setup, moment(0)),
            kept: Vec::new(),
            told: Vec::new(),
        };
        desk.take(0, Input::Looked);
        desk
    }

    pub(super) fn take(&mut self, second: u64, input: Input) -> &mut Desk {
        self.engine.handle(moment(second), input);
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Record(record) => self.kept.push(record),
                Output::Notice(notice) => self.told.push(notice),
                _ => {}
            }
        }
        self
    }

    pub(super) fn ordered(&mut self, second: u64, command: Command) -> &mut Desk {
        let epoch = self.engine.epoch();
        let site = SiteId(0);
        self.take(
            second,
            Input::Ordered {
                epoch,
                site,
                command,
            },
        )
    }

    /// A process that knows nothing but what was kept.
    pub(super) fn restarted(&self, second: u64, setup: Setup) -> Desk {
        let mut next = Desk {
            engine: Engine::new(setup, moment(second)),
            kept: self.kept.clone(),
            told: Vec::new(),
        };
        for record in &self.kept {
            next.take(second, Input::Remembered(record.clone()));
        }
        next.take(second, Input::Looked);
        next
    }

    /// What was told since it was asked last, by those that are wanted.
    pub(super) fn told<T>(&mut self, wanted: impl Fn(&Notice) -> Option<T>) -> Vec<T> {
        let told = std::mem::take(&mut self.told);
        told.iter().filter_map(wanted).collect()
    }
}
