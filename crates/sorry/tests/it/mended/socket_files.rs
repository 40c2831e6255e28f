//! Files of unix sockets: each process removes its own at its end, and nobody else's.

use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::harness::Server;

fn configuration(admin: &Path) -> String {
    format!(
        "[admin]\nsocket = \"{}\"\n[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:0\"]\n",
        admin.display()
    )
}

#[test]
fn the_end_removes_its_own_admin_socket_and_not_the_one_that_a_reload_has_named() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (folder.path().join("own"), folder.path().join("other"));
    let mut server = Server::run(folder.path(), &configuration(&own));
    let _somebody_elses = UnixListener::bind(&other).unwrap();
    std::fs::write(folder.path().join("sorry.toml"), configuration(&other)).unwrap();
    server.signal("HUP");
    server.wait_for("`[admin] socket`: in force after the next restart");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(other.exists(), "somebody else listens there");
    assert!(!own.exists(), "nobody listens there any more");
}
