//! Tests of the desk against a daemon of a few lines: who may ask for what, and what is noted.

use serde_json::json;

use super::super::audit::{Entry, Recent};
use super::super::history::Incident;
use super::super::message::{ReloadOutcome, ReloadReport};
use super::super::moment::Moment;
use super::super::order::Done;
use super::super::standing::Explanation;
use super::super::standing_table::tests::sample;
use super::*;

/// Longer than anything takes.
const FOREVER: Duration = Duration::from_secs(60);

fn who(role: Role) -> Who {
    Who {
        by: "uid 7".to_owned(),
        known: "uid 7, gid 7, pid 70".to_owned(),
        role,
        door: Door::Admin,
    }
}

fn incident(id: u64, site: &str, began: u64, ended: Option<u64>) -> Incident {
    Incident {
        id,
        site: Some(site.to_owned()),
        kind: "outage".to_owned(),
        cause: "no quorum".to_owned(),
        planned: false,
        began: Moment(began),
        ended: ended.map(Moment),
        seconds: 1,
        by: None,
        reason: None,
        observed: false,
        events: Vec::new(),
    }
}

/// Knows the sites of the sample, does everything but `approve`, and ends on a status.
fn reply(command: Command) {
    match command {
        Command::Standing(reply) => reply.send(sample()).unwrap(),
        Command::History(reply) => {
            let incidents = vec![
                incident(3, "shop", 300, None),
                incident(2, "blog", 200, Some(250)),
                incident(1, "shop", 100, Some(150)),
                incident(0, "gone", 50, Some(60)),
            ];
            reply.send(History { incidents }).unwrap();
        }
        Command::Explain { site, reply } => {
            let found = one_of(sample(), &site).map(|site| Explanation {
                site,
                steps: Vec::new(),
                kernel: Vec::new(),
                inputs: Vec::new(),
            });
            reply.send(found).unwrap();
        }
        Command::Order(ordered) => {
            let done = match ordered.order.word() {
                "approve" => Err(Fault::new(FaultKind::Impossible, "nothing waits")),
                word => one_of(sample(), &ordered.site).map(|site| Done {
                    told: vec![format!("{word} by {}", ordered.by)],
                    unkept: None,
                    site,
                }),
            };
            ordered.reply.send(done).unwrap();
        }
        Command::TestAlert { receiver, reply } => {
            reply.send(Ok(format!("{receiver} took it"))).unwrap();
        }
        Command::Reload { by, reply } => {
            let report = ReloadReport {
                outcome: ReloadOutcome::Applied,
                at: Moment(5),
                generation: 3,
                changes: vec![by],
                pending: Vec::new(),
                mistakes: Vec::new(),
                shown: String::new(),
                warnings: Vec::new(),
            };
            reply.send(report).unwrap();
        }
        // Dropped: it is stopping.
        Command::Status(_) | Command::Takeover(_) => {}
    }
}

fn status() -> Status {
    let status = json!({
        "version": "1", "pid": 1, "now": "2026-01-01T00:00:00Z", "started": "2026-01-01T00:00:00Z", "uptime_seconds": 0,
        "generation": 1, "sites": [], "listeners": [], "workers": [], "limits_reached": {}, "certificates": [],
    });
    serde_json::from_value(status).unwrap()
}

struct World {
    desk: Desk,
    audit: Arc<dyn AuditLog>,
    doors: Arc<Doors>,
}

impl World {
    fn new(reply_time: Duration, mut daemon: impl FnMut(Command) + Send + 'static) -> World {
        let (sender, mut commands) = mpsc::channel(1);
        tokio::spawn(async move {
            while let Some(command) = commands.recv().await {
                daemon(command);
            }
        });
        let audit: Arc<dyn AuditLog> = Arc::new(Recent::default());
        let doors = Arc::new(Doors::default());
        World {
            desk: Desk::new(sender, Arc::clone(&audit), Arc::clone(&doors), reply_time),
            audit,
            doors,
        }
    }

