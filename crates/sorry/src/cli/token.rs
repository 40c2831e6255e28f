//! `sorry token`: makes a token for the admin API over TCP.

use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use super::failed;
use super::output::{print, print_json};
use crate::admin::Role;
use crate::admin::token;

/// Make a token for the admin API over TCP: it is printed once, and so is the line for the daemon's file of tokens.
#[derive(Debug, Args)]
#[command(
    after_help = "The daemon's file (`[admin] tokens`) holds the line, from which the token cannot be found. Whoever is to have the token \
keeps it in a file that nobody else may read. Nothing is sent and nothing written here. `sorry reload` brings a changed file into force.

Examples:
  sorry token deploy --role operator
  sorry token dashboard --role reader

Exit codes: 0 done; 1 it could not be done; 2 what was typed is wrong."
)]
pub(super) struct Token {
    /// Who it is for: letters, digits, '-', '_' and '.'
    #[arg(value_parser = token::name)]
    name: String,
    /// What may be done with it
    #[arg(long, value_parser = role())]
    role: Role,
    /// Print both as JSON
    #[arg(long)]
    json: bool,
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(["reader", "operator"]).map(|word| match word.as_str() {
        "operator" => Role::Operator,
        _ => Role::Reader,
    })
}

impl Token {
    pub(super) fn run(self) -> ExitCode {
        let made = match token::make(&self.name, self.role) {
            Ok(made) => made,
            Err(error) => return failed(&error.into()),
        };
        if self.json {
            return print_json(&json!({ "token": made.token, "line": made.line }));
        }
        print(&format!(
            "the token, which is shown only now:\n  {}\nthe line for the daemon's file of tokens:\n  {}\n",
            made.token, made.line
        ))
    }
}
