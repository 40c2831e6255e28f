//! A server of gRPC's own library.

use sorry_core::health::Reason;
use sorry_server::config::check::{Grpc, Kind, Verify};

use super::asked::{LONG, assert_ends, at, grpc, tls};
use super::authority::{Authority, Time};
use super::sidecar::Sidecar;

const TABLE: [(&str, (Reason, &str)); 5] = [
    ("", (Reason::Ok, "serving")),
    ("shop", (Reason::Ok, "serving")),
    ("stock", (Reason::NotServing, "not serving")),
    ("unknown", (Reason::UnknownService, "unknown service")),
    (
        "absent",
        (
            Reason::UnknownService,
            "unknown service, \"no service b'absent'\"",
        ),
    ),
];

#[test]
fn health_is_asked_for_each_service() {
    let server = Sidecar::python("grpc_health.py", &[]);
    for (service, expected) in TABLE {
        assert_ends(service, &grpc(service), at(server.address), LONG, expected);
    }
}

#[test]
fn a_server_without_the_service_is_told() {
    let server = Sidecar::python("grpc_health.py", &["--bare"]);
    let expected = (Reason::UnknownService, "the server has no health service");
    assert_ends("bare", &grpc(""), at(server.address), LONG, expected);
}

#[test]
fn health_is_asked_over_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new(folder.path(), "authority");
    let (certificate, key) = authority.sign("a.example", Time::Good);
    let paths = [&certificate, &key].map(|path| path.to_str().expect("a path"));
    let server = Sidecar::python("grpc_health.py", &["--tls", paths[0], paths[1]]);
    let asked = |name| {
        Kind::Grpc(Box::new(Grpc {
            service: "shop".into(),
            authority: Some("a.example".into()),
            tls: Some(tls(name, Verify::Authority(authority.file.clone()))),
        }))
    };
    let good = (Reason::Ok, "serving");
    let outcome = assert_ends("tls", &asked("a.example"), at(server.address), LONG, good);
    assert!(outcome.expires.is_some());
    let wrong = (Reason::TlsCertificate, "certificate is for \"a.example\"");
    assert_ends("name", &asked("b.example"), at(server.address), LONG, wrong);
}
