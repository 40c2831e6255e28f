//! The OpenAPI document of the admin API, made from the table of routes and the types that are sent.
//!
//! It is kept in the repository as `docs/openapi.json`, which a test compares with what is made here, and answered at
//! `/v1/openapi.json`.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::message::Fault;
use super::role::Role;
use super::route::{ROUTES, Route};

/// The document (OpenAPI 3.1.0).
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let fault = generator.subschema_for::<Fault>();
    let mut paths = Map::new();
    for route in &ROUTES {
        let described = describe(route, &mut generator, &json!(fault));
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_lowercase()] = described;
    }
    let schemas: Map<String, Value> = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "The admin API of Sorry",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Asked over a unix socket, where the caller is known by its user and group, or over TLS with a bearer token. \
                Readers may GET, operators may do everything. See docs/manual/admin-api.md.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "Wherever it listens." }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Over TCP only. Made by `sorry token`; on the unix socket none is needed.",
                },
            },
            "schemas": schemas,
        },
    })
}

fn describe(route: &Route, generator: &mut SchemaGenerator, fault: &Value) -> Value {
    let answer = (route.answer)(generator);
    let refused = |what: &str| json!({ "description": what, "content": content(fault) });
    let mut responses = json!({
        "200": { "description": "It was done.", "content": content(&json!(answer)) },
        "400": refused("It is no request, or asks for what can never be."),
        "401": refused("Nobody knows the token."),
        "403": refused("The caller may not."),
        "429": refused("Too many wrong tokens from this address."),
        "503": refused("The daemon is busy or stopping."),
        "504": refused("The daemon took too long."),
    });
    if route.path.contains("{receiver}") {
        responses["404"] = refused("There is no such receiver.");
    }
    if route.path.contains("{site}") {
        responses["404"] = refused("There is no such site, real server, window or switch.");
    }
    let mut described = json!({
        "operationId": route.id,
        "summary": route.summary,
        "description": match route.role() {
            Role::Reader => "For readers and operators.",
            Role::Operator => "For operators.",
        },
        "parameters": parameters(route),
    });
    if let Some(body) = route.body {
        let body = body(generator);
        described["requestBody"] = json!({ "required": true, "content": content(&json!(body)) });
        responses["409"] = refused("It cannot be, as things are.");
        responses["413"] = refused("The body is longer than 1 MiB.");
    }
    described["responses"] = responses;
    described
}

fn content(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn parameters(route: &Route) -> Vec<Value> {
    let named = ["site", "receiver"]
        .into_iter()
        .filter(|name| route.path.contains(&format!("{{{name}}}")));
    let named = named.map(|name| {
        json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": format!("The name of the {name}, percent-encoded."),
            "schema": { "type": "string" },
        })
    });
    let query = route.query.iter().map(|parameter| {
        let mut schema = json!({ "type": parameter.kind });
        if let Some(format) = parameter.format {
            schema["format"] = json!(format);
        }
        json!({
            "name": parameter.name,
            "in": "query",
            "description": parameter.what,
            "schema": schema,
        })
    });
    named.chain(query).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Every `$ref` in a value.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(to) if name == "$ref" => found.push(to.clone()),
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn the_file_is_what_the_program_makes() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        let made = format!("{:#}\n", document());
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == made,
            "docs/openapi.json is out of date: UPDATE_EXPECT=1 cargo test admin"
        );
    }

    #[test]
    fn every_route_is_in_it_and_nothing_else() {
        let document = document();
        let mut described = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                described.push(format!("{} {path}", method.to_uppercase()));
            }
        }
        let mut routes: Vec<String> = ROUTES
            .iter()
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        described.sort();
        routes.sort();
        assert_eq!(described, routes);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        let ids: std::collections::BTreeSet<&str> = ROUTES.iter().map(|route| route.id).collect();
        assert_eq!(ids.len(), ROUTES.len(), "operation ids are unique");
    }
}
