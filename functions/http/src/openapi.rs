//! What the descriptions of our APIs share (OpenAPI 3.1): the document from routes and types, parameters, headers, and errors in both forms.
//! What an operation does is written next to its rules.

mod errors;
mod gateway;
mod parts;

use contract::{Matches, Route};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

pub use errors::{detail_schemas, error, problem, told};
pub use parts::{
    JSON, bearer, challenged, if_none_match, limited, not_modified, query, replayed, retried, tagged, with_header,
};

/// What a document says of its API as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Info<'a> {
    pub title: &'a str,
    pub version: &'a str,
    pub description: &'a str,
}

/// The document: the paths of the routes whose operation is described, with what API Gateway answers by itself, and the schemas.
pub fn document<O: Copy>(
    info: Info<'_>,
    routes: &[Route<O>],
    described: impl Fn(O) -> Option<Value>,
    schemas: impl IntoIterator<Item = (String, Value)>,
) -> Value {
    let mut paths = json!({});
    for route in routes {
        let Matches::Operation { method, path, operation } = route.matches else { continue };
        if let Some(mut described) = described(operation) {
            gateway::add_answers(&mut described);
            paths[path][method.name().to_ascii_lowercase()] = described;
        }
    }
    let Info { title, version, description } = info;
    json!({
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "paths": paths,
        "components": {"schemas": schemas.into_iter().chain([gateway::schema()]).collect::<Map<_, _>>()},
    })
}

/// The name and schema of a type.
pub fn schema<T: ToSchema>() -> (String, Value) {
    (T::name().into_owned(), json!(T::schema()))
}

/// The schema with this name.
pub fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// Every reference in a document, as JSON Pointers.
pub fn references(document: &Value) -> Vec<&str> {
    match document {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).map(|reference| reference.trim_start_matches('#'));
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(values) => values.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FieldFault, Invalid, Problem};
    use contract::{FunctionNames, Method};

    const FUNCTION: FunctionNames = FunctionNames { name: "Api", asset: "api" };
    const ROUTES: &[Route<bool>] = &[
        route(Method::Get, "/a/{id}", true),
        route(Method::Post, "/a/{id}", true),
        route(Method::Get, "/docs", false),
        Route { id: "Rest", matches: Matches::Rest, function: FUNCTION },
    ];

    const fn route(method: Method, path: &'static str, operation: bool) -> Route<bool> {
        Route { id: "Route", matches: Matches::Operation { method, path, operation }, function: FUNCTION }
    }

    #[test]
    fn a_document_has_the_routes_that_are_described_and_the_schemas_that_they_name() {
        let schemas = [schema::<Problem>(), schema::<FieldFault>(), schema::<Invalid>()];
        let described = |is_described: bool| {
            let responses = json!({"401": challenged(told(401, "No token.", "Not authenticated"))});
            is_described.then(|| json!({"responses": responses}))
        };
        let info = Info { title: "t", version: "1", description: "d" };
        let document = document(info, ROUTES, described, schemas.into_iter().chain(detail_schemas()));
        let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, ["/a/{id}"]);
        assert!(document["paths"]["/a/{id}"]["post"]["responses"]["401"]["headers"]["WWW-Authenticate"].is_object());
        let found = references(&document);
        assert!(found.contains(&"/components/schemas/Error") && found.contains(&"/components/schemas/FieldFault"));
        for reference in found {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
