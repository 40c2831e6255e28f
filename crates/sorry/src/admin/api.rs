//! Asks a daemon over its admin API, for the command line: at its socket, or over TLS with a token.
//!
//! Blocking: each question is a connection of its own and has a limit of time, on a runtime that lives as long as the question.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::audit::Audit;
use super::client::{self, ClientError, PATIENCE, RELOAD_PATIENCE, REPLY_BYTES};
use super::distrust;
use super::history::History;
use super::message::{Fault, ReloadReport};
use super::moment::Moment;
use super::order::{Done, Order};
use super::query::encode;
use super::remote_place::RemotePlace;
use super::route::{OrderRequest, Tested};
use super::standing::{Explanation, SiteStanding, Standing};
use super::status::Status;

/// Where a daemon is asked.
#[derive(Debug, Clone)]
pub enum Place {
    /// At its socket.
    Socket(PathBuf),
    /// Over TCP.
    Remote(Box<RemotePlace>),
}

/// A daemon that can be asked.
#[derive(Debug, Clone)]
pub struct Api {
    place: Place,
    patience: Duration,
}

/// Which part of the history is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What is about this site.
    pub site: Option<String>,
    /// What had not ended before.
    pub since: Option<Moment>,
    /// What began before.
    pub until: Option<Moment>,
    /// At most so many.
    pub limit: Option<usize>,
}

