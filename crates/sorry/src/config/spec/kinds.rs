//! A table for each kind of check.

use super::check::{
    CheckTable, Every, Jitter, OwnPace, OwnTls, OwnWay, Results, Timeout, Warning, check_table,
};
use super::said::{BodyBytes, OwnDialogue, OwnRequest, asking_table, talking_table};
use crate::config::check::{FileDown, HttpVersion};
use crate::config::dns_text::{DnsName, RecordType, ResponseCode};
use crate::config::egress::{InterfaceName, Mark, SourcePort};
use crate::config::factor::Factor;
use crate::config::http_text::{Authority, Field, Method, PathQuery, Pattern, Statuses};
use crate::config::payload::{Digest, Hex, HexPattern, Payload};
use crate::config::reader::At;
use crate::config::several::Several;
use crate::config::table::table;
use crate::config::target::{ExactHost, ProbeAddress};
use crate::config::value::{FilePath, Line, Name, Whole};
use std::net::IpAddr;

/// How long a reply over UDP may be: no datagram is longer.
pub(in crate::config) type ReplyLength = Whole<0, 65_535>;

table! {
    /// How real servers are checked.
    pub(in crate::config) struct Checks as Header {
        /// The Host field of http and https checks that name none (`virtualhost` of keepalived). That of a site is also for the
        /// checks that a real server has of its own.
        #[key = "host"]
        #[optional]
        #[example = "\"shop.example.com\""]
        host: Authority,

        /// An HTTP request over TLS, and what its answer must be. A redirect is an answer like any other and is not followed.
        #[key = "https"]
        #[optional]
        #[example = "{ path = \"/healthz\" }"]
        https: Several<HttpsCheck>,

        /// An HTTP request without TLS, and what its answer must be. The keys are those of `https`, but for those of TLS.
        #[key = "http"]
        #[optional]
        #[example = "{ path = \"/healthz\" }"]
        http: Several<HttpCheck>,

        /// A connection, and what is said on it. With nothing to say or to hear, that it is made is good.
        #[key = "tcp"]
        #[optional]
        #[example = "{}"]
        tcp: Several<TcpCheck>,

        /// A TLS handshake, and what is said after it.
        #[key = "tls"]
        #[optional]
        #[example = "{}"]
        tls: Several<TlsCheck>,

        /// The health service of gRPC (grpc.health.v1): `SERVING` is good.
        #[key = "grpc"]
        #[optional]
        #[example = "{ service = \"shop.Cart\" }"]
        grpc: Several<GrpcCheck>,

        /// A question to a name server.
        #[key = "dns"]
        #[optional]
        #[example = "{ name = \"example.com\" }"]
        dns: Several<DnsCheck>,

        /// The greeting of a mail server, HELO and QUIT.
        #[key = "smtp"]
        #[optional]
        #[example = "{}"]
        smtp: Several<SmtpCheck>,

        /// An echo request (ping). The kernel must allow it to the group of this process (`net.ipv4.ping_group_range`, icmp(7)).
        #[key = "icmp"]
        #[optional]
        #[example = "{}"]
        icmp: Several<IcmpCheck>,

        /// A datagram, and the reply. Where no reply is required, silence is good, and only a refusal of the host is bad.
        #[key = "udp"]
        #[optional]
        #[example = "{ send = \"PING\" }"]
        udp: Several<UdpCheck>,

        /// A program that looks for itself: it is good when it ends with 0. It is run without a shell, and killed with all that it
        /// has started when its time is over.
        #[key = "exec"]
        #[optional]
        #[example = "{ command = [\"/usr/local/lib/sorry/deep-check\"] }"]
        exec: Several<ExecCheck>,

        /// A file on this machine, by which somebody says that a real server is down.
        #[key = "file"]
        #[optional]
        #[example = "{ path = \"/run/maintenance\" }"]
        file: Several<FileCheck>,
    }
}

asking_table! {
    /// An HTTP request, and what its answer must be.
    struct HttpsCheck is secured {}
}

asking_table! {
    /// An HTTP request without TLS, and what its answer must be.
    struct HttpCheck is probing {}
}

talking_table! {
    /// A connection, and what is said on it.
    struct TcpCheck is probing {}
}

talking_table! {
    /// A TLS handshake, and what is said after it.
    struct TlsCheck is secured {}
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

        /// Whether a reply must come, whatever it says. What is said of the reply by `expect` or its length requires one anyway.
        #[key = "require-reply"]
        #[default = "false"]
        #[example = "true"]
        require_reply: bool,

        /// How many bytes the reply must have at least.
        #[key = "min-length"]
        #[optional]
        #[example = "12"]
        min_length: ReplyLength,

        /// How many bytes the reply may have at most.
        #[key = "max-length"]
        #[optional]
        #[example = "255"]
        max_length: ReplyLength,
    }
}

check_table! {
    /// A program that looks for itself.
    struct ExecCheck is timed {
        /// The program by its full path, and its arguments. It and the folders above it must belong to root or to the user that
        /// Sorry runs as, and nobody else may write there.
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

        /// The number in the file, times this, is added to the weight of the real server, which stays within 0 and 65535
        /// (`FILE_CHECK` of keepalived with a weight). The file must be there and hold a number then; which one it is takes nobody
        /// down, but a weight of 0 gets no visitors.
        #[key = "weight-by-number"]
        #[instead = "down-when"]
        #[example = "-1"]
        weight_by_number: Factor,
    }
}
