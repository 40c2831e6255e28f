//! What the benchmark says, line by line: a word for what it is, then `name=value`. Runs of one thing are brought together, and their
//! median counts.

use crate::json::quoted;

/// What tells one measure from another: in the order in which the benchmark prints them, as far as they apply.
const NAMES: [&str; 5] = ["server", "page", "flight", "family", "kind"];

/// All runs.
pub(super) struct Runs(Vec<Measure>);

/// All runs of one thing.
pub(super) struct Measure {
    /// `connection`, `flood`, `packet` or `memory`.
    pub(super) word: String,
    /// What of, by name.
    names: Vec<(String, String)>,
    /// Figures by name, one of each run.
    figures: Vec<(String, Vec<f64>)>,
}

impl Runs {
    pub(super) fn read(text: &str) -> Result<Runs, String> {
        let mut all: Vec<Measure> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (word, names, figures) = read(line)
                .ok_or_else(|| format!("the benchmark said what is not understood: {line}"))?;
            let known = all.iter().position(|m| m.word == word && m.names == names);
            let at = known.unwrap_or_else(|| {
                all.push(Measure {
                    word,
                    names,
                    figures: Vec::new(),
                });
                all.len() - 1
            });
            all[at].add(figures);
        }
        match all.is_empty() {
            true => Err("the benchmark said nothing".to_owned()),
            false => Ok(Runs(all)),
        }
    }

    /// The measures of one word, in the order in which they came.
    pub(super) fn of<'r>(&'r self, word: &'r str) -> impl Iterator<Item = &'r Measure> {
        self.0.iter().filter(move |measure| measure.word == word)
    }

    /// The figure of what has these names.
    pub(super) fn figure(&self, word: &str, names: &[(&str, &str)], figure: &str) -> Option<f64> {
        let is_it = |measure: &&Measure| {
            names
                .iter()
                .all(|(name, value)| measure.name(name) == *value)
        };
        self.of(word).find(is_it)?.median(figure)
    }

    /// Whether every answer was whole and every connection ended well.
    pub(super) fn are_right(&self) -> bool {
        let wrong = |measure: &Measure| measure.most("wrong").is_some_and(|wrong| wrong > 0.0);
        !self.0.iter().any(wrong)
    }

    /// Each as an object, with medians.
    pub(super) fn json(&self) -> Vec<String> {
        self.0.iter().map(Measure::json).collect()
    }
}

type Pairs<T> = Vec<(String, T)>;

fn read(line: &str) -> Option<(String, Pairs<String>, Pairs<f64>)> {
    let mut words = line.split_whitespace();
    let word = words.next()?.to_owned();
    let (mut names, mut figures) = (Vec::new(), Vec::new());
    for pair in words {
        let (name, value) = pair.split_once('=')?;
        match NAMES.contains(&name) {
            true => names.push((name.to_owned(), value.to_owned())),
            false => figures.push((name.to_owned(), value.parse().ok()?)),
        }
    }
    Some((word, names, figures))
}

impl Measure {
    fn add(&mut self, figures: Pairs<f64>) {
        for (name, value) in figures {
            match self.figures.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(value),
                None => self.figures.push((name, vec![value])),
            }
        }
    }

    /// A name of it; empty where it has none.
    pub(super) fn name(&self, name: &str) -> &str {
        let found = self.names.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    fn sorted(&self, figure: &str) -> Vec<f64> {
        let found = self.figures.iter().find(|(known, _)| known == figure);
        let mut values = found.map_or_else(Vec::new, |(_, values)| values.clone());
        values.sort_by(f64::total_cmp);
        values
    }

    pub(super) fn median(&self, figure: &str) -> Option<f64> {
        let values = self.sorted(figure);
        let middle = values.len() / 2;
        Some(match values.len() % 2 {
            0 => f64::midpoint(*values.get(middle.checked_sub(1)?)?, values[middle]),
            _ => values[middle],
        })
    }

    pub(super) fn most(&self, figure: &str) -> Option<f64> {
        self.sorted(figure).last().copied()
    }

    /// Half of what lies between the least and the most, in per cent of the median.
    pub(super) fn spread(&self, figure: &str) -> Option<f64> {
        let values = self.sorted(figure);
        let (least, most) = (values.first()?, values.last()?);
        Some((most - least) / 2.0 / self.median(figure)? * 100.0)
    }

    fn json(&self) -> String {
        let mut text = format!("{{\"what\":{}", quoted(&self.word));
        for (name, value) in &self.names {
            text.push_str(&format!(",{}:{}", quoted(name), quoted(value)));
        }
        for (name, _) in &self.figures {
            let value = self.median(name).unwrap_or_default();
            text.push_str(&format!(",{}:{value}", quoted(name)));
        }
        text + "}"
    }
}

#[cfg(test)]
pub(super) const EXAMPLE: &str = "\
packet server=xdp family=4 kind=syn ns=50 most=120
packet server=xdp family=6 kind=syn ns=110 most=120
connection server=xdp ns=700 rate=900000 core=60 others=1 page=1.2KB flight=128 lost=0 wrong=0
connection server=nginx ns=21000 rate=45000 core=97 others=1 page=1.2KB flight=128 lost=3 wrong=0
connection server=xdp ns=800 rate=950000 core=62 others=1 page=1.2KB flight=128 lost=2 wrong=0
connection server=nginx ns=23000 rate=43000 core=99 others=1 page=1.2KB flight=128 lost=5 wrong=0
flood server=xdp ns=150 rate=5000000 core=80
memory server=xdp connections=1000000 sockets=0 grown=0
memory server=nginx connections=90000 sockets=30000 grown=0
";

#[cfg(test)]
mod tests {
    use super::{EXAMPLE, Runs};
    use crate::json;

    #[test]
    fn runs_of_one_thing_come_together() {
        let runs = Runs::read(EXAMPLE).unwrap();
        let names = [("server", "xdp"), ("flight", "128")];
        assert_eq!(runs.figure("connection", &names, "ns"), Some(750.0));
        assert_eq!(runs.figure("connection", &names, "nothing"), None);
        assert_eq!(runs.of("connection").count(), 2);
        assert_eq!(
            runs.of("connection").next().unwrap().most("lost"),
            Some(2.0)
        );
        assert!(runs.are_right());
        let wrong =
            Runs::read("connection server=tc wrong=0\nconnection server=tc wrong=1").unwrap();
        assert!(!wrong.are_right());
        for bad in ["", "connection server", "connection ns=many"] {
            assert!(Runs::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_json_has_medians() {
        let runs = Runs::read(EXAMPLE).unwrap();
        let first = json::parse(&runs.json()[2]).unwrap();
        assert_eq!(first.at("what").text(), Some("connection"));
        assert_eq!(first.at("page").text(), Some("1.2KB"));
        assert_eq!(first.at("ns"), &json::Json::Number(750.0));
    }
}
