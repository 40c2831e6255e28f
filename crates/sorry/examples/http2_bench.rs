//! Measures the HTTP/2 machine alone: a server of one thread that answers everything in the clear
//! with the same prepared page.
//!
//! ```text
//! taskset -c 0 cargo run --profile dist --example http2_bench -- 127.0.0.1:8082 &
//! taskset -c 1 h2load -c4 -m100 -n1000000 http://127.0.0.1:8082/
//! ```
//! Whenever no connection is left it prints how many requests were answered and what each cost this
//! process on its processor, user and system together (`/proc/self/schedstat`). It has no timeouts:
//! it is no server for anybody else.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use sorry_server::http2::{
    Answer, Body, Connection, Limits, Reply, Request, Scratch, State, hpack,
};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};

/// Nothing more is read while so much waits to be written.
const MOST_UNSENT: usize = 1 << 20;

/// The same answer for everything, made once.
struct Page {
    fields: Vec<u8>,
    body: Bytes,
}

impl Page {
    fn new() -> Self {
        let mut fields = Vec::new();
        hpack::encode_status(503, &mut fields);
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("content-length", "1536"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            hpack::encode_field(name.as_bytes(), value.as_bytes(), &mut fields);
        }
        for (name, value) in [
            ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
            ("x-request-id", "0123456789abcdef"),
            ("retry-after", "120"),
        ] {
            hpack::encode_field_start(name.as_bytes(), &mut fields);
            hpack::encode_raw_value(value.as_bytes(), &mut fields);
        }
        Self {
            fields,
            body: Bytes::from(vec![b'x'; 1536]),
        }
    }
}

impl Answer for Page {
    fn answer(&mut self, request: &Request<'_>, block: &mut Vec<u8>) -> Reply<'_> {
        block.extend_from_slice(&self.fields);
        Reply::from(if request.method == b"HEAD" {
            Body::None
        } else {
            Body::Shared(&self.body)
        })
    }
}

/// What all connections of the thread share, and what was counted.
struct Worker {
    page: Page,
    scratch: Scratch,
    connections: u64,
    requests: u64,
    began_ns: u64,
}

impl Worker {
    fn leave(&mut self, requests: u64) {
        self.connections -= 1;
        self.requests += requests;
        if self.connections == 0 {
            let spent = cpu_ns() - self.began_ns;
            println!(
                "{} requests, {} ns of CPU each",
                self.requests,
                spent / self.requests.max(1)
            );
            (self.requests, self.began_ns) = (0, cpu_ns());
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8082".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on {}", listener.local_addr()?);
    let worker = Worker {
        page: Page::new(),
        scratch: Scratch::default(),
        connections: 0,
        requests: 0,
        began_ns: cpu_ns(),
    };
    let worker = Rc::new(RefCell::new(worker));
    let tasks = tokio::task::LocalSet::new();
    tasks.run_until(accept(listener, worker)).await
}

async fn accept(listener: TcpListener, worker: Rc<RefCell<Worker>>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let worker = Rc::clone(&worker);
        tokio::task::spawn_local(async move {
            worker.borrow_mut().connections += 1;
            let mut connection = Connection::new(
                &Limits {
                    requests: u64::MAX,
                    ..Limits::default()
                },
                Instant::now(),
            );
            if let Err(error) = serve(stream, &mut connection, &worker).await {
                eprintln!("a connection failed: {error}");
            }
            worker.borrow_mut().leave(connection.requests());
        });
    }
}

/// Reads while it cannot write: a client may wait for us to do so. The machine keeps `out` small
/// meanwhile.
async fn serve(
    stream: TcpStream,
    connection: &mut Connection,
    worker: &RefCell<Worker>,
) -> io::Result<()> {
    let mut input = vec![0; 16 * 1024];
    let mut out = Vec::new();
    loop {
        write(&stream, connection, &mut out)?;
        if out.is_empty() && matches!(connection.state(), State::Closed(_)) {
            return Ok(());
        }
        let interest = match out.len() {
            0 => Interest::READABLE,
            1..MOST_UNSENT => Interest::READABLE | Interest::WRITABLE,
            _ => Interest::WRITABLE,
        };
        if !stream.ready(interest).await?.is_readable() {
            continue;
        }
        match stream.try_read(&mut input) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                let Worker { page, scratch, .. } = &mut *worker.borrow_mut();
                connection.receive(&input[..length], Instant::now(), scratch, page, &mut out);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes what can be written now, and what waited for that.
fn write(stream: &TcpStream, connection: &mut Connection, out: &mut Vec<u8>) -> io::Result<()> {
    while !out.is_empty() {
        match stream.try_write(out) {
            Ok(length) => {
                out.drain(..length);
                connection.resume(out);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn cpu_ns() -> u64 {
    let schedstat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    schedstat
        .split(' ')
        .next()
        .and_then(|spent| spent.parse().ok())
        .unwrap_or(0)
}
