//! The in-kernel responder as user space sees it: the object that was made of `c/` by `cargo xtask bpf`, and the forms of keys and values of
//! its maps. Loading it, filling its maps and attaching it is `sorry-server`'s `kernel`.
//!
//! The object is committed, so that nobody needs a compiler for it; CI makes it again and fails where it differs.
#![forbid(unsafe_code)]

#[cfg(test)]
mod described;
pub mod layout;

/// Aligned as an ELF file must be to be read in place.
#[repr(C, align(32))]
struct Aligned<Bytes: ?Sized>(Bytes);

static RESPONDER: &Aligned<[u8]> = &Aligned(*include_bytes!("../prebuilt/sorry.bpfel.o"));
static CLIENTS: &Aligned<[u8]> = &Aligned(*include_bytes!("../prebuilt/load.bpfel.o"));
static REPEATED: &Aligned<[u8]> = &Aligned(*include_bytes!("../prebuilt/trial.bpfel.o"));

/// The object: an ELF file of eBPF programs and maps, for kernels of little-endian machines from 5.19 on.
pub static OBJECT: &[u8] = &RESPONDER.0;

/// Clients without sockets, for the benchmark alone: see `c/load.bpf.c`.
pub static LOAD: &[u8] = &CLIENTS.0;

/// Runs a program on one packet again and again, for the benchmark alone: see `c/trial.bpf.c`.
pub static TRIAL: &[u8] = &REPEATED.0;

/// The programs in [`OBJECT`], by name.
pub mod program {
    /// At the network driver (XDP).
    pub const XDP: &str = "answer_xdp";
    /// Fills the copies that it sends (XDP, of a map of devices).
    pub const SEGMENT: &str = "segment_xdp";
    /// The same, where the kernel runs it on trial.
    pub const SEGMENT_ON_TRIAL: &str = "segment_on_trial";
    /// At the traffic control hook.
    pub const TC: &str = "answer_tc";
}

/// The maps in [`OBJECT`], by name.
pub mod map {
    /// The one [`Config`](super::layout::Config).
    pub const SETTINGS: &str = "settings";
    /// [`Vip`](super::layout::Vip) by its number.
    pub const VIPS: &str = "vips";
    /// Numbers of addresses by [`place_of`](super::layout::place_of), as [`numbers`](super::layout::numbers) has them.
    pub const PLACES: &str = "places";
    /// [`Page`](super::layout::Page) by [`page_index`](super::layout::page_index).
    pub const PAGES: &str = "pages";
    /// Segments as [`segment`](super::layout::segment) makes them, the first of each answer, by [`head_index`](super::layout::head_index).
    pub const HEADS: &str = "heads";
    /// The same, the others of pages, by [`tail_index`](super::layout::tail_index).
    pub const TAILS: &str = "tails";
    /// Numbers by [`Count`](super::layout::Count) and page, per processor.
    pub const COUNTS: &str = "counts";
    /// A bit for the first 16 bits of each IPv4 address that `list4` knows, 64 to an entry.
    pub const MARKS4: &str = "marks4";
    /// The same of IPv6 and `list6`.
    pub const MARKS6: &str = "marks6";
    /// What is said of IPv4 networks, by longest prefix.
    pub const LIST4: &str = "list4";
    /// What is said of IPv6 networks, by longest prefix.
    pub const LIST6: &str = "list6";
    /// [`Sample`](super::layout::Sample)s, in a ring.
    pub const SAMPLES: &str = "samples";
    /// Maps of devices by the number of their entries.
    pub fn copies(entries: u32) -> String {
        format!("copies{entries}")
    }
}
