//! Pieces of the description that several operations share: parameters, headers, errors.

pub(super) use function_http::openapi::{
    JSON, challenged, error, if_none_match, query, reference, retried, tagged, told, with_header,
};
use serde_json::{Value, json};

use crate::query::INCONSISTENT_DATES;

pub(super) const ID: &str = "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11";

/// The error that is neither a problem document nor a detail alone.
pub(super) fn inconsistent_dates() -> (String, Value) {
    let dates = json!({
        "type": "object", "required": ["status", "message", "detail"],
        "properties": {
            "status": {"type": "string", "const": "ERROR"},
            "message": {"type": "string", "const": INCONSISTENT_DATES},
            "detail": {"type": "string", "example": "start_date 2021-03-22T00:00:00 is after end_date 2021-03-08T00:00:00"},
        },
        "description": "A period that ends before it starts.",
    });
    ("InconsistentDates".to_owned(), dates)
}

pub(super) fn program_code() -> Value {
    let mut parameter =
        query("program_code", true, "The program. Upper and lower case count.", &json!({"type": "string"}));
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
    let mut parameter = query(name, is_required, &description, &schema);
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
        &json!({"type": "integer", "minimum": 1, "maximum": 1_000, "default": 100}),
    )
}

pub(super) fn cursor(schema: &Value) -> Value {
    query("cursor", false, "Where to go on: next_cursor of the page before.", schema)
}

pub(super) fn id() -> Value {
    json!({
        "name": "id", "in": "path", "required": true, "description": "What POST answered.",
        "schema": {"type": "string", "format": "uuid"}, "example": ID,
    })
}

/// A page in these media types, with an entity tag.
pub(super) fn page(description: &str, content: &Value) -> Value {
    let next = "The next page, rel=\"next\"; absent on the last.";
    with_header(tagged(description, content), "Link", next, false, &json!({"type": "string"}))
}

pub(super) fn not_modified() -> Value {
    function_http::openapi::not_modified("It is as the entity tag of If-None-Match says.")
}

/// What any operation can fail with.
pub(super) fn usual_errors() -> [(&'static str, Value); 5] {
    let fault = json!({"detail": [{"type": "missing", "loc": ["query", "start_date"], "msg": "Field required", "input": null}]});
    let unauthorised = told(401, "The stage wants a token, and none or a wrong one was sent.", "Not authenticated");
    let asleep = told(
        503,
        "The database is out of reach, or was asleep and is waking up.",
        "the database was asleep and is waking up; try again in 10 seconds",
    );
    [
        ("401", challenged(unauthorised)),
        ("403", told(403, "The stage wants requests that IAM authorises.", "Forbidden")),
        ("422", error(422, "Something is missing or wrong; detail lists all of it.", "ValidationErrors", &fault)),
        ("500", told(500, "An internal error.", "Internal Server Error")),
        ("503", retried(asleep)),
    ]
}
