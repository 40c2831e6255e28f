//! One device and what is attached to it: how that came to be, and whether it is still so.

use super::bequest::Bequest;
use super::selftest::try_all;
use super::subjects;
use super::trial::Alone;
use crate::admin::kernel::{Hook, SelfTest};
use crate::config::{Config, KernelHook, OnCrash};
use crate::kernel::{
    Attachment, Choice, FilterId, LoadError, Place, Responder, Secret, Stands, Terms,
};
use crate::kernel::{Before, attach, pin, told};
use sorry_core::moment::Moment;
use std::io::ErrorKind;

/// Why nothing better was tried where a process that has died left something attached.
const LEFT: &str = "the process before this one was attached there";

/// One device.
pub(in crate::daemon) struct Node {
    pub(super) name: Box<str>,
    /// What is attached to it; nothing where nothing could be.
    pub(super) attached: Option<(Attachment, Responder)>,
    /// Why it is at no better place, or nowhere.
    pub(super) why: Option<String>,
    pub(super) selftest: Option<SelfTest>,
    /// Sites for which it does not say what user space says: that answers for them.
    pub(super) distrusted: Vec<Box<str>>,
    /// The filter of the process before us, which the next one is to take away.
    pub(super) dead: Option<FilterId>,
    /// Whether a program that was left behind is to go on until it is known where visitors go.
    pub(super) waits: bool,
    /// What went wrong when it was last told what there is to say.
    pub(super) unconfigured: Option<String>,
    /// The last thing that went wrong since.
    pub(super) fault: Option<String>,
}

impl Node {
    pub(super) fn attach(
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
        let passed_on = bequest.take_held(name);
        let left = match &passed_on {
            Some(_) => None,
            None => pin::left_behind(name),
        };
        let is_left = left.is_some();
        let before = match (bequest.secret.is_some(), passed_on.or(left)) {
            (true, held) => Before::Alive {
                held,
                dead: bequest.take_dead(name),
            },
            (false, held) => Before::Dead(held),
        };
        let made = attach(name, choice, before, |place, device| {
            let terms = Terms {
                mtu: device.mtu,
                ..subjects::on_trial(&terms)
            };
            Responder::new(place, secret.clone(), terms)
        });
        let mut node = Node::new(name);
        node.dead = bequest.take_filter(name);
        match made {
            Ok((attachment, mut responder)) => {
                node.why = attachment.why().map(str::to_owned);
                if (choice, attachment.place(), &node.why) == (Choice::Best, Place::Ingress, &None)
                {
                    node.why = bequest.take_reason(name).or_else(|| Some(LEFT.to_owned()));
                }
                let (test, distrusted) = try_all(&mut responder, alone, now);
                (node.selftest, node.distrusted) = (Some(test), distrusted);
                node.waits = is_left;
                responder.begin_with(bequest.modes.clone());
                if let Some(earlier) = bequest.take_earlier(name) {
                    responder.go_on_from(earlier);
                }
                node.attached = Some((attachment, responder));
                node.keep(config.kernel.on_crash);
            }
            Err(error) => node.why = Some(error.to_string()),
        }
        node.tell();
        node
    }

    fn new(name: &str) -> Node {
        Node {
            name: name.into(),
            attached: None,
            why: None,
            selftest: None,
            distrusted: Vec::new(),
            dead: None,
            waits: false,
            unconfigured: None,
            fault: None,
        }
    }

    /// One to which nothing can be attached, for this reason.
    pub(super) fn bare(name: &str, why: String) -> Node {
        let node = Node {
            why: Some(why),
            ..Node::new(name)
        };
        node.tell();
        node
    }

    /// Has what is attached outlive the process, where that is asked for.
    pub(super) fn keep(&mut self, on_crash: OnCrash) {
        if on_crash != OnCrash::Keep
            && let Some((attachment, _)) = &self.attached
            && let Err(error) = attachment.let_go()
        {
            // The process before us kept it.
            log::warn!("{} would stay attached if sorry died: {error}", self.name);
        }
        if on_crash == OnCrash::Keep
            && let Some((attachment, _)) = &mut self.attached
            && let Err(error) = attachment.keep()
        {
            let (folder, root) = (pin::folder().display(), pin::ROOT);
            let hint = match error.kind() {
                ErrorKind::AddrInUse => String::new(),
                ErrorKind::PermissionDenied if !is_root() => format!(
                    "; give this user a folder there, as root: `chmod 711 {root} && install -d -o USER {root}/sorry`"
                ),
                _ => format!("; mount it: `mount -t bpf bpf {root}`"),
            };
            log::warn!(
                "on-crash: nothing can be kept in {folder}, so packets pass if sorry dies: {error}{hint}"
            );
        }
    }

    fn tell(&self) {
        let name = &self.name;
        let why = self.why.as_deref().unwrap_or_default();
        match self.hook() {
            Hook::None => log::warn!("nothing is answered in the kernel at {name}: {why}"),
            hook if why.is_empty() => {
                let attached = self.attached.as_ref();
                let behind = match attached.is_some_and(|(attachment, _)| attachment.has_behind()) {
                    true => ", and tc behind it for pages of several packets",
                    false => "",
                };
                log::info!(
                    "the in-kernel responder is attached to {name} ({}{behind})",
                    hook.word()
                );
            }
            hook => log::warn!(
                "the in-kernel responder is attached to {name} at {} only: {why}",
                hook.word()
            ),
        }
        for wrong in self.selftest.iter().flat_map(|test| &test.wrong) {
            log::error!(
                "the in-kernel responder at {name} does not answer as user space does, which answers for the site: {wrong}"
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

    /// Keeps what went wrong, and tells it when it is news.
    pub(super) fn note(&mut self, done: Result<(), LoadError>) {
        let fault = done
            .err()
            .map(|error| told(&error))
            .or_else(|| self.unconfigured.clone());
        if fault != self.fault
            && let Some(fault) = &fault
        {
            log::error!("the in-kernel responder at {}: {fault}", self.name);
        }
        self.fault = fault;
    }

    /// Looks whether it is still attached.
    pub(super) fn look(&mut self) {
        let stands = self
            .attached
            .as_ref()
            .map(|(attachment, _)| attachment.stands());
        if stands == Some(Stands::Gone) {
            let why = format!(
                "{} has gone, and nothing is answered in the kernel there any more: start sorry anew, or let another process take over, once it is back",
                self.name
            );
            log::error!("{why}");
            self.attached = None;
            self.selftest = None;
            self.why = Some(why);
        }
        let done = match &mut self.attached {
            Some((attachment, responder)) => attachment.look_behind(responder),
            None => Ok(()),
        };
        if done.is_err() {
            self.note(done);
        }
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
