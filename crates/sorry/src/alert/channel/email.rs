//! A mail over SMTP: plain text in UTF-8, encrypted by STARTTLS unless the configuration says otherwise, and nothing without it.
//! Each recipient is asked for alone, so that one who is gone keeps nobody else from hearing of it. All mails of an incident refer to
//! it, for programs that show mails in threads.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message as Mail};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport as _, Tokio1Executor};

use crate::alert::fault::{Fault, quoted};
use crate::alert::http::secret;
use crate::alert::message::{Message, PhaseWord, header_safe};
use crate::config::alert::{Email, Encryption};
use crate::config::plain_file;

/// The longest subject, in characters.
const SUBJECT: usize = 200;

/// The largest file of authorities, in bytes.
const AUTHORITY_BYTES: u64 = 1 << 20;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Tells those recipients who do not have it yet; `got` are those who do, or never will.
pub(super) async fn send(
    email: &Email,
    message: &Message,
    got: &mut BTreeSet<usize>,
    timeout: Duration,
) -> Result<(), Fault> {
    let mail = mail(email, message)?.formatted();
    let transport = transport(email, &message.host, timeout)?;
    let from = mailbox(&email.from)?.email;
    let (before, mut taken) = (got.len(), 0);
    let mut refused = None;
    let mut worst = None;
    for (place, to) in email.to.iter().enumerate() {
        if got.contains(&place) {
            continue;
        }
        let to = mailbox(to)?.email;
        let envelope = Envelope::new(Some(from.clone()), vec![to])
            .map_err(|error| Fault::never(format!("cannot address the mail: {error}")))?;
        match transport.send_raw(&envelope, &mail).await {
            Ok(_) => {
                got.insert(place);
                taken += 1;
            }
            Err(error) if is_final(&error) => {
                got.insert(place);
                refused = Some(fault_of(&email.host, &error));
            }
            // Whoever does not answer one recipient does not answer the next.
            Err(error) if !error.is_transient() => return Err(fault_of(&email.host, &error)),
            Err(error) => worst = Some(fault_of(&email.host, &error)),
        }
    }
    match (worst, refused) {
        (Some(fault), _) => Err(fault),
        (None, Some(fault)) if before + taken == 0 => Err(fault),
        (None, Some(fault)) => {
            log::warn!("a recipient of a mail is refused: {fault}");
            Ok(())
        }
        (None, None) => Ok(()),
    }
}

/// Whether the server will never take this mail. That it does not know us (53x, RFC 4954, section 6) is not the mail's fault: whoever
/// mends the password still wants to hear of it.
fn is_final(error: &Error) -> bool {
    let of_login =
        |code: lettre::transport::smtp::response::Code| (530..540).contains(&u16::from(code));
    error.is_permanent() && !error.status().is_some_and(of_login)
}

fn fault_of(host: &str, error: &Error) -> Fault {
    let mut why = String::new();
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        why = format!("{why} {error}");
        source = error.source();
    }
    let what = format!("{host} did not take the mail: {}", quoted(&why));
    if is_final(error) {
        Fault::never(what)
    } else if error.is_transient() {
        Fault::later(what)
    } else {
        Fault::unreachable(what)
    }
}

fn transport(email: &Email, host: &str, timeout: Duration) -> Result<Transport, Fault> {
    let mut builder = Transport::builder_dangerous(&*email.host)
        .port(email.port)
        .timeout(Some(timeout))
        .hello_name(ClientId::Domain(domain(host)))
        .tls(match email.encryption {
            Encryption::StartTls => Tls::Required(parameters(email)?),
            Encryption::Tls => Tls::Wrapper(parameters(email)?),
            Encryption::None => Tls::None,
        });
    if let Some((user, password)) = &email.credentials {
        if email.encryption == Encryption::None {
            let what =
                "a password is never sent in the clear: set the encryption to starttls or tls";
            return Err(Fault::never(what));
        }
        builder = builder.credentials(Credentials::new(user.to_string(), secret(password)?));
    }
    Ok(builder.build())
}

fn parameters(email: &Email) -> Result<TlsParameters, Fault> {
    let cannot = |why: &dyn std::fmt::Display| {
        Fault::later(format!("cannot speak TLS with {}: {why}", email.host))
    };
    let mut builder = TlsParameters::builder(email.host.to_string());
    if let Some(path) = &email.authority {
        let file = |why: &dyn std::fmt::Display| {
            Fault::later(format!(
                "cannot read the authorities in {}: {why}",
                path.display()
            ))
        };
        let pem = plain_file::read(path, AUTHORITY_BYTES).map_err(|error| file(&error))?;
        builder = builder.certificate_store(CertificateStore::None);
        builder = builder
            .add_root_certificate(Certificate::from_pem(&pem.bytes).map_err(|error| file(&error))?);
    }
    builder.build().map_err(|error| cannot(&error))
}

