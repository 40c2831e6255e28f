//! A mutant: a patch that breaks one behaviour on purpose, with the name of the test that must notice. Reads the file, and says whether
//! it still fits the sources. `tidy` calls this, and whoever applies it.
//!
//! Before the diff stand two lines: `breaks: ` what is wrong then, and `test: ` the full name of a test as `cargo xtask test` has it.

use std::fmt;

/// One patch file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    /// The file's name without its ending.
    pub(crate) name: String,
    /// Relative to the repository.
    pub(crate) path: String,
    pub(crate) breaks: String,
    pub(crate) test: Test,
    pub(crate) hunks: Vec<Hunk>,
}

/// A test, by the executable that it is in and its name there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    pub(crate) executable: Executable,
    pub(crate) name: String,
}

impl fmt::Display for Test {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}::{}", self.executable.label(), self.name)
    }
}

/// The executables in which a mutant may be noticed, under the labels that groups of tests have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Executable {
    Core,
    Sys,
    Sorry,
    Integration,
    Allocations,
}

impl Executable {
    const ALL: [Self; 5] = [
        Self::Core,
        Self::Sys,
        Self::Sorry,
        Self::Integration,
        Self::Allocations,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Sys => "sys",
            Self::Sorry => "sorry",
            Self::Integration => "it",
            Self::Allocations => "allocations",
        }
    }

    /// How cargo is told of it.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Core => &["--package", "sorry-core", "--lib"],
            Self::Sys => &["--package", "sorry-sys", "--lib"],
            Self::Sorry => &["--package", "sorry-server", "--lib"],
            Self::Integration => &["--package", "sorry-server", "--test", "it"],
            Self::Allocations => &["--package", "sorry-server", "--test", "allocations"],
        }
    }
}

/// Lines of one file that are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hunk {
    pub(crate) file: String,
    /// In the patch, counted from 1.
    pub(crate) line: usize,
    /// What must stand in the file: unchanged and removed lines.
    pub(crate) old: Vec<String>,
}

impl Hunk {
    /// Whether the lines stand in the file, wherever.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let lines: Vec<&str> = text.lines().collect();
        lines
            .windows(self.old.len())
            .any(|window| window == self.old)
    }
}

/// Whether a path is that of a mutant: `crates/NAME/mutants/NAME.patch`.
pub(crate) fn is_mutant(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts[..], ["crates", _, "mutants", file] if file.ends_with(".patch"))
}

/// Reads a patch; an error names the line and what is missing there.
pub(crate) fn read(path: &str, text: &str) -> Result<Patch, (usize, String)> {
    let stem = path.rsplit('/').next().unwrap_or_default();
    let word = |word: &str| {
        let head = text.lines().take_while(|line| !line.starts_with("--- "));
        let found = head.filter_map(|line| line.strip_prefix(word)).next();
        found
            .map(|rest| rest.trim().to_owned())
            .ok_or_else(|| (1, format!("no line `{word}...` before the diff")))
    };
    let hunks = hunks(text)?;
    if hunks.is_empty() {
        return Err((1, "nothing is changed".to_owned()));
    }
    Ok(Patch {
        name: stem.strip_suffix(".patch").unwrap_or(stem).to_owned(),
        path: path.to_owned(),
        breaks: word("breaks: ")?,
        test: test(&word("test: ")?)?,
        hunks,
    })
}

fn test(full: &str) -> Result<Test, (usize, String)> {
    let (label, name) = full.split_once("::").unwrap_or((full, ""));
    let executable = Executable::ALL.into_iter().find(|e| e.label() == label);
    match executable {
        Some(executable) if !name.is_empty() => Ok(Test {
            executable,
            name: name.to_owned(),
        }),
        _ => Err((1, format!("`{full}` is no full name of a test"))),
    }
}

fn hunks(text: &str) -> Result<Vec<Hunk>, (usize, String)> {
    let mut found: Vec<Hunk> = Vec::new();
    let mut file = None;
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(path) = line.strip_prefix("--- a/") {
            (file, inside) = (Some(path.to_owned()), false);
        } else if line.starts_with("+++ ") && !inside {
        } else if line.starts_with("@@ ") {
            let Some(file) = &file else {
                return Err((index + 1, "no `--- a/FILE` before this".to_owned()));
            };
            inside = true;
            found.push(Hunk {
                file: file.clone(),
                line: index + 1,
                old: Vec::new(),
            });
        } else if let Some(hunk) = found.last_mut().filter(|_| inside) {
            match line.split_at_checked(1) {
                Some((" " | "-", rest)) => hunk.old.push(rest.to_owned()),
                Some(("+", _)) => {}
                // An empty line that has lost its blank on the way.
                None => hunk.old.push(String::new()),
                Some(_) => return Err((index + 1, format!("`{line}` is no line of a diff"))),
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Executable, is_mutant, read};

    const TEXT: &str = "\
breaks: nobody is told when to come back
test: sorry::page::prepared::tests::told
--- a/crates/sorry/src/page/prepared.rs
+++ b/crates/sorry/src/page/prepared.rs
@@ -1,3 +1,2 @@
 one
-two
 three
";

    #[test]
    fn a_patch_is_read_and_fits_where_its_lines_stand() {
        let patch = read("crates/sorry/mutants/silent.patch", TEXT).unwrap();
        assert_eq!(patch.name, "silent");
        assert_eq!(patch.breaks, "nobody is told when to come back");
        assert_eq!(patch.test.executable, Executable::Sorry);
        assert_eq!(patch.test.name, "page::prepared::tests::told");
        let [hunk] = patch.hunks.as_slice() else {
            panic!("{patch:?}");
        };
        assert_eq!(
            (hunk.file.as_str(), hunk.line),
            ("crates/sorry/src/page/prepared.rs", 5)
        );
        assert!(hunk.fits("zero\none\ntwo\nthree\n"));
        assert!(!hunk.fits("one\nthree\n"));
        assert!(!hunk.fits("one\ntwo\nTHREE\n"));
    }

    #[test]
    fn mistakes_have_a_line() {
        let table = [
            ("breaks: ", "because: ", 1, "no line `breaks: ...`"),
            ("test: ", "tests: ", 1, "no line `test: ...`"),
            ("sorry::page", "page", 1, "is no full name of a test"),
            ("--- a/", "--- ", 5, "no `--- a/FILE` before this"),
            ("-two", "?two", 7, "is no line of a diff"),
            ("@@ -1", "@ -1", 1, "nothing is changed"),
        ];
        for (from, to, line, what) in table {
            let (at, why) = read("a.patch", &TEXT.replace(from, to)).unwrap_err();
            assert_eq!(at, line, "{why}");
            assert!(why.contains(what), "{why}");
        }
    }

    #[test]
    fn only_patches_in_a_crates_folder_of_mutants_are_meant() {
        assert!(is_mutant("crates/core/mutants/a.patch"));
        for path in [
            "crates/core/mutants/a.rs",
            "crates/core/a.patch",
            "mutants/a.patch",
        ] {
            assert!(!is_mutant(path), "{path}");
        }
    }
}
