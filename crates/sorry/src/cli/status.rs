//! `sorry status`: how the running daemon is, and how its sites stand.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::admin_socket::AdminSocket;
use super::asking::{show, told};
use super::output::print;
use super::site_names;
use super::terminal::look;
use crate::admin::api::Api;
use crate::admin::client::ClientError;
use crate::admin::standing::SiteStanding;

/// Show how sites and real servers stand, and listeners, certificates and limits reached of the running daemon.
#[derive(Debug, Args)]
#[command(
    after_help = "Real servers stand below their site, with the last results of the check that decides, the newest at the right. Times are \
those of this machine's clock. Root, the daemon's user and members of its group may ask. `sorry serve` has no admin socket, and so no \
status.

Examples:
  sorry status
  sorry status shop
  sorry status --watch
  sorry status --json | jq '.standing.sites[] | select(.route == \"sorry\") | .name'

Exit codes: 0 done; 1 the daemon could not be asked, or refused; 2 there is no such site, or the file of --config has mistakes."
)]
pub(super) struct Status {
    /// Only this site, with all that is known of it
    #[arg(value_name = "SITE", add = site_names::completer())]
    site: Option<String>,
    /// Show it again every second, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Print everything as JSON; with --watch a line each second
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminSocket,
}

/// How often it is looked again.
const EVERY: Duration = Duration::from_secs(1);

impl Status {
    pub(super) fn run(self) -> ExitCode {
        if self.watch {
            return self.watch();
        }
        match &self.site {
            None => show(&self.admin, self.json, Api::status, |status, look| {
                status.render(look)
            }),
            Some(site) => show(
                &self.admin,
                self.json,
                |api| api.site(site),
                SiteStanding::render,
            ),
        }
    }

    /// Draws it anew each second, in place. A daemon that is gone is waited for: that it comes back is what is watched.
    fn watch(&self) -> ExitCode {
        let api = match self.admin.api(self.json) {
            Ok(api) => api,
            Err(told) => return told,
        };
        let mut first = true;
        loop {
            let frame = match self.frame(&api) {
                Ok(frame) => frame,
                Err(error) if first => return told(error, self.json),
                Err(error) if self.json => {
                    format!("{}\n", serde_json::json!({ "error": error.to_string() }))
                }
                Err(error) => in_place(&format!("sorry: {error}\n")),
            };
            first = false;
            // Whoever reads has gone: nobody watches.
            if print(&frame) != ExitCode::SUCCESS || std::io::stdout().flush().is_err() {
                return ExitCode::SUCCESS;
            }
            std::thread::sleep(EVERY);
        }
    }

    fn frame(&self, api: &Api) -> Result<String, ClientError> {
        let look = look();
        let line = |value: serde_json::Result<String>| value.map(|line| line + "\n");
        let (text, json) = match &self.site {
            None => {
                let status = api.status()?;
                let text = status.render_standing(&look);
                (text, line(serde_json::to_string(&status)))
            }
            Some(name) => {
                let site = api.site(name)?;
                (site.render(&look), line(serde_json::to_string(&site)))
            }
        };
        Ok(match self.json {
            true => json.unwrap_or_default(),
            false => in_place(&text),
        })
    }
}

/// Draws over what stood there (ECMA-48: CUP, EL, ED), without a flicker.
fn in_place(text: &str) -> String {
    let lines = text.lines().map(|line| format!("{line}\x1b[K\n"));
    format!("\x1b[H{}\x1b[J", lines.collect::<String>())
}
