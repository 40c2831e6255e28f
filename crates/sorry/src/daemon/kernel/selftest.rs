//! `sorry kernel selftest`: loads responders that are attached to nothing, and compares what they would say with what user space says.

use super::super::pages::{self, Reached};
use super::super::state::now as seconds;
use super::super::wire::Fixed;
use super::nodes::try_all;
use super::subjects;
use super::trial::{self, Alone};
use crate::admin::kernel::{Hook, SelfTest};
use crate::config::{Config, Report};
use crate::count;
use crate::daemon::clock::Clock;
use crate::daemon::earlier::Earlier;
use crate::kernel::{Place, Responder, Secret, Terms, told};

/// What came of it at one hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Which.
    pub hook: Hook,
    /// What was tried, or why nothing could be.
    pub test: Result<SelfTest, String>,
}

/// Tries both hooks with the sites of a configuration that the kernel answers for, or with all where it answers for none.
///
/// # Errors
/// What is wrong with its pages.
pub fn selftest(config: &Config) -> Result<Vec<Tried>, Report> {
    let time = seconds();
    let mut reached = Reached::default();
    let wall = i64::try_from(time).unwrap_or(i64::MAX);
    let pages = pages::load(config, wall, &mut reached)
        .map_err(|found| config.report(found.mistakes).unwrap_or_default())?;
    let counts = count::Sites::new(1);
    let earlier = Earlier::default();
    let fixed = Fixed {
        config,
        counts: &counts,
        listeners: &[],
        tls: None,
        connections: 1,
        retired: &[],
        earlier: &earlier,
        outlooks: &[],
        recovered: None,
        now: time,
    };
    let alone = trial::of(&fixed, &pages);
    let terms = Terms {
        mtu: 1500,
        ..subjects::terms(&config.kernel)
    };
    Ok([(Hook::Xdp, Place::Driver), (Hook::Tc, Place::Ingress)]
        .into_iter()
        .map(|(hook, place)| Tried {
            hook,
            test: at(place, &terms, &alone),
        })
        .collect())
}

fn at(place: Place, terms: &Terms, alone: &[Alone]) -> Result<SelfTest, String> {
    let secret = Secret::random().map_err(|error| error.to_string())?;
    let mut responder =
        Responder::new(place, secret, terms.clone()).map_err(|error| told(&error))?;
    Ok(try_all(&mut responder, alone, Clock::start().now()))
}
