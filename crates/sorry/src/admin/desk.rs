//! The desk of the admin API: a request that has arrived whole becomes a [`Command`] for the daemon, and its reply an answer.
//!
//! It knows no sockets and no HTTP but methods, paths and parameters; who asks has been found out by the door that the request
//! came through (`socket`, `remote`). It decides whether a role goes so far, and notes every change in the audit log.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::audit::{Audit, AuditLog, Noting, Outcome};
use super::door::{Bound, Door, Doors};
use super::history::History;
use super::message::{Command, Fault, FaultKind, Ordered, ReloadReport};
use super::openapi;
use super::order::Done;
use super::query::Query;
use super::role::Role;
use super::route::{self, Found, Operation, OrderRequest, Tested};
use super::standing::Standing;
use super::status::Status;
use super::table::{cut, printable};

/// Entries and incidents that are answered where nobody says how many, and at most.
const USUAL: usize = 100;
const MOST: usize = 1000;

/// The longest order with its reason, in bytes. What is obeyed is kept and noted, and a record that is too long for its file would be
/// neither: a line of those has four times as much (`journal::LONGEST`).
const ORDER_BYTES: usize = 16 * 1024;

/// The longest reason.
const REASON_BYTES: usize = 1000;

/// How long a status waits for how the sites stand: far less than whoever asks waits for the status.
const STANDING_TIME: Duration = Duration::from_secs(2);

/// Characters of what was refused that are noted: a path can be as long as a head.
const NOTED: usize = 200;

/// What all doors of the admin API share.
#[derive(Debug)]
pub struct Desk {
    commands: mpsc::Sender<Command>,
    audit: Arc<dyn AuditLog>,
    doors: Arc<Doors>,
    reply_time: Duration,
    refusals: Refusals,
}

/// Refusals that are noted in a minute.
const REFUSALS: u32 = 60;
const MINUTE: Duration = Duration::from_secs(60);

/// How many were noted of late, and how many were not.
#[derive(Debug, Default)]
struct Refusals(Mutex<(Option<Instant>, u32, u64)>);

impl Refusals {
    /// Whether one more is noted; with how many before it were not.
    fn next(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, noted, missed) = &mut *state;
        if began.is_none_or(|began| now.duration_since(began) >= MINUTE) {
            (*began, *noted) = (Some(now), 0);
        }
        if *noted == REFUSALS {
            *missed = missed.saturating_add(1);
            return None;
        }
        *noted += 1;
        Some(std::mem::take(missed))
    }
}

/// Somebody who may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    /// As orders have it: `uid 0`, or the name of a token.
    pub(super) by: String,
    /// As the audit log has it: with all that is known.
    pub(super) known: String,
    pub(super) role: Role,
    /// The door that was come through.
    pub(super) door: Door,
}

/// A request that has arrived whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'r> {
    pub(super) method: &'r str,
    pub(super) path: &'r str,
    /// What stands behind `?`.
    pub(super) query: &'r str,
    pub(super) body: &'r [u8],
}

impl Desk {
    /// A desk that passes commands on and gives the daemon `reply_time` for each.
    pub fn new(
        commands: mpsc::Sender<Command>,
        audit: Arc<dyn AuditLog>,
        doors: Arc<Doors>,
        reply_time: Duration,
    ) -> Desk {
        Desk {
            commands,
            audit,
            doors,
            reply_time,
            refusals: Refusals::default(),
        }
    }

    pub(super) fn audit(&self) -> &Arc<dyn AuditLog> {
        &self.audit
    }

    /// Notes an attempt of somebody who may not. Whoever tries again and again fills neither the disk nor the log: beyond so many a
    /// minute they are only counted, and the next entry says how many there were.
    pub(super) fn note_refusal(&self, door: Door, known: &str, what: &str, why: &str) {
        self.doors.refused(door);
        let Some(missed) = self.refusals.next(Instant::now()) else {
            return;
        };
        let what = cut(&printable(&cut(what, NOTED)), NOTED);
        log::warn!("refused {what} to {known}");
        let why = match missed {
            0 => why.to_owned(),
            missed => format!("{why} ({missed} more before it were refused and not noted)"),
        };
        Noting::begin(&self.audit, known.to_owned(), what).note(Outcome::Refused, &why);
    }

    /// What is counted at the doors.
    pub fn doors(&self) -> &Arc<Doors> {
        &self.doors
    }

