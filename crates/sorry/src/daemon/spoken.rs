//! What visitors are told at the moment of a take-over: the successor says the same from its first answer on, though it cannot read what was ordered
//! before its predecessor has let go of the journal. Once it has, that counts.

use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};
use sorry_core::said::Said;

use super::brain::Outlook;
use super::memory;
use crate::listen::passed::Passed;

/// The name under which it moves.
pub(super) const NAME: &str = "sorry-words";

/// An [`Outlook`], as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    site: Box<str>,
    until: Option<u64>,
    expected: Option<u64>,
    said: Option<String>,
    is_back: bool,
}

impl From<&Outlook> for Told {
    fn from(outlook: &Outlook) -> Told {
        Told {
            site: outlook.site.clone(),
            until: outlook.until,
            expected: outlook.expected,
            said: outlook.said.as_ref().map(|said| said.as_str().to_owned()),
            is_back: outlook.is_back,
        }
    }
}

impl From<Told> for Outlook {
    fn from(told: Told) -> Outlook {
        Outlook {
            site: told.site,
            until: told.until,
            expected: told.expected,
            // It was parsed once: what another version would not say is left out.
            said: told.said.and_then(|said| Said::parse(&said).ok()),
            is_back: told.is_back,
        }
    }
}

/// For a successor.
pub(super) fn passed_on(outlooks: &[Outlook]) -> Option<(String, OwnedFd)> {
    let told: Vec<Told> = outlooks.iter().map(Told::from).collect();
    match memory::written(NAME, &told) {
        Ok(memory) => Some((NAME.to_owned(), memory)),
        Err(error) => {
            log::warn!("what visitors are told is not passed on: {error}");
            None
        }
    }
}

/// What the predecessor has told them; `None` where it has not said, or there is none.
pub(super) fn claim(passed: &mut Passed) -> Option<Vec<Outlook>> {
    let memory = passed.claim_named(NAME, |_| true).pop()?;
    match memory::read::<Vec<Told>>(memory) {
        Ok(told) => Some(told.into_iter().map(Outlook::from).collect()),
        Err(error) => {
            log::warn!("what visitors are told was not passed on: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_arrives_as_it_was() {
        let outlooks = [
            Outlook {
                site: "shop".into(),
                until: Some(7),
                expected: None,
                said: Some(Said::parse("back at noon").unwrap()),
                is_back: false,
            },
            Outlook {
                site: "news".into(),
                expected: Some(9),
                is_back: true,
                ..Outlook::default()
            },
        ];
        let mut passed = Passed::new(vec![passed_on(&outlooks).unwrap()]);
        assert_eq!(claim(&mut passed).as_deref(), Some(&outlooks[..]));
        assert_eq!(claim(&mut passed), None);
        assert_eq!(passed.left_over().len(), 0);
    }
}
