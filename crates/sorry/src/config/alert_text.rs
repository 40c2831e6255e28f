//! What an alert's receiver names, as operators type it: URLs, mail addresses.

use super::alert::Encryption;
use super::fault::{Fault, quoted};
use super::reader::FromText;
use super::table::words;

/// An absolute URL of `http` or `https` (RFC 9110, 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebUrl(pub(super) Box<str>);

impl FromText for WebUrl {
    fn form() -> String {
        "a URL such as \"https://hooks.example.com/sorry\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        const LONGEST: usize = 4096;
        if text.len() > LONGEST {
            return Err(Fault::new(format!("a URL has at most {LONGEST} bytes")).out_of_range());
        }
        let uri: http::Uri = text
            .parse()
            .map_err(|_| Fault::new(format!("{} is not a URL", quoted(text))))?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let Some(authority) = uri.authority().filter(|_| is_web) else {
            let fault = Fault::new(format!("{} is not a whole URL", quoted(text)));
            return Err(fault.hint("it begins with \"https://\" or \"http://\" and a host"));
        };
        if authority.as_str().contains('@') {
            return Err(
                Fault::new("user names and passwords in a URL end up in logs")
                    .hint("most receivers take a token from a file"),
            );
        }
        match authority.host().is_empty() {
            true => Err(Fault::new(format!("{} names no host", quoted(text)))),
            false => Ok(WebUrl(text.into())),
        }
    }
}

/// A mail address, perhaps with a name before it (RFC 5322, 3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MailAddress(pub(super) Box<str>);

impl FromText for MailAddress {
    fn form() -> String {
        "a mail address such as \"ops@example.com\" or \"Sorry <sorry@example.com>\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        match text.parse::<lettre::message::Mailbox>() {
            Ok(_) if !text.chars().any(char::is_control) => Ok(MailAddress(text.into())),
            _ => Err(Fault::new(format!(
                "{} is not a mail address",
                quoted(text)
            ))),
        }
    }
}

words! {
    /// Whether what is said to a mail server is encrypted.
    pub(super) enum EncryptionWord {
        /// by STARTTLS, and nothing is sent to a server that does not offer it
        StartTls = "starttls",
        /// from the first byte
        Tls = "tls",
        /// not at all: for a mail server on this machine, and never with a password
        None = "none",
    }
}

impl EncryptionWord {
    /// What it means.
    pub(super) fn meaning(self) -> Encryption {
        match self {
            EncryptionWord::StartTls => Encryption::StartTls,
            EncryptionWord::Tls => Encryption::Tls,
            EncryptionWord::None => Encryption::None,
        }
    }

    /// The port that mail servers have for it (RFC 6409, RFC 8314, RFC 5321).
    pub(super) fn usual_port(self) -> u16 {
        match self {
            EncryptionWord::StartTls => 587,
            EncryptionWord::Tls => 465,
            EncryptionWord::None => 25,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_whole_and_hold_no_password() {
        for (text, expected) in [
            ("https://hooks.example.com/a?b=c", ""),
            ("http://127.0.0.1:9093", ""),
            ("http://[::1]:9093/", ""),
            ("hooks.example.com/a", "is not a"),
            ("/a", "is not a whole URL"),
            ("ftp://example.com/", "is not a whole URL"),
            ("https://u:p@example.com/", "end up in logs"),
            ("https://exa mple.com/", "is not a URL"),
            ("", "is not a URL"),
        ] {
            let said =
                WebUrl::from_text(text).map_or_else(|fault| fault.to_string(), |_| String::new());
            assert!(
                said.contains(expected) && said.is_empty() == expected.is_empty(),
                "{text}: {said}"
            );
        }
    }

    #[test]
    fn mail_addresses_may_have_a_name() {
        for (text, is_one) in [
            ("ops@example.com", true),
            ("Sorry <sorry@example.com>", true),
            ("root@localhost", true),
            ("ops", false),
            ("a@b, c@d", false),
            ("a@b\r\nBcc: x@y", false),
        ] {
            assert_eq!(MailAddress::from_text(text).is_ok(), is_one, "{text}");
        }
    }
}
