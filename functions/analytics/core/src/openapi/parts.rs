//! Pieces of the description that several operations share: parameters, headers, errors.

use function_http::{PROBLEM_JSON, Problem};
use serde_json::{Value, json};

use crate::predictions::JSON;
use crate::query::INCONSISTENT_DATES;

pub(super) const ID: &str = "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11";

pub(super) fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// The errors that are no problem documents.
pub(super) fn error_schemas() -> [(String, Value); 3] {
    let detail = json!({
        "type": "object", "required": ["detail"], "properties": {"detail": {"type": "string", "example": "Not Found"}},
        "description": "An error.",
    });
    let faults = json!({
        "type": "object", "required": ["detail"],
        "properties": {"detail": {"type": "array", "minItems": 1, "items": reference("ValidationError")}},
        "description": "Everything that is missing or wrong.",
    });
    let dates = json!({
        "type": "object", "required": ["status", "message", "detail"],
        "properties": {
            "status": {"type": "string", "const": "ERROR"},
            "message": {"type": "string", "const": INCONSISTENT_DATES},
            "detail": {"type": "string", "example": "start_date 2021-03-22T00:00:00 is after end_date 2021-03-08T00:00:00"},
        },
        "description": "A period that ends before it starts.",
    });
    [("Error", detail), ("ValidationErrors", faults), ("InconsistentDates", dates)]
        .map(|(name, schema)| (name.to_owned(), schema))
}

pub(super) fn query(name: &str, is_required: bool, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "required": is_required, "description": description, "schema": schema})
}

pub(super) fn program_code() -> Value {
    let mut parameter =
        query("program_code", true, "The program. Upper and lower case count.", json!({"type": "string"}));
    parameter["example"] = "NOVA".into();
    parameter
}

/// A date-time parameter.
pub(super) fn date(name: &str, is_required: bool, description: &str) -> Value {
    let description = format!(
        "{description} A day, a date-time with or without an offset, or seconds since 1970; the local time counts as it is written, an offset does not shift it."
    );
    let schema = json!({"anyOf": [
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
        {"type": "integer", "minimum": -20_000_000_000_i64, "maximum": 20_000_000_000_i64},
    ]});
    let mut parameter = query(name, is_required, &description, schema);
    parameter["example"] = if name == "end_date" { "2021-03-31T23:59:59".into() } else { "2021-03-08".into() };
    parameter
}

/// `exhibition_date`, or a period, or neither.
pub(super) fn selection() -> [Value; 3] {
    [
        date("exhibition_date", false, "Only the exhibitions of this day."),
        date("start_date", false, "Only exhibitions from here on; needs an end."),
        date("end_date", false, "Only exhibitions until here; needs a start."),
    ]
}

pub(super) fn limit() -> Value {
    query(
        "limit",
        false,
        "The length of a page.",
        json!({"type": "integer", "minimum": 1, "maximum": 1_000, "default": 100}),
    )
}

pub(super) fn cursor(schema: Value) -> Value {
    query("cursor", false, "Where to go on: next_cursor of the page before.", schema)
}

pub(super) fn id() -> Value {
    json!({
        "name": "id", "in": "path", "required": true, "description": "What POST answered.",
        "schema": {"type": "string", "format": "uuid"}, "example": ID,
    })
}

pub(super) fn if_none_match() -> Value {
    json!({
        "name": "If-None-Match", "in": "header", "required": false,
        "description": "The ETag of an earlier answer: 304 while nothing has changed.", "schema": {"type": "string"},
    })
}

/// An answer of status 200 in these media types, with an entity tag.
pub(super) fn tagged(description: &str, content: Value) -> Value {
    json!({"description": description, "headers": {"ETag": tag()}, "content": content})
}

/// The same as a page.
pub(super) fn page(description: &str, content: Value) -> Value {
    let mut answer = tagged(description, content);
    answer["headers"]["Link"] = json!({
        "description": "The next page, rel=\"next\"; absent on the last.", "required": false, "schema": {"type": "string"},
    });
    answer
}

pub(super) fn not_modified() -> Value {
    json!({"description": "It is as the entity tag of If-None-Match says.", "headers": {"ETag": tag()}})
}

fn tag() -> Value {
    json!({"description": "Send it as If-None-Match to get 304 while nothing has changed.", "required": true, "schema": {"type": "string"}})
}

/// An error whose body is this schema, or a problem.
pub(super) fn error(status: u16, description: &str, schema: &str, example: Value) -> Value {
    let mut problem = json!(Problem::new(status));
    if let Some(detail) = example["detail"].as_str() {
        problem["detail"] = detail.into();
    }
    if schema == "ValidationErrors" {
        problem["detail"] = "the request has faults; errors names each".into();
        problem["errors"] = json!([{"pointer": "/query/start_date", "detail": "Field required"}]);
    }
    json!({
        "description": description,
        "content": {
            JSON: {"schema": reference(schema), "example": example},
            PROBLEM_JSON: {"schema": reference("Problem"), "example": problem},
        },
    })
}

/// An error that says why.
pub(super) fn told(status: u16, description: &str, detail: &str) -> Value {
    error(status, description, "Error", json!({"detail": detail}))
}

/// What any operation can fail with.
pub(super) fn usual_errors() -> [(&'static str, Value); 5] {
    let fault = json!({"detail": [{"type": "missing", "loc": ["query", "start_date"], "msg": "Field required", "input": null}]});
    let mut unauthorised = told(401, "The stage wants a token, and none or a wrong one was sent.", "Not authenticated");
    unauthorised["headers"]["WWW-Authenticate"] =
        json!({"description": "Bearer (RFC 6750).", "required": true, "schema": {"type": "string"}});
    let mut asleep = told(
        503,
        "The database is out of reach, or was asleep and is waking up.",
        "the database was asleep and is waking up; try again in 10 seconds",
    );
    asleep["headers"]["Retry-After"] =
        json!({"description": "Seconds to wait.", "required": true, "schema": {"type": "integer", "minimum": 1}});
    [
        ("401", unauthorised),
        ("403", told(403, "The stage wants requests that IAM authorises.", "Forbidden")),
        ("422", error(422, "Something is missing or wrong; detail lists all of it.", "ValidationErrors", fault)),
        ("500", told(500, "An internal error.", "Internal Server Error")),
        ("503", asleep),
    ]
}
