//! The thread that drives responders: it takes in what is said and wanted, does what time brings, and publishes what it reads back from the
//! kernel. It waits for nobody; whoever waits for it does so for a bounded time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use sorry_bpf::layout::Count;
use sorry_core::moment::Moment;
use sorry_core::responder::flip::{Company, Mode, Wanted};
use sorry_core::responder::overload::Overload;
use sorry_core::responder::wish::{self, Facts, When};
use sorry_core::site::Route;

use super::bequest;
use super::load::{Gauges, Meter};
use super::node::Node;
use super::nodes::Nodes;
use super::order::Order;
use super::published::Seen;
use super::subjects::{Asked, Subjects};
use super::wishes::{Which, Wishes};
use crate::admin::kernel::KernelStanding;
use crate::config::OnCrash;
use crate::daemon::clock::Clock;
use crate::kernel::speech::Speech;
use crate::kernel::{Secret, Subject, Terms, told};

/// How often it looks at the devices, at counters, and publishes.
const LOOK: Duration = Duration::from_secs(1);

/// Whether another process goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heir {
    None,
    /// It has asked for what there is.
    Asked,
    /// The service manager keeps what holds the programs, for the process that it starts next.
    Manager,
}

/// See the file's header.
pub(super) struct Thread {
    pub(super) heir: Heir,
    pub(super) nodes: Vec<Node>,
    pub(super) gauges: Gauges,
    published: Arc<ArcSwap<KernelStanding>>,
    /// Whoever waits for what is published next.
    awaited: Vec<SyncSender<()>>,
    pub(super) subjects: Option<Subjects>,
    pub(super) routes: BTreeMap<Box<str>, Route>,
    pub(super) wishes: Wishes,
    /// What was last said for sites that the kernel could say.
    pub(super) sayable: BTreeMap<Box<str>, Speech>,
    pub(super) on_crash: OnCrash,
    pub(super) lease: Duration,
    secret: Option<Secret>,
    /// What was done for addresses by the process before us, until the first configuration.
    modes: Vec<(SocketAddr, Mode)>,
    pub(super) overload: Overload,
    meter: Meter,
    clock: Clock,
    pub(super) begun: Instant,
    looked: Option<Instant>,
    /// What was seen of the sites' requests.
    pub(super) seen: BTreeMap<Box<str>, Seen>,
}

impl Thread {
    pub(super) fn new(
        nodes: Nodes,
        gauges: Gauges,
        published: Arc<ArcSwap<KernelStanding>>,
    ) -> Thread {
        Thread {
            heir: Heir::None,
            clock: nodes.clock,
            begun: Instant::now(),
            on_crash: nodes.on_crash,
            lease: nodes.lease,
            secret: nodes.secret,
            modes: nodes.modes,
            nodes: nodes.all,
            gauges,
            published,
            awaited: Vec::new(),
            subjects: None,
            routes: BTreeMap::new(),
            wishes: Wishes::default(),
            sayable: BTreeMap::new(),
            overload: nodes.overload,
            meter: Meter::default(),
            looked: None,
            seen: BTreeMap::new(),
        }
    }

