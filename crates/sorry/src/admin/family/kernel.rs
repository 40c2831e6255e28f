//! The declarations of metrics of what is answered in the kernel.

use super::{counter, gauge};
use crate::admin::exposition::Family;

pub(in crate::admin) static KERNEL_ATTACHED: Family = gauge(
    "sorry_kernel_attached",
    &["interface", "hook"],
    "Always 1, with the hook at which the in-kernel responder is attached to an interface; `none` where it is at none.",
);

pub(in crate::admin) static KERNEL_SELFTEST: Family = gauge(
    "sorry_kernel_selftest_wrong",
    &["interface"],
    "Answers that differed from those of user space when the responder was attached.",
);

pub(in crate::admin) static KERNEL_MODE: Family = gauge(
    "sorry_kernel_mode",
    &["site", "vip", "interface", "mode"],
    "Always 1, with what the kernel does for an address, read back from it.",
);

pub(in crate::admin) static KERNEL_WANTED: Family = gauge(
    "sorry_kernel_as_wanted",
    &["site", "vip", "interface"],
    "1 while that is what is wanted.",
);

pub(in crate::admin) static KERNEL_PACKETS: Family = counter(
    "sorry_kernel_packets",
    &["site", "what"],
    "What the in-kernel responder did with packets for a site's addresses.",
);
