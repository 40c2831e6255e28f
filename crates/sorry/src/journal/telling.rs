//! What the history keeps: the core's tellings in words, for the core knows no format. A name in the file stays when a name in the core
//! changes. Folded in their order they are the incidents that `sorry history` shows, and what of them is still open.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sorry_core::doubt::Cause;
use sorry_core::health::Reason;
use sorry_core::incident::{
    Audience, Awaited, DownReal, Kind, Phase, Step, Summary, Telling, What,
};
use sorry_core::quorum::Weights;

use super::at::At;
use super::record::{RouteWord, words};

words!(
    /// What kind of incident it is.
    KindWord of Kind { Outage, Maintenance, ForcedLive, Doubt, Switch, Real, Certificate }
);
words!(
    /// What it is in the course of its incident.
    StepWord of Step { Begins, Goes, Ends, Aside }
);
words!(
    /// What it is for those who are told.
    PhaseWord of Phase { Firing, Update, Resolved, Note }
);
words!(
    /// Who is told.
    AudienceWord of Audience { Nobody, OfReals, Everybody }
);

/// A record of the history: see [`Telling`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the field of `Telling` with its name")]
pub struct Told {
    pub incident: u64,
    pub kind: KindWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Box<str>>,
    #[serde(default)]
    pub planned: bool,
    #[serde(default)]
    pub observed: bool,
    pub began: At,
    pub at: At,
    pub step: StepWord,
    pub phase: PhaseWord,
    pub audience: AudienceWord,
    pub what: WhatEntry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub which: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaits: Option<(Box<str>, AwaitedEntry)>,
}

/// See [`What`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the variant of `What` with its name")]
pub enum WhatEntry {
    Down {
        up: u32,
        unknown: u32,
        down: u32,
        reals: Vec<Real>,
    },
    StaysDown {
        reals: Vec<Real>,
    },
    Up,
    UpByOrder,
    Flaps {
        times: u32,
        reason: Option<ReasonLabel>,
    },
    Returned,
    FellAgain,
    Steady {
        times: u32,
    },
    Ordered {
        until: Option<At>,
        returns: bool,
    },
    Changed {
        until: Option<At>,
        returns: bool,
    },
    AlmostOver {
        until: Option<At>,
    },
    Overrun {
        lasted_ms: u64,
    },
    Lifted(SummaryEntry),
    TimeOver(SummaryEntry),
    Announced {
        opens: At,
    },
    Doubted {
        down: u32,
        of: u32,
    },
    NoReference,
    Believed,
    RealDown {
        reason: ReasonLabel,
    },
    RealUp,
    SwitchFailed {
        times: u32,
    },
    SwitchWorks,
    Awaits(AwaitedEntry),
    Moves,
    WouldTurn {
        to: RouteWord,
    },
    Expires {
        days: u32,
    },
    Renewed,
    Gone,
}

/// A real server that is down, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Real {
    /// Its name.
    pub name: Box<str>,
    /// Why.
    pub reason: ReasonLabel,
}

/// See [`Awaited`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedEntry {
    /// Where it would send visitors.
    pub to: RouteWord,
    /// The number to approve it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
}

/// See [`Summary`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryEntry {
    /// How long after its time it ended, in milliseconds.
    pub overrun_ms: u64,
    /// How many real servers were down in its course.
    pub reals_down: u32,
}

/// A reason by its label, which is the same in metrics and in JSON. One that this version does not know, because a later one wrote it,
/// is taken for a server's own failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "&'static str")]
pub struct ReasonLabel(pub Reason);

impl From<ReasonLabel> for &'static str {
    fn from(label: ReasonLabel) -> &'static str {
        label.0.label()
    }
}

