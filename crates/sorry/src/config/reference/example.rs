//! The example file: `etc/sorry.toml`. It works as it stands, and so it does with all that is commented out.

use super::super::spec;
use super::super::table::{Key, Presence, Shape, Table, Written};
use super::{Described, Elsewhere, about, has_section, header, inner, prose, wrap};
use std::fmt::Write;

/// The example file.
pub fn example() -> String {
    let mut text = String::from(HEAD);
    let mut described = Described::default();
    table(
        &mut text,
        &spec::File::TABLE,
        &[],
        Shown::AsDeclared,
        &mut described,
    );
    text
}

const HEAD: &str = "# A configuration for `sorry run -c sorry.toml`. It works as it stands: one site, answered with 503 on port 8503.
# Lines that begin with `#key` or `#[` show what else can be said: each key with its default, or with an example where there
# is none; `# or:` is what can be said instead of the one before. docs/manual/configuration.md says the same at more leisure.
# Generated: `UPDATE_EXPECT=1 cargo test config` writes it.
";

/// Whether the keys of a table stand in the example as they are declared, or are commented out with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    AsDeclared,
    CommentedOut,
    /// As words: they stand instead of something that is shown.
    Instead,
}

/// What stands before a line that stands instead of another one.
const INSTEAD: &str = "# or: ";

impl Shown {
    /// What stands before a header.
    fn mark(self) -> &'static str {
        match self {
            Shown::AsDeclared => "",
            Shown::CommentedOut => "#",
            Shown::Instead => INSTEAD,
        }
    }

    /// How a table below is shown.
    fn below(self, key: &Key) -> Shown {
        let is_optional = match key.shape {
            Shape::Tables(_) => key.presence != Presence::Required,
            Shape::Given(_) | Shape::Several(_) => true,
            _ => false,
        };
        match (self, key.presence) {
            (Shown::Instead, _) | (_, Presence::Instead(_)) => Shown::Instead,
            _ if is_optional => Shown::CommentedOut,
            _ => self,
        }
    }
}

fn table(
    text: &mut String,
    table: &Table,
    path: &[&'static Key],
    shown: Shown,
    described: &mut Described,
) {
    let below = |key: &'static Key| path.iter().copied().chain([key]).collect::<Vec<_>>();
    let mut elsewhere = Elsewhere::default();
    for key in table.keys.iter().filter(|key| !has_section(&below(key))) {
        match described.before(key, &header(path)) {
            Some(before) if key.presence != Presence::Required => elsewhere.add(before, key.name),
            _ => line(text, key, "", shown),
        }
    }
    for (table, names) in elsewhere.0 {
        text.push('\n');
        comment(text, &format!("As in {table}: {}.", names.join(", ")));
    }
    let is_dotted = |table: &Table| table.written == Written::Dotted;
    for key in table.keys {
        let Some(inner) = inner(key).filter(|table| is_dotted(table)) else {
            continue;
        };
        let prefix = format!("{}.", key.name);
        inner
            .keys
            .iter()
            .for_each(|key| line(text, key, &prefix, shown));
    }
    for key in table.keys {
        let path = below(key);
        let Some(inner) = inner(key).filter(|table| has_section(&path) && !is_dotted(table)) else {
            continue;
        };
        let shown = shown.below(key);
        text.push('\n');
        comment(text, &about(path.last(), inner));
        let _ = writeln!(text, "{}{}", shown.mark(), header(&path));
        self::table(text, inner, &path, shown, described);
    }
}

fn line(text: &mut String, key: &Key, prefix: &str, shown: Shown) {
    let (mark, value) = match (key.presence, shown) {
        (Presence::Default(default), Shown::Instead) if default != "[]" => (INSTEAD, default),
        (Presence::Instead(_), _) | (_, Shown::Instead) => (INSTEAD, key.example),
        (Presence::Required | Presence::Suggested, Shown::AsDeclared) => ("", key.example),
        (Presence::Default(default), _) if default != "[]" => ("#", default),
        _ => ("#", key.example),
    };
    text.push('\n');
    comment(text, key.doc);
    for (word, meaning) in key.words {
        comment(text, &format!("\"{word}\": {}", prose(meaning)));
    }
    if let (Shape::Entries(table), "") = (key.shape, mark) {
        comment(text, "The keys of an entry that is a table:");
        for key in table.keys {
            comment(text, &format!("{}: {}", key.name, prose(key.doc)));
        }
    }
    let _ = writeln!(text, "{mark}{prefix}{} = {value}", key.name);
}

fn comment(text: &mut String, doc: &str) {
    for line in wrap(&prose(doc), 118) {
        let _ = writeln!(text, "# {line}");
    }
}
