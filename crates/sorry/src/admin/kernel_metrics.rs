//! Metrics of what is answered in the kernel.

use sorry_bpf::layout::Count;

use super::exposition::Page;
use super::family::{KERNEL_ATTACHED, KERNEL_MODE, KERNEL_PACKETS, KERNEL_SELFTEST, KERNEL_WANTED};
use super::kernel::{Hook, KernelStanding};

/// Where the responder may be attached.
pub(super) const HOOKS: [&str; 3] = ["xdp", "tc", "none"];

/// What may be done for an address.
pub(super) const MODES: [&str; 5] = ["off", "on", "drain", "unknown", "absent"];

/// What is counted.
pub(super) fn counted() -> Vec<&'static str> {
    Count::ALL.map(Count::name).into()
}

/// Adds them all.
pub(super) fn render(page: &mut Page, kernel: &KernelStanding) {
    let mut samples = page.family(&KERNEL_ATTACHED);
    for one in &kernel.interfaces {
        samples.add(&[&one.name, hook(one.hook)], 1);
    }
    let mut samples = page.family(&KERNEL_SELFTEST);
    for one in &kernel.interfaces {
        if let Some(test) = &one.selftest {
            samples.add(&[&one.name], test.wrong.len());
        }
    }
    let vips = || {
        kernel
            .sites
            .iter()
            .flat_map(|site| site.vips.iter().map(move |vip| (site, vip)))
    };
    let mut samples = page.family(&KERNEL_MODE);
    for (site, vip) in vips() {
        samples.add(&[&site.site, &vip.address, &vip.interface, &vip.mode], 1);
    }
    let mut samples = page.family(&KERNEL_WANTED);
    for (site, vip) in vips() {
        samples.add(
            &[&site.site, &vip.address, &vip.interface],
            u8::from(vip.is_as_wanted()),
        );
    }
    let mut samples = page.family(&KERNEL_PACKETS);
    for site in &kernel.sites {
        for (what, number) in &site.counts {
            samples.add(&[&site.site, what], *number);
        }
    }
}

fn hook(hook: Hook) -> &'static str {
    hook.word()
}
