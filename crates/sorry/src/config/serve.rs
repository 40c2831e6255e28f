//! The flags of `sorry serve`: the same configuration as a file with one site, without a file.

use super::diagnostics::{Code, Mistake, Place, Report, Source};
use super::fault::{Fault, Kind};
use super::listen_address::ListenAddress;
use super::log::AdminSocket;
use super::reader::{At, FromText, Reader};
use super::site::{ModeWord, Status};
use super::spec;
use super::state_folder::StateFolder;
use super::value::{Auto, FilePath, Name, Until};
use super::{Config, meaning};
use jiff::Zoned;
use sorry_core::said::Said;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was typed after `sorry serve`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServeArgs {
    /// `--listen ADDR`, as `site.sorry.listen` takes them; 127.0.0.1:8080 if there is none. With certificates every one
    /// speaks TLS but those written `plain:ADDR`.
    pub listen: Vec<String>,
    /// `--page PATH`.
    pub page: Option<PathBuf>,
    /// `--status N`.
    pub status: Option<u16>,
    /// `--retry-after 2m | auto`.
    pub retry_after: Option<String>,
    /// `--until TIME`; `14:00` alone is the next 14:00.
    pub until: Option<String>,
    /// `--say TEXT`.
    pub say: Option<String>,
    /// `--tls-cert PATH`, as many as `--tls-key`.
    pub tls_cert: Vec<PathBuf>,
    /// `--tls-key PATH`, in the order of `--tls-cert`.
    pub tls_key: Vec<PathBuf>,
    /// `--mode in-place | redirect`.
    pub mode: Option<String>,
    /// `--metrics ADDR`.
    pub metrics: Option<String>,
}

/// Where `sorry serve` listens when it is not told.
const USUAL_LISTEN: &str = "127.0.0.1:8080";

impl Config {
    /// The configuration that the flags of `sorry serve` mean. There is no admin socket, and nothing is kept.
    ///
    /// # Errors
    /// A [`Report`] whose mistakes name their flags.
    pub fn for_serve(args: &ServeArgs, now: &Zoned) -> Result<Config, Report> {
        let mut reader = Reader::new("", now.time_zone());
        let mut file: spec::File = reader.defaults(Place::File, &spec::File::TABLE);
        let mut site: spec::Site = reader.defaults(Place::File, &spec::Site::TABLE);
        let mut flags = Flags {
            mistakes: Vec::new(),
        };
        flags.fill_site(args, now, &mut site);
        flags.fill_listen(args, &mut site, &mut reader);
        file.tls = flags.tls(args, &mut reader);
        if let Some(admin) = &mut file.admin {
            admin.value.socket = Some(At::new(Place::File, AdminSocket(None)));
        }
        if let (Some(metrics), Some(text)) = (&mut file.metrics, &args.metrics) {
            metrics.value.listen = flags.text("--metrics", text);
        }
        file.site = Some(At::new(Place::File, vec![At::new(Place::File, site)]));
        file.state = Some(At::new(Place::File, StateFolder::None));
        let mut mistakes = reader.mistakes;
        mistakes.append(&mut flags.mistakes);
        let source = Arc::new(Source::default());
        let world = meaning::World {
            base: Path::new(""),
            zone: now.time_zone(),
            now: now.timestamp(),
            state_directory: None,
        };
        let mut files = Vec::new();
        let told = meaning::Told {
            mistakes: &mut mistakes,
            // No flag goes unused.
            warnings: &mut Vec::new(),
            files: &mut files,
            broken: reader.broken,
        };
        let config = meaning::build(file, Arc::clone(&source), &world, told);
        match config {
            Some(config) if mistakes.is_empty() => Ok(config),
            _ => Err(Report::new(source, mistakes).naming(files)),
        }
    }
}

struct Flags {
    mistakes: Vec<Mistake>,
}

impl Flags {
    fn fault(&mut self, flag: &'static str, fault: Fault) {
        let code = match fault.kind {
            Kind::Invalid => Code::Invalid,
            Kind::OutOfRange => Code::OutOfRange,
        };
        let mut mistake = Mistake::new(code, Place::Flag(flag), fault.message);
        mistake.hint = fault.hint;
        self.mistakes.push(mistake);
    }

