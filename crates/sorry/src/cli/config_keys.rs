//! `sorry config`: what keys mean, and an example to begin with.

use std::process::ExitCode;

use clap::Subcommand;

use super::exit;
use super::output::{failed_as_json, print, print_json};
use crate::config;

/// Of what only prints.
const EXIT_CODES: &str =
    "Exit codes: 0 done; 1 it could not be printed; 2 what was typed is wrong.";

/// Learn about the configuration file.
#[derive(Debug, Subcommand)]
#[command(after_help = EXIT_CODES)]
pub(super) enum ConfigVerb {
    /// Explain one key, such as limits.head-bytes
    #[command(
        after_help = "Exit codes: 0 done; 1 it could not be printed; 2 there is no such key, or what was typed is wrong."
    )]
    Explain {
        /// The key with its table; the end of it will do
        key: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// List all keys
    #[command(after_help = EXIT_CODES)]
    Keys {
        /// Print them as JSON, each with what it is for
        #[arg(long)]
        json: bool,
    },
    /// Print a complete, commented configuration to begin with
    #[command(after_help = EXIT_CODES)]
    Example,
    /// Print the reference as Markdown
    #[command(after_help = EXIT_CODES)]
    Manual,
}

impl ConfigVerb {
    pub(super) fn run(self) -> ExitCode {
        match self {
            ConfigVerb::Explain { key, json } => explain(&key, json),
            ConfigVerb::Keys { json: true } => print_json(&config::keys_as_json()),
            ConfigVerb::Keys { json: false } => print(
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

fn explain(key: &str, json: bool) -> ExitCode {
    let explained = match json {
        true => config::explain_as_json(key).map(|value| print_json(&value)),
        false => config::explain(key).map(|text| print(&format!("{}\n", text.trim_end()))),
    };
    explained.unwrap_or_else(|error| {
        if json {
            return failed_as_json(&error, exit::USAGE);
        }
        eprintln!("sorry: {error}");
        ExitCode::from(exit::USAGE)
    })
}
