//! A millisecond on the wall, as it stands in a journal: RFC 3339 text in UTC, so that people can read it. What no calendar has
//! is a number of milliseconds since 1970, so that nothing that the engine can think of is lost.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sorry_core::moment::Wall;

/// A moment of the wall's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(pub Wall);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = i64::try_from(self.0.0).ok();
        match millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok()) {
            Some(timestamp) => serializer.collect_str(&timestamp),
            None => serializer.serialize_u64(self.0.0),
        }
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<At, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Millis(u64),
        }
        match Form::deserialize(deserializer)? {
            Form::Millis(millis) => Ok(At(Wall(millis))),
            Form::Text(text) => {
                let timestamp: jiff::Timestamp = text.parse().map_err(D::Error::custom)?;
                u64::try_from(timestamp.as_millisecond())
                    .map(|millis| At(Wall(millis)))
                    .map_err(|_| D::Error::custom(format!("`{text}` lies before 1970")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_can_read_it_and_nothing_is_lost() {
        for (millis, json) in [
            (0, "\"1970-01-01T00:00:00Z\""),
            (1_795_656_461_007, "\"2026-11-26T01:27:41.007Z\""),
            (u64::MAX, "18446744073709551615"),
        ] {
            let at = At(Wall(millis));
            assert_eq!(serde_json::to_string(&at).unwrap(), json);
            assert_eq!(serde_json::from_str::<At>(json).unwrap(), at);
        }
        for wrong in ["\"yesterday\"", "\"1969-12-31T23:59:59Z\"", "-1", "null"] {
            assert!(serde_json::from_str::<At>(wrong).is_err(), "{wrong}");
        }
    }
}
