//! Receivers that refuse, hang, are busy, close early or are somebody else: nothing is lost, nobody else waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sorry_core::incident::{Audience, Kind, What};
use sorry_server::config::alert::{Channel, Url};
use tokio::net::TcpListener;

use super::stage::{
    Answer, Hook, Kept, desk, firing, receiver, resolved, run, trusting, until, webhook,
};

#[test]
fn a_message_comes_within_a_second_and_its_end_behind_it() {
    run(async {
        let mut hook = Hook::new(vec![Answer::status(200)]).await;
        let store = Arc::default();
        let desk = desk(vec![webhook("ops", hook.url())], &store);
        let told = Instant::now();
        desk.tell(&firing(1));
        desk.tell(&resolved(1));
        let (first, second) = (hook.next().await, hook.next().await);
        assert!(first.at - told < Duration::from_secs(1));
        assert_eq!(
            (first.word("phase"), second.word("phase")),
            ("firing".into(), "resolved".into())
        );
        assert_eq!(first.word("key"), second.word("key"));
        assert_ne!(first.word("id"), second.word("id"));
        assert_eq!(first.field("x-sorry-id"), Some(&*first.word("id")));
        assert!(
            first.head.starts_with("POST /hook HTTP/1.1\r\n"),
            "{}",
            first.head
        );
        assert!(first.word("text").contains("10.0.0.1:80 is down (refused)"));
        let status = until(&desk, "ops", |status| status.delivered == 2).await;
        assert_eq!(
            (status.waiting, status.last_error, status.channel),
            (0, None, "webhook")
        );
    });
}

#[test]
fn what_passes_is_tried_again_and_what_never_will_is_not() {
    let refused = [400, 401, 404, 410, 422].map(|status| (vec![Answer::status(status)], None));
    let passing = [
        vec![Answer::status(500), Answer::status(200)],
        vec![Answer::status(408), Answer::status(200)],
        vec![Answer::status(503), Answer::Closes, Answer::status(204)],
        vec![Answer::Hangs, Answer::status(200)],
        vec![Answer::Closes, Answer::status(200)],
    ];
    let passing = passing.map(|script| (script.clone(), Some(script.len())));
    for (script, tries) in refused.into_iter().chain(passing) {
        run(async {
            let said = format!("{script:?}");
            let mut hook = Hook::new(script).await;
            let store = Arc::<Kept>::default();
            let desk = desk(vec![webhook("ops", hook.url())], &store);
            desk.tell(&firing(1));
            let first = hook.next().await.word("id");
            let Some(tries) = tries else {
                let status = until(&desk, "ops", |status| status.refused == 1).await;
                assert_eq!((status.waiting, status.delivered), (0, 0), "{said}");
                return;
            };
            for _ in 1..tries {
                assert_eq!(hook.next().await.word("id"), first, "{said}");
            }
            let status = until(&desk, "ops", |status| status.delivered == 1).await;
            assert_eq!(
                (status.failed, status.waiting),
                (tries as u64 - 1, 0),
                "{said}"
            );
            assert!(status.last_error.is_some());
            assert_eq!(hook.rest(), 0, "{said}");
        });
    }
}

#[test]
fn retry_after_is_heeded() {
    run(async {
        let busy = Answer::with(429, "retry-after: 2\r\n", "slowly");
        let mut hook = Hook::new(vec![busy, Answer::status(200)]).await;
        let desk = desk(vec![webhook("ops", hook.url())], &Arc::default());
        desk.tell(&firing(1));
        let first = hook.next().await.at;
        let status = until(&desk, "ops", |status| status.failed == 1).await;
        let (_, why) = status.last_error.expect("an error");
        assert_eq!(why, "answered with 429: \"slowly\"");
        assert!(hook.next().await.at - first >= Duration::from_secs(2));
    });
}

#[test]
fn a_receiver_that_hangs_delays_no_other() {
    run(async {
        let hangs = Hook::new(vec![Answer::Hangs]).await;
        let mut works = Hook::new(vec![Answer::status(200)]).await;
        let mut slow = webhook("slow", hangs.url());
        slow.timeout = Duration::from_secs(60);
        let desk = desk(vec![slow, webhook("works", works.url())], &Arc::default());
        let told = Instant::now();
        for incident in 1..=20 {
            desk.tell(&firing(incident));
        }
        for _ in 1..=20 {
            assert!(works.next().await.at - told < Duration::from_secs(5));
        }
        until(&desk, "slow", |status| status.waiting == 20).await;
    });
}

#[test]
fn who_is_not_there_hears_it_when_they_are() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let desk = desk(
            vec![webhook("ops", format!("http://{address}/"))],
            &Arc::default(),
        );
        desk.tell(&firing(1));
        desk.tell(&resolved(1));
        let status = until(&desk, "ops", |status| status.failed > 0).await;
        let (_, why) = status.last_error.expect("an error");
        assert!(
            why.starts_with(&format!("cannot connect to {address}: ")),
            "{why}"
        );
        let listener = TcpListener::bind(address).await.expect("the same port");
        let mut hook = Hook::on(listener, vec![Answer::status(200)], None);
        assert_eq!(hook.next().await.word("phase"), "firing");
        assert_eq!(hook.next().await.word("phase"), "resolved");
    });
}

