//! What a verb is: a name, what help says of it, and a function. The table of verbs is in `main.rs`.

use std::process::ExitCode;

use crate::suggest;

/// One of the developer's commands.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    /// One line for the overview.
    pub(crate) summary: &'static str,
    /// What `cargo xtask help NAME` prints.
    pub(crate) usage: &'static str,
    pub(crate) run: fn(&[String]) -> Result<End, String>,
}

/// How a verb ended. An `Err` beside it is `Refused` with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Exit code 0: it was done, and all is well.
    Good,
    /// Exit code 1: it was done, and something was found or failed.
    Bad,
    /// Exit code 2: it was not done: a wrong command line, or something the machine lacks.
    Refused,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        match end {
            End::Good => Self::SUCCESS,
            End::Bad => Self::from(1),
            End::Refused => Self::from(2),
        }
    }
}

/// The verb of that name, or a message that guesses what was meant.
pub(crate) fn find<'a>(verbs: &'a [Verb], name: &str) -> Result<&'a Verb, String> {
    if let Some(verb) = verbs.iter().find(|v| v.name == name) {
        return Ok(verb);
    }
    let names: Vec<&str> = verbs.iter().map(|v| v.name).collect();
    Err(match suggest::nearest(name, &names) {
        Some(near) => format!("there is no verb `{name}`; did you mean `cargo xtask {near}`?"),
        None => format!(
            "there is no verb `{name}`; there are {}: see `cargo xtask help`",
            names.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::{End, Verb, find};

    const fn verb(name: &'static str) -> Verb {
        Verb {
            name,
            summary: "",
            usage: "",
            run: |_| Ok(End::Good),
        }
    }

    #[test]
    fn a_mistyped_verb_is_guessed_and_a_strange_one_gets_the_list() {
        let verbs = [verb("setup"), verb("tidy")];
        assert_eq!(find(&verbs, "tidy").map(|v| v.name), Ok("tidy"));
        let near = find(&verbs, "tdiy").map(|v| v.name).unwrap_err();
        assert!(near.contains("did you mean `cargo xtask tidy`"), "{near}");
        let far = find(&verbs, "elephant").map(|v| v.name).unwrap_err();
        assert!(far.contains("there are setup, tidy"), "{far}");
    }
}
