//! Who is measured, and how each is brought to the far end of its cable: the kernel at both places, our server with sockets, and nginx.

use std::fs::{self, File};
use std::net::{SocketAddr, SocketAddrV4};
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context as _, bail};
use aya::Ebpf;
use sorry_server::kernel::{self, Attachment, Before, Choice, Responder, Secret, attach};

use crate::cable::Cable;
use crate::clients::{self, Clients};
use crate::clock;
use crate::cpu;
use crate::pages::Page;
use crate::responder;
use crate::stage::{Namespace, SERVER_CORE};
use crate::witness;

const NGINX: &str = include_str!("../../../../bench/peers/kernel.nginx.conf");
const SORRY: &str = include_str!("../../../../bench/peers/kernel.sorry.toml");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// In the kernel, at the driver.
    Xdp,
    /// In the kernel, at the traffic control hook.
    Tc,
    /// In the kernel as it is by itself: at the driver, and long pages behind it.
    Auto,
    /// Ours with sockets.
    Sorry,
    Nginx,
}

impl Peer {
    pub(crate) const ALL: [Peer; 5] = [Peer::Xdp, Peer::Auto, Peer::Tc, Peer::Sorry, Peer::Nginx];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Xdp => "xdp",
            Peer::Tc => "tc",
            Peer::Auto => "auto",
            Peer::Sorry => "sorry",
            Peer::Nginx => "nginx",
        }
    }

    pub(crate) fn named(name: &str) -> anyhow::Result<Peer> {
        let found = Peer::ALL.into_iter().find(|peer| peer.name() == name);
        found.with_context(|| format!("there is no server {name}"))
    }

    /// Whether it is the same as another but for pages of several segments.
    pub(crate) fn is_for_long_pages(self) -> bool {
        self == Peer::Auto
    }

    fn choice(self) -> Option<Choice> {
        match self {
            Peer::Auto => Some(Choice::Best),
            _ => self.place().map(Choice::Only),
        }
    }

    pub(crate) fn place(self) -> Option<kernel::Place> {
        match self {
            Peer::Xdp | Peer::Auto => Some(kernel::Place::Driver),
            Peer::Tc => Some(kernel::Place::Ingress),
            Peer::Sorry | Peer::Nginx => None,
        }
    }
}

/// Where it takes place.
pub(crate) struct Place<'a> {
    pub(crate) pages: &'a [Page],
    /// For configurations and what servers write.
    pub(crate) folder: &'a Path,
    /// Our server with sockets.
    pub(crate) sorry: &'a Path,
}

/// One of them at its cable, with clients at the other end.
pub(crate) struct Server {
    pub(crate) peer: Peer,
    pub(crate) clients: Clients,
    /// Bytes of each page's answer.
    pub(crate) bytes: Vec<usize>,
    pub(crate) responder: Option<Responder>,
    /// What its work is done by: a thread of the kernel, and its processes if it has any.
    pub(crate) pids: Vec<u32>,
    /// The thread of the kernel that does the clients' work.
    pub(crate) client: u32,
    // Ended in this order.
    _attachment: Option<Attachment>,
    _program: Option<Program>,
    _by: Option<Ebpf>,
    namespace: Option<Namespace>,
}

impl Server {
    pub(crate) fn start(peer: Peer, number: u8, place: &Place<'_>) -> anyhow::Result<Server> {
        let pages = place.pages;
        let namespace = match peer.place() {
            Some(_) => None,
            None => Some(Namespace::new()?),
        };
        let cable = Cable::lay(number, namespace.as_ref())?;
        let clients = Clients::new(&cable)?;
        let far = cable.far.as_str();
        let by = match (peer, &namespace) {
            (Peer::Xdp | Peer::Auto, _) => None,
            (_, None) => Some(clients::let_by(far)?),
            (_, Some(namespace)) => Some(namespace.within(|| clients::let_by(far))?),
        };
        let at = |page: &Page| SocketAddr::V4(SocketAddrV4::new(cable.far_address(), page.port));
        let (attachment, responder) = match peer.choice() {
            Some(choice) => Some(in_kernel(choice, far, pages, &at)?).unzip(),
            None => (None, None),
        };
        let program = match &namespace {
            Some(namespace) => Some(Program::start(peer, namespace, place, &at)?),
            None => None,
        };
        let (near, far_thread) = cable.threads(namespace.as_ref())?;
        let mut pids = vec![far_thread];
        let look = |page: &Page| {
            let mut last = None;
            let found = clock::until("an answer", || match witness::look(at(page)) {
                Ok(bytes) => Some(bytes),
                Err(why) => {
                    last = Some(why);
                    None
                }
            });
            found.map_err(|error| last.unwrap_or(error).context(peer.name()))
        };
        let bytes = pages.iter().map(look).collect::<anyhow::Result<_>>()?;
        pids.extend(
            program
                .iter()
                .flat_map(|program| cpu::family(program.0.id())),
        );
        Ok(Server {
            peer,
            clients,
            bytes,
            responder,
            pids,
            client: near,
            _attachment: attachment,
            _program: program,
            _by: by,
            namespace,
        })
    }

