//! Which known crawler a request says it comes from, so that refusals given to search engines are counted apart.
//!
//! What a User-Agent says is not proof; it never changes an answer.

/// A crawler whose operators say what 503 means to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crawler {
    /// Googlebot and its relatives
    Google,
    /// bingbot
    Bing,
    /// YandexBot and its relatives
    Yandex,
    /// Baiduspider
    Baidu,
    /// DuckDuckBot
    DuckDuckGo,
    /// Applebot
    Apple,
    /// GPTBot, OAI-SearchBot, ClaudeBot, PerplexityBot, CCBot, Bytespider, Amazonbot, meta-externalagent
    Model,
    /// facebookexternalhit, Twitterbot, LinkedInBot, Slackbot, Discordbot, TelegramBot, WhatsApp
    Preview,
}

/// How many there are.
pub const CRAWLERS: usize = 8;

impl Crawler {
    /// All, in the order of their numbers.
    pub const ALL: [Crawler; CRAWLERS] = [
        Crawler::Google,
        Crawler::Bing,
        Crawler::Yandex,
        Crawler::Baidu,
        Crawler::DuckDuckGo,
        Crawler::Apple,
        Crawler::Model,
        Crawler::Preview,
    ];

    /// The label in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Crawler::Google => "google",
            Crawler::Bing => "bing",
            Crawler::Yandex => "yandex",
            Crawler::Baidu => "baidu",
            Crawler::DuckDuckGo => "duckduckgo",
            Crawler::Apple => "apple",
            Crawler::Model => "ai",
            Crawler::Preview => "preview",
        }
    }
}

/// Names as their operators publish them, in the case they are sent in.
const NAMES: [(&[u8], Crawler); 26] = [
    (b"Googlebot", Crawler::Google),
    (b"GoogleOther", Crawler::Google),
    (b"Google-InspectionTool", Crawler::Google),
    (b"Storebot-Google", Crawler::Google),
    (b"AdsBot-Google", Crawler::Google),
    (b"bingbot", Crawler::Bing),
    (b"YandexBot", Crawler::Yandex),
    (b"YandexImages", Crawler::Yandex),
    (b"Baiduspider", Crawler::Baidu),
    (b"DuckDuckBot", Crawler::DuckDuckGo),
    (b"Applebot", Crawler::Apple),
    (b"GPTBot", Crawler::Model),
    (b"OAI-SearchBot", Crawler::Model),
    (b"ClaudeBot", Crawler::Model),
    (b"PerplexityBot", Crawler::Model),
    (b"CCBot", Crawler::Model),
    (b"Bytespider", Crawler::Model),
    (b"Amazonbot", Crawler::Model),
    (b"meta-externalagent", Crawler::Model),
    (b"facebookexternalhit", Crawler::Preview),
    (b"Twitterbot", Crawler::Preview),
    (b"LinkedInBot", Crawler::Preview),
    (b"Slackbot", Crawler::Preview),
    (b"Discordbot", Crawler::Preview),
    (b"TelegramBot", Crawler::Preview),
    (b"WhatsApp", Crawler::Preview),
];

/// Only this much of a User-Agent is looked at.
const LOOKED_AT: usize = 256;

/// The crawler that `user_agent` names.
pub fn named_in(user_agent: &[u8]) -> Option<Crawler> {
    let text = &user_agent[..user_agent.len().min(LOOKED_AT)];
    // Browsers, the many, are told apart by one look: every name above contains one of these.
    if !is_suspicious(text) {
        return None;
    }
    NAMES
        .iter()
        .find(|(name, _)| text.windows(name.len()).any(|part| part == *name))
        .map(|(_, crawler)| *crawler)
}

/// One look at each byte: every name above holds one of these beginnings, and browsers' names hold none of them but by
/// chance.
fn is_suspicious(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(at, byte)| {
        let after = |rest: &[u8]| text[at + 1..].starts_with(rest);
        match byte {
            b'b' => after(b"ot"),
            b'B' => after(b"ot") || after(b"aid") || after(b"yte"),
            b'G' => after(b"oog"),
            b'Y' => after(b"and"),
            b'W' => after(b"hat"),
            b'x' => after(b"ter"),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crawlers_are_known_by_name() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                Some(Crawler::Google),
            ),
            (
                "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
                Some(Crawler::Bing),
            ),
            (
                "Mozilla/5.0 (compatible; Google-InspectionTool/1.0)",
                Some(Crawler::Google),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130 Safari/537.36",
                None,
            ),
            ("curl/8.0", None),
            ("", None),
        ] {
            assert_eq!(named_in(user_agent.as_bytes()), expected, "{user_agent}");
        }
    }

    #[test]
    fn the_cheap_look_lets_every_name_through() {
        for (name, crawler) in NAMES {
            assert_eq!(
                named_in(name),
                Some(crawler),
                "{}",
                String::from_utf8_lossy(name)
            );
        }
    }
}