    /// Until it is told to stop; then everything passes at once where the kernel would go on without us.
    pub(super) fn run(mut self, inbox: &Receiver<Order>) {
        loop {
            match inbox.recv_timeout(self.patience()) {
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(order) => self.hear(order),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.look();
        }
        self.leave();
    }

    fn hear(&mut self, order: Order) {
        match order {
            Order::Say(subjects, done) => {
                let is_known = |site: &str| subjects.sites.iter().any(|asked| *asked.name == *site);
                // Of one that is not answered for nobody tells where its visitors go.
                self.routes.retain(|site, _| is_known(site));
                self.wishes.retain(is_known);
                self.sayable.retain(|site, _| is_known(site));
                self.go_on_with(&subjects);
                self.subjects = Some(*subjects);
                self.configure();
                self.answer(Which::All);
                let _nobody_waits = done.send(());
            }
            Order::Route(routed) => {
                self.routes.insert(routed.site.clone(), routed.route);
                self.wish();
                // It may be what had to be known before.
                self.take_places();
                self.wishes.add(routed);
                self.answer(Which::Waiting);
            }
            Order::Tell(tell) => {
                self.wishes.tell_to(tell);
                self.answer(Which::Waiting);
            }
            Order::Bequeath(give) => {
                self.heir = Heir::Asked;
                let _nobody_waits = give.send(bequest::all(
                    &self.nodes,
                    self.secret.as_ref(),
                    &self.overload,
                ));
            }
            Order::Publish(done) => self.awaited.push(done),
            Order::GoOn => self.go_on(),
            Order::IsKept => self.heir = Heir::Manager,
            Order::Stop => {}
        }
    }

    /// As if nobody had asked for anything.
    fn go_on(&mut self) {
        self.heir = Heir::None;
        for node in &mut self.nodes {
            let Some((attachment, responder)) = &mut node.attached else {
                continue;
            };
            let done = attachment.retake_place(responder);
            node.note(done);
            node.keep(self.on_crash);
        }
        self.answer(Which::All);
    }

    /// What came of wishes, as it is read back: also of those that had come true, and are so no more. Once somebody takes over, what is in our place is
    /// theirs, and nothing that has failed; nor has what waits for its place.
    fn answer(&mut self, which: Which) {
        let waits = self.nodes.iter().any(|node| node.waits);
        if self.subjects.is_some() && self.heir == Heir::None && !waits {
            let mut wishes = std::mem::take(&mut self.wishes);
            wishes.answer(which, |routed| self.is_so(routed));
            self.wishes = wishes;
        }
    }

    /// What the process before us answered for is answered for until somebody has decided.
    fn go_on_with(&mut self, subjects: &Subjects) {
        for asked in &subjects.sites {
            let was_on = |vip: &SocketAddr| self.modes.contains(&(*vip, Mode::On));
            if asked.vips.iter().any(was_on) {
                self.routes
                    .entry(asked.name.clone())
                    .or_insert(Route::Sorry);
            }
        }
        self.modes.clear();
    }

    fn configure(&mut self) {
        let Some(subjects) = &self.subjects else {
            return;
        };
        let said = subjects.sites.iter().filter_map(|asked| {
            let speech = asked.speech.clone().ok()?;
            Some((asked.name.clone(), speech))
        });
        self.sayable.extend(said);
        let sites: Vec<Subject> = subjects
            .sites
            .iter()
            .filter_map(|asked| self.subject(asked))
            .collect();
        let is_decided = self.is_decided(subjects);
        let terms = subjects.terms.clone();
        let now = self.now();
        for node in &mut self.nodes {
            let Some((attachment, responder)) = &mut node.attached else {
                continue;
            };
            let terms = Terms {
                mtu: attachment.device().mtu,
                ..terms.clone()
            };
            let own = sites
                .iter()
                .filter(|site| !node.distrusted.contains(&site.name));
            // Each for itself: what is wrong with one address must not keep a whole process from its place.
            let mut done = responder.set_terms(terms);
            done = done.and(responder.configure(own.cloned().collect(), now));
            if is_decided || !node.waits {
                // Only now that it says and does what the one of the process before us does.
                done = done.and(attachment.take_place(responder));
            }
            node.unconfigured = done.err().map(|error| told(&error));
            node.note(Ok(()));
        }
    }

    fn subject(&self, asked: &Asked) -> Option<Subject> {
        Some(Subject {
            name: asked.name.clone(),
            vips: asked.vips.clone(),
            speech: self.speech(asked)?.clone(),
            promise: asked.promise,
            wanted: self.wanted(asked),
            company: match asked.refuses_anyway {
                true => Company::Alone,
                false => Company::RealServers,
            },
        })
    }

    /// What the kernel says for a site. A page that it cannot say leaves the one before it there, where visitors would reach the real servers otherwise:
    /// old words are less wrong than those.
    pub(super) fn speech<'a>(&'a self, asked: &'a Asked) -> Option<&'a Speech> {
        match (&asked.speech, asked.refuses_anyway) {
            (Ok(speech), _) => Some(speech),
            (Err(_), true) => None,
            (Err(_), false) => self.sayable.get(&asked.name),
        }
    }

    pub(super) fn wanted(&self, asked: &Asked) -> Wanted {
        let facts = Facts {
            route: self.routes.get(&asked.name).copied(),
            refuses_anyway: asked.refuses_anyway,
            is_watched: asked.is_watched,
            is_overloaded: self.overload.cause().is_some(),
        };
        wish::wanted(asked.when, &facts)
    }

    /// Tells every responder what is wanted of every site.
    fn wish(&mut self) {
        let Some(subjects) = &self.subjects else {
            return;
        };
        let wishes: Vec<_> = subjects
            .sites
            .iter()
            .map(|asked| (asked.name.clone(), self.wanted(asked)))
            .collect();
        let now = self.now();
        for node in &mut self.nodes {
            let Some((_, responder)) = &mut node.attached else {
                continue;
            };
            let told = wishes
                .iter()
                .map(|(site, wanted)| responder.want(site, *wanted, now));
            let done = told.fold(Ok(()), Result::and);
            node.note(done);
        }
    }

    /// What time brings.
    fn look(&mut self) {
        self.drive();
        self.take_places();
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            self.looked = Some(Instant::now());
            self.measure();
            self.tell_samples();
            for node in &mut self.nodes {
                node.look();
            }
            self.answer(Which::All);
        }
        self.publish();
    }

