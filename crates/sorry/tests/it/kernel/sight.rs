//! What Chromium shows of the server: it runs in the client's namespace, and is driven from outside.

use serde_json::Value;

use super::world::{Family, World};
use crate::browser::driver::Browser;
use crate::browser::picture::{self, Picture};

/// What a person sees.
#[derive(Debug)]
pub(crate) struct Sight {
    /// None where no answer came.
    pub(crate) status: Option<u64>,
    pub(crate) title: String,
    pub(crate) text: String,
    /// How it looks; the picture itself is kept for people.
    pub(crate) picture: Picture,
    /// What Chromium says instead of showing a page: `net::ERR_CONNECTION_REFUSED` and the like.
    pub(crate) error: Option<String>,
}

/// A browser in the client's namespace.
pub(crate) fn browser(world: &World) -> Browser {
    Browser::start_in(world.client().name())
}

/// Opens the server's page; the picture is kept under that name.
pub(crate) fn see(browser: &Browser, world: &World, family: Family, name: &str) -> Sight {
    let url = world.url(family, "/a/deep/page.html?id=1");
    browser.network();
    let error = browser.try_to_open(&url).err();
    let network = browser.network();
    let answers = network.iter().map(|event| &event["response"]);
    let page = answers.rev().find(|answer| answer["url"] == url);
    let said = |script: &str| match browser.run(script) {
        Value::String(text) => text,
        other => panic!("{script}: {other}"),
    };
    Sight {
        status: page.and_then(|answer| answer["status"].as_u64()),
        title: said("return document.title"),
        text: said("return document.body.innerText"),
        picture: picture::take(browser, name),
        error,
    }
}
