//! What a thread can give up for good: files that are none of its business (landlock(7)), and system calls that it never
//! makes (seccomp(2)). Threads that it starts later inherit both; threads that run already do not. Nothing here decides what
//! is given up. Called by `daemon` when everything is open and nobody is answered yet.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _,
    RulesetStatus, path_beneath_rules,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// How much of what was asked the kernel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// All of it.
    All,
    /// A part: the kernel is older than what was asked.
    Some,
    /// Nothing: it has no landlock, or it is turned off.
    Nothing,
}

/// From now on this thread reads only these files and what is beneath these folders, and writes, makes and removes only what is
/// beneath `write`. What is not there is passed over. Files that are open stay usable.
pub fn limit_files(read: &[PathBuf], write: &[PathBuf]) -> io::Result<Held> {
    // Fixed: what a later kernel could forbid beyond this was not tested with this program.
    let all = AccessFs::from_all(ABI::V5);
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    let writing: BitFlags<AccessFs> = reading
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeSock
        | AccessFs::MakeDir
        | AccessFs::RemoveFile;
    let restrict = || {
        Ruleset::default()
            .handle_access(all)?
            .create()?
            .add_rules(path_beneath_rules(read, reading))?
            .add_rules(path_beneath_rules(write, writing))?
            .restrict_self()
    };
    let status = restrict().map_err(io::Error::other)?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Held::All,
        RulesetStatus::PartiallyEnforced => Held::Some,
        RulesetStatus::NotEnforced => Held::Nothing,
    })
}

/// From now on this thread starts no program, looks into no other process, mounts nothing, loads nothing into the kernel and gets
/// no new privileges: these system calls fail with EPERM.
///
/// Where maps of the in-kernel responder are written, `bpf(2)` is left: without the capabilities that loading takes, it reads and writes what
/// this process holds descriptors of, and no more.
pub fn limit_calls(bpf: Bpf) -> io::Result<()> {
    // Its argument is in memory, where no filter can look: without it the C library uses clone(2), which can be looked at.
    let unseen = filter([(libc::SYS_clone3, Vec::new())].into(), libc::ENOSYS)?;
    let mut forbidden: BTreeMap<i64, Vec<SeccompRule>> =
        FORBIDDEN.iter().map(|call| (*call, Vec::new())).collect();
    forbidden.insert(libc::SYS_clone, namespaces()?);
    #[cfg(target_arch = "x86_64")]
    forbidden.extend(x32().map(|call| (call, Vec::new())));
    if bpf == Bpf::Allowed {
        forbidden.remove(&libc::SYS_bpf);
    }
    let forbidden = filter(forbidden, libc::EPERM)?;
    for filter in [unseen, forbidden] {
        seccompiler::apply_filter(&filter).map_err(io::Error::other)?;
    }
    Ok(())
}

/// Whether `bpf(2)` may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bpf {
    /// It may.
    Allowed,
    /// It may not.
    Forbidden,
}

/// System calls that nothing here makes, by what they are for.
const FORBIDDEN: &[libc::c_long] = &[
    // Programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    // File systems.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
    libc::SYS_mknodat,
    // Other namespaces.
    libc::SYS_unshare,
    libc::SYS_setns,
    // The kernel.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_acct,
    // Its requests pass by every filter.
    libc::SYS_io_uring_setup,
    // Keys.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // Clocks and names of the machine.
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    // Ports of the hardware, and how programs are laid out in memory.
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    libc::SYS_personality,
];

/// The bit that marks a system call of the x32 ABI (syscall(2)), and those of it that have numbers of their own.
#[cfg(target_arch = "x86_64")]
const X32: (libc::c_long, [libc::c_long; 6]) = (0x4000_0000, [520, 521, 528, 539, 540, 545]);

/// The same calls by their other numbers: for the kernel they are of one architecture.
#[cfg(target_arch = "x86_64")]
fn x32() -> impl Iterator<Item = libc::c_long> {
    let own = X32.1.into_iter();
    own.chain(FORBIDDEN.iter().copied())
        .map(|call| call | X32.0)
}

/// A process in a new namespace; threads and plain processes are let through.
fn namespaces() -> io::Result<Vec<SeccompRule>> {
    let flags = [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ];
    let rule = |flag: libc::c_int| {
        let flag = u64::try_from(flag).map_err(io::Error::other)?;
        let has = SeccompCmpOp::MaskedEq(flag);
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Qword, has, flag);
        condition
            .and_then(|condition| SeccompRule::new(vec![condition]))
            .map_err(io::Error::other)
    };
    flags.into_iter().map(rule).collect()
}

