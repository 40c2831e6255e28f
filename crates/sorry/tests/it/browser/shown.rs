//! The page as people see it: at any URL, in their language and time zone, with its assets, asking nobody else for anything.

use std::path::Path;

use serde_json::{Value, json};

use super::driver::Browser;
use super::picture;
use crate::harness::Server;

const DEEP: &str = "/a/very/deep/page.html?id=1&name=%C3%A4%20b";

#[test]
fn the_page_is_shown_at_any_url() {
    let browser = Browser::start();
    built_in(&browser);
    looks(&browser);
    own_page(&browser);
}

/// 07:30 UTC is 13:00 in the browser's Kolkata, and 05:00 in the summer of St. John's.
const UNTIL: &str = "2031-05-06T07:30:00Z";

fn built_in(browser: &Browser) {
    let server = Server::serve(&["--until", UNTIL, "--say", "New shelves <b>& more</b>"]);
    browser.network();
    browser.open(&server.url(DEEP));
    assert_eq!(browser.url(), server.url(DEEP));
    assert_eq!(browser.run("return document.title"), "We’ll be back soon");
    assert_eq!(shown(browser, "h1"), "We’ll be back soon");
    assert_eq!(shown(browser, ".said"), "New shelves <b>& more</b>");
    assert_eq!(time(browser), "May 6, 2031 at 1:00 PM");
    assert_eq!(
        shown(browser, "[data-sorry-id]"),
        request_id(browser, &server)
    );

    let zone = json!({"timezoneId": "America/St_Johns"});
    browser.tell("Emulation.setTimezoneOverride", &zone);
    browser.open(&server.url("/"));
    assert_eq!(time(browser), "May 6, 2031 at 5:00 AM");
    browser.tell("Emulation.setTimezoneOverride", &json!({"timezoneId": ""}));

    asked_only(browser, &server);
    no_complaints(browser);
    in_the_clear(browser, &server);
}

/// To pages that came over plain HTTP from another machine browsers do not show Server-Timing: the page asks for an id.
fn in_the_clear(browser: &Browser, server: &Server) {
    let port = server.address().port();
    browser.open(&format!("http://shop.example:{port}/"));
    assert_eq!(browser.run("return isSecureContext"), false);
    let id = "return document.querySelector('[data-sorry-id]').innerText";
    let id = browser.wait(id);
    let network = browser.network();
    let answers = network.iter().map(|event| &event["response"]["headers"]);
    let mut ids = answers.map(|fields| &fields["X-Request-Id"]);
    assert!(ids.any(|answered| *answered == id), "{id} is nobody's");
    no_complaints(browser);
}

/// The text of an element that is to be seen.
fn shown(browser: &Browser, selector: &str) -> String {
    let script = format!(
        "const e = document.querySelector('{selector}')
         return e && e.checkVisibility() && e.getClientRects().length ? e.innerText : null"
    );
    let text = browser.run(&script);
    let text = text
        .as_str()
        .unwrap_or_else(|| panic!("{selector} is not shown: {text}"));
    text.to_owned()
}

/// Browsers put a narrow space before PM.
fn time(browser: &Browser) -> String {
    shown(browser, "time").replace('\u{202f}', " ")
}