    /// What a request is answered with.
    pub(super) async fn answer(&self, who: &Who, asked: Asked<'_>) -> Result<Value, Fault> {
        let Found { route, named } = route::find(asked.method, asked.path)?;
        if route.role() == Role::Operator && who.role != Role::Operator {
            return Err(self.too_far(who, asked));
        }
        let query = Query::parse(asked.query, &route.parameters())?;
        let site = named.unwrap_or_default();
        match route.operation {
            Operation::Status => value(self.status(who).await?),
            Operation::Standing => self.ask(who, Command::Standing).await.and_then(value),
            Operation::Site => {
                let standing = self.ask(who, Command::Standing).await?;
                value(one_of(standing, &site)?)
            }
            Operation::Explain => {
                let command = |reply| Command::Explain { site, reply };
                value(self.ask(who, command).await??)
            }
            Operation::Order => self.order(who, site, asked.body).await,
            Operation::History => value(self.history(who, &query).await?),
            Operation::Audit => value(Audit {
                entries: self.audit.last(query.limit(USUAL, MOST)?),
            }),
            Operation::Reload => self.reload(who).await,
            Operation::TestAlert => self.test_alert(who, site).await,
            Operation::Description => Ok(openapi::document()),
        }
    }

    /// The incidents that a query asks for. A site that has none may be none at all; one that is gone from the configuration is
    /// still known by its incidents.
    async fn history(&self, who: &Who, query: &Query) -> Result<History, Fault> {
        let history = self.ask(who, Command::History).await?;
        if let Some(site) = query.text("site")
            && !history.is_about(site)
        {
            let _there_is = one_of(self.ask(who, Command::Standing).await?, site)?;
        }
        chosen(history, query)
    }

    /// How the daemon is, and how its sites stand, which somebody else knows. A status without that is better than none.
    async fn status(&self, who: &Who) -> Result<Status, Fault> {
        let mut status = self.ask(who, Command::Status).await?;
        let standing = timeout(STANDING_TIME, self.ask(who, Command::Standing));
        if let Ok(Ok(standing)) = standing.await {
            status.standing = standing;
        }
        Ok(status)
    }

    fn too_far(&self, who: &Who, asked: Asked<'_>) -> Fault {
        let message = match who.door {
            Door::Remote => format!(
                "the token `{}` may ask and not order: orders need one with the role operator",
                who.by
            ),
            _ => format!(
                "you are {}; members of the daemon's group may ask how things are, and orders are for root and the user that it \
                 runs as: use sudo",
                who.known
            ),
        };
        let what = format!("{} {}", asked.method, asked.path);
        self.note_refusal(who.door, &who.known, &what, &message);
        Fault::new(FaultKind::Refused, message)
    }

    async fn order(&self, who: &Who, site: String, body: &[u8]) -> Result<Value, Fault> {
        if body.len() > ORDER_BYTES {
            self.doors.reached(who.door, Bound::RequestBytes);
            let message = format!(
                "an order with its reason is at most {ORDER_BYTES} bytes long; nothing was done"
            );
            return Err(Fault::new(FaultKind::TooLong, message));
        }
        let OrderRequest { order, reason } = read_order(body)?;
        let what = order.word();
        let noting = Noting::begin(&self.audit, who.known.clone(), what);
        let noting = noting.about(&site, &order, reason.as_ref());
        let by = who.by.clone();
        let command = |reply| {
            Command::Order(Ordered {
                site,
                order,
                by,
                reason,
                reply,
            })
        };
        let end = |done: &Result<Done, Fault>| match done {
            Ok(done) => (Outcome::Done, done.told.join("; ")),
            Err(fault) => (Outcome::Failed, fault.message.clone()),
        };
        value(self.change(who, noting, command, end).await??)
    }

    async fn reload(&self, who: &Who) -> Result<Value, Fault> {
        let noting = Noting::begin(&self.audit, who.known.clone(), "reload");
        let by = who.by.clone();
        let command = |reply| Command::Reload { by, reply };
        value(self.change(who, noting, command, end_of_reload).await?)
    }

    async fn test_alert(&self, who: &Who, receiver: String) -> Result<Value, Fault> {
        let what = format!("test alert to {receiver}");
        let noting = Noting::begin(&self.audit, who.known.clone(), what);
        let command = |reply| Command::TestAlert { receiver, reply };
        let end = |tested: &Result<String, Fault>| match tested {
            Ok(told) => (Outcome::Done, told.clone()),
            Err(fault) => (Outcome::Failed, fault.message.clone()),
        };
        let told = self.change(who, noting, command, end).await??;
        value(Tested { told })
    }

