//! When the in-kernel responder answers: what is [`wish`]ed, and how things are; an address [`flip`]s between answering and not, its keys and pages [`rotation`] takes turns,
//! and a server that has more to do than it can is in [`overload`]. What answers is `sorry-bpf`, who drives it `sorry-server`'s `kernel`.

pub mod flip;
pub mod overload;
pub mod rotation;
pub mod wish;
