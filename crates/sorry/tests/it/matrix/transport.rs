//! One request, said over each transport by an independent client: raw bytes for HTTP/1, the `h2` crate for HTTP/2,
//! rustls for TLS. Every answer comes back in the same form.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;

use bytes::Bytes;
use h2::client::SendRequest;
use rustls::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncWrite};

use super::world::{HOST, World};
use crate::harness::{Answer, PATIENCE, connect};

/// What carries a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Http10,
    Http11,
    Http11Tls,
    Http11Tls12,
    H2c,
    H2Tls,
    H2Tls12,
}

impl Transport {
    /// All of them.
    pub(crate) const ALL: [Transport; 7] = [
        Transport::Http10,
        Transport::Http11,
        Transport::Http11Tls,
        Transport::Http11Tls12,
        Transport::H2c,
        Transport::H2Tls,
        Transport::H2Tls12,
    ];

    /// Whether the server terminates TLS.
    pub(crate) fn is_tls(self) -> bool {
        self.tls_version().is_some()
    }

    /// Whether it is HTTP/2.
    pub(crate) fn is_h2(self) -> bool {
        matches!(self, Transport::H2c | Transport::H2Tls | Transport::H2Tls12)
    }

    /// The one version of TLS that the client offers.
    fn tls_version(self) -> Option<ProtocolVersion> {
        match self {
            Transport::Http10 | Transport::Http11 | Transport::H2c => None,
            Transport::Http11Tls | Transport::H2Tls => Some(ProtocolVersion::TLSv1_3),
            Transport::Http11Tls12 | Transport::H2Tls12 => Some(ProtocolVersion::TLSv1_2),
        }
    }

    /// Who trusts the world's certificate, in that version.
    fn trust(self, world: &World) -> rustls::ClientConfig {
        match self.tls_version() {
            Some(ProtocolVersion::TLSv1_2) => (*world.trust_in_tls12).clone(),
            _ => (*world.trust).clone(),
        }
    }
}

/// One request, before a transport gives it a form.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// A path with its query, `*`, or an authority for CONNECT.
    pub(crate) target: String,
    pub(crate) host: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Request {
        Request {
            method: method.to_owned(),
            target: target.to_owned(),
            host: HOST.to_owned(),
            fields: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(target: &str) -> Request {
        Request::new("GET", target)
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Request {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub(crate) fn to(mut self, host: &str) -> Request {
        host.clone_into(&mut self.host);
        self
    }

    #[must_use]
    pub(crate) fn sending(mut self, body: &[u8]) -> Request {
        self.body = body.to_vec();
        self
    }

    /// As bytes of HTTP/1.
    pub(crate) fn http1(&self, version: &str) -> Vec<u8> {
        let mut head = format!("{} {} {version}\r\n", self.method, self.target);
        head.push_str(&format!("Host: {}\r\n", self.host));
        if version == "HTTP/1.0" {
            head.push_str("Connection: keep-alive\r\n");
        }
        for (name, value) in &self.fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    fn h2(&self, scheme: &str) -> http::Request<()> {
        let builder = http::Request::builder().method(self.method.as_str());
        // `*` has no authority, which the client says only of requests that come from HTTP/1.
        let mut builder = match self.target.as_str() {
            "*" => builder
                .version(http::Version::HTTP_11)
                .uri("*")
                .header("host", &self.host),
            target if self.method == "CONNECT" => {
                builder.version(http::Version::HTTP_2).uri(target)
            }
            target => builder
                .version(http::Version::HTTP_2)
                .uri(format!("{scheme}://{}{target}", self.host)),
        };
        for (name, value) in &self.fields {
            builder = builder.header(name, value);
        }
        builder.body(()).expect("a request that h2 can say")
    }
}

/// Says the requests one after the other, on one connection as long as the server keeps it.
pub(crate) fn ask_all(world: &World, transport: Transport, requests: &[Request]) -> Vec<Answer> {
    match transport {
        Transport::Http10 => http1(requests, "HTTP/1.0", || connect(world.plain)),
        Transport::Http11 => http1(requests, "HTTP/1.1", || connect(world.plain)),
        Transport::Http11Tls | Transport::Http11Tls12 => {
            http1(requests, "HTTP/1.1", || tls_in(world, transport))
        }
        Transport::H2c | Transport::H2Tls | Transport::H2Tls12 => {
            block_on(h2_all(world, transport, requests))
        }
    }
}

/// One request.
pub(crate) fn ask(world: &World, transport: Transport, request: &Request) -> Answer {
    let mut answers = ask_all(world, transport, std::slice::from_ref(request));
    answers.pop().expect("one answer")
}

/// Runs a future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, future)
            .await
            .expect("an answer in time")
    })
}

/// A TLS connection that offers HTTP/1.1 alone.
pub(crate) fn tls(world: &World) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    tls_in(world, Transport::Http11Tls)
}

