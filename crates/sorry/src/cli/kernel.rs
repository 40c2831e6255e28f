//! `sorry kernel`: what is answered in the kernel.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::admin_socket::AdminSocket;
use super::asking::show;
use super::output::{print, print_json};
use super::{exit, refused};
use crate::admin::kernel::{Hook, KernelStanding};
use crate::config::{self, Config, Report};
use crate::daemon::kernel::{Tried, selftest};

/// Show and try what is answered in the kernel.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "The kernel answers for sites with `kernel` in `[site.sorry]`, at the devices of `[kernel] interfaces`: see \
docs/manual/kernel.md.

Examples:
  sorry kernel status
  sudo sorry kernel selftest
  sorry kernel counters --json"
)]
pub(super) enum KernelVerb {
    Status(Status),
    Counters(Counters),
    Selftest(SelfTest),
}

/// Show where the in-kernel responder is attached, and what it does for which address.
#[derive(Debug, Args)]
#[command(
    after_help = "Modes are read back from the kernel: `on` answers new connections, `drain` only those that are answered already, `off` none. LAST \
SEEN is when a client's request was last answered: only packets from elsewhere show that they come this way, requests of this machine \
itself do not.

Exit codes: 0 done; 1 the daemon could not be asked, or refused; 2 what was typed is wrong."
)]
pub(super) struct Status {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminSocket,
}

/// Show everything that the in-kernel responder counts.
#[derive(Debug, Args)]
#[command(
    after_help = "Numbers are since the responder was loaded, of all processors and devices. The same are metrics: `sorry_kernel_...`.

Exit codes: 0 done; 1 the daemon could not be asked, or refused; 2 what was typed is wrong."
)]
pub(super) struct Counters {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminSocket,
}

/// Try whether this machine's kernel takes the in-kernel responder, and whether it would answer as user space does.
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing is attached and no packet is sent: the kernel runs the programs on trial. As root, or with CAP_BPF, CAP_NET_ADMIN and \
CAP_PERFMON. No daemon is needed.

Examples:
  sudo sorry kernel selftest
  sudo sorry kernel selftest /etc/sorry/sorry.toml

Exit codes: 0 all is right at both hooks; 1 something is wrong, or the kernel does not take it; 2 the file has mistakes."
)]
pub(super) struct SelfTest {
    /// A configuration, whose pages are tried; without one the built-in page is
    file: Option<PathBuf>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

impl KernelVerb {
    pub(super) fn run(self) -> ExitCode {
        match self {
            KernelVerb::Status(verb) => show(
                &verb.admin,
                verb.json,
                |api| Ok(api.status()?.kernel.unwrap_or_default()),
                |kernel, look| kernel.render(look).unwrap_or_else(nothing),
            ),
            KernelVerb::Counters(verb) => show(
                &verb.admin,
                verb.json,
                |api| Ok(api.status()?.kernel.unwrap_or_default()),
                KernelStanding::render_counts,
            ),
            KernelVerb::Selftest(verb) => verb.run(),
        }
    }
}

fn nothing() -> String {
    "nothing is answered in the kernel: no site has `kernel`, or there are no `[kernel] interfaces`\n".to_owned()
}

/// For whoever has no configuration.
const BUILT_IN: &str = "[[site]]\nname = \"selftest\"\nsorry.listen = [\"127.0.0.1:80\"]\n";

impl SelfTest {
    fn run(self) -> ExitCode {
        let tried = self.config().and_then(|config| selftest(&config));
        let tried = match tried {
            Ok(tried) => tried,
            Err(report) => return refused(&report),
        };
        let is_right = tried.iter().all(is_right);
        let printed = match self.json {
            true => print_json(&as_json(&tried)),
            false => print(&tried.iter().map(as_text).collect::<String>()),
        };
        match is_right {
            true => printed,
            false => ExitCode::from(exit::FAILED),
        }
    }

    fn config(&self) -> Result<Config, Report> {
        match &self.file {
            Some(file) => config::load(file),
            None => config::parse(
                BUILT_IN,
                "the built-in page",
                std::path::Path::new("/"),
                &jiff::tz::TimeZone::UTC,
            ),
        }
    }
}

fn is_right(tried: &Tried) -> bool {
    tried
        .test
        .as_ref()
        .is_ok_and(|test| test.wrong.is_empty() && test.tried > 0)
}

fn as_json(tried: &[Tried]) -> serde_json::Value {
    let hooks = tried.iter().map(|tried| match &tried.test {
        Ok(test) => {
            json!({ "hook": tried.hook, "loaded": true, "tried": test.tried, "wrong": test.wrong })
        }
        Err(why) => json!({ "hook": tried.hook, "loaded": false, "why": why }),
    });
    json!({ "right": tried.iter().all(is_right), "hooks": hooks.collect::<Vec<_>>() })
}

fn as_text(tried: &Tried) -> String {
    let name = match tried.hook {
        Hook::Xdp => "at the driver (XDP)",
        Hook::Tc | Hook::None => "at the traffic control hook",
    };
    match &tried.test {
        Ok(test) if test.tried == 0 && test.wrong.is_empty() => {
            format!("{name}: no page can be said in the kernel\n")
        }
        Ok(test) if test.wrong.is_empty() => format!(
            "{name}: {} of {} as user space answers\n",
            test.tried, test.tried
        ),
        Ok(test) => {
            let wrong: String = test
                .wrong
                .iter()
                .map(|wrong| format!("  {wrong}\n"))
                .collect();
            format!(
                "{name}: {} of {} wrong\n{wrong}",
                test.wrong.len(),
                test.tried
            )
        }
        Err(why) => format!("{name}: not taken: {why}\n"),
    }
}