    /// Has the daemon change something, and notes what came of it. That is noted by a task of its own: what was asked for is done
    /// whether or not anybody still waits for the reply.
    async fn change<T: Send + 'static>(
        &self,
        who: &Who,
        mut noting: Noting,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
        end: impl FnOnce(&T) -> (Outcome, String) + Send + 'static,
    ) -> Result<T, Fault> {
        let place = self.reserve(who.door).await;
        let place = place.inspect_err(|fault| noting.note(Outcome::Failed, &fault.message))?;
        let (reply, answer) = oneshot::channel();
        let (pass, passed) = oneshot::channel();
        place.send(command(reply));
        tokio::spawn(async move {
            if let Ok(done) = answer.await {
                let (outcome, told) = end(&done);
                noting.note(outcome, &told);
                // Whoever asked may have gone.
                let _gone = pass.send(done);
            }
        });
        self.in_time(who.door, async { passed.await.ok() }).await
    }

    /// Asks the daemon and waits for what it says.
    async fn ask<T>(
        &self,
        who: &Who,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.commands.send(command(reply)).await.ok()?;
            answer.await.ok()
        };
        self.in_time(who.door, asked).await
    }

    /// A place in the daemon's queue, for what needs no reply.
    pub(super) async fn reserve(&self, door: Door) -> Result<mpsc::Permit<'_, Command>, Fault> {
        let permit = async { self.commands.reserve().await.ok() };
        self.in_time(door, permit).await
    }

    /// `None` says that the daemon has dropped its end.
    async fn in_time<T>(
        &self,
        door: Door,
        asked: impl Future<Output = Option<T>>,
    ) -> Result<T, Fault> {
        let time = self.reply_time;
        match timeout(time, asked).await {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(Fault::new(
                FaultKind::Stopping,
                "the daemon is stopping; ask the one that follows it",
            )),
            Err(_) => {
                self.doors.reached(door, Bound::ReplyTime);
                let message = format!(
                    "the daemon did not reply within {} s; its log says what it is doing",
                    time.as_secs()
                );
                Err(Fault::new(FaultKind::Timeout, message))
            }
        }
    }
}

fn end_of_reload(report: &ReloadReport) -> (Outcome, String) {
    let (mistakes, generation) = (report.mistakes.len(), report.generation);
    match mistakes {
        0 => (
            Outcome::Done,
            format!("configuration {generation} is in force"),
        ),
        _ => (
            Outcome::Failed,
            format!("{mistakes} mistake(s); configuration {generation} stays in force"),
        ),
    }
}

fn value(result: impl serde::Serialize) -> Result<Value, Fault> {
    serde_json::to_value(result).map_err(|error| {
        let message = format!("cannot write the result as JSON: {error}");
        Fault::new(FaultKind::Failed, message)
    })
}

fn read_order(body: &[u8]) -> Result<OrderRequest, Fault> {
    let malformed = |message| Fault::new(FaultKind::Malformed, message);
    let request: OrderRequest = serde_json::from_slice(body).map_err(|error| {
        malformed(format!(
            "cannot read the order: {error}; send it like this: {{\"order\":{{\"do\":\"down\"}},\"reason\":\"why\"}}"
        ))
    })?;
    match &request.reason {
        Some(reason) if reason.len() > REASON_BYTES => Err(malformed(format!(
            "the reason is longer than {REASON_BYTES} bytes"
        ))),
        _ => Ok(request),
    }
}

fn one_of(standing: Standing, name: &str) -> Result<super::standing::SiteStanding, Fault> {
    let names: Vec<String> = standing
        .sites
        .iter()
        .map(|site| site.name.clone())
        .collect();
    let found = standing.sites.into_iter().find(|site| site.name == name);
    found.ok_or_else(|| unknown_site(name, names))
}

/// Says that there is no such site, and which there are: first the one that was most likely meant.
pub fn unknown_site(name: &str, mut names: Vec<String>) -> Fault {
    const SHOWN: usize = 12;
    let alike = |other: &String| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    names.sort_by(|a, b| alike(b).total_cmp(&alike(a)));
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let mut there = names.join(", ");
    if more > 0 {
        there.push_str(&format!(" and {more} more"));
    }
    let there = match there.as_str() {
        "" => "there are none".to_owned(),
        _ => format!("there are {there}"),
    };
    let name = printable(name);
    Fault::new(FaultKind::Unknown, format!("no site `{name}`: {there}"))
}

/// The incidents that a query asks for.
fn chosen(history: History, query: &Query) -> Result<History, Fault> {
    let limit = query.limit(USUAL, MOST)?;
    let (since, until) = (query.moment("since")?, query.moment("until")?);
    let site = query.text("site");
    let incidents = history.incidents.into_iter();
    let incidents = incidents
        .filter(|one| site.is_none_or(|site| one.site.as_deref() == Some(site)))
        .filter(|one| since.is_none_or(|since| one.ended.is_none_or(|ended| ended >= since)))
        .filter(|one| until.is_none_or(|until| one.began < until));
    Ok(History {
        incidents: incidents.take(limit).collect(),
    })
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
