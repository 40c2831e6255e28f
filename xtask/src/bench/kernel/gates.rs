//! What we want of the kernel's answers, beside what was measured.

use super::runs::Runs;
use crate::json::quoted;

/// What may be measured at most.
enum Gate {
    /// CPU time of a whole connection, in parts of nginx's: by whom, with which page, gate and goal.
    Part(&'static str, &'static str, f64, f64),
    /// Nanoseconds of a packet of this kind at the driver, over either protocol.
    Packet(&'static str, &'static str, f64, f64),
    /// Bytes that the maps grow by, and sockets that the kernel keeps.
    Nothing,
}

const GATES: [Gate; 7] = [
    Gate::Part("xdp", "1.2KB", 30.0, 40.0),
    Gate::Part("tc", "1.2KB", 8.0, 10.0),
    Gate::Part("auto", "8KB", 9.0, 9.0),
    Gate::Packet("syn", "SYN -> SYN-ACK", 120.0, 100.0),
    Gate::Packet(
        "request-curl",
        "curl's request -> page of 1.2 KB",
        180.0,
        150.0,
    ),
    Gate::Packet(
        "request-browser",
        "a browser's request -> page of 1.2 KB",
        180.0,
        150.0,
    ),
    Gate::Nothing,
];

/// Where others took more of the server's core than this, in per cent, parts of nginx's time say nothing: what must wait for its core
/// finds more to do at once, which helps the kernel's answers more than anybody.
const DISTURBED_PERCENT: f64 = 8.0;

/// In flight where parts of nginx's time are compared.
const FLIGHT: &str = "128";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Goal,
    Gate,
    Missed,
    /// Nobody knows: somebody else was busy.
    Disturbed,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Goal => "goal",
            Verdict::Gate => "gate",
            Verdict::Missed => "missed",
            Verdict::Disturbed => "disturbed",
        }
    }
}

/// A gate beside what was measured.
pub(super) struct Judged {
    text: String,
    value: f64,
    verdict: Verdict,
}

impl Judged {
    /// Whether it does not hold, or nobody knows.
    pub(super) fn is_missed(&self) -> bool {
        matches!(self.verdict, Verdict::Missed | Verdict::Disturbed)
    }

    pub(super) fn json(&self) -> String {
        format!(
            "{{\"text\":{},\"value\":{},\"verdict\":{}}}",
            quoted(&self.text),
            self.value,
            quoted(self.verdict.word())
        )
    }
}

/// Those whose figures were measured.
pub(super) fn judge(runs: &Runs) -> Vec<Judged> {
    GATES.iter().filter_map(|gate| gate.judge(runs)).collect()
}

/// A line for each.
pub(super) fn markdown(judged: &[Judged]) -> String {
    judged
        .iter()
        .map(|judged| format!("{}\n\n", judged.text))
        .collect()
}

impl Gate {
    fn judge(&self, runs: &Runs) -> Option<Judged> {
        match *self {
            Gate::Part(server, page, gate, goal) => {
                let figure = |server, figure| {
                    let names = [("server", server), ("page", page), ("flight", FLIGHT)];
                    runs.figure("connection", &names, figure)
                };
                let part = figure("nginx", "ns")? / figure(server, "ns")?;
                let others = figure("nginx", "others")?.max(figure(server, "others")?);
                let verdict = match verdict(1.0 / part, 1.0 / gate, 1.0 / goal) {
                    _ if others > DISTURBED_PERCENT => Verdict::Disturbed,
                    verdict => verdict,
                };
                let goal = if goal == gate {
                    String::new()
                } else {
                    format!(", goal 1/{goal:.0}")
                };
                Some(Judged {
                    text: format!(
                        "{server}, {page} page, {FLIGHT} in flight: 1/{part:.1} of nginx: **{}** (gate 1/{gate:.0}{goal})",
                        verdict.word()
                    ),
                    value: part,
                    verdict,
                })
            }
            Gate::Packet(kind, what, gate, goal) => {
                let time = |family| {
                    let names = [("server", "xdp"), ("family", family), ("kind", kind)];
                    runs.figure("packet", &names, "ns")
                };
                let value = time("4")?.max(time("6")?);
                let verdict = verdict(value, gate, goal);
                Some(Judged {
                    text: format!(
                        "xdp, {what}: {value:.0} ns at most of both protocols: **{}** (gate {gate:.0} ns, goal {goal:.0} ns)",
                        verdict.word()
                    ),
                    value,
                    verdict,
                })
            }
            Gate::Nothing => {
                let kept = |server| {
                    let of = |figure| runs.figure("memory", &[("server", server)], figure);
                    Some((of("connections")?, of("sockets")? + of("grown")?))
                };
                let both = ["xdp", "tc"].into_iter().filter_map(kept);
                let (connections, value) =
                    both.reduce(|one, other| (one.0 + other.0, one.1 + other.1))?;
                let verdict = verdict(value, 0.0, 0.0);
                Some(Judged {
                    text: format!(
                        "memory after {connections:.0} connections: {value:.0} bytes of maps and sockets: **{}** (gate 0)",
                        verdict.word()
                    ),
                    value,
                    verdict,
                })
            }
        }
    }
}

fn verdict(value: f64, gate: f64, goal: f64) -> Verdict {
    if value <= goal {
        Verdict::Goal
    } else if value <= gate {
        Verdict::Gate
    } else {
        Verdict::Missed
    }
}

#[cfg(test)]
mod tests {
    use super::super::runs::{EXAMPLE, Runs};
    use super::{judge, markdown};

    #[test]
    fn what_was_measured_is_judged() {
        let judged = judge(&Runs::read(EXAMPLE).unwrap());
        assert_eq!(
            markdown(&judged),
            "\
xdp, 1.2KB page, 128 in flight: 1/29.3 of nginx: **missed** (gate 1/30, goal 1/40)

xdp, SYN -> SYN-ACK: 110 ns at most of both protocols: **gate** (gate 120 ns, goal 100 ns)

memory after 1000000 connections: 0 bytes of maps and sockets: **goal** (gate 0)

"
        );
        assert!(judged[0].is_missed() && !judged[1].is_missed());
        // Though it would hold.
        let disturbed = EXAMPLE
            .replace("others=1", "others=30")
            .replace("ns=700", "ns=500");
        let judged = judge(&Runs::read(&disturbed).unwrap());
        assert!(judged[0].is_missed());
        assert!(
            judged[0].text.contains("**disturbed**"),
            "{}",
            judged[0].text
        );
    }
}