    /// The entry of this number, when it is noted.
    async fn noted(&self, number: usize) -> Entry {
        while self.audit.last(99).len() < number {
            tokio::task::yield_now().await;
        }
        self.audit.last(1).remove(0)
    }

    async fn ask(&self, role: Role, request: &str, body: &str) -> Result<Value, Fault> {
        let (method, target) = request.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let asked = Asked {
            method,
            path,
            query,
            body: body.as_bytes(),
        };
        self.desk.answer(&who(role), asked).await
    }
}

fn word(result: Result<Value, Fault>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(fault) => {
            assert!(fault.message.len() > 10, "{fault:?}");
            serde_json::to_value(fault.kind)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        }
    }
}

#[tokio::test]
async fn who_may_ask_for_what() {
    let world = World::new(FOREVER, reply);
    let down = r#"{"order":{"do":"down"}}"#;
    for (request, body, reader, operator) in [
        ("GET /v1/status", "", "stopping", "stopping"),
        ("GET /v1/standing", "", "ok", "ok"),
        ("GET /v1/sites/shop", "", "ok", "ok"),
        ("GET /v1/sites/shpo", "", "unknown", "unknown"),
        ("GET /v1/sites/shop/explain", "", "ok", "ok"),
        ("GET /v1/sites/none/explain", "", "unknown", "unknown"),
        ("POST /v1/sites/shop/orders", down, "refused", "ok"),
        ("POST /v1/sites/none/orders", down, "refused", "unknown"),
        ("POST /v1/sites/shop/orders", "", "refused", "malformed"),
        (
            "POST /v1/sites/shop/orders",
            "{\"order\":{\"do\":\"dance\"}}",
            "refused",
            "malformed",
        ),
        (
            "POST /v1/sites/shop/orders",
            "{\"order\":{\"do\":\"approve\"}}",
            "refused",
            "impossible",
        ),
        (
            "POST /v1/sites/shop/orders",
            "{\"order\":{\"do\":\"up\"},\"resaon\":\"x\"}",
            "refused",
            "malformed",
        ),
        (
            "POST /v1/sites/shop/orders?x=1",
            down,
            "refused",
            "malformed",
        ),
        ("GET /v1/history", "", "ok", "ok"),
        ("GET /v1/history?since=x", "", "malformed", "malformed"),
        ("GET /v1/history?limit=1001", "", "malformed", "malformed"),
        ("GET /v1/audit", "", "ok", "ok"),
        ("GET /v1/audit?limit=0", "", "malformed", "malformed"),
        ("POST /v1/reload", "", "refused", "ok"),
        ("GET /v1/openapi.json", "", "ok", "ok"),
        ("GET /v1/reload", "", "method", "method"),
        ("PUT /v1/status", "", "method", "method"),
        ("GET /v1/nothing", "", "unknown", "unknown"),
    ] {
        assert_eq!(
            word(world.ask(Role::Reader, request, body).await),
            reader,
            "{request}"
        );
        assert_eq!(
            word(world.ask(Role::Operator, request, body).await),
            operator,
            "{request}"
        );
    }
}

#[tokio::test]
async fn every_order_is_noted_with_who_what_why_and_what_came_of_it() {
    let world = World::new(FOREVER, reply);
    let path = "POST /v1/sites/shop/orders";
    let down = r#"{"order":{"do":"down","say":"soon"},"reason":"CHG-1"}"#;
    let done = world.ask(Role::Operator, path, down).await.unwrap();
    assert_eq!(done["told"], json!(["down by uid 7"]));
    assert_eq!(done["site"]["name"], "shop");
    let _refused = world.ask(Role::Reader, path, down).await.unwrap_err();
    let approve = r#"{"order":{"do":"approve"}}"#;
    let _failed = world.ask(Role::Operator, path, approve).await.unwrap_err();
    world
        .ask(Role::Operator, "POST /v1/reload", "")
        .await
        .unwrap();
    let _nothing = world.ask(Role::Operator, path, "x").await.unwrap_err();

    let answered = world
        .ask(Role::Reader, "GET /v1/audit?limit=3", "")
        .await
        .unwrap();
    assert_eq!(answered["entries"].as_array().unwrap().len(), 3);
    assert_eq!(answered["entries"][0]["what"], "reload");
    let noted: Vec<String> = world
        .audit
        .last(99)
        .iter()
        .map(|entry| {
            let Entry {
                by,
                what,
                site,
                reason,
                outcome,
                told,
                ..
            } = entry;
            let (site, reason) = (
                site.as_deref().unwrap_or("-"),
                reason.as_deref().unwrap_or("-"),
            );
            format!(
                "{by}: {what} {site} {reason} {} {told:.20}",
                outcome.label()
            )
        })
        .collect();
    assert_eq!(
        noted,
        [
            "uid 7, gid 7, pid 70: reload - - done configuration 3 is i",
            "uid 7, gid 7, pid 70: approve shop - failed nothing waits",
            "uid 7, gid 7, pid 70: POST /v1/sites/shop/orders - - refused you are uid 7, gid 7",
            "uid 7, gid 7, pid 70: down shop CHG-1 done down by uid 7",
        ]
    );
}

