//! A table for each kind of check.

use super::check::{
    Every, Jitter, OwnPace, OwnTls, OwnWay, Results, Timeout, Warning, check_table,
};
use crate::config::check::{FileDown, HttpVersion};
use crate::config::dns_text::{DnsName, RecordType, ResponseCode};
use crate::config::http_text::{Authority, Field, Method, PathQuery, Pattern, Statuses};
use crate::config::payload::{Digest, Hex, HexPattern, Payload};
use crate::config::reader::At;
use crate::config::size::Bytes;
use crate::config::table::table;
use crate::config::target::{ExactHost, ProbeAddress};
use crate::config::value::{FilePath, Given, Line};
use std::net::IpAddr;

table! {
    /// How real servers are checked.
    pub(in crate::config) struct Checks as Header {
        /// An HTTP request over TLS, and what its answer must be. A redirect is an answer like any other and is not followed.
        #[key = "https"]
        #[optional]
        #[example = "{ path = \"/healthz\" }"]
        https: Given<HttpCheck>,

        /// An HTTP request without TLS, and what its answer must be. The keys are those of `https`, but for those of TLS.
        #[key = "http"]
        #[optional]
        #[example = "{ path = \"/healthz\" }"]
        http: Given<HttpCheck>,

        /// A connection, and what is said on it. With nothing to say or to hear, that it is made is good.
        #[key = "tcp"]
        #[optional]
        #[example = "{}"]
        tcp: Given<TcpCheck>,

        /// A TLS handshake, and what is said after it.
        #[key = "tls"]
        #[optional]
        #[example = "{}"]
        tls: Given<TlsCheck>,

        /// The health service of gRPC (grpc.health.v1): `SERVING` is good.
        #[key = "grpc"]
        #[optional]
        #[example = "{ service = \"shop.Cart\" }"]
        grpc: Given<GrpcCheck>,

        /// A question to a name server.
        #[key = "dns"]
        #[optional]
        #[example = "{ name = \"example.com\" }"]
        dns: Given<DnsCheck>,

        /// The greeting of a mail server, HELO and QUIT.
        #[key = "smtp"]
        #[optional]
        #[example = "{}"]
        smtp: Given<SmtpCheck>,

        /// An echo request (ping). The kernel must allow it to the group of this process (`net.ipv4.ping_group_range`, icmp(7)).
        #[key = "icmp"]
        #[optional]
        #[example = "{}"]
        icmp: Given<IcmpCheck>,

        /// A datagram, and the reply. Without a reply to expect, silence is good, and only a refusal of the host is bad.
        #[key = "udp"]
        #[optional]
        #[example = "{ send = \"PING\" }"]
        udp: Given<UdpCheck>,

        /// A program that looks for itself: it is good when it ends with 0. It is run without a shell, and killed with all that it
        /// has started when its time is over.
        #[key = "exec"]
        #[optional]
        #[example = "{ command = [\"/usr/local/lib/sorry/deep-check\"] }"]
        exec: Given<ExecCheck>,

        /// A file on this machine, by which somebody says that a real server is down.
        #[key = "file"]
        #[optional]
        #[example = "{ path = \"/run/maintenance\" }"]
        file: Given<FileCheck>,
    }
}

check_table! {
    /// An HTTP request, and what its answer must be.
    struct HttpCheck is secured {
        /// The path that is asked for, with its query if need be.
        #[key = "path"]
        #[default = "\"/\""]
        #[example = "\"/healthz\""]
        path: PathQuery,

        /// The method.
        #[key = "method"]
        #[default = "\"GET\""]
        #[example = "\"HEAD\""]
        method: Method,

        /// The Host field. Without it that is the host of the real server, with its port where that is not the usual one.
        #[key = "host"]
        #[optional]
        #[example = "\"shop.example.com\""]
        host: Authority,

        /// More header fields.
        #[key = "headers"]
        #[default = "[]"]
        #[example = "[\"X-Probe: sorry\"]"]
        headers: Vec<At<Field>>,

        /// The version of HTTP. `"2"` is HTTP/2, without TLS by prior knowledge.
        #[key = "version"]
        #[default = "\"1.1\""]
        #[example = "\"2\""]
        version: HttpVersion,

        /// The statuses that are good, each a number or a range. That redirects are good, too, keeps a site up whose `/` sends
        /// people to `/en/`; keepalived takes `["200-299"]`.
        #[key = "status"]
        #[default = "[\"200-399\"]"]
        #[example = "[\"200-299\", 304]"]
        status: Vec<At<Statuses>>,

        /// What the body must contain.
        #[key = "contains"]
        #[optional]
        #[example = "\"ready\""]
        contains: Payload,

        /// A regular expression that must match somewhere in the body.
        #[key = "regex"]
        #[instead = "contains"]
        #[example = "\"ready|ok\""]
        regex: Pattern,

        /// A regular expression that must match nowhere in the body.
        #[key = "not-regex"]
        #[instead = "contains"]
        #[example = "\"(?i)database error\""]
        not_regex: Pattern,

        /// The SHA-256 of the body, in hexadecimal: `curl -s URL | sha256sum` prints it.
        #[key = "digest"]
        #[instead = "contains"]
        #[example = "\"2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df\""]
        digest: Digest,

        /// The longest body that is read to judge it; a longer one is bad. One that nothing is asked of is read and
        /// forgotten, as far as this.
        #[key = "body-bytes"]
        #[default = "\"64 KiB\""]
        #[example = "\"1 MiB\""]
        body_bytes: Bytes<1, 16_777_216>,
    }
}

