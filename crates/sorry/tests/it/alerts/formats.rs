//! Slack, Teams, PagerDuty and ntfy as their ends hear them: the whole body parsed, the secrets from files, what is taken, what is tried
//! again, and what never is.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use sorry_core::incident::{Phase, Step};
use sorry_server::config::alert::{Channel, Url};
use tempfile::TempDir;

use super::stage::{Answer, Hook, Kept, Seen, desk, firing, receiver, resolved, run, until};

const KEY: &str = "R0UT1NGKEY";
const TOKEN: &str = "tk_sorry";

/// One way to tell somebody, and what its end must hear.
struct Format {
    name: &'static str,
    /// What a receiver of that kind answers when it has taken a message.
    taken: u16,
    channel: fn(&Secrets, &str) -> Channel,
    hears: fn(&Seen, When),
}

/// The state of the shop that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Down,
    More,
    Up,
}

const FORMATS: [Format; 4] = [
    Format {
        name: "slack",
        taken: 200,
        channel: |secrets, url| Channel::Slack(Url::File(secrets.keep("slack.url", url))),
        hears: slack,
    },
    Format {
        name: "teams",
        taken: 202,
        channel: |secrets, url| Channel::Teams(Url::File(secrets.keep("teams.url", url))),
        hears: teams,
    },
    Format {
        name: "pagerduty",
        taken: 202,
        channel: |secrets, url| Channel::PagerDuty {
            url: Url::Given(url.into()),
            key: secrets.keep("pagerduty.key", KEY),
        },
        hears: pagerduty,
    },
    Format {
        name: "ntfy",
        taken: 200,
        channel: |secrets, url| Channel::Ntfy {
            url: Url::Given(url.into()),
            token: Some(secrets.keep("ntfy.token", TOKEN)),
        },
        hears: ntfy,
    },
];

/// Files that only their owner reads.
struct Secrets(TempDir);

impl Secrets {
    fn new() -> Secrets {
        Secrets(tempfile::tempdir().expect("a folder"))
    }

    fn keep(&self, name: &str, secret: &str) -> PathBuf {
        let path = self.0.path().join(name);
        put(&path, secret);
        path
    }
}

