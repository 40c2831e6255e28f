//! Words of the journal for values of the core that have no data, or little: they stay when names in the core change.

use serde::{Deserialize, Serialize};
use sorry_core::event::Why;
use sorry_core::health::State;
use sorry_core::order::{Keep, Milestone, OnOverrun};
use sorry_core::quorum::Held;
use sorry_core::site::Route;

/// Words of a journal for the values of a type of the core.
macro_rules! words {
    ($(#[$doc:meta])* $word:ident of $core:ident { $($value:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $word {
            $(
                #[doc = concat!("See [`", stringify!($core), "::", stringify!($value), "`].")]
                $value,
            )+
        }

        impl From<$core> for $word {
            fn from(value: $core) -> $word {
                match value {
                    $($core::$value => $word::$value,)+
                }
            }
        }

        impl From<$word> for $core {
            fn from(word: $word) -> $core {
                match word {
                    $($word::$value => $core::$value,)+
                }
            }
        }
    };
}

words!(
    /// What is believed of a real server.
    StateWord of State { Unknown, Up, Down }
);
words!(
    /// Where visitors are sent.
    RouteWord of Route { Live, Sorry }
);
words!(
    /// What is believed of a site.
    HeldWord of Held { Enough, TooFew }
);
words!(
    /// What may be served from copies.
    KeepWord of Keep { Stale, Nothing }
);
words!(
    /// What becomes of an order when its time is over.
    OverrunWord of OnOverrun { Hold, Return }
);
words!(
    /// Why visitors are sent where they are.
    WhyWord of Why {
        Beginning,
        Unwatched,
        Quorum,
        NoQuorum,
        Ordered,
        Overrun,
        HeldDown,
        Dwelling,
        Doubted,
    }
);

/// What was told of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToldWord {
    /// See [`Milestone::AlmostOver`].
    AlmostOver,
    /// See [`Milestone::Due`].
    Due(u32),
}

impl ToldWord {
    pub(super) fn of(milestone: Milestone) -> Option<ToldWord> {
        match milestone {
            Milestone::Begun => None,
            Milestone::AlmostOver => Some(ToldWord::AlmostOver),
            Milestone::Due(number) => Some(ToldWord::Due(number)),
        }
    }

    pub(super) fn milestone(told: Option<ToldWord>) -> Milestone {
        match told {
            None => Milestone::Begun,
            Some(ToldWord::AlmostOver) => Milestone::AlmostOver,
            Some(ToldWord::Due(number)) => Milestone::Due(number),
        }
    }
}

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhatWord {
    /// See [`sorry_core::order::What::Maintenance`].
    Maintenance,
    /// See [`sorry_core::order::What::Live`].
    Live,
}
