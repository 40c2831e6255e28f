//! The brain's thread: it brings the mind what happens, and carries out what it wants.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use sorry_core::event::{Outcome, SiteId, SwitchId, Wanted};
use sorry_core::moment::Moment;
use sorry_core::quorum::Held;
use tokio::sync::{mpsc, oneshot};

use super::chronicle::Chronicle;
use super::eyes::Eyes;
use super::incidents;
use super::keeper::{Heard, Keeper, Written};
use super::lateness::Lateness;
use super::mind::{Action, Answer, Mind};
use super::outlook::Outlook;
use super::peers::Asking;
use crate::admin::history::History;
use crate::admin::kernel::KernelStanding;
use crate::admin::standing::{Explanation, Standing};
use crate::admin::{Fault, Ordered};
use crate::check::{self, Key, Watched};
use crate::config::Config;
use crate::daemon::clock::Clock;
use crate::daemon::{alarm, kernel};

/// How often results that turn nothing are published for whoever scrapes.
const PUBLISHED: Duration = Duration::from_secs(1);

/// What the brain is asked, or hears from elsewhere.
pub(super) enum Message {
    Order(Box<Ordered>),
    Standing(oneshot::Sender<Standing>),
    Explain {
        site: String,
        reply: oneshot::Sender<Result<Explanation, Fault>>,
    },
    History(oneshot::Sender<History>),
    TestAlert {
        receiver: String,
        reply: oneshot::Sender<Result<String, Fault>>,
    },
    Configured(Arc<Config>, Vec<Watched>),
    Applied {
        switch: SwitchId,
        generation: u64,
        outcome: Outcome,
    },
    /// By names: a reload may come before the answer.
    PeerSaw {
        peer: Box<str>,
        site: Arc<str>,
        held: Held,
    },
    /// The process ends, and nobody follows at once.
    Stopping,
    Stop,
}

/// What the brain tells the control thread.
pub(in crate::daemon) type Told = mpsc::UnboundedSender<News>;

/// News for the control thread, in their order.
pub(in crate::daemon) enum News {
    /// This is what visitors are to be told.
    Outlooks(Vec<Outlook>),
    /// This is wished of the kernel: only now, so that it knows what visitors are told.
    Route(kernel::Routed),
    /// Whoever has ordered something is to be answered: only now, so that visitors are told already.
    Answer(Box<Answer>),
}

/// Carries out what is wanted of switches.
pub(super) trait Hand: Send {
    fn route(&mut self, site: &str, switch: SwitchId, generation: u64, wanted: Wanted);
}

/// Where no switch is configured there is nothing to carry out.
pub(super) struct NoHand;

impl Hand for NoHand {
    fn route(&mut self, _: &str, _: SwitchId, _: u64, _: Wanted) {}
}

/// The kernel, the one switch that there is, by way of the control thread. What comes of a wish comes back as a message.
pub(super) struct KernelHand(Told);

impl KernelHand {
    pub(super) fn new(
        handle: &kernel::Handle,
        told: Told,
        inbox: mpsc::UnboundedSender<Message>,
    ) -> KernelHand {
        handle.tell(Box::new(move |switch, generation, outcome| {
            let _brain_has_ended = inbox.send(Message::Applied {
                switch,
                generation,
                outcome,
            });
        }));
        KernelHand(told)
    }
}

impl Hand for KernelHand {
    fn route(&mut self, site: &str, switch: SwitchId, generation: u64, wanted: Wanted) {
        let _process_ends = self.0.send(News::Route(kernel::Routed {
            site: site.into(),
            switch,
            generation,
            route: wanted.route,
        }));
    }
}

/// See the file's header.
pub(super) struct Thread {
    pub(super) mind: Mind,
    pub(super) clock: Clock,
    pub(super) eyes: Eyes,
    pub(super) keeper: Keeper,
    pub(super) chronicle: Chronicle,
    pub(super) written: mpsc::UnboundedReceiver<Written>,
    pub(super) inbox: mpsc::UnboundedReceiver<Message>,
    /// The other end of that, for whoever answers.
    pub(super) own_inbox: mpsc::UnboundedSender<Message>,
    pub(super) hand: Box<dyn Hand>,
    /// What the kernel does, as it was published last.
    pub(super) in_kernel: Arc<ArcSwap<KernelStanding>>,
    pub(super) told: Told,
    pub(super) outlooks: Vec<Outlook>,
    pub(super) published: Arc<ArcSwap<Standing>>,
    /// When what is known is published next, if somebody might look.
    pub(super) publish: Option<Instant>,
    pub(super) lateness: Lateness,
    /// The peers that are being asked.
    pub(super) asking: Asking,
}

/// Whether it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    Stop,
}

/// What the thread is woken for.
enum Event {
    Message(Message),
    Written(Written),
    DiskHangs,
    Results(Vec<check::Told>),
    Look,
    Publish,
}

impl Thread {
    /// Until it is told to stop. What waits to be written is written then.
    pub(super) async fn run(mut self) {
        self.act();
        self.tell();
        loop {
            let event = self.event().await;
            if self.handle(event) == Next::Stop {
                break;
            }
            self.act();
        }
        self.finish().await;
    }

    async fn event(&mut self) -> Event {
        let look = self
            .mind
            .next_look(self.clock.now())
            .map(|tick| self.clock.instant(tick));
        tokio::select! {
            biased;
            Some(message) = self.inbox.recv() => Event::Message(message),
            Some(written) = self.written.recv() => Event::Written(written),
            () = alarm::at(self.keeper.deadline()) => Event::DiskHangs,
            results = self.eyes.see() => Event::Results(results),
            () = alarm::at(look) => Event::Look,
            () = alarm::at(self.publish) => Event::Publish,
        }
    }

