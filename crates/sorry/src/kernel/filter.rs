//! The way to the traffic control hook of kernels before 6.6, which know no link for it: a filter of the queueing discipline `clsact`
//! (tc-bpf(8)). It stays when the process ends, and then passes everything; nobody who has given up CAP_NET_ADMIN can take it away. So the next
//! start takes away all that there are, and a take-over the one that the last take-over left.

use aya::programs::tc::{self, NlOptions, SchedClassifierLink, TcAttachOptions, TcError, TcHandle};
use aya::programs::{ProgramError, TcAttachType};
use rustix::io::Errno;

use super::load::LoadError;
use super::responder::Responder;

/// Which of a device's filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterId {
    /// Its priority, which no other has.
    pub priority: u16,
    /// Its handle.
    pub handle: u32,
}

/// One that is ours.
#[derive(Debug)]
pub(super) struct Filter(SchedClassifierLink);

impl Filter {
    pub(super) fn id(&self) -> Option<FilterId> {
        Some(FilterId {
            priority: self.0.priority().ok()?,
            handle: self.0.handle().ok()?.into(),
        })
    }
}

/// Attaches the program of the traffic control hook.
pub(super) fn attach(device: &str, responder: &mut Responder) -> Result<Filter, LoadError> {
    let refused = |source| LoadError::Program {
        name: sorry_bpf::program::TC,
        source,
    };
    match tc::qdisc_add_clsact(device) {
        // It is there, ours or somebody else's.
        Ok(()) | Err(TcError::AlreadyAttached) => {}
        Err(TcError::NetlinkError(error))
            if error.raw_os_error() == Some(Errno::EXIST.raw_os_error()) => {}
        Err(error) => return Err(refused(ProgramError::from(error))),
    }
    let options = TcAttachOptions::Netlink(NlOptions::default());
    let classifier = responder.loaded().classifier()?;
    let attached = classifier.attach_with_options(device, TcAttachType::Ingress, options);
    let link = attached.and_then(|id| classifier.take_link(id));
    Ok(Filter(link.map_err(refused)?))
}

/// Takes away all of them.
pub(super) fn remove_all(device: &str) {
    let removed = tc::qdisc_detach_program(device, TcAttachType::Ingress, sorry_bpf::program::TC);
    if removed.is_ok() {
        log::info!("a filter that was left at {device} by a process before this one is taken away");
    }
}

/// Takes away one of them.
pub(super) fn remove(device: &str, FilterId { priority, handle }: FilterId) {
    let [major, minor] =
        [handle >> 16, handle & 0xffff].map(|half| u16::try_from(half).unwrap_or(0));
    let handle = TcHandle::new(major, minor);
    let found =
        SchedClassifierLink::attached(device, TcAttachType::Ingress, priority, handle, None);
    let removed = found
        .map_err(ProgramError::from)
        .and_then(aya::programs::links::Link::detach);
    match removed {
        Ok(()) => log::info!("the filter that the last take-over left at {device} is taken away"),
        Err(error) => log::debug!("the filter that the last take-over left at {device}: {error}"),
    }
}
