//! What we want to reach: a gate that must hold and a goal beyond it, each beside a peer's figure of the same run or in plain numbers.

use super::peer::Peer;

/// How much a figure may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    /// As much as this.
    AtMost(f64),
    /// So many times what this peer needs.
    Times(f64, Peer),
}

impl Bound {
    fn limit(self, of: impl Fn(Peer) -> Option<f64>) -> Option<f64> {
        match self {
            Self::AtMost(limit) => Some(limit),
            Self::Times(factor, peer) => of(peer).map(|value| value * factor),
        }
    }

    fn told(self, limit: f64, unit: &str) -> String {
        match self {
            Self::AtMost(_) => format!("{limit} {unit}"),
            Self::Times(factor, peer) => {
                format!("{factor:.2} x {} = {limit:.2} {unit}", peer.name())
            }
        }
    }
}

/// A target for the figure in one column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// The column's key.
    pub(crate) column: &'static str,
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) gate: Bound,
    pub(crate) goal: Option<Bound>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Goal,
    Gate,
    Missed,
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Goal => "goal",
            Self::Gate => "gate",
            Self::Missed => "missed",
        }
    }
}

/// A target beside what was measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judged {
    pub(crate) column: &'static str,
    pub(crate) ours: f64,
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
}

impl Target {
    /// None if what it needs was not measured. `of` is the figure of a peer.
    pub(crate) fn judge(&self, of: impl Fn(Peer) -> Option<f64>) -> Option<Judged> {
        let ours = of(Peer::Sorry)?;
        let gate = self.gate.limit(&of)?;
        let goal = self.goal.and_then(|goal| Some((goal, goal.limit(&of)?)));
        let reached = goal.map_or(gate, |(_, limit)| limit);
        let verdict = if ours <= reached {
            Verdict::Goal
        } else if ours <= gate {
            Verdict::Gate
        } else {
            Verdict::Missed
        };
        let unit = self.unit;
        let mut text = format!(
            "{}: {ours:.2} {unit}: **{}** (gate {}",
            self.what,
            verdict.word(),
            self.gate.told(gate, unit)
        );
        if let Some((goal, limit)) = goal {
            text.push_str(&format!(", goal {}", goal.told(limit, unit)));
        }
        text.push(')');
        Some(Judged {
            column: self.column,
            ours,
            verdict,
            text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Target, Verdict};
    use crate::bench::peer::Peer;

    const TARGET: Target = Target {
        column: "cpu_us",
        what: "CPU",
        unit: "us",
        gate: Bound::Times(0.5, Peer::Nginx),
        goal: Some(Bound::Times(1.0, Peer::Haproxy)),
    };

    fn figures(ours: f64) -> impl Fn(Peer) -> Option<f64> {
        move |peer| match peer {
            Peer::Sorry => Some(ours),
            Peer::Nginx => Some(10.0),
            Peer::Haproxy => Some(3.0),
        }
    }

    #[test]
    fn a_figure_reaches_the_goal_or_the_gate_or_neither() {
        let table = [
            (3.0, Verdict::Goal),
            (5.0, Verdict::Gate),
            (5.1, Verdict::Missed),
        ];
        for (ours, verdict) in table {
            let judged = TARGET.judge(figures(ours)).unwrap();
            assert_eq!(judged.verdict, verdict, "{ours}");
        }
        let text = TARGET.judge(figures(4.0)).unwrap().text;
        assert_eq!(
            text,
            "CPU: 4.00 us: **gate** (gate 0.50 x nginx = 5.00 us, goal 1.00 x haproxy = 3.00 us)"
        );
    }

    #[test]
    fn nothing_is_judged_without_its_peer() {
        let alone = |peer| (peer == Peer::Sorry).then_some(1.0);
        assert_eq!(TARGET.judge(alone), None);
        let nginx = |peer| (peer != Peer::Haproxy).then_some(4.0);
        // The goal's peer is missing: the gate is what is left.
        assert_eq!(TARGET.judge(nginx).unwrap().verdict, Verdict::Missed);
    }
}
