//! Puts results into docs/performance.md, between two marks. What people wrote around them stays.

use std::fs;

use crate::cargo;

const PATH: &str = "docs/performance.md";

/// Puts them at the place of one benchmark.
pub(crate) fn write(benchmark: &str, results: &str) -> Result<(), String> {
    let path = cargo::root().join(PATH);
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {PATH}: {error}"))?;
    let text = replaced(&text, benchmark, results)?;
    fs::write(&path, text).map_err(|error| format!("cannot write {PATH}: {error}"))
}

fn replaced(text: &str, benchmark: &str, results: &str) -> Result<String, String> {
    let mark =
        |word: &str| format!("<!-- results of `cargo xtask bench {benchmark} --write`: {word} -->");
    let (begin, end) = (mark("begin"), mark("end"));
    let parts = text
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) =
        parts.ok_or_else(|| format!("{PATH} has no place for results: `{begin}` and `{end}`"))?;
    Ok(format!("{before}{begin}\n{results}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let mark =
            |word: &str| format!("<!-- results of `cargo xtask bench answer --write`: {word} -->");
        let (begin, end) = (mark("begin"), mark("end"));
        let text = format!("# Performance\n{begin}\nold\n{end}\nmore\n");
        let expected = format!("# Performance\n{begin}\nnew\n{end}\nmore\n");
        assert_eq!(replaced(&text, "answer", "new"), Ok(expected));
        assert!(replaced(&text, "kernel", "new").is_err());
        assert!(replaced("no place", "answer", "new").is_err());
        assert!(replaced(&format!("{end}{begin}"), "answer", "new").is_err());
    }
}