    fn handle(&mut self, event: Event) -> Next {
        let now = self.clock.now();
        match event {
            Event::Message(Message::Stop) => return Next::Stop,
            Event::Message(message) => self.hear(message),
            Event::Written(written) => {
                self.written(written);
                self.publish_soon();
            }
            Event::DiskHangs => {
                self.mind.written(self.keeper.give_up(), now);
                self.publish_soon();
            }
            Event::Results(results) => {
                for result in results {
                    self.lateness.note(result.late);
                    match result.key {
                        Key::Reference(index) => self.mind.reference(index, &result.outcome, now),
                        key => self.mind.probed(&key, result.outcome, now),
                    }
                }
                self.publish_soon();
            }
            Event::Look => self.mind.look(now),
            Event::Publish => {
                self.publish = None;
                self.tell();
            }
        }
        Next::GoOn
    }

    /// What is neither told nor answered is to be seen all the same.
    fn publish_soon(&mut self) {
        self.publish = self.publish.or(Some(Instant::now() + PUBLISHED));
    }

    fn hear(&mut self, message: Message) {
        let now = self.clock.now();
        match message {
            Message::Order(ordered) => self.mind.order(*ordered, now),
            Message::Standing(reply) => {
                let _nobody_waits = reply.send(self.standing(now));
            }
            Message::Explain { site, reply } => {
                let mut told = self.mind.explain(&site, now);
                if let Ok(explanation) = &mut told {
                    explanation.kernel = self.in_kernel.load().explain(&site);
                }
                let _nobody_waits = reply.send(told);
            }
            Message::History(reply) => {
                let _nobody_waits = reply.send(self.mind.history(now));
            }
            Message::TestAlert { receiver, reply } => self.chronicle.test(&receiver, reply),
            Message::Configured(config, watched) => {
                self.chronicle.receivers(config.receivers.clone());
                self.asking.reconfigure(&config);
                // First, so that haste reaches checks that have begun anew.
                self.eyes.watch(watched);
                self.mind.reconfigure(config, now);
            }
            Message::Applied {
                switch,
                generation,
                outcome,
            } => self.mind.applied(switch, generation, outcome, now),
            Message::PeerSaw { peer, site, held } => self.mind.peer_saw(&peer, &site, held, now),
            Message::Stopping => self.mind.stopping(now),
            Message::Stop => {}
        }
    }

    fn written(&mut self, written: Written) {
        let now = self.clock.now();
        match self.keeper.hear(written) {
            Heard::Awaited(outcome) => self.mind.written(outcome, now),
            Heard::Again => self.mind.disk_is_back(now),
            Heard::Nothing => {}
        }
    }

    fn ask_peers(&mut self, id: SiteId) {
        let config = self.mind.config();
        if let Some(site) = config.sites.get(id.0 as usize) {
            let site = Arc::from(&*site.name);
            self.asking.ask(&site, &config.watch, &self.own_inbox);
        }
    }

    /// How everything stands, and everybody who is told of it.
    fn standing(&self, now: Moment) -> Standing {
        Standing {
            receivers: self.chronicle.standing(),
            peers: self.asking.standing(),
            open_incidents: incidents::open(self.mind.incidents()),
            late: self.lateness.standing(),
            ..self.mind.standing(now)
        }
    }

    /// Carries out what is wanted, until nothing is.
    fn act(&mut self) {
        let mut news = false;
        let mut answers = Vec::new();
        let mut routes = Vec::new();
        loop {
            let actions = self.mind.actions();
            if actions.is_empty() {
                break;
            }
            for action in actions {
                match action {
                    Action::Write(entries) => self.keeper.write(entries),
                    Action::Rewrite(entries) => self.keeper.rewrite(entries),
                    Action::Pace(name, pace) => self.eyes.pace(&name, pace),
                    Action::Route {
                        switch,
                        generation,
                        wanted,
                    } => routes.push((switch, generation, wanted)),
                    Action::AskPeers(site) => self.ask_peers(site),
                    Action::AskNobody => self.asking.end(),
                    Action::Tell(tellings) => {
                        news = true;
                        self.chronicle.tell(tellings, self.mind.incidents());
                    }
                    Action::Answer(answer) => answers.push(answer),
                }
            }
        }
        if news || !answers.is_empty() || !routes.is_empty() {
            self.tell();
        }
        for (switch, generation, wanted) in routes {
            self.route(switch, generation, wanted);
        }
        for answer in answers {
            let _process_ends = self.told.send(News::Answer(answer));
        }
    }

    fn route(&mut self, switch: SwitchId, generation: u64, wanted: Wanted) {
        let config = self.mind.config();
        if let Some(site) = config.sites.get(switch.site.0 as usize) {
            self.hand.route(&site.name, switch, generation, wanted);
        }
    }

    /// Publishes how everything stands, and tells the control thread what has changed for visitors.
    fn tell(&mut self) {
        let now = self.clock.now();
        self.published.store(Arc::new(self.standing(now)));
        let outlooks = self.mind.outlook(now);
        let same = outlooks.len() == self.outlooks.len()
            && outlooks
                .iter()
                .zip(&self.outlooks)
                .all(|(new, told)| new.is_like(told, now));
        if !same {
            self.outlooks.clone_from(&outlooks);
            let _process_ends = self.told.send(News::Outlooks(outlooks));
        }
    }

    /// What is being written is waited for; whoever has ordered something is answered.
    async fn finish(mut self) {
        while self.mind.is_writing() {
            tokio::select! {
                Some(written) = self.written.recv() => self.written(written),
                () = alarm::at(self.keeper.deadline()) => {
                    self.mind.written(self.keeper.give_up(), self.clock.now());
                }
            }
            self.act();
        }
        self.chronicle.end().await;
    }
}
