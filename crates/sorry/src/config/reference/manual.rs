//! The reference of the manual: `docs/manual/configuration.md`.

use super::super::spec;
use super::super::table::{Key, Presence, Shape, Table, Written};
use super::{Described, Elsewhere, about, dotted, has_section, header, inner, presence, prose};
use std::fmt::Write;

/// The reference of the manual.
pub fn manual() -> String {
    let mut text = String::from(HEAD);
    section(
        &mut text,
        &spec::File::TABLE,
        &[],
        &mut Described::default(),
    );
    text
}

const HEAD: &str = "<!-- Generated from crates/sorry/src/config: `UPDATE_EXPECT=1 cargo test config` writes it. -->
# Configuration

`sorry run -c sorry.toml` reads one file in [TOML](https://toml.io). `sorry check-config FILE` reports every mistake in it
at once; `sorry config explain KEY` prints what stands here about a key. [`etc/sorry.toml`](../../etc/sorry.toml) is a complete
example. `sorry serve` needs no file.

Durations are written `\"90s\"`, `\"2m\"`, `\"1h30m\"` or `\"500ms\"` (units d, h, m, s, ms), sizes `\"32 KiB\"` or `\"20 MB\"` (units B,
KiB, MiB, GiB, kB, MB, GB). Relative paths are taken from the folder of the file.
";

fn section(text: &mut String, table: &Table, path: &[&'static Key], described: &mut Described) {
    let title = match path.last().map(|key| key.shape) {
        None => "Before the first table".to_owned(),
        Some(Shape::Entries(_)) => format!("An entry of `{}`", dotted(path)),
        Some(_) => format!("`{}`", header(path)),
    };
    let _ = writeln!(text, "\n## {title}\n\n{}", about(path.last(), table));
    let below = |key: &'static Key| path.iter().copied().chain([key]).collect::<Vec<_>>();
    let mut elsewhere = Elsewhere::default();
    for key in table.keys.iter().filter(|key| !has_section(&below(key))) {
        match described.before(key, &header(path)) {
            Some(before) => elsewhere.add(before, key.name),
            None => entry(text, key, &[]),
        }
    }
    for (table, names) in elsewhere.0 {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(text, "\nAs in `{table}`: {}.", names.join(", "));
    }
    let is_dotted = |table: &Table| table.written == Written::Dotted;
    for key in table.keys {
        let Some(inner) = inner(key).filter(|table| is_dotted(table)) else {
            continue;
        };
        inner
            .keys
            .iter()
            .for_each(|dotted| entry(text, dotted, &[key]));
    }
    for key in table.keys {
        let path = below(key);
        let is_entries = matches!(key.shape, Shape::Entries(_)) && !super::is_repeated(&path);
        let Some(inner) = inner(key).filter(|table| !is_dotted(table)) else {
            continue;
        };
        if has_section(&path) || is_entries {
            section(text, inner, &path, described);
        }
    }
}

fn entry(text: &mut String, key: &Key, above: &[&'static Key]) {
    let prefix: String = above.iter().map(|key| format!("{}.", key.name)).collect();
    let presence = match key.presence {
        Presence::Default(default) => format!("default `{default}`"),
        _ => presence(key),
    };
    let _ = writeln!(text, "\n### `{prefix}{}`\n", key.name);
    let _ = writeln!(text, "*{}*; {presence}\n", code_quotes(&(key.form)()));
    let _ = writeln!(text, "{}", prose(key.doc));
    if !key.words.is_empty() {
        text.push('\n');
    }
    for (word, meaning) in key.words {
        let _ = writeln!(text, "- `\"{word}\"`: {}", prose(meaning));
    }
    let _ = writeln!(
        text,
        "\n```toml\n{prefix}{} = {}\n```",
        key.name, key.example
    );
}

/// `"..."` in words becomes code.
fn code_quotes(form: &str) -> String {
    let parts: Vec<&str> = form.split('"').collect();
    let quoted = parts.iter().enumerate().map(|(at, part)| match at % 2 {
        0 => (*part).to_owned(),
        _ => format!("`\"{part}\"`"),
    });
    quoted.collect()
}
