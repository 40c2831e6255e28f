//! The routes of the admin API: one table, which the server dispatches on and the OpenAPI document is made from.
//!
//! Method and path in, an operation out; nothing is done here. Called by `desk` and `openapi`.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::audit::Audit;
use super::history::History;
use super::message::{Fault, FaultKind, ReloadReport};
use super::order::{Done, Order};
use super::query::decode;
use super::role::Role;
use super::standing::{Explanation, SiteStanding, Standing};
use super::status::Status;

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Status,
    Standing,
    Site,
    Explain,
    Order,
    History,
    Audit,
    Reload,
    TestAlert,
    Description,
}

/// One route.
#[derive(Debug)]
pub(super) struct Route {
    /// `GET` or `POST`.
    pub(super) method: &'static str,
    /// Its path; `{site}` or `{receiver}` stands for one segment.
    pub(super) path: &'static str,
    pub(super) operation: Operation,
    /// Its name for programs that are made from the description.
    pub(super) id: &'static str,
    /// What it is for.
    pub(super) summary: &'static str,
    /// What may stand behind `?`.
    pub(super) query: &'static [Parameter],
    /// What is to be sent.
    pub(super) body: Option<Shape>,
    /// What is answered.
    pub(super) answer: Shape,
}

/// Makes the schema of a type.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// One parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// Its JSON type.
    pub(super) kind: &'static str,
    /// The format, where there is one.
    pub(super) format: Option<&'static str>,
    pub(super) what: &'static str,
}

const fn text(name: &'static str, what: &'static str) -> Parameter {
    Parameter {
        name,
        kind: "string",
        format: None,
        what,
    }
}

const fn moment(name: &'static str, what: &'static str) -> Parameter {
    Parameter {
        format: Some("date-time"),
        ..text(name, what)
    }
}

const LIMIT: Parameter = Parameter {
    name: "limit",
    kind: "integer",
    format: None,
    what: "How many at most, from 1 to 1000; 100 where nothing is said.",
};

/// What came of a test alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tested {
    /// In words.
    pub told: String,
}

/// What is ordered, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// What is ordered.
    pub order: Order,
    /// Why, for the audit log; at most 1000 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

const fn get(
    path: &'static str,
    operation: Operation,
    id: &'static str,
    summary: &'static str,
    answer: Shape,
) -> Route {
    Route {
        method: "GET",
        path,
        operation,
        id,
        summary,
        query: &[],
        body: None,
        answer,
    }
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// All of them.
pub(super) const ROUTES: [Route; 10] = [
    get(
        "/v1/status",
        Operation::Status,
        "status",
        "Everything about the daemon: sites, listeners, workers, certificates, limits reached, the last reload.",
        schema::<Status>,
    ),
    get(
        "/v1/standing",
        Operation::Standing,
        "standing",
        "How all sites and their real servers stand.",
        schema::<Standing>,
    ),
    get(
        "/v1/sites/{site}",
        Operation::Site,
        "site",
        "How one site stands.",
        schema::<SiteStanding>,
    ),
    get(
        "/v1/sites/{site}/explain",
        Operation::Explain,
        "explain",
        "Why a site is where it is: the chain of reasons, and what led there.",
        schema::<Explanation>,
    ),
    Route {
        method: "POST",
        body: Some(schema::<OrderRequest>),
        ..get(
            "/v1/sites/{site}/orders",
            Operation::Order,
            "order",
            "Order something of a site.",
            schema::<Done>,
        )
    },
    Route {
        query: &[
            text("site", "Only what is about this site."),
            moment("since", "Only what had not ended before."),
            moment("until", "Only what began before."),
            LIMIT,
        ],
        ..get(
            "/v1/history",
            Operation::History,
            "history",
            "What has happened: incidents, the newest first.",
            schema::<History>,
        )
    },
    Route {
        query: &[LIMIT],
        ..get(
            "/v1/audit",
            Operation::Audit,
            "audit",
            "Who changed or tried to change what, and why; the newest first.",
            schema::<Audit>,
        )
    },
    Route {
        method: "POST",
        ..get(
            "/v1/reload",
            Operation::Reload,
            "reload",
            "Read configuration, pages and certificates again. A configuration with mistakes is reported, and changes nothing.",
            schema::<ReloadReport>,
        )
    },
    Route {
        method: "POST",
        ..get(
            "/v1/alerts/{receiver}/test",
            Operation::TestAlert,
            "test_alert",
            "Send a test alert to a receiver, once and at once.",
            schema::<Tested>,
        )
    },
    get(
        "/v1/openapi.json",
        Operation::Description,
        "description",
        "This description.",
        |_| schemars::json_schema!({ "type": "object" }),
    ),
];

impl Route {
    /// Who may: readers ask, operators change.
    pub(super) fn role(&self) -> Role {
        match self.method {
            "GET" => Role::Reader,
            _ => Role::Operator,
        }
    }

    /// The names of its parameters.
    pub(super) fn parameters(&self) -> Vec<&'static str> {
        self.query.iter().map(|parameter| parameter.name).collect()
    }
}

