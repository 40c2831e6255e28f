//! A real SMTP server (aiosmtpd), which takes mails, refuses, wants STARTTLS and a password, or says nothing.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sorry_server::config::alert::{Channel, Email, Encryption, Receiver};

use super::stage::{desk, firing, receiver, resolved, run, until};
use crate::harness::fixtures;

struct Smtp {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
    address: SocketAddr,
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Smtp {
    /// `mode`: see the script. With a folder it has a certificate there, wants STARTTLS and a password.
    fn start(mode: &str, folder: Option<&Path>) -> Smtp {
        let script = fixtures().join("alerts").join("smtp_sink.py");
        let mut command = Command::new("/usr/bin/python3");
        command.arg("-I").arg(script).arg(mode).args(folder);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start python3");
        let (sender, lines) = std::sync::mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _test_is_over = sender.send(line);
            }
        });
        let first = lines
            .recv_timeout(crate::harness::PATIENCE)
            .expect("its port");
        let address = format!("127.0.0.1:{first}").parse().expect("a port");
        Smtp {
            child,
            lines,
            address,
        }
    }

    /// The next mail, as JSON.
    fn mail(&self) -> Value {
        let line = self.lines.recv_timeout(crate::harness::PATIENCE);
        serde_json::from_str(&line.expect("a mail in time")).expect("JSON")
    }
}

fn email(smtp: &Smtp, encryption: Encryption) -> Email {
    Email {
        host: "127.0.0.1".into(),
        port: smtp.address.port(),
        encryption,
        authority: None,
        credentials: None,
        from: "Sorry <sorry@example.org>".into(),
        to: vec!["ops@example.org".into()],
    }
}

fn by_mail(email: Email) -> Receiver {
    let mut ops = receiver("ops", Channel::Email(Box::new(email)));
    ops.timeout = Duration::from_secs(5);
    ops
}

#[test]
fn the_mails_of_an_incident_refer_to_it() {
    let smtp = Smtp::start("takes", None);
    run(async {
        let desk = desk(
            vec![by_mail(email(&smtp, Encryption::None))],
            &Arc::default(),
        );
        let mut begin = firing(17);
        begin.site = Some("schöner-laden".into());
        let mut end = resolved(17);
        end.site = begin.site.clone();
        desk.tell(&begin);
        desk.tell(&end);
        until(&desk, "ops", |status| status.delivered == 2).await;
    });
    let (begin, end) = (smtp.mail(), smtp.mail());
    assert_eq!(
        begin["subject"],
        "[sorry] schöner-laden: down, too few real servers work"
    );
    assert_eq!(
        (&begin["from"], &begin["to"]),
        (
            &Value::from("sorry@example.org"),
            &Value::from(["ops@example.org"])
        )
    );
    assert_eq!(begin["headers"]["Auto-Submitted"], "auto-generated");
    let incident = "<outage.sch=f6ner-laden.17@mon1.example>";
    assert_eq!(begin["headers"]["References"], incident);
    assert_eq!(end["headers"]["References"], incident);
    assert_eq!(end["headers"]["In-Reply-To"], incident);
    assert_ne!(end["headers"]["Message-ID"], begin["headers"]["Message-ID"]);
    assert_eq!(begin["type"], "text/plain; charset=\"utf-8\"");
    let text = begin["text"].as_str().unwrap_or_default();
    assert!(
        text.starts_with("schöner-laden: down")
            && text.contains("10.0.0.1:80 is down (refused).\n"),
        "{text}"
    );
    assert_eq!(begin["helo"], "mon1.example");
}

