//! What scripts of the site read from another origin: status, Retry-After and the problem, never an opaque network error.

use serde_json::{Value, json};

use super::driver::Browser;
use crate::clients::front::{Behind, Front};
use crate::harness::Server;

const APP: &str = "<!doctype html><title>The app</title><link rel=icon href=data:,>";

#[test]
fn scripts_of_another_origin_read_the_refusal() {
    let app = Front::new(Behind::Says("200 OK", APP.into()));
    let server = Server::serve(&["--retry-after", "1s"]);
    let browser = Browser::start();
    browser.open(&app.url("/app"));
    browser.network();
    reads(
        &browser,
        &server,
        &json!({"headers": {"Accept": "application/json"}}),
    );
    reads(&browser, &server, &json!({}));
    let put = json!({
        "method": "PUT",
        "headers": {"Content-Type": "application/json", "X-Shop-Token": "4711"},
        "body": "{\"count\": 1}",
    });
    assert_eq!(preflights(&browser), 0);
    reads(&browser, &server, &put);
    assert_eq!(preflights(&browser), 1);
    let delete = json!({"method": "DELETE", "headers": {"Authorization": "Bearer 4711"}});
    reads(&browser, &server, &delete);

    // With a cookie nobody may read it who is not listed.
    let with_cookies = json!({"credentials": "include"});
    let refused = fetch(&browser, &server.url("/api"), &with_cookies);
    let refused = refused.as_str().unwrap_or_else(|| panic!("{refused}"));
    assert!(refused.contains("Failed to fetch"), "{refused}");
    listed_origins_may_send_cookies(&browser, &app);

    event_stream(&browser, &server);
    other_destinations(&browser, &server);
}

fn fetch(browser: &Browser, url: &str, options: &Value) -> Value {
    let script = "
        const answer = await fetch(arguments[0], arguments[1])
        const header = name => answer.headers.get(name)
        return {
            status: answer.status,
            retry: header('Retry-After'),
            id: header('X-Request-Id'),
            type: header('Content-Type'),
            body: await answer.text(),
        }";
    browser.run_async(script, &json!([url, options]))
}

fn reads(browser: &Browser, server: &Server, options: &Value) {
    let answer = fetch(browser, &server.url("/api/orders?id=7"), options);
    assert_refusal(&answer, options);
}

fn assert_refusal(answer: &Value, options: &Value) {
    assert_eq!(answer["status"], 503, "{options}: {answer}");
    assert_eq!(answer["retry"], "1", "{options}: {answer}");
    let body = answer["body"].as_str().unwrap_or_default();
    let problem: Value =
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error} in {answer}"));
    assert_eq!(problem["status"], 503, "{options}");
    assert_eq!(problem["retry_after"], 1, "{options}");
    assert_eq!(problem["request_id"], answer["id"], "{options}");
    assert!(answer["id"].is_string(), "{options}: {answer}");
}

/// How many preflights there were since the last look at the network.
fn preflights(browser: &Browser) -> usize {
    let network = browser.network();
    let methods = network.iter().map(|event| &event["request"]["method"]);
    methods.filter(|method| *method == "OPTIONS").count()
}

fn listed_origins_may_send_cookies(browser: &Browser, app: &Front) {
    let folder = tempfile::tempdir().expect("a folder");
    let origin = app.url("");
    let configuration = format!(
        r#"
[admin]
socket = "none"

[[site]]
name = "shop"

[site.sorry]
listen = ["127.0.0.1:0"]
retry-after = "1s"
cors.origins = ["{origin}"]
"#
    );
    let server = Server::run(folder.path(), &configuration);
    let with_cookies = json!({"credentials": "include", "headers": {"X-Shop-Token": "4711"}});
    reads(browser, &server, &with_cookies);
}

/// EventSource stays, and asks again when it was told.
fn event_stream(browser: &Browser, server: &Server) {
    let script = "
        const source = new EventSource(arguments[0])
        const events = []
        await new Promise((enough, fail) => {
            source.addEventListener('sorry', event => {
                events.push({at: performance.now(), data: event.data})
                if (events.length == 2) enough()
            })
            source.onerror = () => source.readyState == EventSource.CLOSED && fail('closed for good')
        })
        source.close()
        return {gap: events[1].at - events[0].at, data: JSON.parse(events[0].data)}";
    let told = browser.run_async(script, &json!([server.url("/events")]));
    assert_eq!(told["data"]["status"], 503, "{told}");
    let gap = told["gap"].as_f64().unwrap_or_default();
    // Left alone Chromium comes back after three seconds.
    assert!((990.0..2500.0).contains(&gap), "asked again after {gap} ms");
}

/// What is not a document fails as it should: an image as an image, a script without being run, a WebSocket closed.
fn other_destinations(browser: &Browser, server: &Server) {
    browser.console();
    let script = "
        const load = (tag, attributes) => new Promise(end => {
            const element = Object.assign(document.createElement(tag), attributes)
            element.onload = () => end('load')
            element.onerror = () => end('error')
            document.head.append(element)
        })
        const url = arguments[0]
        const socket = new WebSocket(url.replace('http', 'ws') + '/socket')
        const closed = new Promise(end => socket.onclose = event => end(event.code))
        return {
            image: await load('img', {src: url + '/logo.png'}),
            script: await load('script', {src: url + '/app.js'}),
            style: await load('link', {rel: 'stylesheet', href: url + '/app.css'}),
            socket: await closed,
        }";
    let told = browser.run_async(script, &json!([server.url("")]));
    let expected = json!({"image": "error", "script": "error", "style": "error", "socket": 1006});
    assert_eq!(told, expected);
    let console = browser.console();
    let handshake = console
        .iter()
        .any(|line| line.contains("Unexpected response code: 503"));
    assert!(handshake, "{console:?}");
    // Whoever opens the console reads the status. (Of a style Chromium only says that it has no type.)
    for file in ["/logo.png", "/app.js"] {
        let said =
            format!("{file} - Failed to load resource: the server responded with a status of 503");
        assert!(
            console.iter().any(|line| line.contains(&said)),
            "{file}: {console:?}"
        );
    }
}