    /// What the kernel keeps for it beside its maps: sockets in use, and connections that are remembered.
    pub(crate) fn sockets(&self) -> anyhow::Result<u64> {
        let of = self
            .namespace
            .as_ref()
            .map_or(std::process::id(), Namespace::holder);
        let text = fs::read_to_string(format!("/proc/{of}/net/sockstat"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("TCP:"));
        let words: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
        let number = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1)?.parse::<u64>().ok()
        };
        Ok(number("inuse").unwrap_or(0) + number("tw").unwrap_or(0))
    }
}

fn in_kernel(
    choice: Choice,
    device: &str,
    pages: &[Page],
    at: &dyn Fn(&Page) -> SocketAddr,
) -> anyhow::Result<(Attachment, Responder)> {
    let terms = responder::terms()?;
    let secret = Secret::random()?;
    let (attachment, mut responder) = attach(device, choice, Before::Dead(None), |place, _| {
        Responder::new(place, secret.clone(), terms.clone())
    })?;
    let sites: Vec<_> = pages
        .iter()
        .map(|page| (vec![at(page)], page.speech.clone()))
        .collect();
    responder::fill(&mut responder, &sites)?;
    Ok((attachment, responder))
}

/// A server with sockets.
struct Program(Child);

impl Program {
    fn start(
        peer: Peer,
        namespace: &Namespace,
        place: &Place<'_>,
        at: &dyn Fn(&Page) -> SocketAddr,
    ) -> anyhow::Result<Program> {
        let core = SERVER_CORE.to_string();
        let file = place.folder.join(format!("{}.configuration", peer.name()));
        fs::write(&file, configuration(peer, place.pages, at)?)?;
        let mut command = namespace.command();
        command.args([
            "setpriv",
            "--pdeathsig",
            "TERM",
            "taskset",
            "--cpu-list",
            &core,
        ]);
        match peer {
            Peer::Nginx => command
                .args(["nginx", "-e", "stderr", "-p"])
                .arg(place.folder)
                .arg("-c"),
            _ => command.arg(place.sorry).args(["run", "-c"]),
        };
        let log = File::create(place.folder.join(format!("{}.log", peer.name())))?;
        let child = command
            .arg(file)
            .current_dir(place.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", peer.name()))?;
        Ok(Program(child))
    }
}

/// Its template, with what stands between @ signs filled in.
fn configuration(
    peer: Peer,
    pages: &[Page],
    at: &dyn Fn(&Page) -> SocketAddr,
) -> anyhow::Result<String> {
    let mut text = match peer {
        Peer::Nginx => NGINX.to_owned(),
        Peer::Sorry => SORRY.to_owned(),
        Peer::Xdp | Peer::Tc | Peer::Auto => bail!("the kernel has no configuration"),
    };
    for (number, page) in pages.iter().enumerate() {
        let nginx = page.file_of_nginx.file_name().unwrap_or_default();
        for (name, value) in [
            ("ADDRESS", at(page).to_string()),
            ("FILE", page.file.display().to_string()),
            ("NGINX", nginx.display().to_string()),
            ("PAGE", fs::read_to_string(&page.file_of_nginx)?),
        ] {
            text = text.replace(&format!("@{name}{number}@"), &value);
        }
    }
    Ok(text)
}

impl Drop for Program {
    fn drop(&mut self) {
        let family = cpu::family(self.0.id());
        for pid in family.iter().rev() {
            let pid = i32::try_from(*pid)
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
            }
        }
        self.0.wait().ok();
    }
}
