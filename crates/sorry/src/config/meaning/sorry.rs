//! How a site says sorry.

use super::Builder;
use crate::config::diagnostics::{Code, Mistake};
use crate::config::reader::At;
use crate::config::site::{Mode, ModeWord, RetryAfter, Sorry};
use crate::config::value::Auto;
use crate::config::{Place, Purpose, spec};

impl Builder<'_> {
    pub(super) fn sorry(&mut self, sorry: spec::Sorry, table: Place) -> Option<Sorry> {
        self.alive_is_apart(&sorry);
        // The files first, so that they are listed whatever else is wrong.
        let page = sorry.page.map(|page| self.path(page, Purpose::Page));
        let robots = sorry
            .robots
            .map(|robots| self.path(robots, Purpose::Robots));
        let kernel = sorry.kernel?;
        // An array that is not there is empty, at the place of its table.
        let vips = sorry
            .kernel_vips
            .filter(|vips| !vips.value.is_empty() || vips.place != table);
        let origins = sorry.cors?.value.origins?.value.into_iter();
        Some(Sorry {
            page,
            status: sorry.status?.value.0,
            retry_after: match sorry.retry_after?.value {
                Auto::Auto => RetryAfter::Auto,
                Auto::Given(time) => RetryAfter::After(time.0),
            },
            retry_after_form: sorry.retry_after_form?.value,
            until: sorry.until.map(|until| until.value.0),
            say: sorry.say.map(|say| say.value),
            mode: match sorry.mode?.value {
                ModeWord::InPlace => Mode::InPlace,
                ModeWord::Redirect => Mode::Redirect {
                    status: sorry.redirect?.value.0,
                    page: sorry.redirect_page?.value,
                },
            },
            language: sorry.language?.value.0,
            alive: sorry.alive?.value,
            robots,
            event_stream: sorry.event_stream?.value,
            alt_svc: sorry.alt_svc?.value,
            cors_origins: origins.map(|origin| origin.value).collect(),
            csp: sorry.csp?.value,
            kernel: kernel.value,
            kernel_place: kernel.place,
            kernel_vips_places: vips.as_ref().map(|vips| {
                let each = vips.value.iter().map(|vip| vip.place);
                (vips.place, each.collect())
            }),
            kernel_vips: vips.map_or_else(Vec::new, |vips| {
                vips.value.into_iter().map(|vip| vip.value).collect()
            }),
        })
    }

    /// The one path that answers 200 must not be one that people see.
    fn alive_is_apart(&mut self, sorry: &spec::Sorry) {
        let Some(alive) = &sorry.alive else { return };
        let path = alive.value.as_str();
        let redirects = matches!(
            sorry.mode,
            Some(At {
                value: ModeWord::Redirect,
                ..
            })
        );
        let page = sorry
            .redirect_page
            .as_ref()
            .filter(|page| redirects && page.value == alive.value);
        let mistake = Mistake::new;
        if path == "/" {
            let message = "alive: `/` is the site's home page, which would answer 200";
            let found = mistake(Code::Conflict, alive.place, message.to_owned());
            self.mistakes
                .push(found.hint("choose a path that only the balancer asks for"));
        }
        if let Some(page) = page {
            let message = format!("alive: `{path}` is also the page that is redirected to");
            let found = mistake(Code::Conflict, alive.place, message);
            self.mistakes
                .push(found.also(page.place, "the page is here"));
        }
        if let (Some(robots), "/robots.txt") = (&sorry.robots, path) {
            let message = "alive: `/robots.txt` is answered with the file of `robots`".to_owned();
            let found = mistake(Code::Conflict, alive.place, message);
            self.mistakes
                .push(found.also(robots.place, "the file is here"));
        }
    }
}