/// The request id in the head of the page that was opened last.
fn request_id(browser: &Browser, server: &Server) -> String {
    let network = browser.network();
    let page = network
        .iter()
        .map(|event| &event["response"])
        .rfind(|response| response["url"] == server.url(DEEP))
        .expect("the page in the network's log");
    assert_eq!(page["status"], 503);
    page["headers"]["X-Request-Id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

/// That since the last look at the network nobody but the server was asked.
fn asked_only(browser: &Browser, server: &Server) {
    let network = browser.network();
    let mut asked = network
        .iter()
        .filter_map(|event| event["request"]["url"].as_str())
        .peekable();
    assert!(asked.peek().is_some(), "nothing was asked");
    let own = server.url("/");
    for url in asked {
        assert!(url.starts_with(&own) || url.starts_with("data:"), "{url}");
    }
}

/// That scripts, styles and policies gave no reason to complain. That the page's own status is 503 Chromium mentions, too.
fn no_complaints(browser: &Browser) {
    let mut console = browser.console();
    let of_the_page = "the server responded with a status of 503";
    console.retain(|line| !line.contains(of_the_page) || line.contains("/.sorry/"));
    assert_eq!(console, [""; 0]);
}

fn looks(browser: &Browser) {
    let reason = "We are moving to a larger database.";
    let server = Server::serve(&["--until", UNTIL, "--say", reason]);
    let url = server.url(DEEP);
    for scheme in ["light", "dark"] {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.tell("Emulation.setEmulatedMedia", &features);
        browser.open(&url);
        let background = browser.run("return getComputedStyle(document.body).backgroundColor");
        let expected = if scheme == "light" {
            "rgb(243, 245, 249)"
        } else {
            "rgb(16, 19, 26)"
        };
        assert_eq!(background, expected, "{scheme}");
        picture::keep(browser, scheme);
    }
    browser.tell("Emulation.setEmulatedMedia", &json!({"features": []}));

    let narrow = json!({"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": true});
    browser.tell("Emulation.setDeviceMetricsOverride", &narrow);
    let agent = browser.run("return navigator.userAgent");
    for (tag, direction) in [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("de", "ltr"),
        ("ru", "ltr"),
        ("ja", "ltr"),
    ] {
        speak(browser, &agent, tag);
        browser.open(&url);
        assert_eq!(browser.run("return document.documentElement.lang"), tag);
        assert_eq!(
            browser.run("return getComputedStyle(document.body).direction"),
            direction
        );
        assert_eq!(browser.run("return innerWidth"), 320);
        let overflowing = browser.run(OVERFLOWING);
        assert_eq!(overflowing, json!([]), "{tag} scrolls sideways");
        picture::keep(browser, &format!("narrow-{tag}"));
    }
    browser.tell("Emulation.clearDeviceMetricsOverride", &json!({}));
    speak(browser, &agent, "ar");
    browser.open(&url);
    assert_eq!(shown(browser, "h1"), "سنعود قريبًا");
    picture::keep(browser, "arabic");
    speak(browser, &agent, "en-US");
}

fn speak(browser: &Browser, agent: &Value, languages: &str) {
    let words = json!({"userAgent": agent, "acceptLanguage": languages});
    browser.tell("Emulation.setUserAgentOverride", &words);
}

/// What reaches beyond the window: the document as a whole, and the elements at fault.
const OVERFLOWING: &str = "
    const root = document.documentElement
    const beyond = [...document.querySelectorAll('body *')]
        .filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.left < -.5 || r.right > 320.5) })
        .map(e => e.outerHTML.slice(0, 80))
    return root.scrollWidth > 320 ? ['document ' + root.scrollWidth, ...beyond] : beyond";

fn own_page(browser: &Browser) {
    let folder = tempfile::tempdir().expect("a folder");
    write_own_page(folder.path());
    let page = folder.path().display().to_string();
    let server = Server::serve(&["--page", &page]);
    browser.network();
    for path in [DEEP, "/", "/a/b/"] {
        browser.open(&server.url(path));
        assert_eq!(browser.run("return document.title"), "Own page", "{path}");
        let widths = "return [...document.images].map(image => image.naturalWidth)";
        assert_eq!(browser.run(widths), json!([40, 1]), "{path}");
        let color = "return getComputedStyle(document.querySelector('h1')).color";
        assert_eq!(browser.run(color), "rgb(1, 2, 3)", "{path}");
        let font = "const faces = await document.fonts.load('20px Own'); return faces.map(face => face.status)";
        assert_eq!(
            browser.run_async(font, &json!([])),
            json!(["loaded"]),
            "{path}"
        );
        // The script of the page's own did run.
        assert_eq!(
            browser.run("return document.body.dataset.ran"),
            "yes",
            "{path}"
        );
        asked_only(browser, &server);
    }
    no_complaints(browser);
    picture::keep(browser, "own-page");
}

fn write_own_page(folder: &Path) {
    std::fs::create_dir_all(folder.join("images")).expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.join(name), bytes).expect("write");
    };
    write("page.html", OWN_PAGE.as_bytes());
    write("style.css", OWN_STYLE.as_bytes());
    write("own.js", b"document.body.dataset.ran = 'yes'");
    write("images/logo.svg", LOGO.as_bytes());
    write("images/dot.gif", DOT);
    let font = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf";
    let font = std::fs::read(font).expect("Debian's fonts-dejavu-core; see cargo xtask setup");
    write("own.ttf", &font);
}

const OWN_PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Own page</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
<h1>Closed for a while</h1>
<p><img src="images/logo.svg" alt="logo"> <img src="./images/dot.gif" alt=""></p>
<script src="own.js"></script>
"#;

const OWN_STYLE: &str = r#"
@font-face { font-family: Own; src: url("own.ttf") }
body { font: 20px Own, serif; background: linear-gradient(#fff, #abc) }
h1 { color: rgb(1, 2, 3) }
"#;

const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="#3753c8"/></svg>"##;

/// The smallest GIF: one transparent dot.
const DOT: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
