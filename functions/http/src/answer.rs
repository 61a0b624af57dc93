//! A response as an HTTP API takes it: payload format 2.0. A body is text, or bytes in base64, which the API decodes.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::entity_tag::EntityTag;
use crate::problem::Problem;
use crate::request::Request;

/// A response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    #[serde(rename = "statusCode")]
    pub status: u16,
    /// Names are lower case.
    pub headers: BTreeMap<&'static str, String>,
    /// Text, or base64 of a body of bytes.
    pub body: String,
    is_base64_encoded: bool,
    /// The trace that the request belongs to, for the log.
    #[serde(skip)]
    pub trace_id: Option<String>,
    /// What went wrong behind the API, for the log and not for the client.
    #[serde(skip)]
    pub reason: Option<String>,
}

impl Answer {
    /// A response with this media type.
    pub fn new(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let headers =
            [("content-type", content_type), ("x-content-type-options", "nosniff"), ("cache-control", "no-store")];
        Self {
            status,
            headers: headers.map(|(name, value)| (name, value.to_owned())).into(),
            body: body.into(),
            is_base64_encoded: false,
            trace_id: None,
            reason: None,
        }
    }

    /// A response whose body is bytes. The API takes at most 6 MB of base64, which are 4.5 MB.
    pub fn bytes(status: u16, content_type: &str, body: &[u8]) -> Self {
        Self { is_base64_encoded: true, ..Self::new(status, content_type, BASE64_STANDARD.encode(body)) }
    }

    /// The same with a body that is compressed already, such as with `gzip`.
    #[must_use]
    pub fn encoded(self, coding: &str) -> Self {
        self.with_header("content-encoding", coding)
    }

    /// A JSON response; `value` must be serializable by `serde_json`, so no map with keys that are not text.
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(body) => Self::new(status, "application/json", body),
            Err(_) => Problem::new(500).into(),
        }
    }

    /// The same with a header; `name` in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    /// The same as part of a trace.
    #[must_use]
    pub fn of_trace(self, trace_id: impl ToString) -> Self {
        Self { trace_id: Some(trace_id.to_string()), ..self }
    }

    /// The same with a reason for the log.
    #[must_use]
    pub fn with_reason(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// The same with an error from behind the API, for the log.
    #[must_use]
    pub fn because_of(self, error: &(dyn std::error::Error + 'static)) -> Self {
        self.with_reason(function_runtime::chain(error))
    }

    /// 304, for a client that has what it asks for.
    pub fn not_modified(tag: &EntityTag) -> Self {
        Self::new(304, "", "").with_entity_tag(tag).without_body()
    }

    /// The same with an entity tag. Clients may store it, and have to revalidate it each time.
    #[must_use]
    pub fn with_entity_tag(mut self, tag: &EntityTag) -> Self {
        self.headers.insert("cache-control", "no-cache".to_owned());
        self.headers.insert("etag", tag.as_str().to_owned());
        self
    }

    /// The same with the entity tag of its body, or 304 without a body for a client that already has it.
    #[must_use]
    pub fn revalidated(self, request: &Request) -> Self {
        let tag = EntityTag::of_body(self.body.as_bytes());
        let answer = self.with_entity_tag(&tag);
        match tag.is_known_to(request) {
            true => Self { status: 304, ..answer.without_body() },
            false => answer,
        }
    }

    fn without_body(mut self) -> Self {
        self.headers.remove("content-type");
        self.of_head()
    }

    /// The response to `HEAD`: the headers of `GET`, and no body. `Content-Length` is left out, which is allowed (RFC 9110, 8.6): the API
    /// computes its own.
    #[must_use]
    pub(crate) fn of_head(mut self) -> Self {
        self.body.clear();
        self.is_base64_encoded = false;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_has_the_shape_that_the_api_reads() {
        let answer = Answer::json(202, &json!({"id": 1})).with_header("location", "/things/1");
        assert_eq!(
            serde_json::to_value(&answer).unwrap(),
            json!({
                "statusCode": 202, "isBase64Encoded": false, "body": "{\"id\":1}",
                "headers": {
                    "content-type": "application/json", "x-content-type-options": "nosniff",
                    "cache-control": "no-store", "location": "/things/1",
                },
            })
        );
    }

    #[test]
    fn bytes_travel_as_base64_and_a_response_without_a_body_has_none() {
        let answer = Answer::bytes(200, "text/css", &[0x1F, 0x8B, 0]).encoded("gzip");
        let sent = serde_json::to_value(&answer).unwrap();
        assert_eq!((&sent["body"], &sent["isBase64Encoded"]), (&json!("H4sA"), &json!(true)));
        assert_eq!(sent["headers"]["content-encoding"], "gzip");
        let head = serde_json::to_value(answer.of_head()).unwrap();
        assert_eq!((&head["body"], &head["isBase64Encoded"]), (&json!(""), &json!(false)));
        assert_eq!(head["headers"], sent["headers"]);
    }

    #[test]
    fn a_client_that_has_the_answer_gets_304_without_a_body() {
        let get = Request::new("GET", "/");
        let first = Answer::json(200, &1).revalidated(&get);
        assert_eq!((first.status, first.body.as_str()), (200, "1"));
        let tag = first.headers["etag"].clone();
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let again = Answer::json(200, &1).revalidated(&get.clone().with_header("If-None-Match", known));
            assert_eq!((again.status, again.body.as_str()), (304, ""));
        }
        let other = Answer::json(200, &2).revalidated(&get.clone().with_header("if-none-match", tag));
        assert_eq!((other.status, other.body.as_str()), (200, "2"));
    }

    #[test]
    fn a_tag_that_the_caller_knows_is_answered_without_a_body() {
        let tag = EntityTag::of_parts(&[b"7"]);
        let full = Answer::json(200, &1).with_entity_tag(&tag);
        assert_eq!((full.headers["etag"].as_str(), full.headers["cache-control"].as_str()), (tag.as_str(), "no-cache"));
        let known = Answer::not_modified(&tag);
        assert_eq!((known.status, known.body.as_str(), known.headers.get("content-type")), (304, "", None));
        assert_eq!(known.headers["etag"], full.headers["etag"]);
    }
}