fn filter(calls: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> io::Result<BpfProgram> {
    let error = u32::try_from(error).map_err(io::Error::other)?;
    let arch: TargetArch = std::env::consts::ARCH
        .try_into()
        .map_err(io::Error::other)?;
    let filter = SeccompFilter::new(
        calls,
        SeccompAction::Allow,
        SeccompAction::Errno(error),
        arch,
    );
    filter
        .and_then(BpfProgram::try_from)
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::process::Command;

    /// Runs something on a thread of its own: what it gives up, it gives up for itself.
    fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        std::thread::spawn(work).join().unwrap()
    }

    fn folder(name: &str) -> PathBuf {
        let id = std::process::id();
        let folder = std::env::temp_dir().join(format!("sorry-sandbox-{name}-{id}"));
        let _left_behind = fs::remove_dir_all(&folder);
        for inner in ["read", "write", "other"] {
            fs::create_dir_all(folder.join(inner)).unwrap();
            fs::write(folder.join(inner).join("file"), inner).unwrap();
        }
        folder
    }

    fn is_denied<T: std::fmt::Debug>(tried: io::Result<T>) -> bool {
        tried.unwrap_err().kind() == io::ErrorKind::PermissionDenied
    }

    fn status(key: &str) -> String {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap().trim_start_matches(':').trim().to_owned()
    }

    #[test]
    fn files_of_others_are_out_of_reach() {
        let folder = folder("files");
        apart({
            let folder = folder.clone();
            move || {
                let proc = PathBuf::from("/proc");
                let missing = folder.join("missing");
                let read = [folder.join("read"), proc, missing];
                let held = limit_files(&read, &[folder.join("write")]).unwrap();
                assert_eq!(
                    held,
                    Held::All,
                    "the kernel has no landlock: run the tests on another"
                );
                reads_and_writes(&folder);
            }
        });
        assert_eq!(
            fs::read_to_string(folder.join("other/file")).unwrap(),
            "other"
        );
        fs::remove_dir_all(folder).unwrap();
    }

    fn reads_and_writes(folder: &Path) {
        let (read, write, other) = (
            folder.join("read"),
            folder.join("write"),
            folder.join("other"),
        );
        assert_eq!(fs::read_to_string(read.join("file")).unwrap(), "read");
        assert!(is_denied(fs::write(read.join("file"), "")));
        assert!(is_denied(fs::read(other.join("file"))));
        assert!(is_denied(fs::read_dir(&other)));
        assert!(is_denied(fs::write(other.join("new"), "")));
        assert!(is_denied(fs::remove_file(other.join("file"))));
        assert!(is_denied(fs::read("/etc/passwd")));
        fs::write(write.join("new"), "new").unwrap();
        fs::rename(write.join("new"), write.join("file")).unwrap();
        assert_eq!(fs::read_to_string(write.join("file")).unwrap(), "new");
        drop(UnixListener::bind(write.join("socket")).unwrap());
        fs::remove_file(write.join("socket")).unwrap();
        assert!(is_denied(Command::new("/bin/true").status()));
    }

    #[test]
    fn no_program_is_started_and_nothing_mounted() {
        apart(|| {
            assert!(Command::new("/bin/true").status().unwrap().success());
            limit_calls(Bpf::Forbidden).unwrap();
            assert_eq!(status("Seccomp"), "2");
            assert_eq!(status("NoNewPrivs"), "1");
            assert!(is_denied(Command::new("/bin/true").status()));
            for call in FORBIDDEN {
                assert_eq!(tried(*call), Some(libc::EPERM), "system call {call}");
            }
            assert_eq!(tried(libc::SYS_clone3), Some(libc::ENOSYS));
        });
    }

    /// Makes a call with arguments that are wrong for each of those that are tried: even where it was let through it would
    /// do nothing.
    fn tried(call: libc::c_long) -> Option<i32> {
        // SAFETY: no argument is a valid pointer, descriptor, process or length for any call in the list, so the kernel
        // refuses each without touching memory.
        let result = unsafe { libc::syscall(call, -1_i64, -1_i64, -1_i64, -1_i64, -1_i64, -1_i64) };
        (result == -1).then(|| io::Error::last_os_error().raw_os_error())?
    }

    #[test]
    fn one_call_is_left_to_whoever_holds_maps() {
        apart(|| {
            limit_calls(Bpf::Allowed).unwrap();
            assert_ne!(tried(libc::SYS_bpf), Some(libc::EPERM));
            assert_eq!(tried(libc::SYS_perf_event_open), Some(libc::EPERM));
        });
    }

    /// Without this list there could be nothing in it.
    #[test]
    fn the_calls_fail_otherwise_without_the_filter() {
        apart(|| {
            for call in [libc::SYS_execve, libc::SYS_mount, libc::SYS_setns] {
                assert_eq!(
                    tried(call),
                    Some(if call == libc::SYS_setns {
                        libc::EBADF
                    } else {
                        libc::EFAULT
                    })
                );
            }
        });
    }

    #[test]
    fn threads_can_be_started_and_have_given_up_the_same() {
        apart(|| {
            limit_calls(Bpf::Forbidden).unwrap();
            let inner = apart(|| {
                (
                    status("Seccomp"),
                    is_denied(Command::new("/bin/true").status()),
                )
            });
            assert_eq!(inner, ("2".to_owned(), true));
        });
    }

    #[test]
    fn other_threads_keep_what_they_have() {
        let (ask, asked) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || {
            asked.recv().unwrap();
            status("Seccomp")
        });
        apart(|| limit_calls(Bpf::Forbidden).unwrap());
        ask.send(()).unwrap();
        assert_eq!(other.join().unwrap(), status("Seccomp"));
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn calls_have_no_second_number() {
        let second: Vec<_> = x32().collect();
        assert!(second.contains(&(libc::SYS_execve | 0x4000_0000)));
        assert!(second.contains(&(520 | 0x4000_0000)));
    }
}
