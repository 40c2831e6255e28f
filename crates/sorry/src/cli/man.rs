//! `sorry man`: man pages, from the one definition of the command line. What follows a verb's help becomes the sections that
//! people look for (man-pages(7)), and what is the same for all verbs stands here.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Arg, ArgAction, Args, Command, CommandFactory};
use clap_mangen::roff::{Roff, bold, roman};

use super::{Arguments, failed};

/// Write the man pages: sorry.1, sorry-serve.1, ...
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sorry man ~/.local/share/man/man1

Exit codes: 0 done; 1 they could not be written; 2 what was typed is wrong.")]
pub(super) struct Man {
    /// The folder to write them to
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Man {
    pub(super) fn run(self) -> ExitCode {
        let mut root = Arguments::command().disable_help_subcommand(true);
        root.build();
        let written = std::fs::create_dir_all(&self.folder)
            .and_then(|()| write(&root, &root, &self.folder))
            .with_context(|| format!("cannot write man pages to {}", self.folder.display()));
        match written {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        }
    }
}

/// The pages of a command and of all below it.
fn write(root: &Command, command: &Command, folder: &Path) -> io::Result<()> {
    for inner in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        write(root, inner, folder)?;
    }
    let command = command.clone().override_usage(synopsis(command));
    let version = root.get_version().unwrap_or_default();
    let page = clap_mangen::Man::new(command.clone())
        .source(format!("sorry {version}"))
        .manual("Sorry");
    let mut file = File::create(folder.join(page.get_filename()))?;
    page.render_title(&mut file)?;
    page.render_name_section(&mut file)?;
    page.render_synopsis_section(&mut file)?;
    page.render_description_section(&mut file)?;
    page.render_options_section(&mut file)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut file)?;
    }
    sections(root, &command).to_writer(&mut file)?;
    file.flush()
}

/// The name and all that may follow it, each with its value.
fn synopsis(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let asks_help = |arg: &&Arg| ["help", "version"].contains(&arg.get_id().as_str());
    let arguments = command.get_arguments();
    let shown = arguments.filter(|arg| !arg.is_hide_set() && !asks_help(arg));
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) = shown.partition(|arg| arg.is_positional());
    let words = options.into_iter().chain(positional).map(usage);
    let below = command.has_subcommands().then(|| "COMMAND ...".to_owned());
    let words: Vec<String> = words.chain(below).collect();
    format!("{name} {}", words.join(" "))
}

/// `[-c|--config FILE]`.
fn usage(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let flags: Vec<String> = short.into_iter().chain(long).collect();
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let value = arg.get_value_names().unwrap_or_default();
    let value: Vec<&str> = value.iter().map(AsRef::as_ref).collect();
    let value = match value.join(" ") {
        _ if !takes_value => String::new(),
        value if flags.is_empty() => value,
        value if arg.is_require_equals_set() => format!("[={value}]"),
        value => format!(" {value}"),
    };
    let word = format!("{}{value}", flags.join("|"));
    let word = match arg.is_required_set() {
        true => word,
        false => format!("[{word}]"),
    };
    match arg.get_action() {
        ArgAction::Append | ArgAction::Count => format!("{word}..."),
        _ => word,
    }
}

/// What stands behind the options.
fn sections(root: &Command, command: &Command) -> Roff {
    let mut roff = Roff::new();
    let after = |command: &Command| command.get_after_help().map(ToString::to_string);
    let own = after(command).unwrap_or_default();
    let mut status = None;
    for paragraph in own.split("\n\n") {
        if let Some(examples) = paragraph.strip_prefix("Examples:\n") {
            roff.control("SH", ["EXAMPLES"]);
            roff.control("nf", []);
            examples.lines().for_each(|line| {
                roff.text([roman(line.trim())]);
            });
            roff.control("fi", []);
        } else if let Some(codes) = paragraph.strip_prefix(EXIT_CODES) {
            status = Some(codes.to_owned());
        } else if !paragraph.trim().is_empty() {
            roff.control("SH", ["NOTES"]);
            roff.text([roman(paragraph)]);
        }
    }
    let of_all = after(root).unwrap_or_default();
    let of_all = of_all.strip_prefix(EXIT_CODES).unwrap_or_default();
    let status = status.unwrap_or_else(|| of_all.to_owned());
    let codes = status.trim_end_matches('.').split("; ");
    let codes: Vec<(&str, &str)> = codes.filter_map(|code| code.split_once(' ')).collect();
    list(&mut roff, "EXIT STATUS", &codes);
    if ["serve", "run"].contains(&command.get_name()) {
        list(&mut roff, "SIGNALS", &SIGNALS);
    }
    list(&mut roff, "FILES", &FILES);
    roff.control("SH", ["SEE ALSO"]);
    let verbs = root.get_subcommands().filter(|verb| !verb.is_hide_set());
    let pages = verbs.map(|verb| format!("sorry-{}(1)", verb.get_name()));
    let pages: Vec<String> = std::iter::once("sorry(1)".to_owned())
        .chain(pages)
        .collect();
    roff.text([roman(pages.join(", "))]);
    roff
}

/// What the paragraph on exit codes begins with, in the help of each verb.
const EXIT_CODES: &str = "Exit codes: ";

const SIGNALS: [(&str, &str); 3] = [
    (
        "HUP",
        "read configuration, pages and certificates again; after sorry serve, the page and the certificates",
    ),
    (
        "TERM, INT",
        "accept nothing more, let everybody finish, end",
    ),
    ("a second TERM or INT", "end at once"),
];

const FILES: [(&str, &str); 3] = [
    (
        "/etc/sorry/sorry.toml",
        "the configuration file, unless another is named",
    ),
    (
        "/run/sorry/admin.sock",
        "the admin socket, unless [admin] has another",
    ),
    ("/usr/share/doc/sorry/manual", "the manual"),
];

fn list(roff: &mut Roff, title: &str, entries: &[(&str, &str)]) {
    roff.control("SH", [title]);
    for (term, meaning) in entries {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(*meaning)]);
    }
}