#[tokio::test]
async fn history_is_asked_for_in_parts() {
    let world = World::new(FOREVER, reply);
    for (query, expected) in [
        ("", &[3, 2, 1, 0][..]),
        ("?site=shop", &[3, 1]),
        ("?site=gone", &[0]),
        ("?site=gone&since=1970-01-01T00:04:10Z", &[]),
        ("?site=plain", &[]),
        ("?since=1970-01-01T00:04:10Z", &[3, 2]),
        ("?since=1970-01-01T00:04:11Z", &[3]),
        ("?until=1970-01-01T00:05:00Z", &[2, 1, 0]),
        ("?limit=1", &[3]),
        ("?site=shop&until=1970-01-01T00:05:00Z&limit=1", &[1]),
    ] {
        let history = world
            .ask(Role::Reader, &format!("GET /v1/history{query}"), "")
            .await;
        let history: History = serde_json::from_value(history.unwrap()).unwrap();
        let ids: Vec<u64> = history
            .incidents
            .iter()
            .map(|incident| incident.id)
            .collect();
        assert_eq!(ids, expected, "{query}");
    }
}

/// A name that was mistyped used to be told that nothing has happened.
#[tokio::test]
async fn a_site_that_there_never_was_has_no_history() {
    let world = World::new(FOREVER, reply);
    let asked = world
        .ask(Role::Reader, "GET /v1/history?site=shpo", "")
        .await;
    let fault = asked.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unknown);
    assert!(
        fault
            .message
            .starts_with("no site `shpo`: there are shop, "),
        "{fault}"
    );
}

#[tokio::test]
async fn a_daemon_that_does_not_reply_is_counted() {
    let (hold, mut held) = mpsc::unbounded_channel();
    let hold = move |command| hold.send(command).unwrap();
    let world = World::new(Duration::from_millis(20), hold);
    assert_eq!(
        word(world.ask(Role::Operator, "POST /v1/reload", "").await),
        "timeout"
    );
    assert_eq!(world.doors.count(Door::Admin, Bound::ReplyTime), 1);
    // It is not done and has not failed, until the daemon says so.
    assert_eq!(world.audit.last(1), []);
    reply(held.recv().await.unwrap());
    assert_eq!(world.noted(1).await.outcome, Outcome::Done);
}

#[tokio::test]
async fn what_is_done_after_whoever_asked_has_left_is_noted_as_done() {
    let (hold, mut held) = mpsc::unbounded_channel();
    let world = World::new(FOREVER, move |command| hold.send(command).unwrap());
    for (number, outcome) in [(1, Outcome::Done), (2, Outcome::Unknown)] {
        let command = {
            let down = r#"{"order":{"do":"down"}}"#;
            let order = world.ask(Role::Operator, "POST /v1/sites/shop/orders", down);
            tokio::select! {
                _ = order => panic!("nobody has replied"),
                command = held.recv() => command.unwrap(),
            }
        };
        match outcome {
            Outcome::Done => reply(command),
            _ => drop(command),
        }
        let entry = world.noted(number).await;
        assert_eq!((entry.what.as_str(), entry.outcome), ("down", outcome));
    }
}

