//! nginx in a namespace, which answers everything with 503 and one page: what our own answers are held against.

use std::process::Child;

use super::world::World;

/// Ends with the test. Declared after the world, it ends before it.
pub(crate) struct Nginx {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// On the server's port 80, by IPv4 and IPv6: down.
    pub(crate) fn serve(world: &World, page: &str) -> Nginx {
        Nginx::start(world, page, "location / { return 503; }")
    }

    /// The same, alive: a site that is there.
    pub(crate) fn live(world: &World, page: &str) -> Nginx {
        Nginx::start(
            world,
            page,
            "keepalive_requests 1000000; location / { try_files /page.html =404; }",
        )
    }

    fn start(world: &World, page: &str, locations: &str) -> Nginx {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().display();
        let configuration = format!(
            "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;
            events {{ worker_connections 2048; }}
            http {{
                access_log off; default_type text/html;
                client_body_temp_path {here}/a; proxy_temp_path {here}/b; fastcgi_temp_path {here}/c;
                uwsgi_temp_path {here}/d; scgi_temp_path {here}/e;
                server {{
                    listen 80 backlog=1024; listen [::]:80 ipv6only=on backlog=1024;
                    root {here};
                    error_page 503 /page.html;
                    {locations}
                    location = /page.html {{ internal; }}
                }}
            }}"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(folder.path().join("page.html"), page).expect("write the page");
        std::fs::write(&file, configuration).expect("write the configuration");
        let mut command = world.server().command("/usr/sbin/nginx");
        command.args(["-e", "stderr", "-c"]).arg(&file);
        let child = command.spawn().expect("run ip; see cargo xtask setup");
        let nginx = Nginx {
            child,
            _folder: folder,
        };
        world.wait_for_port(80);
        nginx
    }

    /// Its process number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}