    fn publish(&mut self) {
        let standing = self.standing();
        self.published.store(Arc::new(standing));
        for done in self.awaited.drain(..) {
            let _nobody_waits = done.send(());
        }
    }

    /// Whether any site is answered for by how much there is to do.
    fn measures(&self) -> bool {
        let mut sites = self.subjects.iter().flat_map(|subjects| &subjects.sites);
        sites.any(|asked| asked.when == When::Overloaded)
    }

    /// Whether user space has too much to do; only where it matters.
    fn measure(&mut self) {
        if !self.measures() {
            if self.subjects.is_some() {
                self.overload = Overload::default();
                self.meter = Meter::default();
            }
            return;
        }
        let answered = self.answered();
        let Some(load) = self.meter.look(&self.gauges, answered, Instant::now()) else {
            return;
        };
        let before = self.overload.cause();
        self.overload.look(&load, self.now().tick);
        let after = self.overload.cause();
        if before != after {
            match after {
                Some(cause) => log::warn!(
                    "overloaded, so that the kernel answers: {}",
                    super::load::told(cause)
                ),
                None => log::info!(
                    "overloaded no more: {} requests a second are asked for",
                    load.asked
                ),
            }
            self.wish();
        }
    }

    /// Requests that all responders have answered.
    fn answered(&self) -> u64 {
        let requests = Count::Page as usize..=Count::Preface as usize;
        let attached = self.nodes.iter().filter_map(|node| node.attached.as_ref());
        attached
            .flat_map(|(_, responder)| responder.totals().unwrap_or_default())
            .map(|(_, totals)| totals[requests.clone()].iter().sum::<u64>())
            .sum()
    }

    fn patience(&self) -> Duration {
        let now = self.now();
        let responders = self.nodes.iter().filter_map(|node| node.attached.as_ref());
        let next = responders
            .map(|(_, responder)| responder.next_look(now))
            .min();
        let next = next.filter(|_| self.subjects.is_some());
        let due = next.map_or(Duration::MAX, |next| next.since(now.tick));
        let is_awake = self.nodes.iter().any(|node| {
            node.attached.as_ref().is_some_and(|(_, responder)| {
                responder.desired().any(|(.., mode)| mode != Mode::Off)
            })
        });
        let leases = self
            .nodes
            .iter()
            .any(|node| node.needs_lease(self.on_crash));
        // While everything passes there is little to see: the devices are looked at now and then.
        let waits = self.nodes.iter().any(|node| node.waits);
        let look = match is_awake || waits || self.measures() {
            true => LOOK,
            false => 10 * LOOK,
        };
        // Whoever crashes has two thirds of the lease left at least.
        let lease = match leases {
            true => self.lease / 3,
            false => Duration::MAX,
        };
        due.clamp(Duration::from_millis(1), look.min(lease))
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }
}
