//! The maintenance windows of a site.

use super::Builder;
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::reader::At;
use crate::config::spec;
use crate::config::window::{Asked, Field, Typed, Window};
use sorry_core::moment::Wall;
use sorry_core::window::Window as When;
use std::collections::HashMap;

/// What a window is called in the file, by whether it opens once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Once,
    Again,
}

impl Kind {
    /// The key behind a field.
    fn key(self, field: Field) -> &'static str {
        match (field, self) {
            (Field::At, Kind::Once) => "start",
            (Field::Until, Kind::Once) => "end",
            (field, _) => field.label(),
        }
    }
}

impl Builder<'_> {
    /// All windows of a site. `None` where something is mistaken.
    pub(super) fn windows(
        &mut self,
        typed: Option<At<Vec<At<spec::Window>>>>,
    ) -> Option<Vec<Window>> {
        let typed = typed?.value;
        let mut seen = HashMap::new();
        for name in typed.iter().filter_map(|window| window.value.name.as_ref()) {
            if let Some(first) = seen.insert(name.value.0.clone(), name.place) {
                let message = format!("a second window is named `{}`", name.value.0);
                let mistake = Mistake::new(Code::Duplicate, name.place, message);
                self.tell(mistake.also(first, "first given here"));
            }
        }
        let windows: Vec<_> = typed.iter().map(|window| self.window(window)).collect();
        windows.into_iter().collect()
    }

    fn window(&mut self, at: &At<spec::Window>) -> Option<Window> {
        let At {
            value: typed,
            place,
        } = at;
        let kind = self.kind(typed, *place)?;
        let (opens, closes) = match kind {
            Kind::Once => (typed.start.as_ref(), typed.end.as_ref()),
            Kind::Again => (typed.at.as_ref(), typed.until.as_ref()),
        };
        let other = match kind {
            Kind::Once => typed.until.as_ref().map(|at| ("until", "end", at.place)),
            Kind::Again => typed.end.as_ref().map(|at| ("end", "until", at.place)),
        };
        if let Some((key, right, place)) = other {
            let what = match kind {
                Kind::Once => "one that opens once",
                Kind::Again => "one that opens again and again",
            };
            let mistake = Mistake::new(Code::Conflict, place, format!("{key}: not in {what}"));
            self.tell(mistake.hint(format!(
                "that closes with `{right}`, or is open `for` a while"
            )));
            return None;
        }
        let name = typed.name.as_ref()?;
        let days = typed.days.as_ref();
        let asked = Asked {
            name: &name.value.0,
            at: &opens?.value.0,
            days: match kind {
                Kind::Once => Vec::new(),
                Kind::Again => days?.value.0.iter().map(String::as_str).collect(),
            },
            lasts: typed.lasts.as_ref().map(|lasts| lasts.value.0),
            until: closes.map(|closes| &*closes.value.0),
            zone: typed.zone.as_ref().map(|zone| &*zone.value.0),
            machine: self.world.zone,
            now: self.world.now,
            typed: Typed::InFile,
            say: typed.say.as_ref().map(|say| say.value.clone()),
            keep: typed.keep.as_ref()?.value.meaning(),
            on_overrun: typed.on_overrun.as_ref().map(|word| word.value.meaning()),
            announce: typed.announce.as_ref().map(|announce| announce.value.0),
        };
        let wrong = match Window::asked(&asked) {
            Ok(window) => {
                self.tell_if_passed(&window, opens.map_or(*place, |at| at.place));
                return Some(Window {
                    place: *place,
                    ..window
                });
            }
            Err(wrong) => wrong,
        };
        let blamed = match wrong.field {
            Field::Name => Some(name.place),
            Field::At => opens.map(|at| at.place),
            Field::Days => days.map(|at| at.place),
            Field::For => typed.lasts.as_ref().map(|at| at.place),
            Field::Until => closes.map(|at| at.place),
            Field::Zone => typed.zone.as_ref().map(|at| at.place),
        };
        // What is missing may have been mistyped, which has been told.
        if blamed.is_some() || !self.is_broken(*place) {
            self.fault(kind.key(wrong.field), blamed.unwrap_or(*place), wrong.fault);
        }
        None
    }

    /// What has passed is only worth a word: files are not edited by the clock.
    fn tell_if_passed(&mut self, window: &Window, place: Place) {
        let now = u64::try_from(self.world.now.as_millisecond()).unwrap_or_default();
        match &window.when {
            When::Once(span) if span.end <= Wall(now) => {
                let why = "the window has passed, and does nothing any more";
                self.caution(place, format!("start: {why}"));
            }
            When::Once(_) | When::Every(_) => {}
        }
    }

    /// Whether it opens once or again and again.
    fn kind(&mut self, typed: &spec::Window, place: Place) -> Option<Kind> {
        let days = typed.days.as_ref().map(|at| ("days", at.place));
        let at = typed.at.as_ref().map(|at| ("at", at.place));
        let start = typed.start.as_ref().map(|at| at.place);
        let again = days.or(at);
        match (start, again) {
            (Some(start), Some((key, place))) => {
                let message =
                    format!("{key}: `start` opens the window once, and `{key}` again and again");
                let mistake = Mistake::new(Code::Conflict, place, message);
                self.tell(
                    mistake
                        .also(start, "the start is here")
                        .hint("leave one of them out"),
                );
                None
            }
            (Some(_), None) => Some(Kind::Once),
            (None, Some(_)) if days.is_some() && at.is_some() => Some(Kind::Again),
            _ if self.is_broken(place) => None,
            (None, None) => {
                let mistake =
                    Mistake::new(Code::Missing, place, "nothing says when the window opens");
                self.tell(mistake.hint("once: start = \"2026-12-01 02:00 Europe/Berlin\"; again and again: days = \"daily\" and at = \"02:00\""));
                None
            }
            (None, Some((key, place))) => {
                let (missing, example) = match key {
                    "days" => ("at", "at = \"02:00\""),
                    _ => ("days", "days = \"daily\""),
                };
                let message = format!("{key}: the window never opens without `{missing}`");
                self.tell(
                    Mistake::new(Code::Missing, place, message)
                        .hint(format!("for example: {example}")),
                );
                None
            }
        }
    }
}