fn put(path: &Path, secret: &str) {
    // As an editor leaves it: with a line end.
    std::fs::write(path, format!("{secret}\n")).expect("write a secret");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("keep it");
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

fn slack(seen: &Seen, when: When) {
    let body = seen.json();
    let text = text(&body, "/text");
    let (mark, words) = match when {
        When::Down => (":red_circle: *shop: down", "10.0.0.1:80 is down (refused)"),
        When::More => (":large_orange_circle: *shop: ", "10.0.0.1:80"),
        When::Up => (":large_green_circle: *shop: up", "Began "),
    };
    assert!(text.starts_with(mark) && text.contains(words), "{text}");
    assert!(text.ends_with("_mon1.example_"), "{text}");
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
}

fn teams(seen: &Seen, when: When) {
    let body = seen.json();
    assert_eq!(body["type"], "message");
    assert_eq!(body["attachments"].as_array().map(Vec::len), Some(1));
    let of_card = "application/vnd.microsoft.card.adaptive";
    assert_eq!(body["attachments"][0]["contentType"], of_card);
    let card = &body["attachments"][0]["content"];
    assert_eq!(
        (&card["type"], &card["version"]),
        (&json!("AdaptiveCard"), &json!("1.4"))
    );
    let color = match when {
        When::Down => "Attention",
        When::More => "Warning",
        When::Up => "Good",
    };
    assert_eq!(text(card, "/body/0/inlines/0/color"), color);
    assert!(text(card, "/body/0/inlines/0/text").starts_with("shop: "));
    assert!(text(card, "/body/1/inlines/0/text").contains("Began "));
    assert_eq!(text(card, "/body/2/inlines/0/text"), "mon1.example");
}

fn pagerduty(seen: &Seen, when: When) {
    let body = seen.json();
    let action = match when {
        When::Down | When::More => "trigger",
        When::Up => "resolve",
    };
    assert_eq!(text(&body, "/event_action"), action);
    assert_eq!(text(&body, "/routing_key"), KEY);
    // The same from the beginning to the end: PagerDuty closes by it.
    assert_eq!(text(&body, "/dedup_key"), "mon1.example/outage/shop/1");
    let payload = &body["payload"];
    assert!(text(payload, "/summary").starts_with("shop: "));
    assert_eq!(text(payload, "/source"), "mon1.example");
    assert_eq!(text(payload, "/component"), "shop");
    assert_eq!(text(payload, "/class"), "outage");
    let known = ["critical", "error", "warning", "info"];
    assert!(known.contains(&text(payload, "/severity")), "{payload}");
    let timestamp: Result<jiff::Timestamp, _> = text(payload, "/timestamp").parse();
    assert!(timestamp.is_ok(), "{payload}");
    assert_eq!(text(payload, "/custom_details/site"), "shop");
}

fn ntfy(seen: &Seen, when: When) {
    let (priority, tag) = match when {
        When::Down => ("5", "rotating_light"),
        When::More => ("5", "warning"),
        When::Up => ("3", "white_check_mark"),
    };
    assert_eq!(seen.field("priority"), Some(priority), "{}", seen.head);
    assert_eq!(seen.field("tags"), Some(tag));
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(seen.field("authorization"), Some(&*bearer));
    let title = seen.field("title").unwrap_or_default();
    assert!(title.starts_with("shop: "), "{}", seen.head);
    let body = String::from_utf8(seen.body.clone()).expect("text");
    assert!(body.contains("Began "), "{body}");
    assert!(!body.contains(TOKEN), "{body}");
}

#[test]
fn each_end_hears_that_it_begins_goes_on_and_is_over() {
    for format in FORMATS {
        run(async {
            let secrets = Secrets::new();
            let mut hook = Hook::new(vec![Answer::status(format.taken)]).await;
            let channel = (format.channel)(&secrets, &hook.url());
            let desk = desk(vec![receiver("ops", channel)], &Arc::default());
            let mut more = firing(1);
            (more.step, more.phase) = (Step::Goes, Phase::Update);
            for (telling, when) in [
                (firing(1), When::Down),
                (more, When::More),
                (resolved(1), When::Up),
            ] {
                desk.tell(&telling);
                let seen = hook.next().await;
                assert!(
                    seen.head.starts_with("POST /hook HTTP/1.1\r\n"),
                    "{}",
                    seen.head
                );
                (format.hears)(&seen, when);
            }
            let status = until(&desk, "ops", |status| status.delivered == 3).await;
            assert_eq!(
                (status.channel, status.waiting, status.failed),
                (format.name, 0, 0)
            );
        });
    }
}

#[test]
fn what_an_end_refuses_is_not_told_again_and_what_it_cannot_take_is() {
    for format in FORMATS {
        for status in [400, 401, 403, 404] {
            run(async {
                let secrets = Secrets::new();
                let mut hook = Hook::new(vec![Answer::with(status, "", "no such channel")]).await;
                let channel = (format.channel)(&secrets, &hook.url());
                let desk = desk(vec![receiver("ops", channel)], &Arc::<Kept>::default());
                desk.tell(&firing(1));
                (format.hears)(&hook.next().await, When::Down);
                let told = until(&desk, "ops", |status| status.refused == 1).await;
                assert_eq!((told.waiting, told.delivered), (0, 0), "{}", format.name);
                let (_, why) = told.last_error.expect("an error");
                assert_eq!(why, format!("answered with {status}: \"no such channel\""));
                assert_eq!(hook.rest(), 0, "{} {status}", format.name);
            });
        }
        for first in [Answer::status(500), Answer::status(502), Answer::Closes] {
            run(async {
                let secrets = Secrets::new();
                let taken = Answer::status(format.taken);
                let mut hook = Hook::new(vec![first, taken]).await;
                let channel = (format.channel)(&secrets, &hook.url());
                let desk = desk(vec![receiver("ops", channel)], &Arc::<Kept>::default());
                desk.tell(&firing(1));
                for _ in 0..2 {
                    (format.hears)(&hook.next().await, When::Down);
                }
                let told = until(&desk, "ops", |status| status.delivered == 1).await;
                assert_eq!((told.failed, told.waiting), (1, 0), "{}", format.name);
            });
        }
    }
}

/// A secret that was exchanged is used at once, and one that is missing holds messages until it is there.
#[test]
fn secrets_are_read_at_each_attempt() {
    run(async {
        let secrets = Secrets::new();
        let mut hook = Hook::new(vec![Answer::status(202)]).await;
        let key = secrets.keep("pagerduty.key", "old");
        let channel = Channel::PagerDuty {
            url: Url::Given(hook.url().into()),
            key: key.clone(),
        };
        let desk = desk(vec![receiver("ops", channel)], &Arc::default());
        desk.tell(&firing(1));
        assert_eq!(hook.next().await.word("routing_key"), "old");
        until(&desk, "ops", |status| status.delivered == 1).await;
        put(&key, "new");
        desk.tell(&resolved(1));
        assert_eq!(hook.next().await.word("routing_key"), "new");
        until(&desk, "ops", |status| status.delivered == 2).await;
        std::fs::remove_file(&key).expect("it is there");
        desk.tell(&firing(2));
        let status = until(&desk, "ops", |status| status.failed > 0).await;
        assert_eq!((status.waiting, hook.rest()), (1, 0));
        put(&key, "newest");
        assert_eq!(hook.next().await.word("routing_key"), "newest");
    });
}
