//! The list of Debian packages, each with its reason. Names are those of Debian 12 and 13. A package that nothing needs any more is
//! deleted here in the same commit as its last user.

/// A package and why it is needed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) place: Place,
}

/// Where a package's files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where every package's go: apt-get installs it.
    System,
    /// Into a folder of its own, and none of its scripts runs: what it would change of the machine is not what we need of it.
    Folder,
}

const fn need(name: &'static str, reason: &'static str) -> Package {
    Package {
        name,
        reason,
        place: Place::System,
    }
}

const fn unpack(name: &'static str, reason: &'static str) -> Package {
    Package {
        place: Place::Folder,
        ..need(name, reason)
    }
}

/// Everything that tests and benchmarks call. Tests use /usr/bin/python3 with Debian's modules: what pip or another Python brings
/// along differs from machine to machine.
pub(crate) const PACKAGES: &[Package] = &[
    // What we stand behind, and what we are measured against.
    need(
        "nginx",
        "balancer in front of us (error_page, proxy_pass), and peer of the benchmarks",
    ),
    need(
        "haproxy",
        "balancer in front of us (backup server), and peer of the benchmarks",
    ),
    need("keepalived", "peer of the benchmark of checks"),
    // What is checked: the checkers are tested against the real thing (nginx is one of them, and Python's gRPC).
    need("bind9", "named: what the dns checker asks"),
    // Real clients: tests assert what they report.
    need(
        "curl",
        "client: HTTP/1.0 to HTTP/2, uploads with and without Expect",
    ),
    need("wget", "client: retries on 503"),
    need(
        "git",
        "client: clone and fetch must report a temporary error; also lists the files that tidy reads",
    ),
    need(
        "chromium",
        "client: the page at a deep URL, its return by itself, fetch() from another origin",
    ),
    need("chromium-driver", "drives Chromium without a window"),
    need("fonts-dejavu-core", "letters in Chromium's screenshots"),
    need("python3", "client: urllib; runs the other Python clients"),
    need("python3-requests", "client: retry that honours Retry-After"),
    need("python3-aiohttp", "client: asynchronous HTTP"),
    need(
        "python3-grpcio",
        "client: gRPC must see UNAVAILABLE; server: what the grpc checker asks",
    ),
    need(
        "python3-websockets",
        "client: the refused WebSocket upgrade",
    ),
    need("python3-h2", "client: HTTP/2 frames written by hand"),
    need(
        "python3-jsonschema",
        "judges docs/openapi.json, and whether the admin API answers as it says",
    ),
    need(
        "python3-pip",
        "client: pip install must report a temporary error",
    ),
    // Whom we tell.
    need(
        "python3-aiosmtpd",
        "SMTP server that takes, refuses or delays our mails; what the smtp checker talks to",
    ),
    need(
        "prometheus-alertmanager",
        "must take our alerts and tell its receiver of one that fires and is over",
    ),
    // What the in-kernel responder is made with: one version, which makes the same bytes everywhere.
    need("clang-14", "compiles crates/bpf (cargo xtask bpf)"),
    need(
        "llvm-14",
        "llvm-strip-14, which leaves out what only debuggers read",
    ),
    // Load.
    need("nghttp2-client", "h2load: load over HTTP/2"),
    need("wrk", "load over HTTP/1.1"),
    need("apache2-utils", "ab: load over HTTP/1.0"),
    // Tools of the tests themselves.
    need(
        "openssl",
        "s_client: TLS versions, ALPN and certificates as an independent client sees them",
    ),
    need(
        "ca-certificates",
        "clients that verify need a store to which the tests' own authority is added",
    ),
    need(
        "iproute2",
        "ip, ss: network namespaces and socket states; ip attaches XDP programs",
    ),
    need(
        "nftables",
        "nft: the wire between namespaces that loses packets",
    ),
    need(
        "ethtool",
        "receive offload of veth devices, and what their drivers count",
    ),
    need(
        "util-linux",
        "taskset pins the lanes; unshare makes namespaces; flock guards the set-up",
    ),
    need(
        "systemd",
        "systemd-analyze reads our units; systemd-socket-activate hands us sockets",
    ),
    need("man-db", "renders our man pages"),
    // The guest: an older kernel than the machine's may be. On Debian 13 the kernel of that name is a newer one, and the tests that
    // are about 6.1 say so. A kernel that is installed gets an initial RAM disk and becomes what the machine boots next;
    // busybox-static throws out a busybox that is installed: hence both are only unpacked.
    need("qemu-system-x86", "runs the guest"),
    need(
        "kmod",
        "depmod: which module of the guest's kernel needs which",
    ),
    unpack(
        "linux-image-cloud-amd64",
        "the guest's kernel: Debian 12's own, without drivers for hardware",
    ),
    unpack("busybox-static", "the guest's shell and first process"),
    // Crates that compile C.
    need("gcc", "ring and zstd compile C and assembly"),
    need("libc6-dev", "headers for the same"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::PACKAGES;

    #[test]
    fn each_package_is_named_once_and_has_a_reason() {
        let names: BTreeSet<&str> = PACKAGES.iter().map(|p| p.name).collect();
        assert_eq!(names.len(), PACKAGES.len());
        for package in PACKAGES {
            assert!(package.reason.len() > 10, "{}", package.name);
        }
    }
}
