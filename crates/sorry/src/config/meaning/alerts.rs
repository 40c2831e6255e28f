//! Who is told: the receivers of alerts, each with its one channel.

use super::Builder;
use crate::config::alert::{Channel, Email, Receiver, Url};
use crate::config::alert_text::{EncryptionWord, WebUrl};
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::fault::nearest;
use crate::config::reader::At;
use crate::config::value::{FilePath, Given};
use crate::config::{Purpose, spec};
use std::collections::HashMap;

/// The keys of channels, as the file has them.
const CHANNELS: &str =
    "`webhook`, `email`, `alertmanager`, `exec`, `slack`, `teams`, `pagerduty` or `ntfy`";

impl Builder<'_> {
    /// All receivers. `None` where something is mistaken.
    pub(super) fn receivers(
        &mut self,
        typed: Option<At<Vec<At<spec::Alert>>>>,
        sites: &[At<spec::Site>],
    ) -> Option<Vec<Receiver>> {
        let typed = typed?.value;
        let mut seen = HashMap::new();
        for name in typed.iter().filter_map(|alert| alert.value.name.as_ref()) {
            if let Some(first) = seen.insert(name.value.0.clone(), name.place) {
                let message = format!("a second alert is named `{}`", name.value.0);
                let mistake = Mistake::new(Code::Duplicate, name.place, message);
                self.tell(mistake.also(first, "first given here"));
            }
        }
        let names = sites.iter().filter_map(|site| site.value.name.as_ref());
        let names: Vec<&str> = names.map(|name| &*name.value.0).collect();
        let receivers: Vec<_> = typed
            .into_iter()
            .map(|alert| self.receiver(alert, &names))
            .collect();
        receivers.into_iter().collect()
    }

    fn receiver(&mut self, at: At<spec::Alert>, names: &[&str]) -> Option<Receiver> {
        let At {
            value: mut alert,
            place,
        } = at;
        for site in alert.sites.iter().flat_map(|sites| &sites.value) {
            if !names.contains(&&*site.value.0) {
                let message = format!("sites: there is no site `{}`", site.value.0);
                let mistake = Mistake::new(Code::Invalid, site.place, message);
                let hint = match nearest(&site.value.0, names.iter().copied()) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => "without `sites` it hears of all".to_owned(),
                };
                self.tell(mistake.hint(hint));
            }
        }
        let channel = self.channel(&mut alert, place);
        Some(Receiver {
            name: alert.name?.value.0,
            sites: alert
                .sites?
                .value
                .into_iter()
                .map(|site| site.value.0)
                .collect(),
            channel: channel?,
            timeout: alert.timeout?.value.0,
            give_up: alert.give_up?.value.0,
            reals: alert.reals?.value,
            place,
        })
    }

    /// The one channel that is given.
    fn channel(&mut self, alert: &mut spec::Alert, place: Place) -> Option<Channel> {
        let typed = [
            ("webhook", at(&alert.webhook)),
            ("email", at(&alert.email)),
            ("alertmanager", at(&alert.alertmanager)),
            ("exec", at(&alert.exec).filter(|exec| *exec != place)),
            ("slack", at(&alert.slack)),
            ("teams", at(&alert.teams)),
            ("pagerduty", at(&alert.pagerduty)),
            ("ntfy", at(&alert.ntfy)),
        ];
        let found = self.at_most_one(&typed);
        match found.first() {
            None if self.is_broken(place) => None,
            None => {
                let mistake =
                    Mistake::new(Code::Missing, place, "nothing says how somebody is told");
                self.tell(mistake.hint(format!("add one of {CHANNELS}")));
                None
            }
            Some(&"webhook") => self.webhook(alert.webhook.take()?),
            Some(&"email") => self.email(alert.email.take()?),
            Some(&"alertmanager") => {
                let Given(table) = alert.alertmanager.take()?.value;
                Some(Channel::Alertmanager {
                    url: Url::Given(table.url?.value.0),
                })
            }
            Some(&"exec") => {
                let argv = self.argv("exec", alert.exec.take()?)?;
                Some(Channel::Exec { argv })
            }
            Some(&"slack") => Some(Channel::Slack(self.chat(alert.slack.take()?)?)),
            Some(&"teams") => Some(Channel::Teams(self.chat(alert.teams.take()?)?)),
            Some(&"pagerduty") => {
                let Given(table) = alert.pagerduty.take()?.value;
                let key = table.key_file.map(|path| self.path(path, Purpose::Secret));
                Some(Channel::PagerDuty {
                    url: Url::Given(table.url?.value.0),
                    key: key?,
                })
            }
            Some(_) => {
                let Given(table) = alert.ntfy.take()?.value;
                let token = table
                    .token_file
                    .map(|path| self.path(path, Purpose::Secret));
                Some(Channel::Ntfy {
                    url: Url::Given(table.url?.value.0),
                    token,
                })
            }
        }
    }

    fn webhook(&mut self, typed: At<Given<spec::Webhook>>) -> Option<Channel> {
        let At {
            value: Given(table),
            place,
        } = typed;
        let secret = table
            .secret_file
            .map(|path| self.path(path, Purpose::Secret));
        let url = self.url(table.url, table.url_file, place)?;
        Some(Channel::Webhook { url, secret })
    }

    fn chat(&mut self, typed: At<Given<spec::Chat>>) -> Option<Url> {
        let At {
            value: Given(table),
            place,
        } = typed;
        self.url(table.url, table.url_file, place)
    }

    /// A URL that is given, or stands in a file.
    fn url(
        &mut self,
        url: Option<At<WebUrl>>,
        file: Option<At<FilePath>>,
        table: Place,
    ) -> Option<Url> {
        self.at_most_one(&[("url", at(&url)), ("url-file", at(&file))]);
        match (url, file) {
            (_, Some(file)) => Some(Url::File(self.path(file, Purpose::Secret))),
            (Some(url), None) => Some(Url::Given(url.value.0)),
            (None, None) => {
                if !self.is_broken(table) {
                    let mistake = Mistake::new(Code::Missing, table, "nothing says where to");
                    self.tell(mistake.hint("add `url`, or `url-file` where the URL is a secret"));
                }
                None
            }
        }
    }

    fn email(&mut self, typed: At<Given<spec::Email>>) -> Option<Channel> {
        let At {
            value: Given(table),
            place,
        } = typed;
        let authority = table
            .ca
            .map(|ca| (ca.place, self.path(ca, Purpose::Authority)));
        let user = table.user;
        let password = table
            .password_file
            .map(|file| (file.place, self.path(file, Purpose::Secret)));
        let encryption = table.encryption?;
        let is_plain = encryption.value == EncryptionWord::None;
        let needs = [
            ("user", at(&user)),
            ("password-file", password.as_ref().map(|(place, _)| *place)),
            ("ca", authority.as_ref().map(|(place, _)| *place)),
        ];
        for (key, place) in needs {
            if let (true, Some(place)) = (is_plain, place) {
                let message = format!("{key}: it cannot be with `encryption = \"none\"`");
                let mistake = Mistake::new(Code::Conflict, place, message);
                let hint = match key {
                    "ca" => {
                        "no certificate is shown then: leave it out, or use \"starttls\" or \"tls\""
                    }
                    _ => {
                        "a password that is not encrypted is anybody's: use \"starttls\" or \"tls\""
                    }
                };
                self.tell(mistake.also(encryption.place, "that is here").hint(hint));
            }
        }
        let alone = match (&user, &password) {
            (Some(user), None) => Some((user.place, "user", "password-file")),
            (None, Some((place, _))) => Some((*place, "password-file", "user")),
            _ => None,
        };
        if let (Some((place, key, other)), false) = (alone, self.is_broken(place)) {
            let message = format!("{key}: it does nothing without `{other}`");
            self.tell(
                Mistake::new(Code::Missing, place, message)
                    .hint(format!("add `{other}`, or leave `{key}` out")),
            );
        }
        let to = table.to?;
        if to.value.is_empty() && !self.is_inside(to.place) {
            let mistake = Mistake::new(Code::Invalid, to.place, "to: an empty array tells nobody");
            self.tell(mistake.hint("for example: to = [\"ops@example.com\"]"));
        }
        let port = table.port.map(|port| u16::try_from(port.value.0));
        Some(Channel::Email(Box::new(Email {
            host: table.host?.value.0.to_string().into(),
            port: match port {
                Some(port) => port.ok()?,
                None => encryption.value.usual_port(),
            },
            encryption: encryption.value.meaning(),
            authority: authority.map(|(_, path)| path),
            credentials: user
                .zip(password)
                .map(|(user, (_, file))| (user.value.0, file)),
            from: table.from?.value.0,
            to: to.value.into_iter().map(|to| to.value.0).collect(),
        })))
    }
}

fn at<T>(typed: &Option<At<T>>) -> Option<Place> {
    typed.as_ref().map(|typed| typed.place)
}
