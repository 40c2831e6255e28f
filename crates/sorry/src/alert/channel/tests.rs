//! What each channel sends, for the same four messages.

use expect_test::expect;
use serde_json::Value;

use super::*;
use crate::alert::message::{Message, PhaseWord, SeverityWord};
use crate::config::alert::Url;

const AWKWARD: &str = "shop: <b>&\u{1f525} \"down\"\r\nX-Evil: 1";

fn message(phase: PhaseWord) -> Message {
    Message {
        id: "5f".to_owned(),
        key: "outage/shop/17".to_owned(),
        incident: 17,
        site: Some("shop".to_owned()),
        kind: "outage".to_owned(),
        phase,
        severity: SeverityWord::Critical,
        subject: AWKWARD.to_owned(),
        text: "shop: down.\n".to_owned(),
        seconds: 130,
        ..Message::test("r", "mon1", 1_700_000_130)
    }
}

const PHASES: [PhaseWord; 4] = [
    PhaseWord::Firing,
    PhaseWord::Update,
    PhaseWord::Resolved,
    PhaseWord::Note,
];

fn url() -> Url {
    Url::Given("http://127.0.0.1/hook".into())
}

fn secret_file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn json_of(post: &Post) -> Value {
    serde_json::from_slice(&post.body).unwrap()
}

#[test]
fn a_signature_is_over_time_and_body() {
    // Made with: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
    assert_eq!(
        webhook::signature(b"secret", 1_700_000_000, br#"{"a":1}"#),
        "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
    );
    let key = secret_file("secret\n");
    let post = webhook::post(&url(), Some(key.path()), &message(PhaseWord::Firing)).unwrap();
    let header = |name: &str| {
        let found = post.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(header("x-sorry-id"), Some("5f"));
    let signed = header("x-sorry-signature").unwrap();
    let seconds = signed
        .strip_prefix("t=")
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let again = webhook::signature(b"secret", seconds.parse().unwrap(), &post.body);
    assert_eq!(signed, again);
    let unsigned = webhook::post(&url(), None, &message(PhaseWord::Firing)).unwrap();
    assert_eq!(unsigned.headers.len(), 1);
}

#[test]
fn our_own_json_has_every_field() {
    let text = serde_json::to_string_pretty(&message(PhaseWord::Resolved)).unwrap();
    expect![[r#"
        {
          "version": 1,
          "id": "5f",
          "key": "outage/shop/17",
          "incident": 17,
          "site": "shop",
          "about": null,
          "kind": "outage",
          "phase": "resolved",
          "severity": "critical",
          "subject": "shop: <b>&🔥 \"down\"\r\nX-Evil: 1",
          "text": "shop: down.\n",
          "began": "2023-11-14T22:15:30Z",
          "at": "2023-11-14T22:15:30Z",
          "at_seconds": 1700000130,
          "seconds": 130,
          "planned": false,
          "observed": false,
          "of_reals": false,
          "host": "mon1"
        }"#]]
    .assert_eq(&text);
    let read: Message = serde_json::from_str(&text).unwrap();
    assert_eq!(read, message(PhaseWord::Resolved));
}

#[test]
fn alertmanager_knows_an_alert_by_its_labels() {
    let mut all = Vec::new();
    for phase in PHASES {
        let post =
            alertmanager::post(&Url::Given("http://am:9093/".into()), &[&message(phase)]).unwrap();
        assert_eq!(post.is_none(), phase == PhaseWord::Update);
        if let Some(post) = post {
            assert_eq!(post.url, "http://am:9093/api/v2/alerts");
            all.push(json_of(&post)[0].clone());
        }
    }
    assert_eq!(all[0]["labels"], all[1]["labels"]);
    assert!(all[0].get("endsAt").is_none());
    assert_eq!(all[1]["endsAt"], "2023-11-14T22:15:30Z");
    expect![[r#"
        {
          "alertname": "SorrySiteDown",
          "site": "shop",
          "severity": "critical",
          "planned": "false",
          "observed": "false",
          "host": "mon1"
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&all[0]["labels"]).unwrap());
}

#[test]
fn slack_text_means_nothing_but_text() {
    let post = slack::post(&url(), &message(PhaseWord::Firing)).unwrap();
    let text = json_of(&post)["text"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with(":red_circle: *shop: &lt;b&gt;&amp;"),
        "{text}"
    );
    assert!(!text.contains('<') && !text.contains('>'));
}

#[test]
fn teams_gets_a_card() {
    let post = teams::post(&url(), &message(PhaseWord::Resolved)).unwrap();
    let json = json_of(&post);
    let card = &json["attachments"][0];
    assert_eq!(
        card["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    let run = &card["content"]["body"][0]["inlines"][0];
    assert_eq!(
        (&run["text"], &run["color"]),
        (&Value::from(AWKWARD), &Value::from("Good"))
    );
}

#[test]
fn pagerduty_holds_an_incident_together_by_its_key() {
    let key = secret_file("R0UT1NG\n");
    let mut actions = Vec::new();
    for phase in PHASES {
        let Some(post) = pagerduty::post(&url(), key.path(), &message(phase)).unwrap() else {
            continue;
        };
        let json = json_of(&post);
        assert_eq!(json["dedup_key"], "mon1/outage/shop/17");
        assert_eq!(json["routing_key"], "R0UT1NG");
        assert_eq!(json["payload"]["severity"], "critical");
        actions.push(json["event_action"].as_str().unwrap().to_owned());
    }
    assert_eq!(actions, ["trigger", "trigger", "resolve"]);
}

#[test]
fn ntfy_fields_are_plain() {
    let token = secret_file("tk_1\n");
    let post = ntfy::post(&url(), Some(token.path()), &message(PhaseWord::Firing)).unwrap();
    for (name, value) in &post.headers {
        assert!(
            value.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
            "{name}"
        );
    }
    let title = &post.headers[0];
    assert_eq!(
        *title,
        ("title", "shop: <b>&? \"down\"? X-Evil: 1".to_owned())
    );
    assert_eq!(post.headers[1].1, "5");
    assert_eq!(post.headers[4].1, "Bearer tk_1");
    assert_eq!(post.body, b"shop: down.\n");
}

#[test]
fn a_secret_that_cannot_be_read_says_which() {
    let missing = std::path::Path::new("/nowhere/secret");
    let fault = webhook::post(&url(), Some(missing), &message(PhaseWord::Firing)).unwrap_err();
    assert!(
        fault
            .what
            .starts_with("cannot read the secret in /nowhere/secret: "),
        "{fault}"
    );
    let empty = secret_file("\n");
    let fault = ntfy::post(&url(), Some(empty.path()), &message(PhaseWord::Firing)).unwrap_err();
    assert!(fault.what.ends_with(": it is empty"), "{fault}");
}