#[test]
fn starttls_with_a_password_and_never_without() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let authority = folder.path().join("smtp.crt");
    std::fs::write(&authority, made.cert.pem()).expect("write the certificate");
    std::fs::write(
        folder.path().join("smtp.key"),
        made.signing_key.serialize_pem(),
    )
    .expect("write the key");
    let password = folder.path().join("password");
    std::fs::write(&password, "correct horse\n").expect("write the password");
    let smtp = Smtp::start("takes", Some(folder.path()));
    let mut right = email(&smtp, Encryption::StartTls);
    right.authority = Some(authority);
    right.credentials = Some(("sorry".into(), password));
    let wrong_authority = Email {
        authority: None,
        ..right.clone()
    };
    let in_the_clear = Email {
        encryption: Encryption::None,
        ..right.clone()
    };
    let no_password = Email {
        credentials: None,
        ..right.clone()
    };
    run(async {
        let fails = async |email: Email, says: &str| {
            let desk = desk(vec![by_mail(email)], &Arc::default());
            desk.tell(&firing(1));
            let status = until(&desk, "ops", |status| status.failed > 0).await;
            let (_, why) = status.last_error.expect("an error");
            assert!(why.contains(says), "{why}");
            status.waiting
        };
        fails(wrong_authority, "certificate").await;
        fails(in_the_clear, "a password is never sent in the clear").await;
        let waits = fails(no_password, "530").await;
        assert_eq!(
            waits, 1,
            "whoever mends the password still wants to hear of it"
        );
        let desk = desk(vec![by_mail(right)], &Arc::default());
        desk.tell(&firing(1));
        until(&desk, "ops", |status| status.delivered == 1).await;
    });
    let mail = smtp.mail();
    assert_eq!(
        (&mail["tls"], &mail["user"]),
        (&Value::from(true), &Value::from("sorry"))
    );
}

#[test]
fn a_server_without_starttls_gets_nothing() {
    let smtp = Smtp::start("takes", None);
    run(async {
        let desk = desk(
            vec![by_mail(email(&smtp, Encryption::StartTls))],
            &Arc::default(),
        );
        desk.tell(&firing(1));
        let status = until(&desk, "ops", |status| status.failed > 0).await;
        assert_eq!((status.delivered, status.waiting), (0, 1), "{status:?}");
    });
    assert!(smtp.lines.try_recv().is_err());
}

#[test]
fn what_passes_is_tried_again_and_what_never_will_is_not() {
    let busy = Smtp::start("busy-once", None);
    run(async {
        let desk = desk(
            vec![by_mail(email(&busy, Encryption::None))],
            &Arc::default(),
        );
        desk.tell(&firing(1));
        let status = until(&desk, "ops", |status| status.delivered == 1).await;
        let (_, why) = status.last_error.expect("an error");
        assert!(status.failed == 1 && why.contains("451"), "{why}");
    });
    let refuses = Smtp::start("refuses", None);
    run(async {
        let mut email = email(&refuses, Encryption::None);
        email.to.push("boss@example.org".into());
        let desk = desk(vec![by_mail(email)], &Arc::default());
        desk.tell(&firing(1));
        let status = until(&desk, "ops", |status| status.refused == 1).await;
        let (_, why) = status.last_error.expect("an error");
        assert!(why.contains("550") && status.waiting == 0, "{why}");
    });
}

#[test]
fn a_recipient_who_is_gone_keeps_nobody_else_from_hearing_of_it() {
    let smtp = Smtp::start("takes", None);
    let mut email = email(&smtp, Encryption::None);
    email.to = vec![
        "gone@example.org".into(),
        "ops@example.org".into(),
        "later@example.org".into(),
    ];
    run(async {
        let desk = desk(vec![by_mail(email)], &Arc::default());
        desk.tell(&firing(1));
        until(&desk, "ops", |status| status.delivered == 1).await;
    });
    let to = [smtp.mail()["to"].clone(), smtp.mail()["to"].clone()];
    assert_eq!(
        to,
        [
            Value::from(["ops@example.org"]),
            Value::from(["later@example.org"])
        ]
    );
    assert!(smtp.lines.try_recv().is_err(), "nobody gets it twice");
}

#[test]
fn a_server_that_says_nothing_is_left_in_time() {
    let smtp = Smtp::start("silent", None);
    run(async {
        let mut ops = by_mail(email(&smtp, Encryption::None));
        ops.timeout = Duration::from_millis(500);
        let desk = desk(vec![ops], &Arc::default());
        let told = std::time::Instant::now();
        desk.tell(&firing(1));
        let status = until(&desk, "ops", |status| status.failed > 0).await;
        assert!(told.elapsed() < Duration::from_secs(3));
        assert_eq!((status.waiting, status.refused), (1, 0));
    });
}