#[test]
fn over_tls_only_who_is_trusted_hears_it() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der())
        .expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    run(async {
        let mut hook = Hook::tls(vec![Answer::status(200)], Arc::new(config)).await;
        let url = format!("https://{}/hook", hook.address);
        let stranger = trusting(
            vec![webhook("ops", url.clone())],
            &Arc::default(),
            Some(other_roots()),
        );
        stranger.tell(&firing(1));
        let status = until(&stranger, "ops", |status| status.failed > 0).await;
        let (_, why) = status.last_error.expect("an error");
        assert!(why.starts_with("cannot speak TLS with 127.0.0.1:"), "{why}");
        assert_eq!((hook.rest(), status.waiting), (0, 1));
        drop(stranger);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("a root");
        let friend = trusting(vec![webhook("ops", url)], &Arc::default(), Some(roots));
        friend.tell(&firing(2));
        assert_eq!(hook.next().await.word("phase"), "firing");
    });
}

fn other_roots() -> rustls::RootCertStore {
    let other = rcgen::generate_simple_self_signed(["other".to_owned()]).expect("a certificate");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(other.cert.der().clone()).expect("a root");
    roots
}

#[test]
fn what_nobody_takes_in_time_is_given_up() {
    run(async {
        let mut hook = Hook::new(vec![Answer::status(500)]).await;
        let mut ops = webhook("ops", hook.url());
        ops.give_up = Duration::from_secs(1);
        let desk = desk(vec![ops], &Arc::default());
        desk.tell(&firing(1));
        let status = until(&desk, "ops", |status| status.given_up == 1).await;
        assert_eq!((status.waiting, status.delivered), (0, 0));
        assert!(hook.rest() >= 2);
    });
}

#[test]
fn receivers_hear_of_their_sites_and_of_real_servers_if_they_want_to() {
    run(async {
        let mut all = Hook::new(vec![Answer::status(200)]).await;
        let mut blog = Hook::new(vec![Answer::status(200)]).await;
        let mut reals = Hook::new(vec![Answer::status(200)]).await;
        let mut of_blog = webhook("blog", blog.url());
        of_blog.sites = vec!["blog".into()];
        let mut of_reals = webhook("reals", reals.url());
        of_reals.reals = true;
        let receivers = vec![webhook("all", all.url()), of_blog, of_reals];
        let desk = desk(receivers, &Arc::default());
        let mut real = firing(1);
        (real.kind, real.audience) = (Kind::Real, Audience::OfReals);
        let mut history = firing(2);
        history.audience = Audience::Nobody;
        let mut doubt = firing(3);
        (doubt.kind, doubt.site, doubt.what) = (Kind::Doubt, None, What::Believed);
        for telling in [&real, &history, &firing(4), &doubt] {
            desk.tell(telling);
        }
        let kinds = async |hook: &mut Hook, count: usize| {
            let mut kinds = Vec::new();
            for _ in 0..count {
                kinds.push(hook.next().await.word("kind"));
            }
            kinds
        };
        assert_eq!(kinds(&mut all, 2).await, ["outage", "doubt"]);
        assert_eq!(kinds(&mut blog, 1).await, ["doubt"]);
        assert_eq!(
            kinds(&mut reals, 3).await,
            ["real-server", "outage", "doubt"]
        );
        assert_eq!(all.rest() + blog.rest() + reals.rest(), 0);
    });
}

#[test]
fn a_reload_keeps_what_waits_and_lets_go_who_is_gone() {
    run(async {
        let broken = Hook::new(vec![Answer::status(500)]).await;
        let mut mended = Hook::new(vec![Answer::status(200)]).await;
        let store = Arc::<Kept>::default();
        let desk = desk(
            vec![webhook("ops", broken.url()), webhook("gone", broken.url())],
            &store,
        );
        desk.tell(&firing(1));
        until(&desk, "ops", |status| status.failed > 0).await;
        until(&desk, "gone", |status| status.failed > 0).await;
        desk.reconfigure(vec![
            webhook("ops", mended.url()),
            webhook("new", mended.url()),
        ]);
        assert_eq!(mended.next().await.word("phase"), "firing");
        until(&desk, "ops", |status| status.delivered == 1).await;
        let names: Vec<String> = desk
            .status()
            .into_iter()
            .map(|status| status.name)
            .collect();
        assert_eq!(names, ["new", "ops"]);
        assert_eq!(mended.rest(), 0, "who is new hears what is new");
    });
}

#[test]
fn a_test_says_what_came_of_it() {
    run(async {
        let mut hook = Hook::new(vec![Answer::status(200), Answer::status(403)]).await;
        let url = Url::Given(hook.url().into());
        let desk = desk(vec![receiver("chat", Channel::Slack(url))], &Arc::default());
        desk.test("chat").await.expect("it is heard");
        let text = hook.next().await.word("text");
        assert!(
            text.contains("test: the receiver chat hears of mon1.example"),
            "{text}"
        );
        let refused = desk
            .test("chat")
            .await
            .expect_err("it is refused")
            .to_string();
        assert_eq!(
            refused,
            "the alert receiver chat did not take it: answered with 403"
        );
        let unknown = desk.test("nobody").await.expect_err("nobody").to_string();
        assert_eq!(unknown, "there is no alert receiver nobody");
    });
}