impl From<String> for ReasonLabel {
    fn from(label: String) -> ReasonLabel {
        let known = Reason::ALL
            .into_iter()
            .find(|reason| reason.label() == label);
        ReasonLabel(known.unwrap_or(Reason::Protocol))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl From<&DownReal> for Real {
    fn from((name, reason): &DownReal) -> Real {
        Real {
            name: name.clone(),
            reason: ReasonLabel(*reason),
        }
    }
}

impl From<Real> for DownReal {
    fn from(real: Real) -> DownReal {
        (real.name, real.reason.0)
    }
}

impl From<Awaited> for AwaitedEntry {
    fn from(awaited: Awaited) -> AwaitedEntry {
        AwaitedEntry {
            to: awaited.to.into(),
            generation: awaited.generation,
        }
    }
}

impl From<AwaitedEntry> for Awaited {
    fn from(entry: AwaitedEntry) -> Awaited {
        Awaited {
            to: entry.to.into(),
            generation: entry.generation,
        }
    }
}

impl From<Summary> for SummaryEntry {
    fn from(summary: Summary) -> SummaryEntry {
        SummaryEntry {
            overrun_ms: millis(summary.overrun),
            reals_down: summary.reals_down,
        }
    }
}

impl From<SummaryEntry> for Summary {
    fn from(entry: SummaryEntry) -> Summary {
        Summary {
            overrun: Duration::from_millis(entry.overrun_ms),
            reals_down: entry.reals_down,
        }
    }
}

impl From<&Telling> for Told {
    fn from(telling: &Telling) -> Told {
        Told {
            incident: telling.incident,
            kind: telling.kind.into(),
            site: telling.site.clone(),
            about: telling.about.clone(),
            by: telling.by.clone(),
            planned: telling.planned,
            observed: telling.observed,
            began: At(telling.began),
            at: At(telling.at),
            step: telling.step.into(),
            phase: telling.phase.into(),
            audience: telling.audience.into(),
            what: (&telling.what).into(),
            which: telling.which.clone(),
            awaits: telling
                .awaits
                .as_ref()
                .map(|(switch, awaited)| (switch.clone(), (*awaited).into())),
        }
    }
}

impl From<Told> for Telling {
    fn from(told: Told) -> Telling {
        Telling {
            incident: told.incident,
            kind: told.kind.into(),
            site: told.site,
            about: told.about,
            by: told.by,
            planned: told.planned,
            observed: told.observed,
            began: told.began.0,
            at: told.at.0,
            step: told.step.into(),
            phase: told.phase.into(),
            audience: told.audience.into(),
            what: told.what.into(),
            which: told.which,
            awaits: told
                .awaits
                .map(|(switch, awaited)| (switch, awaited.into())),
        }
    }
}

impl From<&What> for WhatEntry {
    fn from(what: &What) -> WhatEntry {
        let reals = |reals: &[DownReal]| reals.iter().map(Real::from).collect();
        match what {
            What::Down(weights, down) => WhatEntry::Down {
                up: weights.up,
                unknown: weights.unknown,
                down: weights.down,
                reals: reals(down),
            },
            What::StaysDown(down) => WhatEntry::StaysDown { reals: reals(down) },
            What::Up => WhatEntry::Up,
            What::UpByOrder => WhatEntry::UpByOrder,
            What::Flaps(times, reason) => WhatEntry::Flaps {
                times: *times,
                reason: reason.map(ReasonLabel),
            },
            What::Returned => WhatEntry::Returned,
            What::FellAgain => WhatEntry::FellAgain,
            What::Steady(times) => WhatEntry::Steady { times: *times },
            What::Ordered { until, returns } => WhatEntry::Ordered {
                until: until.map(At),
                returns: *returns,
            },
            What::Changed { until, returns } => WhatEntry::Changed {
                until: until.map(At),
                returns: *returns,
            },
            What::AlmostOver(until) => WhatEntry::AlmostOver {
                until: until.map(At),
            },
            What::Overrun(lasted) => WhatEntry::Overrun {
                lasted_ms: millis(*lasted),
            },
            What::Lifted(summary) => WhatEntry::Lifted((*summary).into()),
            What::TimeOver(summary) => WhatEntry::TimeOver((*summary).into()),
            What::Announced(opens) => WhatEntry::Announced { opens: At(*opens) },
            What::Doubted(Cause::Mass { down, of }) => WhatEntry::Doubted {
                down: *down,
                of: *of,
            },
            What::Doubted(Cause::References) => WhatEntry::NoReference,
            What::Believed => WhatEntry::Believed,
            What::RealDown(reason) => WhatEntry::RealDown {
                reason: ReasonLabel(*reason),
            },
            What::RealUp => WhatEntry::RealUp,
            What::SwitchFailed(times) => WhatEntry::SwitchFailed { times: *times },
            What::SwitchWorks => WhatEntry::SwitchWorks,
            What::Awaits(awaited) => WhatEntry::Awaits((*awaited).into()),
            What::Moves => WhatEntry::Moves,
            What::WouldTurn(to) => WhatEntry::WouldTurn { to: (*to).into() },
            What::Expires(days) => WhatEntry::Expires { days: *days },
            What::Renewed => WhatEntry::Renewed,
            What::Gone => WhatEntry::Gone,
        }
    }
}

impl From<WhatEntry> for What {
    fn from(entry: WhatEntry) -> What {
        let reals = |reals: Vec<Real>| reals.into_iter().map(DownReal::from).collect();
        let wall = |at: Option<At>| at.map(|at| at.0);
        match entry {
            WhatEntry::Down {
                up,
                unknown,
                down,
                reals: down_reals,
            } => What::Down(Weights { up, unknown, down }, reals(down_reals)),
            WhatEntry::StaysDown { reals: down } => What::StaysDown(reals(down)),
            WhatEntry::Up => What::Up,
            WhatEntry::UpByOrder => What::UpByOrder,
            WhatEntry::Flaps { times, reason } => What::Flaps(times, reason.map(|label| label.0)),
            WhatEntry::Returned => What::Returned,
            WhatEntry::FellAgain => What::FellAgain,
            WhatEntry::Steady { times } => What::Steady(times),
            WhatEntry::Ordered { until, returns } => What::Ordered {
                until: wall(until),
                returns,
            },
            WhatEntry::Changed { until, returns } => What::Changed {
                until: wall(until),
                returns,
            },
            WhatEntry::AlmostOver { until } => What::AlmostOver(wall(until)),
            WhatEntry::Overrun { lasted_ms } => What::Overrun(Duration::from_millis(lasted_ms)),
            WhatEntry::Lifted(summary) => What::Lifted(summary.into()),
            WhatEntry::TimeOver(summary) => What::TimeOver(summary.into()),
            WhatEntry::Announced { opens } => What::Announced(opens.0),
            WhatEntry::Doubted { down, of } => What::Doubted(Cause::Mass { down, of }),
            WhatEntry::NoReference => What::Doubted(Cause::References),
            WhatEntry::Believed => What::Believed,
            WhatEntry::RealDown { reason } => What::RealDown(reason.0),
            WhatEntry::RealUp => What::RealUp,
            WhatEntry::SwitchFailed { times } => What::SwitchFailed(times),
            WhatEntry::SwitchWorks => What::SwitchWorks,
            WhatEntry::Awaits(awaited) => What::Awaits(awaited.into()),
            WhatEntry::Moves => What::Moves,
            WhatEntry::WouldTurn { to } => What::WouldTurn(to.into()),
            WhatEntry::Expires { days } => What::Expires(days),
            WhatEntry::Renewed => What::Renewed,
            WhatEntry::Gone => What::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sorry_core::moment::Wall;
    use sorry_core::site::Route;

    /// One of each, with every shape of what it holds.
    fn all() -> Vec<What> {
        let reals: Box<[DownReal]> = [("10.0.0.1:80".into(), Reason::Refused)].into();
        let weights = Weights {
            up: 1,
            unknown: 2,
            down: 3,
        };
        let awaited = Awaited {
            to: Route::Sorry,
            generation: Some(7),
        };
        let summary = Summary {
            overrun: Duration::from_secs(60),
            reals_down: 2,
        };
        let until = Some(Wall(1_795_656_461_007));
        vec![
            What::Down(weights, reals.clone()),
            What::StaysDown(reals),
            What::Up,
            What::UpByOrder,
            What::Flaps(3, Some(Reason::TlsCertificate)),
            What::Flaps(3, None),
            What::Returned,
            What::FellAgain,
            What::Steady(4),
            What::Ordered {
                until,
                returns: true,
            },
            What::Changed {
                until: None,
                returns: false,
            },
            What::AlmostOver(until),
            What::Overrun(Duration::from_millis(1)),
            What::Lifted(summary),
            What::TimeOver(summary),
            What::Announced(Wall(1_000)),
            What::Doubted(Cause::References),
            What::Doubted(Cause::Mass { down: 5, of: 6 }),
            What::Believed,
            What::RealDown(Reason::Status),
            What::RealUp,
            What::SwitchFailed(9),
            What::SwitchWorks,
            What::Awaits(awaited),
            What::Moves,
            What::WouldTurn(Route::Live),
            What::Expires(20),
            What::Renewed,
            What::Gone,
        ]
    }

    #[test]
    fn nothing_is_lost_on_the_way_to_the_disk_and_back() {
        for (number, what) in (0..).zip(all()) {
            let telling = Telling {
                incident: number,
                kind: Kind::ALL[usize::try_from(number).unwrap() % Kind::ALL.len()],
                site: (number % 2 == 0).then(|| "shop".into()),
                about: (number % 3 == 0).then(|| "10.0.0.1:80".into()),
                by: Some("uid 0".into()),
                planned: number % 2 == 1,
                observed: number % 3 == 1,
                began: Wall(1_000),
                at: Wall(2_000),
                step: Step::Goes,
                phase: Phase::Update,
                audience: Audience::OfReals,
                what,
                which: None,
                awaits: Some((
                    "nft".into(),
                    Awaited {
                        to: Route::Live,
                        generation: None,
                    },
                )),
            };
            let json = serde_json::to_string(&Told::from(&telling)).unwrap();
            let back: Told = serde_json::from_str(&json).unwrap();
            assert_eq!(Telling::from(back), telling, "{json}");
        }
    }
}
