//! A monitor whose own network is cut: it switches nothing, and says so.

use std::net::SocketAddr;
use std::process::{Child, Command};

use super::world::{Plan, World};

#[test]
fn whoever_reaches_no_reference_switches_nothing_and_says_so() {
    // A network of its own: the real servers, the reference and the daemon are on two ends of a cable that can be cut.
    let cable = Cable::lay();
    let (real_servers, addresses) = cable.real_servers();
    let plan = Plan {
        reals: 2,
        quorum: 1,
        more: "---[watch]\nreferences = [\"192.0.2.2:8003\"]\nevery = \"200ms\"\ntimeout = \"200ms\"\n",
    };
    let world = World::far(&plan, &cable.near, &addresses);
    world.wait_site("live", "quorum");
    cable.cut();
    world.wait_doubt("references");
    world.wait_real(0, "down");
    world.wait_real(1, "down");
    let site = world.site();
    assert_eq!(
        (&site["route"], &site["why"]),
        (&"live".into(), &"doubted".into()),
        "{site}"
    );
    let (_, explained) = world.verb(&["explain", "shop"]);
    assert!(explained.contains("no reference answers"), "{explained}");
    assert_eq!(world.metric("sorry_doubt{cause=\"references\"}"), Some(1.0));
    // Orders still work.
    assert_eq!(world.verb(&["down", "shop", "--for", "1h"]).0, 0);
    assert_eq!(world.site()["route"], "sorry");
    assert_eq!(world.verb(&["up", "shop"]).0, 0);
    cable.mend();
    world.wait_real(0, "up");
    world.wait_real(1, "up");
    world.wait_site("live", "quorum");
    assert_eq!(world.site()["turned"]["sorry"], 1, "by the order alone");
    drop(real_servers);
}

/// Two network namespaces with a cable between them.
struct Cable {
    near: String,
    far: String,
}

impl Cable {
    const NEAR: &str = "192.0.2.1";
    const FAR: &str = "192.0.2.2";

    fn lay() -> Cable {
        let id = std::process::id();
        let cable = Cable {
            near: format!("sorry-near-{id}"),
            far: format!("sorry-far-{id}"),
        };
        let (near, far) = (&cable.near, &cable.far);
        let (a, b) = (format!("sa{}", id % 100_000), format!("sb{}", id % 100_000));
        for line in [
            format!("ip netns add {near}"),
            format!("ip netns add {far}"),
            format!("ip link add {a} netns {near} type veth peer name {b} netns {far}"),
            format!("ip -n {near} address add {}/24 dev {a}", Cable::NEAR),
            format!("ip -n {far} address add {}/24 dev {b}", Cable::FAR),
            format!("ip -n {near} link set lo up"),
            format!("ip -n {far} link set lo up"),
            format!("ip -n {near} link set {a} up"),
            format!("ip -n {far} link set {b} up"),
        ] {
            sh(&line);
        }
        cable
    }

    /// nginx at the far end: two real servers, and what serves as a reference.
    fn real_servers(&self) -> (Far, Vec<SocketAddr>) {
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

    fn far_end(&self) -> String {
        format!("sb{}", std::process::id() % 100_000)
    }

    fn cut(&self) {
        sh(&format!(
            "ip -n {} link set {} down",
            self.far,
            self.far_end()
        ));
    }

    fn mend(&self) {
        sh(&format!(
            "ip -n {} link set {} up",
            self.far,
            self.far_end()
        ));
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
struct Far {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Far {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}

fn sh(line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let status = Command::new(words[0]).args(&words[1..]).status();
    let status = status.unwrap_or_else(|error| panic!("{line}: {error}; see cargo xtask setup"));
    assert!(status.success(), "{line}: {status}");
}
