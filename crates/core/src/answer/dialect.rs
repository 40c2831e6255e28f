//! The dialects in which "come back later" is said.

/// A form of refusal that some kind of client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// A page for people.
    Html,
    /// `application/problem+json` (RFC 9457).
    ProblemJson,
    /// The same body as `application/json`.
    Json,
    /// `text/plain`, at most 200 bytes.
    Text,
    /// `application/xml`: RFC 9457, appendix B.
    Xml,
    /// gRPC over HTTP/2, Trailers-Only: status 200, `grpc-status: 14`.
    Grpc,
    /// gRPC-Web, the same in `application/grpc-web`.
    GrpcWeb,
    /// gRPC-Web in base64, the same in `application/grpc-web-text`.
    GrpcWebText,
    /// An event stream that says when to reconnect and ends (HTML, section 9.2): status 200.
    EventStream,
    /// A WebSocket refused before it is one (RFC 6455, section 4.2.2).
    WebSocket,
    /// No body: images, fonts, sound, films.
    Empty,
    /// No body and `nosniff`: scripts, styles, workers.
    EmptyNosniff,
}

/// How many there are.
pub const DIALECTS: usize = 12;

impl Dialect {
    /// All, in the order of their numbers.
    pub const ALL: [Dialect; DIALECTS] = [
        Dialect::Html,
        Dialect::ProblemJson,
        Dialect::Json,
        Dialect::Text,
        Dialect::Xml,
        Dialect::Grpc,
        Dialect::GrpcWeb,
        Dialect::GrpcWebText,
        Dialect::EventStream,
        Dialect::WebSocket,
        Dialect::Empty,
        Dialect::EmptyNosniff,
    ];

    /// The label in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Dialect::Html => "html",
            Dialect::ProblemJson => "problem+json",
            Dialect::Json => "json",
            Dialect::Text => "text",
            Dialect::Xml => "xml",
            Dialect::Grpc => "grpc",
            Dialect::GrpcWeb => "grpc-web",
            Dialect::GrpcWebText => "grpc-web-text",
            Dialect::EventStream => "event-stream",
            Dialect::WebSocket => "websocket",
            Dialect::Empty => "empty",
            Dialect::EmptyNosniff => "empty-nosniff",
        }
    }

    /// Whether the HTTP status is 200 although the site is down, because no client of this kind would understand
    /// another. With the CORS preflight these are the only three exceptions.
    pub fn cannot_say_503(self) -> bool {
        matches!(
            self,
            Dialect::Grpc | Dialect::GrpcWeb | Dialect::GrpcWebText | Dialect::EventStream
        )
    }
}
