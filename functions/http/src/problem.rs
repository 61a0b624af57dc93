//! Errors as `application/problem+json` (RFC 9457). Contains no internals: what went wrong behind the API is in the log.

use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the status tells all there is.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: &'static str,
    /// The status' own phrase.
    #[schema(example = "Unprocessable Content")]
    pub title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    pub status: u16,
    /// What is wrong with this request and how to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "the body has faults", nullable = false)]
    pub detail: Option<String>,
    /// Every fault of the body, where it is the body's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldFault>,
    /// When to try again, in seconds.
    #[serde(skip)]
    pub retry_after: Option<u32>,
    /// Methods that the path has, for status 405.
    #[serde(skip)]
    pub allow: Option<String>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldFault {
    /// JSON Pointer (RFC 6901) to the field; empty for the whole body.
    #[schema(example = "/price")]
    pub pointer: String,
    /// What is allowed there.
    #[schema(example = "must have at most two decimal places")]
    pub detail: String,
}

impl FieldFault {
    /// The error of a member of the body's object.
    pub fn of(member: &str, detail: impl Into<String>) -> Self {
        Self { pointer: format!("/{}", member.replace('~', "~0").replace('/', "~1")), detail: detail.into() }
    }
}

impl Problem {
    /// A problem whose status says everything.
    pub fn new(status: u16) -> Self {
        Self {
            kind: "about:blank",
            title: phrase(status),
            status,
            detail: None,
            errors: Vec::new(),
            retry_after: None,
            allow: None,
        }
    }

    /// The same with a detail.
    #[must_use]
    pub fn because(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// The same with the errors of fields.
    #[must_use]
    pub fn with_faults(self, errors: Vec<FieldFault>) -> Self {
        Self { errors, ..self }
    }

    /// The same with the header `Retry-After`.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

/// Phrases of the statuses in use (RFC 9110, RFC 6585).
fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Answer;
    use serde_json::{Value, json};

    #[test]
    fn a_problem_names_every_fault_by_its_pointer() {
        let faults = vec![FieldFault::of("a/b~c", "is unknown"), FieldFault::of("price", "is missing")];
        let answer = Answer::from(Problem::new(422).because("the body has faults").with_faults(faults));
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(
            serde_json::from_str::<Value>(&answer.body).unwrap(),
            json!({
                "type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": "the body has faults",
                "errors": [{"pointer": "/a~1b~0c", "detail": "is unknown"}, {"pointer": "/price", "detail": "is missing"}],
            })
        );
    }

    #[test]
    fn a_throttled_client_is_told_when_to_come_back() {
        let answer = Answer::from(Problem::new(429).retry_after(2));
        assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "2"));
        assert_eq!(answer.body, r#"{"type":"about:blank","title":"Too Many Requests","status":429}"#);
    }
}