check_table! {
    /// A connection, and what is said on it.
    struct TcpCheck is probing {
        /// What is sent first, as it is: lines end where `\r\n` says so.
        #[key = "send"]
        #[optional]
        #[example = "\"PING\\r\\n\""]
        send: Payload,

        /// What is sent first, in hexadecimal.
        #[key = "send-hex"]
        #[instead = "send"]
        #[example = "\"00 ff\""]
        send_hex: Hex,

        /// What must come somewhere in the answer.
        #[key = "expect"]
        #[optional]
        #[example = "\"+PONG\""]
        expect: Payload,

        /// The same in hexadecimal.
        #[key = "expect-hex"]
        #[instead = "expect"]
        #[example = "\"00 ff\""]
        expect_hex: Hex,
    }
}

check_table! {
    /// A TLS handshake, and what is said after it.
    struct TlsCheck is secured {
        /// What is sent first, as it is: lines end where `\r\n` says so.
        #[key = "send"]
        #[optional]
        #[example = "\"PING\\r\\n\""]
        send: Payload,

        /// What is sent first, in hexadecimal.
        #[key = "send-hex"]
        #[instead = "send"]
        #[example = "\"00 ff\""]
        send_hex: Hex,

        /// What must come somewhere in the answer.
        #[key = "expect"]
        #[optional]
        #[example = "\"+PONG\""]
        expect: Payload,

        /// The same in hexadecimal.
        #[key = "expect-hex"]
        #[instead = "expect"]
        #[example = "\"00 ff\""]
        expect_hex: Hex,
    }
}

check_table! {
    /// The health service of gRPC.
    struct GrpcCheck is secured {
        /// The service that is asked about. Without it the server as a whole.
        #[key = "service"]
        #[optional]
        #[example = "\"shop.Cart\""]
        service: Line,

        /// The `:authority`. Without it that is the host of the real server.
        #[key = "authority"]
        #[optional]
        #[example = "\"cart.example.com\""]
        authority: Authority,

        /// Whether TLS is spoken; else HTTP/2 by prior knowledge.
        #[key = "tls"]
        #[default = "false"]
        #[example = "true"]
        tls: bool,
    }
}

check_table! {
    /// A question to a name server.
    struct DnsCheck is probing {
        /// The name that is asked for.
        #[key = "name"]
        #[default = "\".\""]
        #[example = "\"example.com\""]
        name: DnsName,

        /// The type of the records that are asked for.
        #[key = "type"]
        #[default = "\"SOA\""]
        #[example = "\"A\""]
        record: RecordType,

        /// Whether the question goes over TCP.
        #[key = "tcp"]
        #[default = "false"]
        #[example = "true"]
        tcp: bool,

        /// The response codes that are good.
        #[key = "codes"]
        #[default = "[\"NOERROR\"]"]
        #[example = "[\"NOERROR\", \"NXDOMAIN\"]"]
        codes: Vec<At<ResponseCode>>,

        /// What must be among the answers, such as the address for `type = "A"`.
        #[key = "answer"]
        #[optional]
        #[example = "\"192.0.2.10\""]
        answer: Line,
    }
}

check_table! {
    /// The greeting of a mail server.
    struct SmtpCheck is secured {
        /// The name that HELO gives.
        #[key = "helo"]
        #[default = "\"sorry.invalid\""]
        #[example = "\"monitor.example.com\""]
        helo: ExactHost,

        /// Whether STARTTLS follows, and HELO again.
        #[key = "starttls"]
        #[default = "false"]
        #[example = "true"]
        starttls: bool,
    }
}

check_table! {
    /// An echo request.
    struct IcmpCheck is probing {}
}

check_table! {
    /// A datagram, and the reply.
    struct UdpCheck is probing {
        /// What is sent. Without it an empty datagram.
        #[key = "send"]
        #[optional]
        #[example = "\"PING\""]
        send: Payload,

        /// What is sent, in hexadecimal.
        #[key = "send-hex"]
        #[instead = "send"]
        #[example = "\"00 ff\""]
        send_hex: Hex,

        /// What the reply must begin with.
        #[key = "expect"]
        #[optional]
        #[example = "\"PONG\""]
        expect: Payload,

        /// The same in hexadecimal, with `X` for any four bits.
        #[key = "expect-hex"]
        #[instead = "expect"]
        #[example = "\"0X ff\""]
        expect_hex: HexPattern,
    }
}

check_table! {
    /// A program that looks for itself.
    struct ExecCheck is timed {
        /// The program by its full path, and its arguments. It must belong to root, and nobody else may write to it.
        #[key = "command"]
        #[required]
        #[example = "[\"/usr/local/lib/sorry/deep-check\", \"shop\"]"]
        command: Vec<At<Line>>,

        /// Whether the exit codes 2 to 255 are good, too, and set the weight to the code less 2 (`misc_dynamic` of
        /// keepalived). 0 is good and leaves the weight as it is.
        #[key = "weight-by-exit-code"]
        #[default = "false"]
        #[example = "true"]
        weight_by_exit_code: bool,
    }
}

check_table! {
    /// A file on this machine.
    struct FileCheck is timed {
        /// The file.
        #[key = "path"]
        #[required]
        #[example = "\"/run/maintenance\""]
        path: FilePath,

        /// What of it says that the real server is down.
        #[key = "down-when"]
        #[default = "\"exists\""]
        #[example = "\"missing\""]
        down_when: FileDown,
    }
}
