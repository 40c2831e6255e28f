//! One connection of the admin API: HTTP/1.1 by hyper, within limits of time and length.
//!
//! Who asks is the door's to say ([`Admit`]); what is answered is the desk's. Here a request is read whole and an answer made of the
//! result. Called by `socket` and `remote`.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::accept::Leaving;
use super::desk::{Asked, Desk, Who};
use super::door::{Bound, Door, Doors};
use super::message::{Fault, FaultKind};
use super::patient::{Patience, Patient};

/// Says who asks, from the head of a request; or why nobody is answered.
pub(super) trait Admit: Send + Sync {
    fn admit(&self, head: &Parts) -> Result<Who, Fault>;
}

/// What a connection may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The longest body.
    pub(super) body_bytes: usize,
    /// How long a head may take, and then a body; the next request must begin within it, too.
    pub(super) request_time: Duration,
    /// How long the client may take to accept an answer.
    pub(super) write_time: Duration,
}

/// The longest head. hyper's least is 8 KiB.
const HEAD_BYTES: usize = 16 * 1024;

/// What all connections of a door share.
#[derive(Clone)]
pub(super) struct Counter {
    pub(super) desk: Arc<Desk>,
    pub(super) doors: Arc<Doors>,
    pub(super) door: Door,
    pub(super) bounds: Bounds,
}

impl Counter {
    /// Answers what is asked on `stream`, of which `first` has been read, until its end.
    pub(super) async fn converse<S>(
        self,
        stream: S,
        first: Vec<u8>,
        admit: Arc<dyn Admit>,
        mut leaving: Leaving,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let patience = Patience {
            write_time: self.bounds.write_time,
            door: self.door,
            doors: Arc::clone(&self.doors),
        };
        let answered = AtomicBool::new(false);
        let service = service_fn(|request| {
            answered.store(true, Ordering::Relaxed);
            let admit = Arc::clone(&admit);
            let counter = &self;
            async move { Ok::<_, Infallible>(counter.serve(request, &*admit).await) }
        });
        let mut connection = std::pin::pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.bounds.request_time)
                .max_buf_size(HEAD_BYTES)
                .serve_connection(TokioIo::new(Patient::new(stream, first, patience)), service)
        );
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = leaving.asked() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        match ended {
            Err(error) if error.is_timeout() && answered.load(Ordering::Relaxed) => {
                self.doors.reached(self.door, Bound::IdleTime);
            }
            Err(error) if error.is_timeout() => self.doors.reached(self.door, Bound::RequestTime),
            Err(error) if error.is_parse_too_large() => {
                self.doors.reached(self.door, Bound::RequestBytes);
            }
            // The client's way of ending it.
            Err(_) | Ok(()) => {}
        }
    }

    async fn serve(&self, request: Request<Incoming>, admit: &dyn Admit) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let who = match admit.admit(&head) {
            Ok(who) => who,
            // The body is not read, so the connection cannot go on.
            Err(fault) => return last(refusal(&fault)),
        };
        let body = match self.body(body).await {
            Ok(body) => body,
            Err((status, fault)) => return last(answer(status, &fault)),
        };
        let asked = Asked {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            body: &body,
        };
        match self.desk.answer(&who, asked).await {
            Ok(value) => answer(StatusCode::OK, &value),
            Err(fault) => {
                let mut response = refusal(&fault);
                if fault.kind == FaultKind::Method {
                    let allowed = method_of(head.uri.path());
                    response
                        .headers_mut()
                        .insert(ALLOW, HeaderValue::from_static(allowed));
                }
                response
            }
        }
    }

    async fn body(&self, body: Incoming) -> Result<Bytes, (StatusCode, Fault)> {
        let read = Limited::new(body, self.bounds.body_bytes).collect();
        let error = match timeout(self.bounds.request_time, read).await {
            Ok(Ok(body)) => return Ok(body.to_bytes()),
            Ok(Err(error)) => error,
            Err(_) => {
                self.doors.reached(self.door, Bound::RequestTime);
                let message = format!(
                    "the body was not whole within {} s",
                    self.bounds.request_time.as_secs()
                );
                let fault = Fault::new(FaultKind::Timeout, message);
                return Err((StatusCode::REQUEST_TIMEOUT, fault));
            }
        };
        if error.is::<LengthLimitError>() {
            self.doors.reached(self.door, Bound::RequestBytes);
            let message = format!("a body is at most {} bytes long", self.bounds.body_bytes);
            let fault = Fault::new(FaultKind::TooLong, message);
            return Err((StatusCode::PAYLOAD_TOO_LARGE, fault));
        }
        let fault = Fault::new(
            FaultKind::Malformed,
            format!("cannot read the body: {error}"),
        );
        Err((StatusCode::BAD_REQUEST, fault))
    }
}

/// The method that a path is asked for with.
fn method_of(path: &str) -> &'static str {
    match super::route::find("GET", path) {
        Ok(_) => "GET",
        Err(_) => "POST",
    }
}

/// The status that says what a fault says.
fn status(kind: FaultKind) -> StatusCode {
    match kind {
        FaultKind::Malformed => StatusCode::BAD_REQUEST,
        FaultKind::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        FaultKind::Unidentified => StatusCode::UNAUTHORIZED,
        FaultKind::Refused => StatusCode::FORBIDDEN,
        FaultKind::Unknown => StatusCode::NOT_FOUND,
        FaultKind::Method => StatusCode::METHOD_NOT_ALLOWED,
        FaultKind::Impossible => StatusCode::CONFLICT,
        FaultKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        FaultKind::Busy | FaultKind::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        FaultKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        FaultKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn refusal(fault: &Fault) -> Response<Full<Bytes>> {
    let mut response = answer(status(fault.kind), fault);
    if fault.kind == FaultKind::Unidentified {
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn answer(status: StatusCode, value: &impl serde::Serialize) -> Response<Full<Bytes>> {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, never);
    response
}

/// The connection ends with it.
fn last(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// An answer in bytes, for a connection that nothing more can be done with.
pub(super) fn raw_refusal(fault: &Fault) -> Vec<u8> {
    let value = serde_json::to_value(fault).unwrap_or(Value::Null);
    let body = format!("{value}\n");
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        status(fault.kind),
        body.len()
    );
    [head, body].concat().into_bytes()
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
