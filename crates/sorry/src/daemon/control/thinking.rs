//! The control thread's dealings with the brain: it is started where there is something to decide, and hears of configurations.

use std::sync::Arc;

use super::super::brain::{Answer, Beginning, Brain, Hands, Hold};
use super::super::kernel::{Gauges, Kernel, Nodes};
use super::super::report;
use super::super::run::RunError;
use super::Control;
use crate::admin::Status;

impl Control {
    /// Starts what drives the kernel, where anything is attached or ought to be.
    pub(in crate::daemon) fn answer_in_kernel(&mut self, nodes: Nodes) -> Result<(), RunError> {
        let names = nodes.names.clone();
        self.drive_kernel(nodes)?;
        for name in names {
            self.supervisor.discard(&name);
        }
        Ok(())
    }

    fn drive_kernel(&mut self, nodes: Nodes) -> Result<(), RunError> {
        if nodes.all.is_empty() {
            return Ok(());
        }
        let gauges = Gauges {
            shared: Arc::clone(&self.shared),
            sites: Arc::clone(&self.state.counts),
            log: self.gauge.log.clone(),
        };
        let kernel = Kernel::start(nodes, gauges)
            .map_err(|error| RunError::System("start the thread that drives the kernel", error))?;
        self.gauge.watch_kernel(&kernel.standing);
        self.kernel = Some(kernel);
        self.say_in_kernel();
        Ok(())
    }

    /// What is published for workers is what the kernel is to say. At a start it hears nothing before what was ordered is known: other words would keep
    /// those waiting, and cut off who was told them by the process before.
    pub(super) fn say_in_kernel(&self) {
        if let Some(kernel) = self.kernel.as_ref().filter(|_| self.state.knows_words()) {
            kernel.say(&self.state.config, &self.shared.front.load());
        }
    }

    /// Tells whoever has ordered something what came of it, and what the kernel has to do with that.
    pub(super) fn tell_outcome(&self, answer: Answer) {
        self.publish_kernel();
        answer.give(&self.gauge.kernel());
    }

    fn publish_kernel(&self) {
        if let Some(kernel) = &self.kernel {
            kernel.publish();
        }
    }

    /// How everything stands at this moment.
    pub(super) fn status(&self) -> Status {
        self.publish_kernel();
        report::status(&self.state, &self.gauge)
    }

    /// Starts what watches and decides. The first process waits until it has opened what it keeps; a successor does not,
    /// since its predecessor lets go of that only when it leaves.
    pub(in crate::daemon) async fn think(
        &mut self,
        hands: Hands,
        hold: Hold,
    ) -> Result<(), RunError> {
        self.hands = hands;
        if !self.state.typed().needs_decisions() {
            return Ok(());
        }
        let is_ours = !matches!(hold, Hold::Awaited(..));
        let brain = self
            .start_brain(hold)
            .map_err(|error| RunError::System("start the thread that decides", error))?;
        if is_ours {
            brain.ready().await?;
        }
        Ok(())
    }

    /// What decides hears of the new configuration; it is started where there was nothing to decide before.
    pub(super) fn configure_brain(&mut self) {
        let typed = Arc::clone(self.state.typed());
        match &self.brain {
            Some(brain) => brain.configure(typed, self.state.take_watched()),
            None if typed.needs_decisions() => {
                let hold = Hold::after_all(&self.state.started_with);
                if let Err(error) = self.start_brain(hold) {
                    log::error!(
                        "nothing is watched: cannot start the thread that decides: {error}"
                    );
                }
            }
            None => {}
        }
    }

    fn start_brain(&mut self, hold: Hold) -> std::io::Result<&mut Brain> {
        let brain = Brain::start(Beginning {
            config: Arc::clone(self.state.typed()),
            watched: self.state.take_watched(),
            hands: self.hands,
            told: self.news.0.clone(),
            audit: Arc::clone(&self.gauge.audit),
            programs: Arc::clone(&self.state.programs),
            hold,
            kernel: self.kernel.as_ref().map(Kernel::handle),
            in_kernel: self
                .kernel
                .as_ref()
                .map_or_else(Arc::default, |kernel| Arc::clone(&kernel.standing)),
        })?;
        self.gauge.watch(&brain.standing);
        Ok(self.brain.insert(brain))
    }
}
