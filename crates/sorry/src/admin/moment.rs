//! A second on the calendar, as it travels between the daemon and its clients: RFC 3339 text in JSON, so that people
//! and scripts can read it, and a plain number inside.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Seconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// The present second.
    pub fn now() -> Moment {
        SystemTime::now().into()
    }

    /// Seconds from `earlier` to this one; 0 where it is not earlier.
    pub fn seconds_since(self, earlier: Moment) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<SystemTime> for Moment {
    /// A time before 1970 is a clock that was never set, and becomes 1970.
    fn from(time: SystemTime) -> Moment {
        Moment(
            time.duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        )
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        timestamp(*self).fmt(f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&timestamp(*self))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        let text = String::deserialize(deserializer)?;
        let timestamp: jiff::Timestamp = text.parse().map_err(D::Error::custom)?;
        u64::try_from(timestamp.as_second())
            .map(Moment)
            .map_err(|_| D::Error::custom(format!("`{text}` lies before 1970")))
    }
}

/// In a schema it is what it is in JSON.
impl schemars::JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "A second on the calendar, RFC 3339 in UTC."
        })
    }
}

/// What lies beyond the calendar is shown as its last second: a certificate that never ends says the last day of the
/// year 9999 (RFC 5280, section 4.1.2.5), and that must not keep a status from being shown.
fn timestamp(moment: Moment) -> jiff::Timestamp {
    let seconds = i64::try_from(moment.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).unwrap_or(LAST)
}

const LAST: jiff::Timestamp = jiff::Timestamp::constant(253_402_207_200, 0);
