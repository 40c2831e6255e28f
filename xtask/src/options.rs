//! Splits a verb's arguments into flags, options with a value and the rest. A mistyped option is an error that guesses what was meant.

use crate::suggest;

/// What an option takes after its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    Value,
}

/// The arguments of one call, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    flags: Vec<String>,
    values: Vec<(String, String)>,
    /// What is no option, in the order in which it was typed.
    pub(crate) rest: Vec<String>,
}

impl Options {
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f == flag)
    }

    /// The value given last.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let found = self.values.iter().rev().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    /// An error unless every argument was an option.
    pub(crate) fn nothing_else(&self) -> Result<(), String> {
        match self.rest.first() {
            None => Ok(()),
            Some(word) => Err(format!("unexpected argument `{word}`")),
        }
    }
}

/// Sorts `arguments` by the table of known options.
pub(crate) fn split(arguments: &[String], known: &[(&str, Takes)]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut left = arguments.iter();
    while let Some(argument) = left.next() {
        if !argument.starts_with("--") {
            options.rest.push(argument.clone());
            continue;
        }
        let (name, attached) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        match (takes(name, known)?, attached) {
            (Takes::Nothing, None) => options.flags.push(name.to_owned()),
            (Takes::Nothing, Some(_)) => return Err(format!("`{name}` takes no value")),
            (Takes::Value, attached) => {
                let value = attached.or_else(|| left.next().cloned());
                let value = value.ok_or_else(|| format!("`{name}` needs a value"))?;
                options.values.push((name.to_owned(), value));
            }
        }
    }
    Ok(options)
}

fn takes(name: &str, known: &[(&str, Takes)]) -> Result<Takes, String> {
    if let Some((_, takes)) = known.iter().find(|(n, _)| *n == name) {
        return Ok(*takes);
    }
    let names: Vec<&str> = known.iter().map(|(n, _)| *n).collect();
    Err(match suggest::nearest(name, &names) {
        Some(near) => format!("there is no option `{name}`; did you mean `{near}`?"),
        None => format!("there is no option `{name}`"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Takes, split};

    const KNOWN: &[(&str, Takes)] = &[("--setup", Takes::Nothing), ("--factor", Takes::Value)];

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn flags_values_and_words_are_told_apart() {
        let options = split(&words("a --setup --factor 2 --factor=3 b"), KNOWN).unwrap();
        assert!(options.has("--setup"));
        assert_eq!(options.value("--factor"), Some("3"));
        assert_eq!(options.rest, ["a", "b"]);
        assert_eq!(
            options.nothing_else(),
            Err("unexpected argument `a`".into())
        );
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        let table = [
            (
                "--stup",
                "there is no option `--stup`; did you mean `--setup`?",
            ),
            ("--unheard-of", "there is no option `--unheard-of`"),
            ("--setup=1", "`--setup` takes no value"),
            ("--factor", "`--factor` needs a value"),
        ];
        for (line, expected) in table {
            assert_eq!(split(&words(line), KNOWN), Err(expected.into()), "{line}");
        }
    }
}
