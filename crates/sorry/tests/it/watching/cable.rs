//! Two network namespaces with a cable between them that can be cut, and nginx at the far end of it.

use std::net::SocketAddr;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};

/// Two network namespaces with a cable between them.
pub(super) struct Cable {
    /// The namespaces.
    pub(super) near: String,
    far: String,
    /// The interfaces.
    pub(super) near_end: String,
    far_end: String,
}

impl Cable {
    const NEAR: &str = "192.0.2.1";
    const FAR: &str = "192.0.2.2";
    /// The same end, known on the cable alone.
    pub(super) const FAR_OF_LINK: &str = "fe80::2";

    pub(super) fn lay() -> Cable {
        static LAID: AtomicU32 = AtomicU32::new(0);
        let number = LAID.fetch_add(1, Ordering::Relaxed);
        let id = std::process::id();
        let cable = Cable {
            near: format!("sorry-near-{id}-{number}"),
            far: format!("sorry-far-{id}-{number}"),
            near_end: format!("sa{number}-{}", id % 100_000),
            far_end: format!("sb{number}-{}", id % 100_000),
        };
        let (near, far) = (&cable.near, &cable.far);
        let (a, b) = (&cable.near_end, &cable.far_end);
        for line in [
            format!("ip netns add {near}"),
            format!("ip netns add {far}"),
            format!("ip link add {a} netns {near} type veth peer name {b} netns {far}"),
            format!("ip -n {near} address add {}/24 dev {a}", Cable::NEAR),
            format!("ip -n {far} address add {}/24 dev {b}", Cable::FAR),
            format!("ip -n {near} address add fe80::1/64 dev {a} nodad"),
            format!(
                "ip -n {far} address add {}/64 dev {b} nodad",
                Cable::FAR_OF_LINK
            ),
            format!("ip -n {near} link set lo up"),
            format!("ip -n {far} link set lo up"),
            format!("ip -n {near} link set {a} up"),
            format!("ip -n {far} link set {b} up"),
        ] {
            sh(&line);
        }
        cable
    }

    /// nginx at the far end: two real servers, and what serves as a reference; on port 8004 one that is reached by IPv6, on 8005 one
    /// that answers port 10053 alone.
    pub(super) fn real_servers(&self) -> (Far, Vec<SocketAddr>) {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().display();
        let servers: String = (8001..=8003)
            .map(|port| {
                format!(
                    "server {{ listen {}:{port}; location / {{ return 200; }} }}\n",
                    Cable::FAR
                )
            })
            .collect();
        let servers = servers
            + "server { listen [::]:8004 ipv6only=on; location / { return 200; } }\n\
               server { listen 8005; if ($remote_port != 10053) { return 403; } location / { return 200; } }\n";
        let configuration = format!(
            "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;\nevents {{}}\n\
             http {{ access_log off; client_body_temp_path {here}/a; proxy_temp_path {here}/b; fastcgi_temp_path {here}/c; \
             uwsgi_temp_path {here}/d; scgi_temp_path {here}/e;\n{servers} }}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration).expect("write the configuration");
        let mut command = Command::new("ip");
        command.args([
            "netns",
            "exec",
            &self.far,
            "/usr/sbin/nginx",
            "-e",
            "stderr",
            "-c",
        ]);
        let child = command
            .arg(&file)
            .spawn()
            .expect("start nginx; see cargo xtask setup");
        let address = |port| SocketAddr::new(Cable::FAR.parse().expect("an address"), port);
        let far = Far {
            child,
            _folder: folder,
        };
        (far, vec![address(8001), address(8002)])
    }

    pub(super) fn cut(&self) {
        sh(&format!(
            "ip -n {} link set {} down",
            self.far, self.far_end
        ));
    }

    pub(super) fn mend(&self) {
        sh(&format!("ip -n {} link set {} up", self.far, self.far_end));
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for name in [&self.near, &self.far] {
            let _already_gone = Command::new("ip").args(["netns", "delete", name]).status();
        }
    }
}

/// What runs at the far end; ends with the test.
pub(super) struct Far {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Far {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}

/// Runs a line of words, which must work.
pub(super) fn sh(line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let status = Command::new(words[0]).args(&words[1..]).status();
    let status = status.unwrap_or_else(|error| panic!("{line}: {error}; see cargo xtask setup"));
    assert!(status.success(), "{line}: {status}");
}
