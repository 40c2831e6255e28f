//! The page brings its visitors back by itself: once a healthy site answers, at the URL they wanted, and not before.
//!
//! Every case has a window and a door of its own, and all wait at the same time: the page asks every five seconds at most. What a
//! case asserts is the whole list of requests that its browser sent.

use serde_json::json;

use super::driver::Browser;
use crate::clients::front::{Behind, Front};
use crate::harness::Server;

const RECOVERED: &str =
    "<!doctype html><title>The shop</title><link rel=icon href=data:,><h1>Open again</h1>";

struct Case<'a> {
    name: &'a str,
    server: &'a Server,
    /// The host in the address bar.
    host: &'a str,
    method: &'a str,
    path: &'a str,
    fragment: &'a str,
    /// What answers the page's first question.
    meanwhile: Meanwhile,
    /// What the visitor was shown the page by, between the first request and the first question.
    detour: &'a [&'a str],
}

enum Meanwhile {
    Sorry,
    Other(Behind),
}

struct Visit<'a> {
    case: &'a Case<'a>,
    front: Front,
    url: String,
    window: String,
    /// How many answers there were before what happens meanwhile.
    answered_before: usize,
}

#[test]
fn visitors_come_back_when_the_site_does() {
    let in_place = Server::serve(&["--retry-after", "1s"]);
    let redirecting = Server::serve(&["--retry-after", "1s", "--mode", "redirect"]);
    let usual = Case {
        name: "still sorry",
        server: &in_place,
        host: "127.0.0.1",
        method: "GET",
        path: "/deep/page?x=1&y=%20z",
        fragment: "",
        meanwhile: Meanwhile::Sorry,
        detour: &[],
    };
    let error = "500 Internal Server Error";
    let says = |status| Meanwhile::Other(Behind::Says(status, "an error".into()));
    let cases = [
        Case {
            name: "with a fragment",
            fragment: "#part",
            ..usual_of(&usual)
        },
        Case {
            name: "another error",
            meanwhile: says(error),
            ..usual_of(&usual)
        },
        Case {
            name: "too many",
            meanwhile: says("429 Too Many Requests"),
            ..usual_of(&usual)
        },
        Case {
            name: "nobody",
            meanwhile: Meanwhile::Other(Behind::Nobody),
            ..usual_of(&usual)
        },
        Case {
            name: "after a form",
            method: "POST",
            ..usual_of(&usual)
        },
        // Not a secure context, so that the page has to ask once before it knows how long to wait.
        Case {
            name: "in the clear",
            host: "shop.example",
            detour: &["HEAD /deep/page?x=1&y=%20z"],
            ..usual_of(&usual)
        },
        Case {
            name: "redirected",
            server: &redirecting,
            detour: &["GET /.sorry/page?from=/deep/page%3Fx%3D1%26y%3D%2520z"],
            ..usual_of(&usual)
        },
        // Where the browser does not say what it asks for, the path's ending must not make the page's own question a
        // reader of HTML: the redirect would pass for the site's, and the page would load itself for ever.
        Case {
            name: "redirected from a page of HTML in the clear",
            server: &redirecting,
            host: "shop.example",
            path: "/deep/page.html",
            detour: &[
                "GET /.sorry/page?from=/deep/page.html",
                "HEAD /deep/page.html",
            ],
            ..usual_of(&usual)
        },
        usual,
    ];
    let browser = Browser::start();
    let visits: Vec<Visit<'_>> = cases.iter().map(|case| visit(&browser, case)).collect();
    for visit in &visits {
        visit.recover();
    }
    for visit in &visits {
        visit.assert_returned(&browser);
    }
}

/// The usual case, to be changed.
fn usual_of<'a>(usual: &Case<'a>) -> Case<'a> {
    Case {
        meanwhile: Meanwhile::Sorry,
        ..*usual
    }
}

/// Opens a window, sees the page in it, and then lets happen what happens meanwhile.
fn visit<'a>(browser: &Browser, case: &'a Case<'a>) -> Visit<'a> {
    let front = Front::new(Behind::Server(case.server.address()));
    let port = front.address.port();
    let url = format!("http://{}:{port}{}{}", case.host, case.path, case.fragment);
    let window = browser.new_window();
    match case.method {
        "POST" => {
            browser.run_async(SEND_A_FORM, &json!([url]));
        }
        _ => browser.open(&url),
    }
    browser.wait("return document.title == 'We’ll be back soon'");
    assert_eq!(browser.run("return document.visibilityState"), "visible");
    if let Meanwhile::Other(behind) = &case.meanwhile {
        front.switch(behind.clone());
    }
    // The page and its detour may all have been asked for already, or not; what is beyond them is a question.
    let answered_before = front.answers().max(1 + case.detour.len());
    Visit {
        case,
        front,
        url,
        window,
        answered_before,
    }
}

const SEND_A_FORM: &str = "
    const form = document.createElement('form')
    form.method = 'post'
    form.action = arguments[0]
    form.innerHTML = '<input name=card value=4711>'
    document.body.append(form)
    form.submit()";

impl Visit<'_> {
    /// Waits until a question of the page has been answered badly, and lets the site return.
    fn recover(&self) {
        let before = self.answered_before;
        let name = self.case.name;
        self.front.wait(|seen| seen.answers > before, name);
        self.front.switch(Behind::Says("200 OK", RECOVERED.into()));
    }

    fn assert_returned(&self, browser: &Browser) {
        let Case {
            name,
            method,
            path,
            detour,
            ..
        } = self.case;
        let mut shown = vec![format!("{method} {path}")];
        shown.extend(detour.iter().map(|request| (*request).to_owned()));
        let (question, back) = (format!("HEAD {path}"), format!("GET {path}"));
        // One that was answered badly, one that was answered well, and only then the site.
        let least = shown.len() + 3;
        let returned =
            |requests: &[String]| requests.len() >= least && requests.last() == Some(&back);
        self.front.wait(|seen| returned(&seen.requests), name);
        browser.look_at(&self.window);
        browser.wait("return document.title == 'The shop'");
        assert_eq!(browser.url(), self.url, "{name}");
        let requests = self.front.requests();
        let (before, rest) = requests.split_at(shown.len());
        assert_eq!(before, shown, "{name}");
        let (last, questions) = rest.split_last().expect("more requests");
        assert_eq!(*last, back, "{name}");
        // A slow machine lets the page ask more than once before the site returns, which changes nothing.
        assert!(
            questions.iter().all(|asked| *asked == question),
            "{name}: {requests:?}"
        );
    }
}