fn tls_in(
    world: &World,
    transport: Transport,
) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let mut config = transport.trust(world);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = HOST.try_into().expect("a server name");
    let client = rustls::ClientConnection::new(Arc::new(config), name).expect("a TLS client");
    let mut stream = rustls::StreamOwned::new(client, connect(world.tls));
    stream
        .conn
        .complete_io(&mut stream.sock)
        .expect("a handshake");
    assert_eq!(stream.conn.protocol_version(), transport.tls_version());
    stream
}

/// A connection from a chosen address of loopback.
pub(crate) fn connect_from(client: IpAddr, to: SocketAddr) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&socket, &SocketAddr::new(client, 0)).expect("an address of loopback");
    connect(&socket, &to).expect("connect");
    let stream = TcpStream::from(socket);
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a limit of time");
    stream
}

fn http1<S: Read + Write>(
    requests: &[Request],
    version: &str,
    mut open: impl FnMut() -> S,
) -> Vec<Answer> {
    let mut stream: Option<S> = None;
    let mut answers = Vec::new();
    for request in requests {
        let mut connection = stream.take().unwrap_or_else(&mut open);
        connection
            .write_all(&request.http1(version))
            .expect("write");
        let answer = read_answer(&mut connection, &request.method);
        if answer.field("connection") != Some("close") {
            stream = Some(connection);
        }
        answers.push(answer);
    }
    answers
}

/// Reads one answer; nothing may follow it.
pub(crate) fn read_answer(stream: &mut impl Read, method: &str) -> Answer {
    let mut bytes = Vec::new();
    loop {
        if let Some((answer, rest)) = Answer::parse(&bytes, method) {
            assert_eq!(rest, b"", "nothing follows an answer");
            return answer;
        }
        let mut buffer = [0; 16 * 1024];
        let count = stream.read(&mut buffer).expect("read");
        assert_ne!(
            count,
            0,
            "the connection ended inside an answer: {}",
            crate::harness::text(&bytes)
        );
        bytes.extend_from_slice(&buffer[..count]);
    }
}

async fn h2_all(world: &World, transport: Transport, requests: &[Request]) -> Vec<Answer> {
    if transport == Transport::H2c {
        let stream = tokio::net::TcpStream::connect(world.plain)
            .await
            .expect("connect");
        return h2_on(stream, "http", requests).await;
    }
    let stream = tokio::net::TcpStream::connect(world.tls)
        .await
        .expect("connect");
    let mut config = transport.trust(world);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = HOST.try_into().expect("a server name");
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await.expect("TLS");
    let agreed = stream.get_ref().1;
    assert_eq!(agreed.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(agreed.protocol_version(), transport.tls_version());
    h2_on(stream, "https", requests).await
}

async fn h2_on<S>(stream: S, scheme: &str, requests: &[Request]) -> Vec<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (mut sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let mut connection = std::pin::pin!(connection);
    let mut answers = Vec::new();
    for request in requests {
        let asked = h2_ask(&mut sender, scheme, request);
        tokio::select! {
            answer = asked => answers.push(answer),
            ended = &mut connection => panic!("the connection ended at {request:?}: {ended:?}"),
        }
    }
    answers
}

/// One exchange on a connection that somebody else drives.
pub(crate) async fn h2_ask(
    sender: &mut SendRequest<Bytes>,
    scheme: &str,
    request: &Request,
) -> Answer {
    let mut ready = sender.clone().ready().await.expect("room for a stream");
    let (answer, mut body) = ready
        .send_request(request.h2(scheme), request.body.is_empty())
        .expect("send a request");
    if !request.body.is_empty() {
        // An early answer may reset the stream before the body has gone.
        let _answered_early = body.send_data(Bytes::from(request.body.clone()), true);
    }
    let (head, mut body) = answer.await.expect("an answer").into_parts();
    let mut bytes = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.expect("the whole body");
        let _connection_may_have_ended = body.flow_control().release_capacity(piece.len());
        bytes.extend_from_slice(&piece);
    }
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    };
    Answer {
        status_line: format!("HTTP/2 {}", head.status.as_str()),
        fields: head.headers.iter().map(field).collect(),
        body: bytes,
    }
}