    fn kept<T>(&mut self, flag: &'static str, read: Result<T, Fault>) -> Option<At<T>> {
        match read {
            Ok(value) => Some(At::new(Place::Flag(flag), value)),
            Err(fault) => {
                self.fault(flag, fault);
                None
            }
        }
    }

    fn text<T: FromText>(&mut self, flag: &'static str, text: &str) -> Option<At<T>> {
        self.kept(flag, T::from_text(text))
    }

    fn path(&mut self, flag: &'static str, path: &Path) -> Option<At<FilePath>> {
        match path.as_os_str().is_empty() {
            true => self.kept(flag, Err(Fault::new("an empty text is not a path"))),
            false => Some(At::new(Place::Flag(flag), FilePath(path.to_owned()))),
        }
    }

    fn fill_site(&mut self, args: &ServeArgs, now: &Zoned, site: &mut spec::Site) {
        site.name = self.text::<Name>("serve", "site");
        let Some(At { value: sorry, .. }) = &mut site.sorry else {
            return;
        };
        sorry.page = args
            .page
            .as_ref()
            .and_then(|page| self.path("--page", page));
        if let Some(status) = args.status {
            sorry.status = self.kept("--status", Status::new(status.into()));
        }
        match args.retry_after.as_deref() {
            None => {}
            Some("auto") => {
                sorry.retry_after = Some(At::new(Place::Flag("--retry-after"), Auto::Auto));
            }
            Some(text) => {
                let time: Option<At<spec::RetryTime>> = self.text("--retry-after", text);
                sorry.retry_after = time.map(|at| At::new(at.place, Auto::Given(at.value)));
            }
        }
        if let Some(text) = &args.until {
            let until = super::until::parse(text, now).map(Until);
            sorry.until = self.kept("--until", until);
        }
        if let Some(text) = &args.say {
            let said = Said::from_text(text).map_err(|fault| match text.trim().is_empty() {
                true => fault.hint("leave the flag out to say nothing"),
                false => fault,
            });
            sorry.say = self.kept("--say", said);
        }
        if let Some(text) = &args.mode {
            sorry.mode = self.text::<ModeWord>("--mode", text);
        }
    }

    fn fill_listen(&mut self, args: &ServeArgs, site: &mut spec::Site, reader: &mut Reader<'_>) {
        let usual = [USUAL_LISTEN.to_owned()];
        let typed = if args.listen.is_empty() {
            &usual[..]
        } else {
            &args.listen
        };
        let place = Place::Flag("--listen");
        let mut listen = Vec::new();
        for text in typed {
            let (address, plain) = match text.strip_prefix("plain:") {
                Some(address) => (address, true),
                None => (text.as_str(), args.tls_cert.is_empty()),
            };
            let Some(address) = self.text::<ListenAddress>("--listen", address) else {
                continue;
            };
            let mut table = spec::ListenTable::plain(address, reader);
            table.tls = Some(At::new(place, !plain));
            listen.push(At::new(place, spec::Listen(table)));
        }
        if let Some(At { value: sorry, .. }) = &mut site.sorry {
            // Mistaken as a whole rather than empty when an address is mistaken, which has been told.
            let all = listen.len() == typed.len();
            sorry.listen = all.then(|| At::new(place, listen));
        }
    }

    fn tls(&mut self, args: &ServeArgs, reader: &mut Reader<'_>) -> Option<At<Vec<At<spec::Tls>>>> {
        let (certificates, keys) = (args.tls_cert.len(), args.tls_key.len());
        if certificates != keys {
            let (flag, other) = match certificates > keys {
                true => ("--tls-cert", "--tls-key"),
                false => ("--tls-key", "--tls-cert"),
            };
            let (most, least) = (certificates.max(keys), certificates.min(keys));
            let fault = Fault::new(format!("{most} given, but {least} of {other}"));
            self.fault(
                flag,
                fault.hint(format!("give one {other} for each {flag}")),
            );
            // Mistaken as a whole rather than none, so that nobody misses a certificate.
            return None;
        }
        let place = Place::Flag("--tls-cert");
        let pairs = args
            .tls_cert
            .iter()
            .zip(&args.tls_key)
            .map(|(certificate, key)| {
                let mut table: spec::Tls = reader.defaults(place, &spec::Tls::TABLE);
                table.certificate = self.path("--tls-cert", certificate);
                table.key = self.path("--tls-key", key);
                At::new(place, table)
            });
        Some(At::new(place, pairs.collect()))
    }
}
