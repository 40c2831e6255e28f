//! Every `sorry` command that the README and the manual show can be typed: its verb and flags exist.

use std::path::{Path, PathBuf};

use crate::harness::{SORRY, run, text};

/// README.md and the pages of the manual, as far as they are written.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pages = Vec::new();
    for folder in [
        root.clone(),
        root.join("docs/manual"),
        root.join("docs/runbooks"),
    ] {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        pages.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages
}

/// Commands in fenced blocks of shell, with backslashes at ends of lines joined.
fn commands(markdown: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    let joined = markdown.replace("\\\n", " ");
    for line in joined.lines() {
        let line = line.trim();
        if let Some(language) = line.strip_prefix("```") {
            inside = !inside && ["sh", "bash", "shell", "console"].contains(&language);
            continue;
        }
        let command = line.strip_prefix("$ ").unwrap_or(line);
        let command = command.strip_prefix("sudo ").unwrap_or(command);
        // From a checkout, where the program is not installed.
        let command = command
            .replace("cargo run --release -- ", "sorry ")
            .replace("cargo run -- ", "sorry ");
        if inside && command.starts_with("sorry ") {
            commands.push(command);
        }
    }
    commands
}

/// The words of a command up to a pipe, a redirection, a list operator or a comment.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '|' | '>' | '&' | ';' | '#') => break,
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().expect("a word").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn commands_in_the_documentation_can_be_typed() {
    let mut seen = 0;
    for page in pages() {
        let markdown = std::fs::read_to_string(&page).expect("read a page");
        for command in commands(&markdown) {
            // Flags are judged from left to right, and `--help` at the end keeps everything else from happening.
            let mut words = words(&command);
            words.remove(0);
            words.push("--help".to_owned());
            let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
            let output = run(SORRY, &arguments);
            assert_eq!(
                output.status.code(),
                Some(0),
                "{}: {command}\n{}",
                page.display(),
                text(&output.stderr)
            );
            assert!(text(&output.stdout).contains("Usage: sorry"), "{command}");
            seen += 1;
        }
    }
    assert!(
        seen >= 5,
        "{seen} commands: were they all moved to where nobody looks?"
    );
}

#[test]
fn a_command_that_cannot_be_typed_is_found() {
    let markdown = "x\n```sh\nsudo sorry serve --listen 0.0.0.0:80 \\\n  --say 'a | b' --sya c > log # d\nls\n```\n```toml\nsorry x\n```\n";
    let found = commands(markdown);
    assert_eq!(found.len(), 1);
    assert_eq!(
        words(&found[0]),
        [
            "sorry",
            "serve",
            "--listen",
            "0.0.0.0:80",
            "--say",
            "a | b",
            "--sya",
            "c"
        ]
    );
    let output = run(SORRY, &["serve", "--sya", "c", "--help"]);
    assert_eq!(output.status.code(), Some(2));
}