/// A route that was asked for, with the site or receiver that its path names.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) route: &'static Route,
    pub(super) named: Option<String>,
}

/// What is asked for; or why it is nothing.
pub(super) fn find(method: &str, path: &str) -> Result<Found, Fault> {
    static TABLE: [Route; 10] = ROUTES;
    let mut others = Vec::new();
    for route in &TABLE {
        let Some(named) = matches(route.path, path) else {
            continue;
        };
        if route.method != method {
            others.push(route.method);
            continue;
        }
        let named = named.map(decode).transpose()?;
        return Ok(Found { route, named });
    }
    match others.first() {
        Some(other) => Err(Fault::new(
            FaultKind::Method,
            format!("this is asked for with {other}"),
        )),
        None => Err(Fault::new(
            FaultKind::Unknown,
            "there is nothing at this path: /v1/openapi.json describes what there is",
        )),
    }
}

/// Whether a path is as a route has it; with the segment that stands for a site or a receiver.
fn matches<'p>(route: &str, path: &'p str) -> Option<Option<&'p str>> {
    let (mut wanted, mut given) = (route.split('/'), path.split('/'));
    let mut named = None;
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(named),
            (Some("{site}" | "{receiver}"), Some(segment)) if !segment.is_empty() => {
                named = Some(segment);
            }
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_finds_its_route_or_hears_why_not() {
        for (request, expected) in [
            ("GET /v1/status", "status"),
            ("GET /v1/standing", "standing"),
            ("GET /v1/sites/shop", "site shop"),
            ("GET /v1/sites/a%2Fb%20c", "site a/b c"),
            ("GET /v1/sites/orders/explain", "explain orders"),
            ("POST /v1/sites/shop/orders", "order shop"),
            ("GET /v1/history", "history"),
            ("GET /v1/audit", "audit"),
            ("POST /v1/reload", "reload"),
            ("POST /v1/alerts/ops/test", "test_alert ops"),
            ("GET /v1/alerts/ops/test", "Method"),
            ("GET /v1/openapi.json", "description"),
            ("GET /v1/reload", "Method"),
            ("POST /v1/status", "Method"),
            ("DELETE /v1/sites/shop", "Method"),
            ("HEAD /v1/status", "Method"),
            ("get /v1/status", "Method"),
            ("GET /", "Unknown"),
            ("GET /v1/status/", "Unknown"),
            ("GET //v1/status", "Unknown"),
            ("GET /v1/sites/", "Unknown"),
            ("GET /v1/sites//explain", "Unknown"),
            ("GET /v1/sites/a/b/orders", "Unknown"),
            ("GET /v2/status", "Unknown"),
            ("GET *", "Unknown"),
            ("GET /v1/sites/%ff", "Malformed"),
        ] {
            let (method, path) = request.split_once(' ').unwrap();
            let found = match find(method, path) {
                Ok(Found { route, named }) => {
                    let named = named.map(|name| format!(" {name}")).unwrap_or_default();
                    format!("{}{named}", route.id)
                }
                Err(fault) => format!("{:?}", fault.kind),
            };
            assert_eq!(found, expected, "{request}");
        }
    }

    #[test]
    fn only_operators_change_something() {
        for route in &ROUTES {
            let changes = matches!(
                route.operation,
                Operation::Order | Operation::Reload | Operation::TestAlert
            );
            assert_eq!(route.role() == Role::Operator, changes, "{}", route.id);
        }
    }
}
