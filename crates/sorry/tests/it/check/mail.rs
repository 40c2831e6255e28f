//! An SMTP server that is not ours.

use sorry_core::health::Reason;
use sorry_server::config::check::{Kind, Smtp, TlsClient, Verify};

use super::asked::{LONG, assert_ends, at, tls};
use super::authority::{Authority, Time};
use super::sidecar::Sidecar;

fn smtp(tls: Option<TlsClient>) -> Kind {
    Kind::Smtp(Smtp {
        helo: "watch.example".into(),
        tls: tls.map(Box::new),
    })
}

#[test]
fn conversations_end_as_the_server_says() {
    for (server, expected) in [
        ("", (Reason::Ok, "greeted")),
        ("old", (Reason::Ok, "greeted")),
        (
            "busy",
            (
                Reason::ReplyCode,
                "the reply to the greeting is \"554 no service here\"",
            ),
        ),
        (
            "rude",
            (Reason::ReplyCode, "the reply to EHLO is \"550 go away\""),
        ),
    ] {
        let sink = Sidecar::python("smtp_sink.py", &[server]);
        assert_ends(server, &smtp(None), at(sink.address), LONG, expected);
    }
}

#[test]
fn tls_begins_in_the_middle() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new(folder.path(), "authority");
    let (certificate, key) = authority.sign("mx.example", Time::Good);
    let paths = [&certificate, &key].map(|path| path.to_str().expect("a path"));
    let sink = Sidecar::python("smtp_sink.py", &["", "--tls", paths[0], paths[1]]);
    let trusting = |name| tls(name, Verify::Authority(authority.file.clone()));
    let good = (Reason::Ok, "greeted");
    let asked = smtp(Some(trusting("mx.example")));
    let outcome = assert_ends("good", &asked, at(sink.address), LONG, good);
    assert!(outcome.expires.is_some());
    let wrong = (Reason::TlsCertificate, "certificate is for \"mx.example\"");
    let asked = smtp(Some(trusting("other.example")));
    assert_ends("name", &asked, at(sink.address), LONG, wrong);
    let without = Sidecar::python("smtp_sink.py", &[]);
    let refused = (Reason::ReplyCode, "the reply to STARTTLS is");
    assert_ends("none", &asked, at(without.address), LONG, refused);
}
