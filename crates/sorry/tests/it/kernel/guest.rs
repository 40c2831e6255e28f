//! Boots a kernel in QEMU with our program and a script, and brings back what that printed and how it ended. The kernel and the
//! shell are Debian's, unpacked by `cargo xtask setup`; all else is made here, in a folder that goes when the guest is over.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::archive::{Archive, output, read};
use crate::harness::SORRY;

const KERNEL: &str = "/var/cache/sorry-setup/linux-image-cloud-amd64";
const BUSYBOX: &str = "/var/cache/sorry-setup/busybox-static/bin/busybox";

/// Programs of this machine that scripts use, and where the guest has them. All else is busybox's, whose own shell would take its
/// own `ip` whatever the path says.
const PROGRAMS: &[(&str, &str)] = &[
    ("/bin/sh", "/bin/sh"),
    ("/bin/ip", "/usr/local/bin/ip"),
    ("/usr/bin/curl", "/usr/local/bin/curl"),
];

/// Modules that the guest has, with all that they need in turn. None is loaded before the kernel or the script asks for it.
const MODULES: &[&str] = &["veth", "sch_ingress", "cls_bpf"];

/// A guest that has switched itself off.
#[derive(Debug)]
pub(super) struct Guest {
    /// What the script ended with.
    pub(super) status: i32,
    /// What the script printed, errors among it.
    pub(super) printed: String,
    /// What the kernel said.
    console: String,
    took: Duration,
}

impl fmt::Display for Guest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Guest {
            status,
            printed,
            console,
            took,
        } = self;
        write!(
            out,
            "the script ended with {status}, {took:?} after the guest was started, and had printed:\n{printed}\n\
             the console:\n{console}"
        )
    }
}

/// Boots, runs `script` under `sh -eu` as root, and waits until the guest has switched itself off. `Err` says why there is no
/// status: something is not installed, the kernel panicked, or `patience` was over and the guest was ended.
pub(super) fn run(script: &str, patience: Duration) -> Result<Guest, String> {
    let kernel = Kernel::find()?;
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let files = folder.path().join("files");
    std::fs::write(&files, archive(&kernel, script, folder.path())?)
        .map_err(|error| format!("cannot write {}: {error}", files.display()))?;
    let start = Instant::now();
    let ended = qemu(&kernel, folder.path(), patience)
        .output()
        .map_err(|error| format!("cannot start timeout: {error}"))?;
    let took = start.elapsed();
    let port = |name: &str| {
        let bytes = std::fs::read(folder.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (console, printed) = (port("console"), port("printed"));
    let why = match ended.status.code() {
        Some(0) => match port("status").trim().parse() {
            Ok(status) => {
                return Ok(Guest {
                    status,
                    printed,
                    console,
                    took,
                });
            }
            Err(_) => "the guest ended before the script did".to_owned(),
        },
        Some(124 | 137) => format!("the guest has not ended within {patience:?}, and was ended"),
        Some(127) => {
            "qemu-system-x86_64 is not installed: `cargo xtask setup` installs it".to_owned()
        }
        _ => format!("QEMU failed, {}", ended.status),
    };
    let errors = String::from_utf8_lossy(&ended.stderr);
    Err(format!(
        "{why}; QEMU said:\n{errors}\nthe script printed:\n{printed}\nthe console:\n{console}"
    ))
}

/// QEMU with the guest's three serial ports as files in `folder`; init.sh says what each is for.
fn qemu(kernel: &Kernel, folder: &Path, patience: Duration) -> Command {
    // It ends QEMU even if this process is killed before.
    let mut command = Command::new("timeout");
    command.arg("--kill-after=5");
    command.arg(patience.as_secs_f64().to_string());
    command.args(["qemu-system-x86_64", "-no-user-config", "-nodefaults"]);
    command.args(["-display", "none", "-m", "512"]);
    // Always emulated, which takes two seconds more: in a virtual machine there may be a /dev/kvm that opens, and in the middle
    // of the boot an instruction that it cannot carry out. QEMU turns to emulation only if opening fails.
    command.args(["-accel", "tcg", "-cpu", "max"]);
    // A panic restarts the guest at once, and a restart is its end.
    command.args(["-no-reboot", "-append", "console=ttyS0 panic=-1"]);
    command.arg("-kernel").arg(&kernel.image);
    command.arg("-initrd").arg(folder.join("files"));
    for port in ["console", "printed", "status"] {
        let file = folder.join(port);
        command.arg("-serial");
        command.arg(format!("file:{}", file.display()));
    }
    command.stdin(Stdio::null());
    command
}

fn archive(kernel: &Kernel, script: &str, folder: &Path) -> Result<Vec<u8>, String> {
    let mut archive = Archive::default();
    archive.program("/init", include_bytes!("init.sh"));
    archive.file("/script", script.as_bytes());
    let busybox = read(Path::new(BUSYBOX))
        .map_err(|why| format!("{why}; `cargo xtask setup` unpacks it there"))?;
    archive.program("/bin/busybox", &busybox);
    // Its symbols for debuggers are most of it, and the guest has all files in memory.
    let sorry = folder.join("sorry");
    output(
        Command::new("strip")
            .arg("-o")
            .args([&sorry, Path::new(SORRY)]),
    )?;
    archive.linked_program("/usr/local/bin/sorry", &sorry)?;
    for (here, there) in PROGRAMS {
        archive.linked_program(there, Path::new(here))?;
    }
    kernel.add_modules(&mut archive)?;
    Ok(archive.finish())
}

/// The kernel as `cargo xtask setup` has unpacked it.
struct Kernel {
    image: PathBuf,
    /// `/lib/modules/VERSION`, in the guest; below `KERNEL` here.
    modules: String,
}

impl Kernel {
    fn find() -> Result<Kernel, String> {
        let missing = |error: std::io::Error| {
            format!(
                "no kernel for the guest in {KERNEL}: {error}; `cargo xtask setup` unpacks it there"
            )
        };
        let mut versions = std::fs::read_dir(format!("{KERNEL}/lib/modules")).map_err(missing)?;
        let version = versions
            .next()
            .ok_or_else(|| std::io::ErrorKind::NotFound.into())
            .flatten()
            .map_err(missing)?;
        let version = version.file_name().to_string_lossy().into_owned();
        if !version.starts_with("6.1.") {
            return Err(format!(
                "the guest is for Linux 6.1, and {KERNEL} has {version}: only Debian 12 has a 6.1 in its archive"
            ));
        }
        Ok(Kernel {
            image: PathBuf::from(format!("{KERNEL}/boot/vmlinuz-{version}")),
            modules: format!("/lib/modules/{version}"),
        })
    }

    /// The modules and what modprobe reads to find them.
    fn add_modules(&self, archive: &mut Archive) -> Result<(), String> {
        let here = |name: &str| PathBuf::from(format!("{KERNEL}{}/{name}", self.modules));
        for list in ["modules.dep", "modules.alias"] {
            archive.copy(&format!("{}/{list}", self.modules), &here(list))?;
        }
        let needs = read(&here("modules.dep"))?;
        let needs = String::from_utf8_lossy(&needs);
        for module in MODULES {
            let own = format!("/{module}.ko:");
            let line = needs.lines().find(|line| line.contains(&own));
            let line = line.ok_or_else(|| format!("the guest's kernel has no module {module}"))?;
            // `path: path path`: a module and all that it needs, also at second hand (depmod(8)).
            for path in line.split([':', ' ']).filter(|path| !path.is_empty()) {
                archive.copy(&format!("{}/{path}", self.modules), &here(path))?;
            }
        }
        Ok(())
    }
}
