//! Tests of the metrics endpoint over real sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::super::facts::{Facts, Snapshot};
use super::super::metrics::Format;
use super::super::metrics_reader::read;
use super::super::moment::Moment;
use super::*;
use crate::count::Sites;

/// Longer than anything takes; a test that waits for it has failed.
const NEVER: Duration = Duration::from_secs(20);
/// Longer still, for the limits that a test is not about.
const FOREVER: Duration = Duration::from_secs(60);
/// A limit that a test waits for.
const SOON: Duration = Duration::from_millis(40);
/// A limit that a test waits for, and within which it has to do something first.
const LATER: Duration = Duration::from_millis(500);

struct Fixed(Arc<Doors>);

impl Source for Fixed {
    fn snapshot(&self) -> Snapshot {
        let sites = Sites::new(1);
        sites.named("shop");
        Snapshot {
            sites: Arc::new(sites),
            workers: vec![Arc::default()],
            doors: Arc::clone(&self.0),
            facts: Facts {
                version: "1.2.3".to_owned(),
                started: Moment(1),
                generation: 1,
                reload: None,
                certificates: Vec::new(),
                limits_reached: Vec::new(),
                standing: Arc::default(),
                kernel: Arc::default(),
                log_lines_dropped: None,
                programs_hung: None,
            },
        }
    }
}

struct World {
    address: SocketAddr,
    doors: Arc<Doors>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

fn patient() -> Settings {
    Settings {
        request_time: FOREVER,
        idle_time: FOREVER,
        write_time: FOREVER,
        drain_time: FOREVER,
        ..Settings::default()
    }
}

impl World {
    fn new(settings: Settings) -> World {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let doors = Arc::new(Doors::default());
        let (stop, stopped) = oneshot::channel::<()>();
        let shared = Arc::clone(&doors);
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let source = Arc::new(Fixed(Arc::clone(&shared)));
            let stopped = async { drop(stopped.await) };
            let serving = serve_metrics(listener.into(), source, shared, settings, stopped);
            runtime.block_on(serving).unwrap();
        });
        World {
            address,
            doors,
            stop: Some(stop),
            server: Some(server),
        }
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(NEVER)).unwrap();
        Client(stream)
    }

    fn count(&self, bound: Bound) -> u64 {
        self.doors.count(Door::Metrics, bound)
    }

    /// Asks the server to stop and waits until it has.
    fn stop(&mut self) {
        if let (Some(stop), Some(server)) = (self.stop.take(), self.server.take()) {
            let _ = stop.send(());
            server.join().unwrap();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

struct Client(TcpStream);

struct Reply {
    head: String,
    body: String,
}

impl Reply {
    fn status(&self) -> &str {
        &self.head["HTTP/1.1 ".len()..][..3]
    }

    fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(n, _)| *n == name).map(|(_, value)| value)
    }
}

impl Client {
    fn send(&mut self, text: &str) -> &mut Client {
        self.0.write_all(text.as_bytes()).unwrap();
        self
    }

    fn get(&mut self, path: &str) -> Reply {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        self.reply()
    }

    fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_eq!(self.0.read(&mut byte).unwrap(), 1, "ended in a head");
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap()
    }

    fn reply(&mut self) -> Reply {
        let mut reply = Reply {
            head: self.head(),
            body: String::new(),
        };
        let mut body = vec![0; reply.field("Content-Length").unwrap().parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        reply.body = String::from_utf8(body).unwrap();
        reply
    }

    /// Whether the server has ended the connection.
    fn is_over(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0))
    }
}

#[test]
fn a_scraper_gets_the_page_in_its_format() {
    let world = World::new(patient());
    let mut client = world.connect();
    for (accept, format) in [
        ("text/plain", Format::Text),
        (
            "application/openmetrics-text; version=1.0.0",
            Format::OpenMetrics,
        ),
    ] {
        client.send(&format!(
            "GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n"
        ));
        let reply = client.reply();
        assert_eq!(reply.status(), "200");
        assert_eq!(reply.field("Content-Type"), Some(format.content_type()));
        assert_eq!(reply.field("Connection"), None);
        let page = read(&reply.body, format).unwrap();
        assert!(page.value("process_resident_memory_bytes", &[]).unwrap() > 0.0);
    }
}

