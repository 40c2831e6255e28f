//! A telling as the journal of incidents keeps it. The core knows no format, so its facts are said again here, in words that stay
//! the same when the core's change.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sorry_core::doubt::Cause;
use sorry_core::health::Reason;
use sorry_core::incident::{
    Audience, Awaited, DownReal, Kind, Phase, Step, Summary, Telling, What,
};
use sorry_core::moment::Wall;
use sorry_core::quorum::Weights;
use sorry_core::site::Route;

/// A telling, in words. Moments are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTelling {
    #[serde(default)]
    number: u64,
    incident: u64,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Box<str>>,
    #[serde(default)]
    planned: bool,
    #[serde(default)]
    observed: bool,
    began_ms: u64,
    at_ms: u64,
    step: StepWord,
    phase: PhaseWord,
    to: AudienceWord,
    what: WhatWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    which: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    awaits: Option<(Box<str>, AwaitedWord)>,
}

/// Declares words for an enum of the core that has no data, and the way there and back.
macro_rules! words {
    ($word:ident for $of:ty { $($name:ident),+ $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum $word { $($name),+ }

        impl From<$of> for $word {
            fn from(of: $of) -> $word {
                match of { $(<$of>::$name => $word::$name),+ }
            }
        }

        impl From<$word> for $of {
            fn from(word: $word) -> $of {
                match word { $($word::$name => <$of>::$name),+ }
            }
        }
    };
}

words!(StepWord for Step { Begins, Goes, Ends, Aside });
words!(PhaseWord for Phase { Firing, Update, Resolved, Note });
words!(AudienceWord for Audience { Nobody, OfReals, Everybody });
words!(RouteWord for Route { Live, Sorry });

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct AwaitedWord {
    to: RouteWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
}

/// A real server and why it is down.
type DownWord = (Box<str>, String);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WhatWord {
    Down {
        up: u32,
        unknown: u32,
        down: u32,
        reals: Vec<DownWord>,
    },
    StaysDown {
        reals: Vec<DownWord>,
    },
    Up,
    UpByOrder,
    Flaps {
        times: u32,
        reason: Option<String>,
    },
    Returned,
    FellAgain,
    Steady {
        times: u32,
    },
    Ordered {
        until_ms: Option<u64>,
        returns: bool,
    },
    Changed {
        until_ms: Option<u64>,
        returns: bool,
    },
    AlmostOver {
        until_ms: Option<u64>,
    },
    Overrun {
        ms: u64,
    },
    Lifted {
        overrun_ms: u64,
        reals_down: u32,
    },
    TimeOver {
        overrun_ms: u64,
        reals_down: u32,
    },
    Announced {
        opens_ms: u64,
    },
    DoubtedReferences,
    DoubtedMass {
        down: u32,
        of: u32,
    },
    Believed,
    Unwatched,
    Watched,
    RealDown {
        reason: String,
    },
    RealUp,
    SwitchFailed {
        times: u32,
    },
    SwitchWorks,
    Awaits(AwaitedWord),
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

impl From<&Telling> for KeptTelling {
    fn from(telling: &Telling) -> KeptTelling {
        KeptTelling {
            number: telling.number,
            incident: telling.incident,
            kind: telling.kind.label().to_owned(),
            site: telling.site.clone(),
            about: telling.about.clone(),
            by: telling.by.clone(),
            reason: telling.reason.clone(),
            planned: telling.planned,
            observed: telling.observed,
            began_ms: telling.began.0,
            at_ms: telling.at.0,
            step: telling.step.into(),
            phase: telling.phase.into(),
            to: telling.audience.into(),
            what: what_word(&telling.what),
            which: telling.which.clone(),
            awaits: telling
                .awaits
                .clone()
                .map(|(switch, awaited)| (switch, awaited.into())),
        }
    }
}

impl KeptTelling {
    /// Back again; nothing where a later version has kept something that this one does not know.
    pub fn telling(&self) -> Option<Telling> {
        Some(Telling {
            number: self.number,
            incident: self.incident,
            kind: Kind::ALL
                .into_iter()
                .find(|kind| kind.label() == self.kind)?,
            site: self.site.clone(),
            about: self.about.clone(),
            by: self.by.clone(),
            reason: self.reason.clone(),
            planned: self.planned,
            observed: self.observed,
            began: Wall(self.began_ms),
            at: Wall(self.at_ms),
            step: self.step.into(),
            phase: self.phase.into(),
            audience: self.to.into(),
            what: what_of(&self.what)?,
            which: self.which.clone(),
            awaits: self
                .awaits
                .clone()
                .map(|(switch, awaited)| (switch, awaited.into())),
        })
    }
}

impl From<Awaited> for AwaitedWord {
    fn from(awaited: Awaited) -> AwaitedWord {
        AwaitedWord {
            to: awaited.to.into(),
            generation: awaited.generation,
        }
    }
}

impl From<AwaitedWord> for Awaited {
    fn from(word: AwaitedWord) -> Awaited {
        Awaited {
            to: word.to.into(),
            generation: word.generation,
        }
    }
}

/// Longer than a function should be: a table.
fn what_word(what: &What) -> WhatWord {
    let ms = |wall: &Option<Wall>| wall.map(|wall| wall.0);
    match what {
        What::Down(weights, reals) => WhatWord::Down {
            up: weights.up,
            unknown: weights.unknown,
            down: weights.down,
            reals: down_words(reals),
        },
        What::StaysDown(reals) => WhatWord::StaysDown {
            reals: down_words(reals),
        },
        What::Up => WhatWord::Up,
        What::UpByOrder => WhatWord::UpByOrder,
        What::Flaps(times, reason) => WhatWord::Flaps {
            times: *times,
            reason: reason.map(|reason| reason.label().to_owned()),
        },
        What::Returned => WhatWord::Returned,
        What::FellAgain => WhatWord::FellAgain,
        What::Steady(times) => WhatWord::Steady { times: *times },
        What::Ordered { until, returns } => WhatWord::Ordered {
            until_ms: ms(until),
            returns: *returns,
        },
        What::Changed { until, returns } => WhatWord::Changed {
            until_ms: ms(until),
            returns: *returns,
        },
        What::AlmostOver(until) => WhatWord::AlmostOver {
            until_ms: ms(until),
        },
        What::Overrun(late) => WhatWord::Overrun { ms: millis(*late) },
        What::Lifted(Summary {
            overrun,
            reals_down,
        }) => WhatWord::Lifted {
            overrun_ms: millis(*overrun),
            reals_down: *reals_down,
        },
        What::TimeOver(Summary {
            overrun,
            reals_down,
        }) => WhatWord::TimeOver {
            overrun_ms: millis(*overrun),
            reals_down: *reals_down,
        },
        What::Announced(opens) => WhatWord::Announced { opens_ms: opens.0 },
        What::Doubted(Cause::References) => WhatWord::DoubtedReferences,
        What::Doubted(Cause::Mass { down, of }) => WhatWord::DoubtedMass {
            down: *down,
            of: *of,
        },
        What::Believed => WhatWord::Believed,
        What::Unwatched => WhatWord::Unwatched,
        What::Watched => WhatWord::Watched,
        What::RealDown(reason) => WhatWord::RealDown {
            reason: reason.label().to_owned(),
        },
        What::RealUp => WhatWord::RealUp,
        What::SwitchFailed(times) => WhatWord::SwitchFailed { times: *times },
        What::SwitchWorks => WhatWord::SwitchWorks,
        What::Awaits(awaited) => WhatWord::Awaits((*awaited).into()),
        What::Moves => WhatWord::Moves,
        What::WouldTurn(to) => WhatWord::WouldTurn { to: (*to).into() },
        What::Expires(days) => WhatWord::Expires { days: *days },
        What::Renewed => WhatWord::Renewed,
        What::Gone => WhatWord::Gone,
    }
}

/// Longer than a function should be: the same table, backwards.
fn what_of(word: &WhatWord) -> Option<What> {
    let wall = |ms: &Option<u64>| ms.map(Wall);
    Some(match word {
        WhatWord::Down {
            up,
            unknown,
            down,
            reals,
        } => {
            let weights = Weights {
                up: *up,
                unknown: *unknown,
                down: *down,
            };
            What::Down(weights, down_reals(reals)?)
        }
        WhatWord::StaysDown { reals } => What::StaysDown(down_reals(reals)?),
        WhatWord::Up => What::Up,
        WhatWord::UpByOrder => What::UpByOrder,
        WhatWord::Flaps { times, reason } => {
            What::Flaps(*times, reason.as_deref().and_then(reason_of))
        }
        WhatWord::Returned => What::Returned,
        WhatWord::FellAgain => What::FellAgain,
        WhatWord::Steady { times } => What::Steady(*times),
        WhatWord::Ordered { until_ms, returns } => What::Ordered {
            until: wall(until_ms),
            returns: *returns,
        },
        WhatWord::Changed { until_ms, returns } => What::Changed {
            until: wall(until_ms),
            returns: *returns,
        },
        WhatWord::AlmostOver { until_ms } => What::AlmostOver(wall(until_ms)),
        WhatWord::Overrun { ms } => What::Overrun(Duration::from_millis(*ms)),
        WhatWord::Lifted {
            overrun_ms,
            reals_down,
        } => What::Lifted(summary(*overrun_ms, *reals_down)),
        WhatWord::TimeOver {
            overrun_ms,
            reals_down,
        } => What::TimeOver(summary(*overrun_ms, *reals_down)),
        WhatWord::Announced { opens_ms } => What::Announced(Wall(*opens_ms)),
        WhatWord::DoubtedReferences => What::Doubted(Cause::References),
        WhatWord::DoubtedMass { down, of } => What::Doubted(Cause::Mass {
            down: *down,
            of: *of,
        }),
        WhatWord::Believed => What::Believed,
        WhatWord::Unwatched => What::Unwatched,
        WhatWord::Watched => What::Watched,
        WhatWord::RealDown { reason } => What::RealDown(reason_of(reason)?),
        WhatWord::RealUp => What::RealUp,
        WhatWord::SwitchFailed { times } => What::SwitchFailed(*times),
        WhatWord::SwitchWorks => What::SwitchWorks,
        WhatWord::Awaits(awaited) => What::Awaits((*awaited).into()),
        WhatWord::Moves => What::Moves,
        WhatWord::WouldTurn { to } => What::WouldTurn((*to).into()),
        WhatWord::Expires { days } => What::Expires(*days),
        WhatWord::Renewed => What::Renewed,
        WhatWord::Gone => What::Gone,
    })
}

fn summary(overrun_ms: u64, reals_down: u32) -> Summary {
    Summary {
        overrun: Duration::from_millis(overrun_ms),
        reals_down,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn reason_of(label: &str) -> Option<Reason> {
    Reason::ALL
        .into_iter()
        .find(|reason| reason.label() == label)
}

fn down_words(reals: &[DownReal]) -> Vec<DownWord> {
    let word = |(real, reason): &DownReal| (real.clone(), reason.label().to_owned());
    reals.iter().map(word).collect()
}

fn down_reals(words: &[DownWord]) -> Option<Box<[DownReal]>> {
    let real = |(real, reason): &DownWord| Some((real.clone(), reason_of(reason)?));
    words.iter().map(real).collect()
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
