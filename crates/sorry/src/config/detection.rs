//! How long it takes at the most until a dead real server is taken to be down: what `sorry check-config` promises for each site.

use super::site::Site;
use std::time::Duration;

/// The longest from a real server's death to the result that takes it down, whichever of the site's checks it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detection {
    /// When its host refuses.
    pub refused: Duration,
    /// When nothing is heard of it. None where a check takes that for good.
    pub silent: Option<Duration>,
}

impl Site {
    /// What its checks promise; nothing where it has none.
    pub fn detection(&self) -> Option<Detection> {
        let checks = self.reals.iter().flat_map(|real| &real.checks);
        let cases = checks.map(|check| {
            let (refused, silent) = check.timing.worst_case(check.thresholds.fall.get());
            let notices = !check.kind.is_content_with_silence();
            (refused, notices.then_some(silent))
        });
        cases.fold(None, |slowest: Option<Detection>, (refused, silent)| {
            let before = slowest.unwrap_or(Detection { refused, silent });
            Some(Detection {
                refused: before.refused.max(refused),
                silent: before.silent.zip(silent).map(|(a, b)| a.max(b)),
            })
        })
    }
}

impl std::fmt::Display for Detection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let refused = seconds(self.refused);
        write!(
            f,
            "a real server that refuses is down after at most {refused} s, one that is silent "
        )?;
        match self.silent {
            Some(silent) => write!(f, "after {} s", seconds(silent)),
            None => f.write_str("is not noticed"),
        }
    }
}

/// Seconds with as many digits after the point as there are to tell, down to milliseconds.
fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    match duration.subsec_millis() {
        0 => whole.to_string(),
        rest => {
            let digits = format!("{rest:03}");
            format!("{whole}.{}", digits.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse;
    use jiff::tz::TimeZone;
    use std::path::Path;

    fn told(lines: &str) -> String {
        let text = format!(
            "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n{lines}\n[[site.real-server]]\naddress = \"10.0.0.11:80\"\n"
        );
        let config = parse(&text, "t", Path::new(""), &TimeZone::UTC).unwrap();
        let detection = config.sites[0].detection();
        detection
            .map(|detection| detection.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn the_worst_case_is_that_of_the_slowest_check() {
        for (lines, expected) in [
            ("", ""),
            // From one probe to the next, with what chance adds: 1 s + 0.1 s; then another probe 0.1 s later; then its timeout.
            (
                "check.tcp = { every = \"1s\", timeout = \"500ms\", fall = 2 }",
                "a real server that refuses is down after at most 1.2 s, one that is silent after 1.7 s",
            ),
            (
                "check.tcp = {}",
                "a real server that refuses is down after at most 2.6 s, one that is silent after 3.6 s",
            ),
            // Silence is noticed where a reply must come.
            (
                "check.udp = { send = \"x\", expect = \"y\" }",
                "a real server that refuses is down after at most 2.6 s, one that is silent after 3.6 s",
            ),
            (
                "check.udp = { send = \"x\" }",
                "a real server that refuses is down after at most 2.6 s, one that is silent is not noticed",
            ),
            (
                "check.tcp = {}\ncheck.udp = { send = \"x\" }\ncheck.file = { path = \"/run/x\" }",
                "a real server that refuses is down after at most 2.6 s, one that is silent is not noticed",
            ),
            // At most 16 are under way, so the 17th waits for the first to time out.
            (
                "check.tcp = { fall = 16 }",
                "a real server that refuses is down after at most 5.2 s, one that is silent after 6.2 s",
            ),
            (
                "check.tcp = { fall = 17 }",
                "a real server that refuses is down after at most 5.4 s, one that is silent after 7.4 s",
            ),
            (
                "check.tcp = { every = \"1s\", fall = 1, jitter = \"0s\", timeout = \"250ms\" }",
                "a real server that refuses is down after at most 1 s, one that is silent after 1.25 s",
            ),
            (
                "check.tcp = { every = \"1s\", timeout = \"500ms\", fall = 2 }\ncheck.http = { every = \"30s\", timeout = \"10s\" }",
                "a real server that refuses is down after at most 39 s, one that is silent after 49 s",
            ),
        ] {
            assert_eq!(told(lines), expected, "{lines}");
        }
    }
}
