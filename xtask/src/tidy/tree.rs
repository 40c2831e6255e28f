//! The files that the rules read: what git knows or would add, as text, and Rust sources cut into tokens once for all rules.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::lexer::{self, Token};
use crate::json::Json;

/// A text file of the repository.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// Relative to the repository's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A Rust source and its tokens.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
}

/// Everything that is checked.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) sources: Vec<Source>,
    /// Every other text file.
    pub(crate) texts: Vec<Text>,
    /// All files and folders, texts or not: what links may point at.
    pub(crate) paths: Vec<String>,
    /// What `cargo metadata` says.
    pub(crate) metadata: Option<Json>,
}

/// The files that git tracks or would add, relative to `root`.
pub(crate) fn files(root: &Path) -> Result<Vec<String>, String> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot start git, which lists the files: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "git cannot list the files of {}: {}",
            root.display(),
            said.trim()
        ));
    }
    let list = String::from_utf8_lossy(&output.stdout);
    Ok(list.split_terminator('\0').map(str::to_owned).collect())
}

impl Tree {
    /// Reads the files that git tracks or would add.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let mut tree = Self::default();
        for path in files(root)? {
            // A file that is deleted but not yet committed is still in git's list.
            let Ok(bytes) = fs::read(root.join(&path)) else {
                continue;
            };
            tree.add(&path, String::from_utf8(bytes).ok());
        }
        Ok(tree)
    }

    /// A tree for tests of the rules.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.add(path, Some((*text).to_owned()));
        }
        tree
    }

    fn add(&mut self, path: &str, text: Option<String>) {
        let mut folder = path;
        while let Some((parent, _)) = folder.rsplit_once('/') {
            if !self.paths.iter().any(|p| p == parent) {
                self.paths.push(parent.to_owned());
            }
            folder = parent;
        }
        self.paths.push(path.to_owned());
        let path = path.to_owned();
        match text {
            Some(text) if path.ends_with(".rs") => {
                let tokens = lexer::tokens(&text);
                self.sources.push(Source { path, text, tokens });
            }
            Some(text) => self.texts.push(Text { path, text }),
            None => {}
        }
    }

    /// Every file that is text, sources included: path and content.
    pub(crate) fn all_texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let sources = self
            .sources
            .iter()
            .map(|s| (s.path.as_str(), s.text.as_str()));
        let texts = self
            .texts
            .iter()
            .map(|t| (t.path.as_str(), t.text.as_str()));
        sources.chain(texts)
    }

    /// The text of one file that is no Rust source.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        let found = self.texts.iter().find(|t| t.path == path);
        found.map(|t| t.text.as_str())
    }

    /// The text of one Rust source.
    pub(crate) fn source(&self, path: &str) -> Option<&str> {
        let found = self.sources.iter().find(|s| s.path == path);
        found.map(|s| s.text.as_str())
    }
}

impl Source {
    /// Whether the whole file is tests.
    pub(crate) fn is_test_file(&self) -> bool {
        let stem = self.stem();
        let folders = self.path.split('/');
        let in_folder = folders
            .rev()
            .skip(1)
            .any(|f| f == "tests" || f == "benches");
        in_folder || stem == "tests" || stem.ends_with("_tests")
    }

    /// The file's name without `.rs`.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.strip_suffix(".rs").unwrap_or(name)
    }

    /// The crate's folder and the path below its `src`: `("crates/sorry", "http1/mod.rs")`.
    pub(crate) fn in_crate(&self) -> Option<(&str, &str)> {
        let (folder, below) = self.path.split_once("/src/")?;
        let is_crate = folder == "xtask" || folder == "fuzz" || folder.starts_with("crates/");
        is_crate.then_some((folder, below))
    }

    /// The module's path in its crate: `http1/head.rs` and `http1/head/mod.rs` are `[http1, head]`; a root is empty.
    pub(crate) fn module(&self) -> Vec<String> {
        let below = self.in_crate().map_or("", |(_, below)| below);
        let below = below.strip_suffix(".rs").unwrap_or(below);
        let mut module: Vec<String> = below.split('/').map(str::to_owned).collect();
        let last = module.last().map(String::as_str);
        if last == Some("mod") || (module.len() == 1 && matches!(last, Some("lib" | "main" | ""))) {
            module.pop();
        }
        module
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn a_file_knows_its_place() {
        let table = [
            ("crates/sorry/src/http1/mod.rs", vec!["http1"], false),
            (
                "crates/sorry/src/http1/head.rs",
                vec!["http1", "head"],
                false,
            ),
            (
                "crates/sorry/src/http1/head/tests.rs",
                vec!["http1", "head", "tests"],
                true,
            ),
            ("crates/sorry/src/lib.rs", vec![], false),
            ("crates/sorry/tests/it/main.rs", vec![], true),
        ];
        for (path, module, is_test) in table {
            let tree = Tree::of(&[(path, "")]);
            assert_eq!(tree.sources[0].module(), module, "{path}");
            assert_eq!(tree.sources[0].is_test_file(), is_test, "{path}");
        }
    }

    #[test]
    fn folders_are_paths_too() {
        let tree = Tree::of(&[("docs/manual/a.md", "x"), ("docs/manual/b.md", "y")]);
        assert_eq!(
            tree.paths,
            [
                "docs/manual",
                "docs",
                "docs/manual/a.md",
                "docs/manual/b.md"
            ]
        );
    }
}
