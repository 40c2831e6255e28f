//! HAProxy with the configuration of docs/manual/behind-haproxy.md.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use super::balancer::{Balancer, REAL_SERVER, SORRY, VISITORS, blocks, own_address, placed};
use super::origin::Origin;
use super::visitor::{
    Giver, PEOPLE, REQUESTS, assert_grpc_unavailable, assert_sorrys_own, giver, retry_after_from,
    there_and_back,
};
use crate::harness::{PATIENCE, Server, until};

const PAGE: &str = "behind-haproxy.md";

/// The whole configuration, with lines of `variant` (a block of its own) in the place of those for the same servers.
fn configuration(variant: Option<&str>) -> String {
    let mut text = blocks(PAGE, "haproxy").concat();
    let Some(variant) = variant else {
        return text;
    };
    let mut replaced = 0;
    for line in blocks(PAGE, variant).concat().lines() {
        // The part before which both lines are equal: name, address, role.
        let (stem, is_check) = match line.split_once(" backup ") {
            Some((stem, _)) => (format!("{stem} backup "), false),
            None if line.contains(" check ") => {
                (line.split(" check ").next().unwrap().to_owned(), true)
            }
            None => (line.split(" proto ").next().unwrap().to_owned(), true),
        };
        let old = text
            .lines()
            .find(|old| old.starts_with(&stem) && (!is_check || !old.contains(" backup ")))
            .unwrap_or_else(|| panic!("no line to replace by {line}"))
            .to_owned();
        text = text.replace(&old, line);
        replaced += 1;
    }
    assert!(replaced > 0, "{variant} is empty");
    text
}

fn start(variant: Option<&str>, origin: SocketAddr, sorry: SocketAddr) -> Balancer {
    let visitors = own_address();
    let addresses = [(VISITORS, visitors), (REAL_SERVER, origin), (SORRY, sorry)];
    Balancer::haproxy(&placed(&configuration(variant), &addresses), visitors)
}

/// Asks until Sorry answers: the checks of HAProxy need a moment to see the world as it is.
fn wait_for(giver_wanted: Giver, balancer: SocketAddr) {
    let (front_page, ..) = REQUESTS[0];
    let look = || (giver(&front_page.ask(balancer)) == giver_wanted).then_some(());
    until(Instant::now() + PATIENCE, look, "the balancer has switched");
}

#[test]
fn every_request_gets_sorrys_own_answer_while_the_site_is_down() {
    let sorry = Server::serve(&[]);
    let mut origin = Origin::start(own_address());
    let balancer = start(None, origin.address, sorry.address());
    wait_for(Giver::Origin, balancer.address);
    origin.die();
    for expected in REQUESTS {
        assert_sorrys_own(expected, balancer.address, sorry.address());
    }
}

#[test]
fn people_go_there_and_back_and_nobody_is_lost_but_in_the_moment_of_death() {
    let sorry = Server::serve(&[]);
    let mut origin = Origin::start(own_address());
    let balancer = start(None, origin.address, sorry.address());
    wait_for(Giver::Origin, balancer.address);
    let (death, recovery) = there_and_back(&balancer, &mut origin);
    println!("haproxy: the site dies: {death:?}; it returns: {recovery:?}");
    // Each of the people had at most one request under way.
    assert!(death.lost + death.balancer <= PEOPLE, "{death:?}");
    assert_eq!(recovery.lost + recovery.balancer, 0, "{recovery:?}");
    assert_eq!(recovery.opened, PEOPLE, "on the connections they had");
}

/// Two addresses of visitors for whom Sorry, asked directly, has different times.
fn two_who_hear_different_times(sorry: SocketAddr) -> [(IpAddr, String); 2] {
    let mut heard = (1..50).map(|n| {
        let source = IpAddr::from(Ipv4Addr::new(127, 200, 0, n));
        (source, retry_after_from(source, sorry))
    });
    let first = heard.next().unwrap();
    let other = heard.find(|(_, time)| *time != first.1);
    [first, other.expect("times differ between addresses")]
}

#[test]
fn the_proxy_protocol_tells_sorry_who_asks() {
    let folder = tempfile::tempdir().unwrap();
    let file = blocks(PAGE, "toml").concat();
    let file = file
        .replace(SORRY, "127.0.0.1:0")
        .replace("10.0.0.0/8", "127.0.0.0/8")
        + "[admin]\nsocket = \"none\"\n";
    let sorry = Server::run(folder.path(), &file);
    let nobody = own_address();
    let balancer = start(Some("haproxy-proxy-protocol"), nobody, sorry.address());
    // The same site, and so the same times, without the protocol.
    let plain_file = file.replace("127.0.0.0/8", "192.0.2.0/24");
    let other_folder = tempfile::tempdir().unwrap();
    let plain = Server::run(other_folder.path(), &plain_file);
    wait_for(Giver::Sorry, balancer.address);
    for (source, time) in two_who_hear_different_times(plain.address()) {
        assert_eq!(retry_after_from(source, balancer.address), time, "{source}");
    }
}

#[test]
fn grpc_clients_are_told_in_their_own_words() {
    let sorry = Server::serve(&[]);
    let balancer = start(Some("haproxy-grpc"), own_address(), sorry.address());
    wait_for(Giver::Sorry, balancer.address);
    assert_grpc_unavailable(balancer.address);
}
