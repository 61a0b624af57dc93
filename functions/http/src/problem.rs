//! Problems as RFC 9457 has them. Contains no internals: what went wrong behind the API is in the log.

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
    pub allow: Option<Box<str>>,
    #[serde(skip)]
    pub(crate) rare: Option<Box<Rare>>,
}

/// What few problems have, apart so that the others stay small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rare {
    /// How to authenticate, for status 401.
    pub(crate) challenge: Option<String>,
    /// The JSON of [`crate::ErrorForm::Detail`], where it is more than the detail.
    pub(crate) plain: Option<String>,
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
            rare: None,
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

    /// The same with another JSON in [`crate::ErrorForm::Detail`].
    #[must_use]
    pub fn with_plain(mut self, json: impl Into<String>) -> Self {
        self.rare.get_or_insert_default().plain = Some(json.into());
        self
    }

    /// The same with the header `Allow`.
    #[must_use]
    pub fn allowing(self, methods: impl Into<Box<str>>) -> Self {
        Self { allow: Some(methods.into()), ..self }
    }

    /// The same with the header `WWW-Authenticate`.
    #[must_use]
    pub fn challenged(mut self, challenge: impl Into<String>) -> Self {
        self.rare.get_or_insert_default().challenge = Some(challenge.into());
        self
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
        401 => "Unauthorized",
        403 => "Forbidden",
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