fn mailbox(typed: &str) -> Result<Mailbox, Fault> {
    typed
        .parse()
        .map_err(|error| Fault::never(format!("{typed} is no address for mail: {error}")))
}

fn mail(email: &Email, message: &Message) -> Result<Mail, Fault> {
    let host = domain(&message.host);
    let incident = format!("<{}@{host}>", atom(&message.key));
    // An incident may fire more than once: were it the Message-ID, mail servers would drop the second as one that they have.
    let mut builder = Mail::builder()
        .from(mailbox(&email.from)?)
        .subject(subject(message))
        .date(SystemTime::now())
        .message_id(Some(format!("<{}@{host}>", message.id)))
        .references(incident.clone())
        .header(AutoSubmitted)
        .header(SorryId(message.id.clone()));
    for to in &email.to {
        builder = builder.to(mailbox(to)?);
    }
    if message.phase != PhaseWord::Firing {
        builder = builder.in_reply_to(incident);
    }
    builder
        .header(ContentType::TEXT_PLAIN)
        .body(format!(
            "{}\n-- \nsorry on {}\n",
            message.text, message.host
        ))
        .map_err(|error| Fault::never(format!("cannot make a mail of it: {error}")))
}

fn subject(message: &Message) -> String {
    let line: String = message
        .subject
        .chars()
        .filter(|c| !c.is_control())
        .take(SUBJECT)
        .collect();
    format!("[sorry] {line}")
}

/// A key as the left side of a Message-ID (RFC 5322, section 3.6.4): what is no atom becomes its number.
fn atom(key: &str) -> String {
    let encoded = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => c.to_string(),
        '/' => ".".to_owned(),
        c => format!("={:x}", u32::from(c)),
    };
    key.chars().map(encoded).collect()
}

/// A host name as the right side of one, and for HELO.
fn domain(host: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let host: String = header_safe(host, 253)
        .chars()
        .filter(|c| plain(*c))
        .collect();
    match host.trim_matches('.') {
        "" => "localhost".to_owned(),
        host => host.to_owned(),
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834, section 5): no vacation answers, please.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<AutoSubmitted, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(AutoSubmitted::name(), "auto-generated".to_owned())
    }
}

/// The message's id, by which one that comes twice is known.
#[derive(Debug, Clone)]
struct SorryId(String);

impl Header for SorryId {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("X-Sorry-Id")
    }

    fn parse(text: &str) -> Result<SorryId, Box<dyn std::error::Error + Send + Sync>> {
        Ok(SorryId(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(SorryId::name(), self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(id: &str, phase: PhaseWord) -> Vec<String> {
        let email = Email {
            host: "127.0.0.1".into(),
            port: 25,
            encryption: Encryption::None,
            authority: None,
            credentials: None,
            from: "sorry@example.org".into(),
            to: vec!["ops@example.org".into()],
        };
        let message = Message {
            id: id.to_owned(),
            key: "maintenance/schön/1".to_owned(),
            phase,
            ..Message::test("r", "mon1", 1_700_000_130)
        };
        let text = mail(&email, &message).unwrap().formatted();
        let text = String::from_utf8(text).unwrap();
        let known = ["Message-ID: ", "References: ", "In-Reply-To: "];
        let known = |line: &&str| known.iter().any(|name| line.starts_with(name));
        text.lines().filter(known).map(str::to_owned).collect()
    }

    /// A maintenance that is late, gets more time and is late again fires twice.
    #[test]
    fn a_mail_is_known_by_its_message_and_threaded_by_its_incident() {
        let references = "References: <maintenance.sch=f6n.1@mon1>";
        let answers = "In-Reply-To: <maintenance.sch=f6n.1@mon1>";
        assert_eq!(
            fields("5f", PhaseWord::Firing),
            ["Message-ID: <5f@mon1>", references]
        );
        assert_eq!(
            fields("60", PhaseWord::Firing),
            ["Message-ID: <60@mon1>", references]
        );
        assert_eq!(
            fields("61", PhaseWord::Resolved),
            ["Message-ID: <61@mon1>", references, answers]
        );
    }
}
