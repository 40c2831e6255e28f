//! Renders the declarations of all keys for people: `sorry config explain` here, the manual's reference and the example file
//! beside it.

mod example;
mod manual;

pub use example::example;
pub use manual::manual;

use super::fault::{likeness, one_of};
use super::spec;
use super::table::{Key, Presence, Shape, Table, Written};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fmt::Write;

/// A key with the keys that lead to it.
struct Found {
    path: Vec<&'static Key>,
}

impl Found {
    fn name(&self) -> String {
        dotted(&self.path)
    }

    fn key(&self) -> Option<&'static Key> {
        self.path.last().copied()
    }
}

fn dotted(path: &[&'static Key]) -> String {
    let names: Vec<&str> = path.iter().map(|key| key.name).collect();
    names.join(".")
}

/// Every key of every table, depth first, in the order of declaration.
fn all() -> Vec<Found> {
    fn walk(table: &Table, path: &[&'static Key], found: &mut Vec<Found>) {
        for key in table.keys {
            let path: Vec<&'static Key> = path.iter().copied().chain([key]).collect();
            found.push(Found { path: path.clone() });
            if let (Some(inner), false) = (inner(key), is_repeated(&path)) {
                walk(inner, &path, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(&spec::File::TABLE, &[], &mut found);
    found
}

pub(super) fn inner(key: &Key) -> Option<&'static Table> {
    match key.shape {
        Shape::Value => None,
        Shape::Table(table)
        | Shape::Given(table)
        | Shape::Several(table)
        | Shape::Tables(table)
        | Shape::Entries(table) => Some(table),
    }
}

/// How the table behind the last key of the path is headed in a file.
fn header(path: &[&'static Key]) -> String {
    let name = dotted(path);
    match path.last().map(|key| key.shape) {
        Some(Shape::Tables(_)) => format!("[[{name}]]"),
        Some(Shape::Entries(_)) => format!("an entry of {name}"),
        _ => format!("[{name}]"),
    }
}

/// The tables that have a key of this name, as they are headed.
pub(super) fn tables_with(name: &str) -> Vec<String> {
    let has =
        |found: &Found| found.path.len() > 1 && found.key().is_some_and(|key| key.name == name);
    let parents = all().into_iter().filter(has).map(|found| {
        let (_, parents) = found.path.split_last().unwrap_or((&found.path[0], &[]));
        header(parents)
    });
    parents.collect()
}

/// The full name of every key, such as `site.sorry.retry-after`: for completions.
pub fn keys() -> Vec<String> {
    all().iter().map(Found::name).collect()
}

/// There is no such key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchKey {
    /// What was asked for.
    pub asked: String,
    /// Full names of keys that may be meant.
    pub near: Vec<String>,
}

impl std::fmt::Display for NoSuchKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no key {}", super::fault::quoted(&self.asked))?;
        match self.near.is_empty() {
            true => Ok(()),
            false => write!(f, ": did you mean {}?", one_of(&self.near)),
        }
    }
}

impl std::error::Error for NoSuchKey {}

/// What a key is for: by its full name (`site.sorry.status`) or the end of it (`status`), which may be several keys'.
///
/// # Errors
/// [`NoSuchKey`] with what may have been meant.
pub fn explain(key: &str) -> Result<String, NoSuchKey> {
    let texts: Vec<String> = found(key)?.iter().map(explanation).collect();
    Ok(texts.join("\n"))
}

/// The same for programs: an array of `{"key", "form", "presence", "about", "words", "example"}`, where a table has `keys` instead of
/// what a value has.
///
/// # Errors
/// As of [`explain`].
pub fn explain_as_json(key: &str) -> Result<Value, NoSuchKey> {
    Ok(found(key)?.iter().map(as_json).collect())
}

/// Every key, as [`explain_as_json`] has it.
pub fn keys_as_json() -> Value {
    all().iter().map(as_json).collect()
}

fn as_json(found: &Found) -> Value {
    let Some(key) = found.key() else {
        return Value::Null;
    };
    if let (Some(table), true) = (inner(key), !matches!(key.shape, Shape::Entries(_))) {
        let keys: Vec<&str> = table.keys.iter().map(|key| key.name).collect();
        return json!({ "key": found.name(), "about": about(found.path.last(), table), "keys": keys });
    }
    let words = key.words.iter();
    let words: Map<String, Value> = words
        .map(|(word, meaning)| ((*word).to_owned(), prose(meaning).into()))
        .collect();
    json!({
        "key": found.name(),
        "form": (key.form)(),
        "presence": presence(key),
        "about": prose(key.doc),
        "words": words,
        "example": example_of(found, key),
    })
}

fn found(key: &str) -> Result<Vec<Found>, NoSuchKey> {
    let asked: String = key.trim().chars().filter(|c| !"[]".contains(*c)).collect();
    let all = all();
    let ending = format!(".{asked}");
    let is_exact = all.iter().any(|found| found.name() == asked);
    // A table may have the name of a key elsewhere: `tls` is both, `[[tls]]` and `site.sorry.listen` are one.
    let is_whole = is_exact && (asked.contains('.') || key.contains('['));
    let is_meant =
        |found: &Found| found.name() == asked || (!is_whole && found.name().ends_with(&ending));
    let (mut meant, others): (Vec<Found>, Vec<Found>) = all.into_iter().partition(is_meant);
    meant.sort_by_key(|found| found.name() != asked);
    if meant.is_empty() {
        let near = near(&asked, &others);
        return Err(NoSuchKey { asked, near });
    }
    Ok(meant)
}

/// At most five keys whose last part is spelled like that of what was asked for, the likeliest first; those of another table
/// only where the one that was named has none.
fn near(asked: &str, all: &[Found]) -> Vec<String> {
    let asked = asked.to_lowercase().replace('_', "-");
    let last = asked.rsplit('.').next().unwrap_or_default();
    let mut likely: Vec<(f64, String)> = all
        .iter()
        .filter_map(|found| {
            let likeness = likeness(last, found.key()?.name)?;
            Some((likeness, found.name()))
        })
        .collect();
    let table = asked.strip_suffix(last).unwrap_or_default();
    let in_table = |name: &str| {
        name.rsplit_once('.').map_or("", |(above, _)| above) == table.trim_end_matches('.')
    };
    if !table.is_empty() && likely.iter().any(|(_, name)| in_table(name)) {
        likely.retain(|(_, name)| in_table(name));
    }
    likely.sort_by(|a, b| b.0.total_cmp(&a.0));
    likely.into_iter().take(5).map(|(_, name)| name).collect()
}

fn explanation(found: &Found) -> String {
    let Some(key) = found.key() else {
        return String::new();
    };
    let mut text = format!("{}\n", found.name());
    let mut line = |line: &str| {
        if line.is_empty() {
            text.push('\n');
        } else {
            let _ = writeln!(text, "    {line}");
        }
    };
    if let (Some(table), true) = (inner(key), !matches!(key.shape, Shape::Entries(_))) {
        line(&header(&found.path));
        line("");
        wrap(&about(found.path.last(), table), 96)
            .iter()
            .for_each(|l| line(l));
        line("");
        line("keys:");
        for key in table.keys {
            line(&format!("    {}", key.name));
        }
        return text;
    }
    line(&format!("{}; {}", (key.form)(), presence(key)));
    line("");
    wrap(&prose(key.doc), 96).iter().for_each(|l| line(l));
    for (word, meaning) in key.words {
        let meaning = format!("\"{word}\": {}", prose(meaning));
        wrap(&meaning, 96).iter().for_each(|l| line(l));
    }
    line("");
    line(&format!("example: {}", example_of(found, key)));
    text
}

/// The key as it can be written below the header of its table.
fn example_of(found: &Found, key: &Key) -> String {
    let above = found.path.iter().rev().skip(1);
    let dotted = above.take_while(|key| inner(key).is_some_and(|t| t.written == Written::Dotted));
    let prefix: String = dotted.map(|key| format!("{}.", key.name)).collect();
    format!("{prefix}{} = {}", key.name, key.example)
}

fn presence(key: &Key) -> String {
    match key.presence {
        Presence::Required => "required".to_owned(),
        Presence::Default(text) => format!("default {text}"),
        Presence::Optional | Presence::Suggested => "optional".to_owned(),
        Presence::Instead(other) => format!("instead of `{other}`"),
    }
}

/// Doc lines as one paragraph.
fn prose(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// What a table is for: one that says something by being there may have its keys in common with others.
fn about(key: Option<&&'static Key>, table: &Table) -> String {
    match key {
        Some(key) if matches!(key.shape, Shape::Given(_) | Shape::Several(_)) => prose(key.doc),
        _ => prose(table.about),
    }
}

/// Whether a key is described by a section of its own rather than among the keys of its table.
fn has_section(path: &[&'static Key]) -> bool {
    let is_table = |key: &&Key| {
        matches!(
            key.shape,
            Shape::Table(_) | Shape::Given(_) | Shape::Several(_) | Shape::Tables(_)
        )
    };
    path.last().is_some_and(is_table) && !is_repeated(path)
}

/// Tables whose keys are described elsewhere: the entries of the shared `listen` are those of a site's, and the checks of a real
/// server those of its site.
fn is_repeated(path: &[&'static Key]) -> bool {
    matches!(&*dotted(path), "sorry.listen" | "site.real-server.check")
}

/// Keys that were described, and in which table: what several tables have in common is described once.
#[derive(Default)]
struct Described(HashMap<(&'static str, &'static str, &'static str), String>);

impl Described {
    /// Where the same key was described before. Else it is from now on, in this table.
    fn before(&mut self, key: &'static Key, table: &str) -> Option<String> {
        let same = (key.name, key.doc, key.example);
        match self.0.get(&same) {
            Some(before) => Some(before.clone()),
            None => {
                self.0.insert(same, table.to_owned());
                None
            }
        }
    }
}

/// Names of keys by the table where they were described, both in their order.
#[derive(Default)]
struct Elsewhere(Vec<(String, Vec<&'static str>)>);

impl Elsewhere {
    fn add(&mut self, table: String, name: &'static str) {
        match self.0.iter_mut().find(|(known, _)| *known == table) {
            Some((_, names)) => names.push(name),
            None => self.0.push((table, vec![name])),
        }
    }
}
