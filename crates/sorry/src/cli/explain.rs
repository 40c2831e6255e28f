//! `sorry config`: what keys mean, and an example to begin with.

use std::process::ExitCode;

use clap::Subcommand;

use super::exit;
use super::output::print;
use crate::config;

/// Learn about the configuration file.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigVerb {
    /// Explain one key, such as limits.head-bytes
    Explain {
        /// The key with its table; the end of it will do
        key: String,
    },
    /// List all keys
    Keys,
    /// Print a complete, commented configuration to begin with
    Example,
    /// Print the reference as Markdown
    Manual,
}

impl ConfigVerb {
    pub(super) fn run(self) -> ExitCode {
        match self {
            ConfigVerb::Explain { key } => match config::explain(&key) {
                Ok(text) => print(&format!("{}\n", text.trim_end())),
                Err(error) => {
                    eprintln!("sorry: {error}");
                    ExitCode::from(exit::USAGE)
                }
            },
            ConfigVerb::Keys => print(
                &config::keys()
                    .into_iter()
                    .map(|key| format!("{key}\n"))
                    .collect::<String>(),
            ),
            ConfigVerb::Example => print(&config::example()),
            ConfigVerb::Manual => print(&config::manual()),
        }
    }
}
