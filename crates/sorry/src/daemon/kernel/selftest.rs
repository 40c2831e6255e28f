//! Compares what responders would say with what user space says: those that are attached, and, for `sorry kernel selftest`, some that are not.

use super::super::pages::{self, Reached};
use super::super::state::now as seconds;
use super::subjects;
use super::trial::{self, Alone};
use crate::admin::kernel::{Hook, SelfTest};
use crate::config::{Config, Report};
use crate::daemon::clock::Clock;
use crate::kernel::{Place, Responder, Secret, Subject, Terms, selftest as trials, told};
use sorry_core::moment::Moment;
use sorry_core::responder::flip::{Company, Wanted};

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
    let mut reached = Reached::default();
    let wall = i64::try_from(seconds()).unwrap_or(i64::MAX);
    let pages = pages::load(config, wall, &mut reached)
        .map_err(|found| config.report(found.mistakes).unwrap_or_default())?;
    let alone = trial::unserved(config, |fixed| trial::of(fixed, &pages));
    let terms = Terms {
        mtu: 1500,
        ..subjects::on_trial(&subjects::terms(&config.kernel))
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
    let (test, _) = try_all(&mut responder, alone, Clock::start().now());
    Ok(test)
}

/// Compares what the kernel would say for every site with what user space says, as far as the kernel can say it at all. Also which sites differ.
pub(super) fn try_all(
    responder: &mut Responder,
    alone: &[Alone],
    now: Moment,
) -> (SelfTest, Vec<Box<str>>) {
    let mut test = SelfTest::default();
    let mut distrusted = Vec::new();
    let said: Vec<(&Alone, Subject)> = alone
        .iter()
        .filter_map(|alone| Some((alone, subject(alone)?)))
        .collect();
    let subjects = said.iter().map(|(_, subject)| subject.clone()).collect();
    let mut done = responder.configure(subjects, now);
    for (alone, Subject { name, .. }) in said {
        let wrong = match trials::run(responder, &name, &|request| alone.answer(request)) {
            Ok(trials) => {
                test.tried += trials.len();
                let wrong = trials.iter().filter_map(|trial| {
                    Some(format!("{name}: {}: {}", trial.what, trial.wrong.as_ref()?))
                });
                wrong.collect()
            }
            Err(error) => vec![format!("{name}: {}", told(&error))],
        };
        if !wrong.is_empty() {
            distrusted.push(name);
        }
        test.wrong.extend(wrong);
    }
    done = done.and(responder.forget());
    test.wrong.extend(done.err().map(|error| told(&error)));
    (test, distrusted)
}

fn subject(alone: &Alone) -> Option<Subject> {
    let site = alone.site();
    Some(Subject {
        name: (*site.name).into(),
        vips: Vec::new(),
        speech: subjects::speech(site).ok()?,
        promise: site.promise,
        wanted: Wanted::Pass,
        company: Company::RealServers,
    })
}
