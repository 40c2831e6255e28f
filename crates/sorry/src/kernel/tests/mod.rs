//! Tests of the programs in the kernel, by packets that go nowhere.

mod protocol;
pub(super) mod rig;
mod selftest;
mod speech;
mod strangers;
mod terms;
