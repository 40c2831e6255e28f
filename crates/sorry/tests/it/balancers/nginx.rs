//! nginx with the blocks of docs/manual/behind-nginx.md.

use std::net::SocketAddr;
use std::time::Instant;

use super::balancer::{Balancer, REAL_SERVER, SORRY, VISITORS, blocks, own_address, placed};
use super::origin::Origin;
use super::visitor::{
    Giver, PEOPLE, REQUESTS, assert_grpc_unavailable, assert_sorrys_own, giver, there_and_back,
};
use crate::harness::{PATIENCE, Server, until};

const PAGE: &str = "behind-nginx.md";

/// The two forms, in the order of the page.
#[derive(Clone, Copy, Debug)]
enum Form {
    Backup,
    ErrorPage,
}

fn start(form: Form, origin: SocketAddr, sorry: SocketAddr) -> Balancer {
    let blocks = blocks(PAGE, "nginx");
    let [backup, error_page] = blocks.as_slice() else {
        panic!("{PAGE} shows two forms");
    };
    let block = match form {
        Form::Backup => backup,
        Form::ErrorPage => error_page,
    };
    let visitors = own_address();
    let addresses = [(VISITORS, visitors), (REAL_SERVER, origin), (SORRY, sorry)];
    Balancer::nginx(&placed(block, &addresses), visitors)
}

fn answers_are_sorrys_own(form: Form) {
    let sorry = Server::serve(&[]);
    let mut origin = Origin::start(own_address());
    let balancer = start(form, origin.address, sorry.address());
    let (front_page, ..) = REQUESTS[0];
    assert_eq!(giver(&front_page.ask(balancer.address)), Giver::Origin);
    origin.die();
    for expected in REQUESTS {
        assert_sorrys_own(expected, balancer.address, sorry.address());
    }
}

fn people_come_and_go(form: Form) {
    let sorry = Server::serve(&[]);
    let mut origin = Origin::start(own_address());
    let balancer = start(form, origin.address, sorry.address());
    let (death, recovery) = there_and_back(&balancer, &mut origin);
    println!("nginx, {form:?}: the site dies: {death:?}; it returns: {recovery:?}");
    // Each of the people had at most one request under way.
    assert!(death.lost + death.balancer <= PEOPLE, "{death:?}");
    assert_eq!(recovery.lost + recovery.balancer, 0, "{recovery:?}");
}

#[test]
fn a_backup_server_gives_sorrys_own_answers() {
    answers_are_sorrys_own(Form::Backup);
}

#[test]
fn an_error_page_gives_sorrys_own_answers() {
    answers_are_sorrys_own(Form::ErrorPage);
}

#[test]
fn people_go_to_the_backup_and_return() {
    people_come_and_go(Form::Backup);
}

#[test]
fn people_go_to_the_error_page_and_return() {
    people_come_and_go(Form::ErrorPage);
}

#[test]
fn a_unix_socket_is_a_backup_server_too() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("web.sock");
    let at = |block: &str| block.replace("/run/sorry/web.sock", socket.to_str().unwrap());
    let configuration = at(&blocks(PAGE, "toml").concat()) + "[admin]\nsocket = \"none\"\n";
    let sorry = Server::run(folder.path(), &configuration);
    assert_eq!(sorry.addresses, [format!("unix:{}", socket.display())]);
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let visitors = own_address();
    let addresses = [(VISITORS, visitors), (REAL_SERVER, own_address())];
    let block = placed(&blocks(PAGE, "nginx-unix").concat(), &addresses);
    let balancer = Balancer::nginx(&at(&block), visitors);
    for (request, status, _) in REQUESTS {
        let answer = request.ask(balancer.address);
        let asked = (request.method, request.path);
        assert_eq!(
            (answer.status(), answer.field("server")),
            (*status, Some("sorry")),
            "{asked:?}"
        );
    }
}

#[test]
fn grpc_clients_are_told_in_their_own_words() {
    let sorry = Server::serve(&[]);
    let visitors = own_address();
    let addresses = [
        (VISITORS, visitors),
        (REAL_SERVER, own_address()),
        (SORRY, sorry.address()),
    ];
    let block = placed(&blocks(PAGE, "nginx-grpc").concat(), &addresses);
    let balancer = Balancer::nginx(&block, visitors);
    assert_grpc_unavailable(balancer.address);
}

/// What the manual warns of is true; otherwise the warning could go.
#[test]
fn a_named_location_that_serves_a_file_is_a_trap() {
    let visitors = own_address();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    std::fs::write(folder.path().join("sorry.html"), "down").unwrap();
    let addresses = [(VISITORS, visitors), (REAL_SERVER, own_address())];
    let block = placed(&blocks(PAGE, "nginx-trap-file").concat(), &addresses);
    let balancer = Balancer::nginx(&block.replace("/var/www/sorry", root), visitors);
    let mut statuses: Vec<(&str, usize, u16)> = REQUESTS
        .iter()
        .map(|(request, ..)| {
            let status = request.ask(balancer.address).status();
            (request.method, request.body, status)
        })
        .filter(|(method, ..)| ["GET", "POST", "OPTIONS"].contains(method))
        .collect();
    statuses.sort_unstable();
    statuses.dedup();
    let upload = 20 << 20;
    let expected = [
        ("GET", 0, 200),
        ("GET", 0, 304),
        ("OPTIONS", 0, 405),
        ("POST", 11, 405),
        ("POST", upload, 413),
    ];
    assert_eq!(statuses, expected);
}

/// The other one: without `=` visitors get 502.
#[test]
fn the_equals_sign_of_error_page_matters() {
    let sorry = Server::serve(&[]);
    let visitors = own_address();
    let blocks = blocks(PAGE, "nginx");
    let addresses = [
        (VISITORS, visitors),
        (REAL_SERVER, own_address()),
        (SORRY, sorry.address()),
    ];
    let block = placed(&blocks[1], &addresses);
    assert!(block.contains("error_page 502 504 = @sorry;"));
    let block = block.replace("error_page 502 504 = @sorry;", "error_page 502 504 @sorry;");
    let balancer = Balancer::nginx(&block, visitors);
    let (front_page, ..) = REQUESTS[0];
    let look = || Some(front_page.ask(balancer.address));
    let answer = until(Instant::now() + PATIENCE, look, "an answer");
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.field("server"), Some("sorry"));
}
