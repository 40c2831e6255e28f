//! Refusals given to known crawlers are counted apart, by what they call themselves; nothing else changes for them.

use super::transport::{Request, Transport, ask};
use super::world::World;
use crate::abuse::meter::metric;

const GOOGLE: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

#[test]
fn known_crawlers_are_counted_apart() {
    let world = World::with("[metrics]\nlisten = \"127.0.0.1:0\"", "");
    let count = |site: &str, crawler: &str| {
        let labels = format!("site=\"{site}\",crawler=\"{crawler}\"");
        metric(
            &world.server,
            &format!("sorry_crawler_refusals_total{{{labels}}}"),
        )
    };
    for transport in Transport::ALL {
        let before = count("shop", "google");
        for (agent, target, host) in [
            (GOOGLE, "/", "shop.example"),
            (GOOGLE, "/robots.txt", "shop.example"),
            (
                "Mozilla/5.0 (compatible; bingbot/2.0)",
                "/a.jpg",
                "shop.example",
            ),
            (GOOGLE, "/", "unknown.example"),
            // What was not refused, and who is nobody in particular.
            (GOOGLE, "/.sorry/alive", "shop.example"),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)",
                "/",
                "shop.example",
            ),
            ("googlebot", "/", "shop.example"),
        ] {
            let request = Request::get(target).to(host);
            let answer = ask(
                &world,
                transport,
                &request.clone().with("user-agent", agent),
            );
            let plain = ask(&world, transport, &request);
            assert_eq!(answer.status(), plain.status(), "{transport:?} {agent}");
        }
        assert_eq!(count("shop", "google") - before, 2.0, "{transport:?}");
    }
    let transports = Transport::ALL.len() as f64;
    assert_eq!(count("shop", "bing"), transports);
    assert_eq!(count("other", "google"), transports);
    assert_eq!(count("shop", "ai"), 0.0);
}
