//! The world that tests of the kernel run in: `client` -- `wire` -- `server`, three network namespaces joined by two veth pairs, or
//! `client` -- `server` on one. The wire is a router of IPv4 and IPv6 that loses as many packets as it is told to, in both
//! directions. Several worlds may exist at a time. What runs in them is the tests'.
//!
//! The end that faces the server has an XDP program that lets everything pass. Without one, a veth device keeps what an XDP program
//! at its peer sends back (`XDP_TX`): it is queued, and nobody is woken to take it.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::namespace::{Namespace, ip};
use super::program::{Attached, Verdict, attach, attached};
use crate::harness::{PATIENCE, until};

/// Which protocol a client comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const BOTH: [Family; 2] = [Family::V4, Family::V6];
}

/// The devices are named for whom they lead to.
const TO_SERVER: &str = "to-server";
const TO_CLIENT: &str = "to-client";

/// Addresses for documentation (RFC 5737, RFC 3849): one network on the client's side, one on the server's.
const NEAR_NETWORK: [&str; 2] = ["192.0.2.0/24", "2001:db8:1::/64"];
const FAR_NETWORK: [&str; 2] = ["198.51.100.0/24", "2001:db8:2::/64"];
const CLIENT: [&str; 2] = ["192.0.2.1", "2001:db8:1::1"];
const WIRE_NEAR: [&str; 2] = ["192.0.2.254", "2001:db8:1::fe"];
const WIRE_FAR: [&str; 2] = ["198.51.100.254", "2001:db8:2::fe"];
const SERVER: [&str; 2] = ["198.51.100.1", "2001:db8:2::1"];
/// The server's where it is in the client's own network.
const NEIGHBOUR: [&str; 2] = ["192.0.2.2", "2001:db8:1::2"];

/// Two or three namespaces.
pub(crate) struct World {
    client: Namespace,
    wire: Option<Namespace>,
    server: Namespace,
    /// The server's addresses.
    addresses: [&'static str; 2],
}

impl World {
    /// `client` -- `wire` -- `server`.
    pub(crate) fn routed() -> World {
        let [client, wire, server] = ["client", "wire", "server"].map(Namespace::new);
        join((&client, TO_SERVER), (&wire, TO_CLIENT));
        join((&wire, TO_SERVER), (&server, TO_CLIENT));
        settle(&client, TO_SERVER, CLIENT);
        settle(&wire, TO_CLIENT, WIRE_NEAR);
        settle(&wire, TO_SERVER, WIRE_FAR);
        settle(&server, TO_CLIENT, SERVER);
        for setting in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] {
            wire.set(setting, "1");
        }
        // No default routes: what programs ask of the world beyond fails at once, and nobody waits for an answer.
        for (network, gateway) in FAR_NETWORK.iter().zip(WIRE_NEAR) {
            client.ip(&format!("route add {network} via {gateway}"));
        }
        for (network, gateway) in NEAR_NETWORK.iter().zip(WIRE_FAR) {
            server.ip(&format!("route add {network} via {gateway}"));
        }
        World {
            client,
            wire: Some(wire),
            server,
            addresses: SERVER,
        }
        .opened()
    }

    /// `client` -- `server`.
    pub(crate) fn direct() -> World {
        let [client, server] = ["client", "server"].map(Namespace::new);
        join((&client, TO_SERVER), (&server, TO_CLIENT));
        settle(&client, TO_SERVER, CLIENT);
        settle(&server, TO_CLIENT, NEIGHBOUR);
        World {
            client,
            wire: None,
            server,
            addresses: NEIGHBOUR,
        }
        .opened()
    }

    /// Prepares the server's peer, and waits until packets go there and back: a port that nobody has is refused.
    fn opened(self) -> World {
        let peer = self.peer();
        attach(peer, TO_SERVER, Verdict::Pass);
        peer.must("ethtool", &["-K", TO_SERVER, "gro", "on"]);
        assert_eq!(attached(peer, TO_SERVER), Attached::Native);
        for family in Family::BOTH {
            let closed = SocketAddr::new(self.address(family), 9);
            let refused = || {
                let tried = TcpStream::connect_timeout(&closed, Duration::from_millis(200));
                let error = tried.expect_err("nobody listens on the port of discard");
                (error.kind() == std::io::ErrorKind::ConnectionRefused).then_some(())
            };
            let look = || until(Instant::now() + PATIENCE, refused, "the server is reached");
            self.client.within(look);
        }
        self
    }

    /// Where the clients are.
    pub(crate) fn client(&self) -> &Namespace {
        &self.client
    }

    /// Where the server is.
    pub(crate) fn server(&self) -> &Namespace {
        &self.server
    }

