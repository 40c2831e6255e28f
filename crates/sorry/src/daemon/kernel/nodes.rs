//! A responder for each device that the configuration names, attached before the process gives up what that needs.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use super::bequest::Bequest;
use super::is_wanted;
use super::subjects;
use super::trial::Alone;
use crate::admin::kernel::{Hook, SelfTest};
use crate::config::{Config, KernelHook, OnCrash};
use crate::daemon::clock::Clock;
use crate::kernel::{Attachment, Choice, Place, Responder, Secret, Subject, Terms, attach};
use crate::kernel::{pin, selftest};
use sorry_core::moment::Moment;
use sorry_core::responder::flip::{Mode, Wanted};

/// One device.
pub(in crate::daemon) struct Node {
    pub(super) name: Box<str>,
    /// What is attached to it; nothing where nothing could be, and then user space answers alone.
    pub(super) attached: Option<(Attachment, Responder)>,
    /// Why it is at no better place, or nowhere.
    pub(super) why: Option<String>,
    pub(super) selftest: Option<SelfTest>,
    /// The last thing that went wrong.
    pub(super) fault: Option<String>,
}

/// All devices.
pub(in crate::daemon) struct Nodes {
    pub(in crate::daemon) all: Vec<Node>,
    /// What responders are told the time by.
    pub(super) clock: Clock,
    pub(super) on_crash: OnCrash,
    pub(super) lease: Duration,
    /// What keys are made of.
    pub(super) secret: Option<Secret>,
    /// What was done for addresses by the process before us.
    pub(super) modes: Vec<(SocketAddr, Mode)>,
}

impl Nodes {
    /// Attaches to every device that is named, if any site wants it, and tries what is attached.
    pub(in crate::daemon) fn attach(
        config: &Config,
        alone: &[Alone],
        mut bequest: Bequest,
    ) -> Nodes {
        let clock = Clock::start();
        let now = clock.now();
        let mut all = Vec::new();
        let mut secret = None;
        if is_wanted(config) {
            match self::secret(config, &bequest) {
                Ok(own) => {
                    for name in &config.kernel.interfaces {
                        all.push(Node::attach(name, config, alone, &own, &mut bequest, now));
                    }
                    secret = Some(own);
                }
                Err(error) => log::error!("the kernel answers for nobody: {error}"),
            }
        }
        Nodes {
            all,
            clock,
            on_crash: config.kernel.on_crash,
            lease: config.kernel.lease,
            secret,
            modes: bequest.modes,
        }
    }
}

/// The secret of the configuration, or one of our own.
fn secret(config: &Config, bequest: &Bequest) -> std::io::Result<Secret> {
    match &config.kernel.key_file {
        Some(path) => {
            let bytes = fs::read(path).map_err(|error| {
                std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
            Ok(Secret::shared(&bytes))
        }
        // With the same keys no connection notices that another process answers.
        None => bequest.secret.clone().map_or_else(Secret::random, Ok),
    }
}

impl Node {
    fn attach(
        name: &str,
        config: &Config,
        alone: &[Alone],
        secret: &Secret,
        bequest: &mut Bequest,
        now: Moment,
    ) -> Node {
        let choice = match config.kernel.hook {
            KernelHook::Auto => Choice::Best,
            KernelHook::Xdp => Choice::Only(Place::Driver),
            KernelHook::Tc => Choice::Only(Place::Ingress),
        };
        let terms = subjects::terms(&config.kernel);
        let inherited = bequest.take_link(name).or_else(|| pin::left_behind(name));
        let made = attach(name, choice, inherited, |place, device| {
            let terms = Terms {
                mtu: device.mtu,
                ..terms.clone()
            };
            Responder::new(place, secret.clone(), terms)
        });
        let mut node = Node {
            name: name.into(),
            attached: None,
            why: None,
            selftest: None,
            fault: None,
        };
        match made {
            Ok((attachment, mut responder)) => {
                node.why = attachment.why().map(str::to_owned);
                node.selftest = Some(try_all(&mut responder, alone, now));
                responder.begin_with(bequest.modes.clone());
                node.attached = Some((attachment, responder));
                node.keep(config.kernel.on_crash);
            }
            Err(error) => node.why = Some(error.to_string()),
        }
        node.tell();
        node
    }

    /// Has what is attached outlive the process, where that is asked for.
    pub(super) fn keep(&self, on_crash: OnCrash) {
        if on_crash == OnCrash::Keep
            && let Some((attachment, _)) = &self.attached
            && let Err(error) = attachment.keep()
        {
            let folder = pin::FOLDER;
            log::warn!(
                "on-crash: nothing can be kept in {folder}, so packets pass if sorry dies: {error}; mount it: `mount -t bpf bpf {folder}`"
            );
        }
    }

    fn tell(&self) {
        let name = &self.name;
        let why = self.why.as_deref().unwrap_or_default();
        match self.hook() {
            Hook::None => log::warn!(
                "nothing is answered in the kernel at {name}, user space answers alone: {why}"
            ),
            hook if why.is_empty() => log::info!(
                "the in-kernel responder is attached to {name} ({})",
                hook.word()
            ),
            hook => log::warn!(
                "the in-kernel responder is attached to {name} at {} only: {why}",
                hook.word()
            ),
        }
        for wrong in self.selftest.iter().flat_map(|test| &test.wrong) {
            log::error!(
                "the in-kernel responder at {name} does not answer as user space does: {wrong}"
            );
        }
    }

    pub(super) fn hook(&self) -> Hook {
        match self
            .attached
            .as_ref()
            .map(|(attachment, _)| attachment.place())
        {
            Some(Place::Driver) => Hook::Xdp,
            Some(Place::Ingress) => Hook::Tc,
            None => Hook::None,
        }
    }

    /// Whether it must hear from us again and again, or answers nothing any more.
    pub(super) fn needs_lease(&self, on_crash: OnCrash) -> bool {
        let outlives = self
            .attached
            .as_ref()
            .is_some_and(|(attachment, _)| attachment.outlives());
        outlives || (on_crash == OnCrash::Keep && self.attached.is_some())
    }
}

/// Compares what the kernel would say for every site with what user space says.
pub(super) fn try_all(responder: &mut Responder, alone: &[Alone], now: Moment) -> SelfTest {
    let mut test = SelfTest::default();
    let said = alone.iter().filter_map(|alone| {
        let site = alone.site();
        Some(Subject {
            name: (*site.name).into(),
            vips: Vec::new(),
            speech: subjects::speech(site).ok()?,
            promise: site.promise,
            wanted: Wanted::Pass,
        })
    });
    if let Err(error) = responder.configure(said.collect(), now) {
        test.wrong.push(error.to_string());
        return test;
    }
    for alone in alone {
        let name = &*alone.site().name;
        match selftest::run(responder, name, "a.invalid", &|request| {
            alone.answer(request)
        }) {
            Ok(trials) => {
                test.tried += trials.len();
                let wrong = trials.iter().filter_map(|trial| {
                    Some(format!("{name}: {}: {}", trial.what, trial.wrong.as_ref()?))
                });
                test.wrong.extend(wrong);
            }
            Err(error) => test.wrong.push(format!("{name}: {error}")),
        }
    }
    if let Err(error) = responder.forget() {
        test.wrong.push(error.to_string());
    }
    test
}
