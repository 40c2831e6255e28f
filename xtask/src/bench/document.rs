//! Puts results into docs/performance.md, between two marks. What people wrote around them stays.

use std::fs;

use crate::cargo;

const PATH: &str = "docs/performance.md";
const BEGIN: &str = "<!-- results of `cargo xtask bench answer --write`: begin -->";
const END: &str = "<!-- results of `cargo xtask bench answer --write`: end -->";

pub(crate) fn write(results: &str) -> Result<(), String> {
    let path = cargo::root().join(PATH);
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {PATH}: {error}"))?;
    let text = replaced(&text, results)?;
    fs::write(&path, text).map_err(|error| format!("cannot write {PATH}: {error}"))
}

fn replaced(text: &str, results: &str) -> Result<String, String> {
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        parts.ok_or_else(|| format!("{PATH} has no place for results: `{BEGIN}` and `{END}`"))?;
    Ok(format!("{before}{BEGIN}\n{results}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, replaced};

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let text = format!("# Performance\n{BEGIN}\nold\n{END}\nmore\n");
        let expected = format!("# Performance\n{BEGIN}\nnew\n{END}\nmore\n");
        assert_eq!(replaced(&text, "new"), Ok(expected));
        assert!(replaced("no place", "new").is_err());
        assert!(replaced(&format!("{END}{BEGIN}"), "new").is_err());
    }
}
