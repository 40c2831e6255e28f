//! Files of a page's folder that are given to nobody: told by their names, since whoever put them there meant something by it, or
//! nothing. Which files are given is decided in `own`.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::mistake::Mistake;
use super::files::{self, Files};
use super::names::{self, Part};

/// So many are named.
const NAMED: usize = 20;

/// A warning for each, within bounds.
pub(super) fn warnings(files: &Files, assets: &BTreeMap<String, Bytes>) -> Vec<Mistake> {
    let strays: Vec<&String> = files
        .all()
        .keys()
        .filter(|name| names::part(name) == Part::Asset && !assets.contains_key(*name))
        // Those have been told of already.
        .filter(|name| names::almost_a_page(name).is_none())
        .collect();
    let named = strays.iter().take(NAMED).map(|name| {
        let message = "is given to nobody: the page does not refer to it, and pages are not made of its kind of file; \
                       refer to it, or take it away";
        files::mistake(&files.path(name), message.to_owned())
    });
    let rest = strays.len().saturating_sub(NAMED);
    let more = (rest > 0).then(|| {
        let message = format!("has {rest} more files that are given to nobody");
        files::mistake(&files.path(""), message)
    });
    named.chain(more).collect()
}
