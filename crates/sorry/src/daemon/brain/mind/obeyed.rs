//! What operators order: the engine's commands, and windows that are agreed on or given up.

use sorry_core::event::{Input, SiteId};
use sorry_core::moment::Moment as Now;

use super::kept::Waiting;
use super::{Mind, no_site};
use crate::admin::order::Order;
use crate::admin::{Fault, Ordered};
use crate::daemon::brain::order::{self, Before, Given};
use crate::daemon::brain::schedule;
use crate::journal::Entry;

impl Mind {
    /// An operator orders something; whoever waits is answered once it is kept.
    pub(in crate::daemon::brain) fn order(&mut self, ordered: Ordered, now: Now) {
        let Ordered {
            site,
            order,
            by,
            reason,
            reply,
        } = ordered;
        match self.obey(&site, order, (&by, reason.as_deref()), now) {
            Ok((_, told)) => {
                let site = site.into();
                let waiting = Waiting { site, told, reply };
                self.next.waiting.push(waiting);
                self.go_on(now);
            }
            Err(fault) => {
                let _gone = reply.send(Err(fault));
            }
        }
    }

    pub(super) fn obey(
        &mut self,
        name: &str,
        order: Order,
        (by, reason): (&str, Option<&str>),
        now: Now,
    ) -> Result<(SiteId, Vec<String>), Fault> {
        let site = self.site(name)?;
        match order {
            Order::Schedule(wanted) => {
                let index = site.0 as usize;
                let configured = &self.config.sites[index];
                let (schedule, told) =
                    schedule::agree(configured, &wanted, &self.agreed, now.wall)?;
                let before = self.engine.view(now).site(site).map(|site| site.route());
                self.agree(Entry::Schedule(schedule), now);
                let after = self.engine.view(now).site(site).map(|site| site.route());
                let turned = (before != after).then(|| "sorry from now on".to_owned());
                Ok((site, told.into_iter().chain(turned).collect()))
            }
            Order::Unschedule { name: window } => {
                let unschedule = schedule::give_up(name, &window, &self.config, &self.agreed)?;
                let view = self.engine.view(now).site(site);
                let open = view.and_then(|site| site.open(&window));
                let stays = schedule::stays(name, &window, &self.agreed, now.wall);
                let stays = stays.filter(|_| open.is_some_and(|open| !open.ended));
                self.agree(Entry::Unschedule(unschedule), now);
                let given_up = format!("the window {window} is given up");
                Ok((site, [given_up].into_iter().chain(stays).collect()))
            }
            order => {
                let view = self.engine.view(now);
                let given = Given {
                    site: view.site(site).ok_or_else(|| no_site(name, &self.config))?,
                    by,
                    reason,
                    now: now.wall,
                    usual: self.config.down_for,
                };
                let before = Before::of(&given, &order);
                let command = order::command(order, &given)?;
                let epoch = self.engine.epoch();
                let about = command.clone();
                self.take(
                    Input::Ordered {
                        epoch,
                        site,
                        command,
                    },
                    now,
                );
                let view = self.engine.view(now);
                let told = view
                    .site(site)
                    .map(|site| order::told(&about, &site, &before, now.wall));
                Ok((site, told.unwrap_or_default()))
            }
        }
    }

    /// A window is agreed on, or given up.
    pub(super) fn agree(&mut self, entry: Entry, now: Now) {
        // What is agreed on is in the next batch; that it is also in the setup now is the same promise as for orders.
        self.kept.note(entry.clone());
        self.agreed = schedule::agreed(&self.kept);
        self.next.entries.push(entry);
        self.set_up_again(now);
    }
}
