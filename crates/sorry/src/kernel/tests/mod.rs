//! Tests of the programs in the kernel, by packets that go nowhere.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what stands in packets is small"
)]

mod earlier;
mod protocol;
pub(super) mod rig;
mod selftest;
mod speech;
mod strangers;
mod terms;
mod vips;