#[tokio::test]
async fn a_status_does_not_wait_long_for_the_sites() {
    let mut held = Vec::new();
    let world = World::new(FOREVER, move |command| match command {
        Command::Status(reply) => reply.send(status()).unwrap(),
        other => held.push(other),
    });
    let began = Instant::now();
    world.ask(Role::Reader, "GET /v1/status", "").await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[test]
fn what_is_refused_is_noted_in_few_words() {
    let (sender, _commands) = mpsc::channel(1);
    let audit: Arc<dyn AuditLog> = Arc::new(Recent::default());
    let desk = Desk::new(sender, Arc::clone(&audit), Arc::default(), FOREVER);
    let path = format!("POST /\u{1b}{}", "x".repeat(16_000));
    desk.note_refusal(Door::Remote, "token look", &path, "no");
    let noted = &audit.last(1)[0].what;
    assert_eq!(noted.chars().count(), NOTED);
    assert!(noted.starts_with("POST /\\u{1b}xxx"), "{noted}");
    assert_eq!(desk.doors().refusals(Door::Remote), 1);
    assert_eq!(desk.doors().refusals(Door::Admin), 0);
}

#[test]
fn an_unknown_site_is_told_which_there_are() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let told = |name, there: &[&str]| unknown_site(name, names(there)).message;
    assert_eq!(
        told("shpo", &["blog", "shop", "api"]),
        "no site `shpo`: there are shop, api, blog"
    );
    assert_eq!(told("x", &[]), "no site `x`: there are none");
    let many: Vec<String> = (0..20).map(|number| format!("site-{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(told("site-7", &many).starts_with("no site `site-7`: there are site-7, "));
    assert!(told("site-7", &many).ends_with(" and 8 more"));
}

/// What is obeyed is kept: what would be too long for that is not even passed on.
#[tokio::test]
async fn an_order_that_could_not_be_kept_is_not_obeyed() {
    let world = World::new(FOREVER, reply);
    let order = |length: usize| {
        // Control characters are the longest: each is six bytes here as well as in what is kept.
        let name = "\\u0001".repeat(length / 6);
        format!(
            "{{\"order\":{{\"do\":\"schedule\",\"name\":\"{name}\",\"at\":\"02:00\"}},\"reason\":\"{}\"}}",
            "x".repeat(REASON_BYTES)
        )
    };
    let request = "POST /v1/sites/shop/orders";
    let long = world
        .ask(Role::Operator, request, &order(ORDER_BYTES))
        .await;
    assert_eq!(word(long), "too-long");
    assert_eq!(world.audit.last(9), []);
    let longest = order(ORDER_BYTES - REASON_BYTES - 200);
    assert!(longest.len() <= ORDER_BYTES);
    assert_eq!(
        word(world.ask(Role::Operator, request, &longest).await),
        "ok"
    );
    let noted = serde_json::to_vec(&world.audit.last(1)[0]).unwrap();
    assert!(noted.len() < crate::journal::LONGEST / 2, "{}", noted.len());
}

#[test]
fn reasons_have_a_bound() {
    let body = |length| {
        format!(
            "{{\"order\":{{\"do\":\"up\"}},\"reason\":\"{}\"}}",
            "x".repeat(length)
        )
    };
    assert!(read_order(body(REASON_BYTES).as_bytes()).is_ok());
    assert!(read_order(body(REASON_BYTES + 1).as_bytes()).is_err());
}

#[test]
fn whoever_is_refused_again_and_again_fills_no_disk() {
    let refusals = Refusals::default();
    let now = Instant::now();
    for _ in 0..REFUSALS {
        assert_eq!(refusals.next(now), Some(0));
    }
    assert_eq!(refusals.next(now), None);
    assert_eq!(refusals.next(now + MINUTE / 2), None);
    assert_eq!(refusals.next(now + MINUTE), Some(2));
    assert_eq!(refusals.next(now + MINUTE), Some(0));
}
