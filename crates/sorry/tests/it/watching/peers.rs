//! When everything seems to die at once, peers are asked, and what one of them sees, too, is believed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Instant;

use rcgen::{CertificateParams, KeyPair};

use super::world::{Plan, World};
use crate::balancers::balancer::own_address;
use crate::harness::{PATIENCE, SORRY, Server, run, until};

/// Two more sites with the same real server, so that its death is that of three sites.
const THREE_SITES: &str = "[[site]]\nname = \"two\"\nhosts = [\"two.test\"]\nsorry.listen = [\"127.0.0.1:0\"]\n\
    check.http = { path = \"/\", every = \"200ms\", timeout = \"500ms\", fall = 2, rise = 2, suspect-every = \"100ms\" }\n\
    [[site.real-server]]\naddress = \"REAL\"\n\
    [[site]]\nname = \"three\"\nhosts = [\"three.test\"]\nsorry.listen = [\"127.0.0.1:0\"]\n\
    check.http = { path = \"/\", every = \"200ms\", timeout = \"500ms\", fall = 2, rise = 2, suspect-every = \"100ms\" }\n\
    [[site.real-server]]\naddress = \"REAL\"\n";

#[test]
fn what_a_peer_sees_too_is_believed_in_spite_of_doubt() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let secret = |name: &str, contents: &str| {
        fs::write(file(name), contents).expect("write a secret");
        fs::set_permissions(file(name), Permissions::from_mode(0o600)).expect("keep it");
    };
    let key = KeyPair::generate().expect("a key");
    let admin = own_address();
    let params = CertificateParams::new([admin.ip().to_string()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate");
    fs::write(file("peer.crt"), certificate.pem()).expect("write the certificate");
    secret("peer.key", &key.serialize_pem());
    let made = run(SORRY, &["token", "monitor", "--role", "reader", "--json"]);
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).expect("JSON");
    secret("token", made["token"].as_str().expect("a token"));
    secret("tokens", made["line"].as_str().expect("a line"));

    // Ours believes nothing that so many say, for an hour; the peer believes its eyes.
    let watch = "[watch]\nmass = { share = 0.5, within = \"10s\" }\nhold = \"1h\"\nvotes = 1\n\
                 [[watch.peer]]\nname = \"b\"\naddress = \"PEER\"\nca = \"FOLDER/peer.crt\"\ntoken-file = \"FOLDER/token\"\n";
    let here = folder.path().display().to_string();
    let more = format!("---{THREE_SITES}{watch}").replace("FOLDER", &here);
    let more = more.replace("PEER", &admin.to_string());
    let mut world = World::start(&Plan {
        reals: 1,
        quorum: 1,
        more: more.leak(),
    });
    let real = world.address(0).to_string();
    let sites = THREE_SITES.replace("REAL", &real);
    let shop = sites
        .replacen("\"two\"", "\"shop\"", 1)
        .replacen("\"three\"", "\"two\"", 1);
    let peer = format!(
        "[admin]\nsocket = \"{here}/peer.sock\"\nlisten = \"{admin}\"\ncertificate = \"{here}/peer.crt\"\nkey = \"{here}/peer.key\"\n\
         tokens = \"{here}/tokens\"\n{shop}"
    );
    fs::write(file("peer.toml"), peer).expect("write the configuration");
    let mut command = Command::new(SORRY);
    fs::create_dir(file("state")).expect("a state folder");
    command.env("STATE_DIRECTORY", file("state"));
    command.arg("run").arg(file("peer.toml"));
    let _peer = Server::spawn(command);

    world.kill(0);
    world.wait_doubt("mass");
    let site = world.wait_site("sorry", "no-quorum");
    assert_eq!(site["real_servers"][0]["believed"], "down", "{site}");
    // It was asked of several sites at once, and of some no more once the first was believed: so it is there, whatever came last.
    let is_known = || world.metric("sorry_peer_up{peer=\"b\"}");
    until(Instant::now() + PATIENCE, is_known, "the peer was asked");
    let (_, explained) = world.verb(&["explain", "shop"]);
    assert!(explained.contains("went down together"), "{explained}");
    let (_, other) = world.verb(&["status", "three"]);
    assert!(
        other.contains("live"),
        "the peer knows no such site: {other}"
    );
}
