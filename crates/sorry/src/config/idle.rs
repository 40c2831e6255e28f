//! Keys that were typed and do nothing, since another key would have to make use of them. They are warned of: whoever switches
//! between two modes may keep the keys of both.

use super::diagnostics::{Place, Source};
use super::log::AccessFormat;
use super::reader::At;
use super::site::ModeWord;
use super::spec;

/// What is said of them, each with its line.
pub(super) fn told(idle: &[(Place, String)], source: &Source) -> Vec<String> {
    let told = |(place, why): &(Place, String)| source.told(*place, why);
    idle.iter().map(told).collect()
}

/// A file for the access log where there is none.
pub(super) fn log(log: &At<spec::Log>) -> Option<(Place, String)> {
    let file = log.value.access_file.as_ref()?;
    let is_idle = file.place != log.place && log.value.access.as_ref()?.value == AccessFormat::None;
    let why = "access-file: nothing is written there without `access = \"json\"` or \"combined\"";
    is_idle.then(|| (file.place, why.to_owned()))
}

/// Keys that were typed and change nothing. What was not typed is at the place of its table.
pub(super) fn keys(sorry: &spec::Sorry, table: Place, idle: &mut Vec<(Place, String)>) {
    let typed = |place: Place| Some(place).filter(|place| *place != table);
    let in_place = sorry
        .mode
        .as_ref()
        .is_some_and(|mode| mode.value == ModeWord::InPlace);
    let redirect = sorry.redirect.as_ref().and_then(|key| typed(key.place));
    let page = sorry.redirect_page.as_ref();
    let page = page.and_then(|key| typed(key.place));
    for (key, place) in [("redirect", redirect), ("redirect-page", page)] {
        if let (true, Some(place)) = (in_place, place) {
            let why = format!("{key}: nobody is redirected without `mode = \"redirect\"`");
            idle.push((place, why));
        }
    }
    let policy = sorry.csp.as_ref().and_then(|key| typed(key.place));
    if let (Some(place), None) = (policy, &sorry.page) {
        let why = "csp: it is for a page of your own, and there is no `page`".to_owned();
        idle.push((place, why));
    }
}
