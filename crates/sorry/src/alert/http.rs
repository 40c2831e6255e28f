//! One POST over HTTP/1.1, in the clear or over TLS: what all channels but mail and programs are. A connection for each: alerts are
//! rare, and a connection that was kept is one that may be dead.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::fault::Fault;
use crate::config::alert::Url;
use crate::config::plain_file;

/// The longest URL, key or token in a file, in bytes.
const SECRET_BYTES: u64 = 4096;

/// How much of an answer is read, in bytes.
const ANSWER_BYTES: usize = 4096;

/// What is posted.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) url: String,
    /// Names in lower case; values are printable ASCII.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

/// Whom to trust over TLS: read when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// Instead of the system's authorities.
    pub(super) instead: Option<Arc<RootCertStore>>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Trust {
    pub(super) fn new(instead: Option<Arc<RootCertStore>>) -> Trust {
        Trust {
            instead,
            config: OnceLock::new(),
        }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, Fault> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let roots = match &self.instead {
            Some(roots) => Arc::clone(roots),
            None => system_roots()?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::later(format!("cannot speak TLS: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(config))))
    }
}

fn system_roots() -> Result<Arc<RootCertStore>, Fault> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let what = "cannot trust anybody over TLS: this system has no authorities; install ca-certificates";
        return Err(Fault::unreachable(what));
    }
    Ok(Arc::new(roots))
}

/// A URL as typed, or out of its file, which is read each time: a secret that was exchanged is used at once.
pub(super) fn resolve(url: &Url) -> Result<String, Fault> {
    match url {
        Url::Given(url) => Ok(url.to_string()),
        Url::File(path) => secret(path),
    }
}

/// A secret out of its file, without white space at its ends.
pub(super) fn secret(path: &std::path::Path) -> Result<String, Fault> {
    let cannot = |why: &dyn std::fmt::Display| {
        Fault::later(format!(
            "cannot read the secret in {}: {why}",
            path.display()
        ))
    };
    let contents = plain_file::read(path, SECRET_BYTES).map_err(|error| cannot(&error))?;
    let text = String::from_utf8(contents.bytes).map_err(|_| cannot(&"it is no text"))?;
    match text.trim() {
        "" => Err(cannot(&"it is empty")),
        text => Ok(text.to_owned()),
    }
}

/// Posts it. Anything but 2xx is a fault. How long it may take is the caller's to say.
pub(super) async fn post(post: Post, trust: &Trust) -> Result<(), Fault> {
    let uri: Uri = post
        .url
        .parse()
        .map_err(|_| Fault::later("its URL is none; see its key or its file"))?;
    let host = uri.host().unwrap_or_default().to_owned();
    // A literal address of IPv6 stands in brackets, which are no part of it (RFC 3986, section 3.2.2).
    let bare = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let tls = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => {
            return Err(Fault::later(
                "its URL begins with neither http:// nor https://",
            ));
        }
    };
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let request = request(&uri, post)?;
    let stream = TcpStream::connect((&*bare, port))
        .await
        .map_err(|error| Fault::unreachable(format!("cannot connect to {host}:{port}: {error}")))?;
    if !tls {
        return exchange(stream, request).await;
    }
    let name = ServerName::try_from(bare)
        .map_err(|_| Fault::later(format!("{host} can be no name in a certificate")))?;
    let connector = TlsConnector::from(trust.config()?);
    let stream = connector.connect(name, stream).await.map_err(|error| {
        Fault::unreachable(format!("cannot speak TLS with {host}:{port}: {error}"))
    })?;
    exchange(stream, request).await
}

fn request(uri: &Uri, post: Post) -> Result<Request<Full<Bytes>>, Fault> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit('@').next().unwrap_or_default();
    let mut request = Request::post(path)
        .header(header::HOST, host)
        .header(
            header::USER_AGENT,
            concat!("sorry/", env!("CARGO_PKG_VERSION")),
        )
        .header(header::CONTENT_TYPE, post.content_type)
        .header(header::CONNECTION, "close");
    for (name, value) in post.headers {
        request = request.header(name, value);
    }
    request
        .body(Full::new(Bytes::from(post.body)))
        .map_err(|error| Fault::never(format!("cannot make a request of it: {error}")))
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<(), Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let lost = |error: hyper::Error| Fault::unreachable(format!("no answer: {}", causes(&error)));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(lost)?;
    // It ends with this function, however that ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let answer = sender.send_request(request).await.map_err(lost)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let retry_after = answer.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| wait_of(value.to_str().ok()?));
    let body = Limited::new(answer.into_body(), ANSWER_BYTES)
        .collect()
        .await;
    let body = body.map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes);
    let said = String::from_utf8_lossy(&body);
    Err(Fault::of_status(status.as_u16(), retry_after, &said))
}

/// The seconds of a Retry-After (RFC 9110, section 10.2.3). A date in it would need both clocks to agree, and is passed over.
fn wait_of(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