impl Wanted {
    fn query(&self) -> String {
        let pairs = [
            ("site", self.site.as_deref().map(encode)),
            ("since", self.since.map(|since| since.to_string())),
            ("until", self.until.map(|until| until.to_string())),
            ("limit", self.limit.map(|limit| limit.to_string())),
        ];
        let pairs = pairs
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

impl Api {
    /// A daemon that has a limited time for each reply.
    pub fn at(place: Place) -> Api {
        Api {
            place,
            patience: PATIENCE,
        }
    }

    /// The same with another limit.
    pub fn with_patience(mut self, patience: Duration) -> Api {
        self.patience = patience;
        self
    }

    /// How things are.
    pub fn status(&self) -> Result<Status, ClientError> {
        self.get("/v1/status")
    }

    /// How all sites stand.
    pub fn standing(&self) -> Result<Standing, ClientError> {
        self.get("/v1/standing")
    }

    /// How one site stands.
    pub fn site(&self, name: &str) -> Result<SiteStanding, ClientError> {
        self.get(&format!("/v1/sites/{}", encode(name)))
    }

    /// Why a site is where it is.
    pub fn explain(&self, site: &str) -> Result<Explanation, ClientError> {
        self.get(&format!("/v1/sites/{}/explain", encode(site)))
    }

    /// What has happened.
    pub fn history(&self, wanted: &Wanted) -> Result<History, ClientError> {
        self.get(&format!("/v1/history?{}", wanted.query()))
    }

    /// Who changed what.
    pub fn audit(&self, limit: usize) -> Result<Audit, ClientError> {
        self.get(&format!("/v1/audit?limit={limit}"))
    }

    /// Orders something of a site.
    pub fn order(
        &self,
        site: &str,
        order: Order,
        reason: Option<String>,
    ) -> Result<Done, ClientError> {
        let path = format!("/v1/sites/{}/orders", encode(site));
        let request = OrderRequest { order, reason };
        let body = serde_json::to_vec(&request).map_err(|error| self.garbled(&error))?;
        self.ask(Method::POST, &path, body, self.patience)
    }

    /// Reads everything again. A report may still say that the new configuration was refused.
    pub fn reload(&self) -> Result<ReloadReport, ClientError> {
        let patience = self.patience.max(RELOAD_PATIENCE);
        self.ask(Method::POST, "/v1/reload", Vec::new(), patience)
    }

    /// Sends a test alert to a receiver: what came of it, in words.
    pub fn test_alert(&self, receiver: &str) -> Result<String, ClientError> {
        let path = format!("/v1/alerts/{}/test", encode(receiver));
        let patience = self.patience.max(RELOAD_PATIENCE);
        let tested: Tested = self.ask(Method::POST, &path, Vec::new(), patience)?;
        Ok(tested.told)
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::GET, path, Vec::new(), self.patience)
    }

    fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        patience: Duration,
    ) -> Result<T, ClientError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| self.system("ask", error))?;
        let request = self.request(method, path, body)?;
        let exchange = async {
            let exchange = self.exchange(request, patience);
            match tokio::time::timeout(patience, exchange).await {
                Ok(reply) => reply,
                Err(_) => Err(ClientError::Timeout {
                    place: self.shown(),
                    what: "reply",
                    seconds: patience.as_secs(),
                }),
            }
        };
        let exchanged = runtime.block_on(exchange);
        // Whoever still resolves a name is not waited for.
        runtime.shutdown_background();
        let (succeeded, body) = exchanged?;
        if succeeded {
            return serde_json::from_slice(&body).map_err(|error| self.garbled(&error));
        }
        match serde_json::from_slice::<Fault>(&body) {
            Ok(fault) => Err(ClientError::Fault(fault)),
            Err(error) => Err(self.garbled(&error)),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request = Request::builder().method(method).uri(path);
        request = match &self.place {
            Place::Socket(_) => request.header(HOST, "localhost"),
            Place::Remote(remote) => request
                .header(HOST, &remote.authority)
                .header(AUTHORIZATION, &remote.authorization),
        };
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.header("connection", "close");
        request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| self.garbled(&error))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        patience: Duration,
    ) -> Result<(bool, Bytes), ClientError> {
        match &self.place {
            Place::Socket(path) => {
                let socket = std::os::unix::net::UnixStream::from(client::open(path, patience)?);
                let stream = socket
                    .set_nonblocking(true)
                    .and_then(|()| UnixStream::from_std(socket))
                    .map_err(|error| self.system("talk to", error))?;
                self.talk(stream, request).await
            }
            Place::Remote(remote) => {
                let stream = self.connect(remote).await?;
                self.talk(stream, request).await
            }
        }
    }

    /// Connects over TCP and shakes hands.
    async fn connect(&self, remote: &RemotePlace) -> Result<TlsStream<TcpStream>, ClientError> {
        let unreachable = |why| ClientError::Unreachable {
            place: self.shown(),
            why,
        };
        let host = remote.name.to_str();
        let addresses = tokio::net::lookup_host(&remote.authority).await;
        let addresses: Vec<SocketAddr> = addresses
            .map_err(|_| unreachable(distrust::unresolved(&host)))?
            .collect();
        let connected = TcpStream::connect(&*addresses).await;
        let stream = connected.map_err(|error| unreachable(distrust::unconnected(&error)))?;
        let connector = TlsConnector::from(std::sync::Arc::clone(&remote.tls));
        let shaken = connector.connect(remote.name.clone(), stream).await;
        shaken.map_err(|error| ClientError::Untrusted {
            place: self.shown(),
            why: distrust::unshaken(&error, &host),
        })
    }

    /// Sends a request and reads the whole reply.
    async fn talk<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> Result<(bool, Bytes), ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let opened = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = opened.map_err(|error| self.broken(&error))?;
        let moving = tokio::spawn(connection);
        let sent = sender.send_request(request).await;
        let response = sent.map_err(|error| self.broken(&error))?;
        let succeeded = response.status().is_success();
        let body = Limited::new(response.into_body(), REPLY_BYTES);
        let body = body.collect().await;
        moving.abort();
        match body {
            Ok(body) => Ok((succeeded, body.to_bytes())),
            Err(error) => Err(match error.downcast_ref::<hyper::Error>() {
                Some(error) => self.broken(error),
                None => self.garbled(&error),
            }),
        }
    }

    fn shown(&self) -> String {
        match &self.place {
            Place::Socket(path) => path.display().to_string(),
            Place::Remote(remote) => remote.shown.clone(),
        }
    }

    fn broken(&self, error: &hyper::Error) -> ClientError {
        if error.is_parse() || error.is_parse_too_large() {
            return self.garbled(error);
        }
        ClientError::HungUp(self.shown())
    }

    fn garbled(&self, what: &impl ToString) -> ClientError {
        ClientError::Garbled {
            place: self.shown(),
            what: what.to_string(),
        }
    }

    fn system(&self, attempt: &'static str, cause: io::Error) -> ClientError {
        ClientError::System {
            attempt,
            place: self.shown(),
            cause,
        }
    }
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
