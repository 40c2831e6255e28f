//! Links between the repository's Markdown files lead to a file, and to a heading if they name one. Addresses elsewhere are not followed.

use super::Finding;
use super::tree::{Text, Tree};

const RULE: &str = "links";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let pages = tree.texts.iter().filter(|t| t.path.ends_with(".md"));
    pages.flat_map(|page| of_page(page, tree)).collect()
}

fn of_page(page: &Text, tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (line, target) in targets(&page.text) {
        if let Some(what) = refusal(page, &target, tree) {
            let mend = "mend the link, or write what it promises";
            found.push(Finding::new(RULE, &page.path, line, what, mend));
        }
    }
    found
}

/// Every link's target and its line: `[text](target)`, and `[name]: target` at the start of a line. Code is not looked at.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, prose) in prose(text) {
        if let Some((_, target)) = prose
            .trim_start()
            .split_once("]: ")
            .filter(|(name, _)| name.starts_with('['))
        {
            found.push((line, target.trim().to_owned()));
        }
        for (at, _) in prose.match_indices("](") {
            let rest = &prose[at + 2..];
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            found.push((line, target.to_owned()));
        }
    }
    found
}

/// The lines outside of fenced code, numbered, with `code` taken out.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        if start.starts_with("```") || start.starts_with("~~~") {
            fenced = !fenced;
        } else if !fenced {
            lines.push((index + 1, line.split('`').step_by(2).collect()));
        }
    }
    lines
}

/// Why the target leads nowhere.
fn refusal(page: &Text, target: &str, tree: &Tree) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = resolve(&page.path, file);
    if !path.is_empty() && !tree.paths.contains(&path) {
        return Some(format!(
            "the link to `{target}` leads nowhere: there is no `{path}`"
        ));
    }
    let linked = tree
        .text(&path)
        .filter(|_| path.ends_with(".md") && !heading.is_empty())?;
    let missing = !headings(linked).iter().any(|h| h == heading);
    missing.then(|| format!("the link to `{target}` leads nowhere: `{path}` has no such heading"))
}

/// The target's path from the root of the repository.
fn resolve(page: &str, file: &str) -> String {
    if file.is_empty() {
        return page.to_owned();
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    let relative = match file.strip_prefix('/') {
        Some(rest) => {
            parts.clear();
            rest
        }
        None => file,
    };
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The names under which the page's headings can be linked: lower case, spaces as `-`, marks left out.
fn headings(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut names: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced || !line.starts_with('#') {
            continue;
        }
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let same = names.iter().filter(|n| **n == name).count();
        names.push(if same == 0 {
            name
        } else {
            format!("{name}-{same}")
        });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{check, headings};
    use crate::tidy::tree::Tree;

    fn complaints(text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("docs/manual/a.md", text),
            ("docs/b.md", "# Title\n## How it's done\n"),
            ("README.md", ""),
        ]);
        check(&tree)
            .into_iter()
            .map(|f| format!("{}: {}", f.line, f.what))
            .collect()
    }

    #[test]
    fn links_lead_somewhere() {
        for text in [
            "[b](../b.md) [c](../b.md#how-its-done \"x\") [d](/README.md) [e](https://example.org/x)",
            "[up](..) [here](#there)\n# There\n`[x](y.md)`\n```\n[x](y.md)\n```",
            "[b]: ../b.md",
        ] {
            assert_eq!(complaints(text), Vec::<String>::new(), "{text}");
        }
        let table = [
            (
                "\n[x](c.md)",
                "2: the link to `c.md` leads nowhere: there is no `docs/manual/c.md`",
            ),
            (
                "[x]: ../c.md",
                "1: the link to `../c.md` leads nowhere: there is no `docs/c.md`",
            ),
            (
                "[x](../b.md#no)",
                "1: the link to `../b.md#no` leads nowhere: `docs/b.md` has no such heading",
            ),
            (
                "[x](#no)",
                "1: the link to `#no` leads nowhere: `docs/manual/a.md` has no such heading",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(complaints(text), [expected], "{text}");
        }
    }

    #[test]
    fn headings_are_named_as_readers_link_them() {
        let text = "# A `b` c!\n```\n# not one\n```\n## Same\n## Same\n";
        assert_eq!(headings(text), ["a-b-c", "same", "same-1"]);
    }
}
