//! The keys of `[[alert]]`: who is told what happens, and how.

use crate::config::alert_text::{EncryptionWord, MailAddress, WebUrl};
use crate::config::duration::Time;
use crate::config::reader::At;
use crate::config::table::table;
use crate::config::target::HostOnly;
use crate::config::value::{FilePath, Given, Line, Name, Whole};

table! {
    /// Somebody who is told when a site goes down or comes back, and what else needs a look: by exactly one of the channels
    /// `webhook`, `email`, `alertmanager`, `exec`, `slack`, `teams`, `pagerduty` and `ntfy`.
    pub(in crate::config) struct Alert as Header {
        /// What logs and metrics call it; each name once.
        #[key = "name"]
        #[required]
        #[example = "\"night-shift\""]
        name: Name,

        /// The sites that it hears of. Without it all of them, and what concerns none.
        #[key = "sites"]
        #[default = "[]"]
        #[example = "[\"shop\"]"]
        sites: Vec<At<Name>>,

        /// The longest that one attempt to tell may take.
        #[key = "timeout"]
        #[default = "\"10s\""]
        #[example = "\"5s\""]
        timeout: Time<100, 300_000>,

        /// How long it is tried again, less and less often, before it is given up.
        #[key = "give-up"]
        #[default = "\"1d\""]
        #[example = "\"1h\""]
        give_up: Time<1_000, 2_592_000_000>,

        /// Whether it hears of each real server that goes down or comes back, and not only of whole sites.
        #[key = "real-servers"]
        #[default = "false"]
        #[example = "true"]
        reals: bool,

        /// A program that gets the alert as JSON on its standard input: its full path, and its arguments. It and the folders
        /// above it must belong to root or to the user that Sorry runs as, and nobody else may write there.
        #[key = "exec"]
        #[instead = "webhook"]
        #[example = "[\"/usr/local/lib/sorry/page-me\"]"]
        exec: Vec<At<Line>>,

        /// The alert as JSON, by POST; the manual on alerts says what is in it.
        #[key = "webhook"]
        #[optional]
        #[example = "{ url = \"https://hooks.example.com/sorry\" }"]
        webhook: Given<Webhook>,

        /// A mail.
        #[key = "email"]
        #[instead = "webhook"]
        #[example = "{ host = \"mail.example.com\", from = \"sorry@example.com\", to = [\"ops@example.com\"] }"]
        email: Given<Email>,

        /// Prometheus Alertmanager (API v2).
        #[key = "alertmanager"]
        #[instead = "webhook"]
        #[example = "{ url = \"http://127.0.0.1:9093\" }"]
        alertmanager: Given<Alertmanager>,

        /// Slack, by an incoming webhook.
        #[key = "slack"]
        #[instead = "webhook"]
        #[example = "{ url-file = \"slack.url\" }"]
        slack: Given<Chat>,

        /// Microsoft Teams, by a workflow.
        #[key = "teams"]
        #[instead = "webhook"]
        #[example = "{ url-file = \"teams.url\" }"]
        teams: Given<Chat>,

        /// PagerDuty (Events API v2).
        #[key = "pagerduty"]
        #[instead = "webhook"]
        #[example = "{ key-file = \"pagerduty.key\" }"]
        pagerduty: Given<PagerDuty>,

        /// A topic of ntfy.
        #[key = "ntfy"]
        #[instead = "webhook"]
        #[example = "{ url = \"https://ntfy.sh/our-topic\" }"]
        ntfy: Given<Ntfy>,
    }
}

table! {
    /// The alert as JSON, by POST.
    pub(in crate::config) struct Webhook as Header {
        /// Where it goes.
        #[key = "url"]
        #[optional]
        #[example = "\"https://hooks.example.com/sorry\""]
        url: WebUrl,

        /// A file with that URL, where whoever knows it may post. Nobody else may read the file.
        #[key = "url-file"]
        #[instead = "url"]
        #[example = "\"/etc/sorry/hook.url\""]
        url_file: FilePath,

        /// A file with the key of the signature (HMAC-SHA256) by which the receiver knows that it is us. Nobody else may read
        /// it.
        #[key = "secret-file"]
        #[optional]
        #[example = "\"/etc/sorry/hook.secret\""]
        secret_file: FilePath,
    }
}

table! {
    /// A mail.
    pub(in crate::config) struct Email as Header {
        /// The mail server.
        #[key = "host"]
        #[required]
        #[example = "\"mail.example.com\""]
        host: HostOnly,

        /// Its port. Without it 587 for `encryption = "starttls"`, 465 for `"tls"` and 25 for `"none"`.
        #[key = "port"]
        #[optional]
        #[example = "25"]
        port: Whole<1, 65_535>,

        /// Whether what is said to it is encrypted.
        #[key = "encryption"]
        #[default = "\"starttls\""]
        #[example = "\"tls\""]
        encryption: EncryptionWord,

        /// The authorities that its certificate is checked against, in PEM. Without it those that this machine trusts.
        #[key = "ca"]
        #[optional]
        #[example = "\"/etc/sorry/tls/inside.crt\""]
        ca: FilePath,

        /// The user that we log in as; `password-file` belongs to it.
        #[key = "user"]
        #[optional]
        #[example = "\"sorry\""]
        user: Line,

        /// A file with the password. Nobody else may read it.
        #[key = "password-file"]
        #[optional]
        #[example = "\"/etc/sorry/mail.password\""]
        password_file: FilePath,

        /// The sender.
        #[key = "from"]
        #[required]
        #[example = "\"Sorry <sorry@example.com>\""]
        from: MailAddress,

        /// Who gets it.
        #[key = "to"]
        #[required]
        #[example = "[\"ops@example.com\"]"]
        to: Vec<At<MailAddress>>,
    }
}

table! {
    /// Prometheus Alertmanager (API v2).
    pub(in crate::config) struct Alertmanager as Header {
        /// Its base address; `/api/v2/alerts` is added.
        #[key = "url"]
        #[required]
        #[example = "\"http://127.0.0.1:9093\""]
        url: WebUrl,
    }
}

table! {
    /// A room where people talk.
    pub(in crate::config) struct Chat as Header {
        /// A file with the URL that its maker gave out. Whoever knows it may post, so nobody else may read the file.
        #[key = "url-file"]
        #[optional]
        #[example = "\"/etc/sorry/chat.url\""]
        url_file: FilePath,

        /// That URL itself, where everybody who can read this file may know it.
        #[key = "url"]
        #[instead = "url-file"]
        #[example = "\"https://chat.example.com/hooks/123\""]
        url: WebUrl,
    }
}

table! {
    /// PagerDuty (Events API v2).
    pub(in crate::config) struct PagerDuty as Header {
        /// A file with the routing key. Nobody else may read it.
        #[key = "key-file"]
        #[required]
        #[example = "\"/etc/sorry/pagerduty.key\""]
        key_file: FilePath,

        /// Where events go: PagerDuty itself, or another that speaks the same.
        #[key = "url"]
        #[default = "\"https://events.pagerduty.com/v2/enqueue\""]
        #[example = "\"https://events.eu.pagerduty.com/v2/enqueue\""]
        url: WebUrl,
    }
}

table! {
    /// A topic of ntfy.
    pub(in crate::config) struct Ntfy as Header {
        /// The URL of the topic.
        #[key = "url"]
        #[required]
        #[example = "\"https://ntfy.sh/our-topic\""]
        url: WebUrl,

        /// A file with an access token. Nobody else may read it.
        #[key = "token-file"]
        #[optional]
        #[example = "\"/etc/sorry/ntfy.token\""]
        token_file: FilePath,
    }
}
