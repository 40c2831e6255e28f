//! `sorry serve`: the sorry server without a configuration file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::Zoned;

use super::{logging, refused, run};
use crate::config::{Config, LogLevel, ServeArgs};
use crate::daemon::{Hands, Start, Succession};

/// Answer every request with a polite refusal; needs no configuration.
///
/// Put it where your balancer looks when nothing else is left: HAProxy `backup`, nginx `error_page`, keepalived
/// `sorry_server`, a DNS failover address.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sorry serve
  sorry serve --listen 0.0.0.0:80 --say 'We are moving to a larger house.' --until 14:00
  sorry serve --listen 0.0.0.0:443 --listen plain:0.0.0.0:80 --tls-cert shop.pem --tls-key shop.key
  sorry serve --page ./page --retry-after 10m --metrics 127.0.0.1:9503

Exit codes: 0 ended, when everybody had finished; 1 it could not be done; 2 what was typed is wrong, or a file or an address that it names; \
3 a second signal cut open connections.")]
pub(super) struct Serve {
    /// Where to listen: ADDRESS:PORT, [ADDRESS]:PORT, unix:/PATH or systemd:NAME; may be given more than once. With
    /// certificates each speaks TLS, but those written plain:ADDRESS:PORT.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: Vec<String>,
    /// A page of your own: an HTML file, or a folder with page.html, page.de.html, page.json, page.txt and what they need
    #[arg(long, value_name = "PATH")]
    page: Option<PathBuf>,
    /// The status of refusals, 500 to 599 [default: 503]
    #[arg(long, value_name = "N")]
    status: Option<u16>,
    /// When clients may ask again: a time such as 90s, 2m, 1h30m, or auto: until --until, else 2m [default: auto]
    #[arg(long, value_name = "TIME|auto")]
    retry_after: Option<String>,
    /// When the site is expected back: 14:00 (the next one, by this machine's clock), '2026-11-21 14:00 Europe/Berlin', or
    /// RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// What to tell visitors; at most 500 characters
    #[arg(long, value_name = "TEXT")]
    say: Option<String>,
    /// A certificate chain in PEM; may be given more than once, each with its --tls-key
    #[arg(long, value_name = "PATH")]
    tls_cert: Vec<PathBuf>,
    /// The private key of the certificate at the same place
    #[arg(long, value_name = "PATH")]
    tls_key: Vec<PathBuf>,
    /// Where visitors see the page: in-place (at the address they asked for) or redirect [default: in-place]
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// Serve Prometheus metrics at this address
    #[arg(long, value_name = "ADDR")]
    metrics: Option<String>,
    /// Write less (once: warnings only; twice: errors only)
    #[arg(short, long, action = clap::ArgAction::Count)]
    quiet: u8,
}

impl Serve {
    pub(super) fn run(self) -> ExitCode {
        logging::start(match self.quiet {
            0 => LogLevel::Info,
            1 => LogLevel::Warn,
            _ => LogLevel::Error,
        });
        let arguments = self.arguments();
        // `--until 14:00` means the next one when it was typed, not the next one at each reload.
        let typed = Zoned::now();
        let read = move || Config::for_serve(&arguments, &typed);
        match read() {
            Ok(config) => run::serve(Start {
                config,
                read: Box::new(read),
                file: None,
                succession: Succession::First,
                hands: Hands::Free,
            }),
            Err(report) => refused(&crate::daemon::with_files(report)),
        }
    }

    fn arguments(self) -> ServeArgs {
        ServeArgs {
            listen: self.listen,
            page: self.page,
            status: self.status,
            retry_after: self.retry_after,
            until: self.until,
            say: self.say,
            tls_cert: self.tls_cert,
            tls_key: self.tls_key,
            mode: self.mode,
            metrics: self.metrics,
        }
    }
}