    /// The server's device: where the responder is attached.
    pub(crate) fn device(&self) -> &'static str {
        TO_CLIENT
    }

    /// Where the other end of the server's veth pair is. Its device is `peer_device`.
    pub(crate) fn peer(&self) -> &Namespace {
        self.wire.as_ref().unwrap_or(&self.client)
    }

    /// The other end of the server's device.
    pub(crate) fn peer_device(&self) -> &'static str {
        TO_SERVER
    }

    /// The server's address.
    pub(crate) fn address(&self, family: Family) -> IpAddr {
        let text = self.addresses[family as usize];
        text.parse().expect("an address")
    }

    /// `http://` and the server's port 80.
    pub(crate) fn url(&self, family: Family, path: &str) -> String {
        let server = SocketAddr::new(self.address(family), 80).to_string();
        let authority = server.strip_suffix(":80").unwrap_or(&server);
        format!("http://{authority}{path}")
    }

    /// Waits until somebody listens on the server's port.
    pub(crate) fn wait_for_port(&self, port: u16) {
        for family in Family::BOTH {
            let address = SocketAddr::new(self.address(family), port);
            let open = || TcpStream::connect_timeout(&address, PATIENCE).ok();
            let look = || until(Instant::now() + PATIENCE, open, "the port is open");
            drop(self.server.within(look));
        }
    }

    /// From now on the wire loses that share of the packets, in each direction; with 0, none.
    pub(crate) fn loss(&self, percent: u32) {
        let rule = match percent {
            0 => String::new(),
            _ => format!(
                "numgen random mod 1000 < {} counter name lost drop",
                percent * 10
            ),
        };
        // The first line is for the second, which fails where there is no such table. All of it comes into force at once.
        let rules = format!(
            "add table inet loss
            delete table inet loss
            table inet loss {{
                counter lost {{ }}
                chain forward {{
                    type filter hook forward priority filter; policy accept;
                    {rule}
                }}
            }}"
        );
        self.wire().must("nft", &[&rules]);
    }

    /// How many packets the wire has lost since it was told last what to lose.
    pub(crate) fn lost(&self) -> u64 {
        let shown = self.wire().must("nft", &["-j", "list", "counters"]);
        let shown: Value = serde_json::from_str(&shown).expect("counters in JSON");
        let entries = shown["nftables"].as_array().expect("a list");
        let counts = entries
            .iter()
            .filter_map(|entry| entry["counter"]["packets"].as_u64());
        counts.sum()
    }

    /// What the client's kernel has sent again.
    pub(crate) fn retransmissions(&self) -> u64 {
        self.client.counter("Tcp", "RetransSegs")
    }

    /// Nobody waits longer than a second before sending again, where the kernel can be told (Linux 6.15): tests of loss need a
    /// tenth of the time. Elsewhere they need all of it. Sockets keep what was so when they, or their listener, were made: it is said
    /// before a server starts.
    pub(crate) fn in_a_hurry(self) -> World {
        for namespace in [&self.client, &self.server] {
            if namespace.has("ipv4/tcp_rto_max_ms") {
                namespace.set("ipv4/tcp_rto_max_ms", "1000");
                // Tries are counted, not seconds: the usual six to open a connection would now be over after seven seconds.
                namespace.set("ipv4/tcp_syn_retries", "60");
                namespace.set("ipv4/tcp_synack_retries", "60");
                // What a program has closed would be given up as soon as it waits as long as anybody does, with its last bytes on
                // their way (`tcp_write_timeout` in net/ipv4/tcp_timer.c): the client would wait for the end for ever.
                namespace.set("ipv4/tcp_orphan_retries", "60");
            }
        }
        self
    }

    /// The namespaces' names.
    pub(crate) fn names(&self) -> Vec<String> {
        let all = [Some(&self.client), self.wire.as_ref(), Some(&self.server)];
        let named = all.into_iter().flatten();
        named.map(|namespace| namespace.name().to_owned()).collect()
    }

    fn wire(&self) -> &Namespace {
        self.wire
            .as_ref()
            .expect("a world with a wire: World::routed")
    }
}

/// A veth pair with an end in each. Their indexes differ: the kernel takes a pair with equal ones for a single device, and is in no hurry
/// to see that its cable is plugged in (a second at worst: `linkwatch_urgent_event` in net/core/link_watch.c).
fn join(near: (&Namespace, &str), far: (&Namespace, &str)) {
    let (near, end) = (near.0.name(), near.1);
    let (far, other) = (far.0.name(), far.1);
    ip(&format!(
        "link add {end} index 10 netns {near} mtu 1500 type veth peer name {other} index 11 netns {far} mtu 1500"
    ));
}

/// Gives a device its addresses, and turns it on.
fn settle(namespace: &Namespace, device: &str, [v4, v6]: [&str; 2]) {
    namespace.ip(&format!("address add {v4}/24 dev {device}"));
    namespace.ip(&format!("address add {v6}/64 dev {device} nodad"));
    namespace.ip(&format!("link set {device} up"));
}