#[test]
fn everything_else_is_told_where_to_go() {
    let world = World::new(patient());
    let mut client = world.connect();
    for (request, status) in [
        ("GET / HTTP/1.1\r\n", "200"),
        ("GET /x HTTP/1.1\r\n", "404"),
        ("GET /metrics/ HTTP/1.1\r\n", "404"),
        ("GET http://y/metrics HTTP/1.1\r\n", "200"),
        ("DELETE /metrics HTTP/1.1\r\n", "405"),
        ("OPTIONS * HTTP/1.1\r\n", "404"),
        ("POST / HTTP/1.1\r\nContent-Length: 3\r\n", "405"),
        ("PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "404"),
        (
            "GET /metrics HTTP/1.1\r\nOrigin: http://evil.example\r\n",
            "403",
        ),
    ] {
        let body = match request {
            _ if request.contains("Length") => "abc",
            _ if request.contains("chunked") => "3\r\nabc\r\n0\r\n\r\n",
            _ => "",
        };
        client.send(&format!("{request}Host: x\r\n\r\n{body}"));
        let reply = client.reply();
        assert_eq!(reply.status(), status, "{request}");
        assert_eq!(reply.field("Allow").is_some(), status == "405", "{request}");
        assert_eq!(reply.field("Cache-Control"), Some("no-store"));
        assert!(
            reply
                .field("Date")
                .is_some_and(|date| date.ends_with(" GMT"))
        );
    }
}

#[test]
fn head_has_the_length_and_not_the_body() {
    let world = World::new(patient());
    let mut client = world.connect();
    let get = client.get("/");
    client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = client.head();
    let undated = |head: &str| {
        head.lines()
            .filter(|l| !l.starts_with("Date"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(undated(&head), undated(&get.head));
    assert_eq!(
        client.reply().status(),
        "404",
        "the next answer follows the head at once"
    );
}

#[test]
fn connections_are_kept_as_the_client_wishes() {
    let world = World::new(patient());
    let mut client = world.connect();
    client.send(&"GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(3));
    for _ in 0..3 {
        assert_eq!(client.reply().status(), "200");
    }
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.reply().field("Connection"), Some("close"));
    assert!(client.is_over());
}

#[test]
fn what_is_no_request_ends_the_connection() {
    let world = World::new(patient());
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(9000));
    let longer = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(9000));
    for (bytes, status) in [
        ("garbage\r\n\r\n", "400"),
        ("GET / HTTP/2.0\r\n\r\n", "505"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        (&long, "431"),
        (&longer, "414"),
    ] {
        let mut client = world.connect();
        client.send(bytes);
        let reply = client.reply();
        assert_eq!(reply.status(), status, "{bytes:.20}");
        assert_eq!(reply.field("Connection"), Some("close"));
        assert!(client.is_over());
    }
    assert_eq!(world.count(Bound::RequestBytes), 2);
    assert_eq!(
        world.connect().get("/").status(),
        "200",
        "others are served"
    );
}

#[test]
fn a_slow_request_is_given_up() {
    let world = World::new(Settings {
        request_time: LATER,
        ..patient()
    });
    let [mut slow, mut silent, mut in_body, mut second] = [(); 4].map(|()| world.connect());
    slow.send("GET / HT");
    in_body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
    second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT");
    assert_eq!(in_body.reply().status(), "405");
    assert!(in_body.is_over());
    assert_eq!(slow.reply().status(), "408");
    assert!(slow.is_over());
    assert_eq!(
        [second.reply(), second.reply()]
            .each_ref()
            .map(Reply::status),
        ["200", "408"]
    );
    assert!(silent.is_over());
    assert_eq!(world.count(Bound::RequestTime), 4);
}

#[test]
fn an_idle_connection_is_ended() {
    let world = World::new(Settings {
        idle_time: SOON,
        ..patient()
    });
    let mut client = world.connect();
    assert_eq!(client.get("/").status(), "200");
    assert!(client.is_over());
    assert_eq!(world.count(Bound::IdleTime), 1);
}

#[test]
fn a_client_that_does_not_read_is_dropped() {
    let world = World::new(Settings {
        write_time: SOON,
        ..patient()
    });
    let client = world.connect();
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    // Until the server has hung up, which a write notices.
    while (&client.0).write_all(request.as_bytes()).is_ok() {}
    assert_eq!(world.count(Bound::WriteTime), 1);
    assert_eq!(
        world.connect().get("/").status(),
        "200",
        "others are served"
    );
}

#[test]
fn idle_connections_make_room() {
    let world = World::new(Settings {
        connections: NonZeroUsize::MIN,
        ..patient()
    });
    let mut first = world.connect();
    assert_eq!(first.get("/").status(), "200");
    let mut second = world.connect();
    assert_eq!(second.get("/").status(), "200");
    assert!(first.is_over());
    assert_eq!(world.count(Bound::Connections), 1);
}

#[test]
fn slow_connections_make_room_when_their_time_is_over() {
    let world = World::new(Settings {
        connections: NonZeroUsize::MIN,
        request_time: LATER,
        linger_time: SOON,
        ..patient()
    });
    let mut slow = world.connect();
    slow.send("GET");
    assert_eq!(world.connect().get("/").status(), "200");
    assert_eq!(slow.reply().status(), "408");
}

#[test]
fn stopping_ends_idle_connections_and_the_server() {
    let mut world = World::new(patient());
    let mut client = world.connect();
    assert_eq!(client.get("/").status(), "200");
    world.stop();
    assert!(client.is_over());
    assert!(TcpStream::connect(world.address).is_err());
}

#[test]
fn stopping_does_not_wait_for_ever() {
    let mut world = World::new(Settings {
        drain_time: SOON,
        ..patient()
    });
    let mut slow = world.connect();
    slow.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET");
    assert_eq!(slow.reply().status(), "200");
    world.stop();
    assert!(slow.is_over());
}
