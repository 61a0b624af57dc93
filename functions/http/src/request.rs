//! A request as an HTTP API passes it on: payload format 2.0. Accepts every request; what is wrong with one, the response says.
//!
//! Format: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

/// A request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Upper case, such as `GET`.
    pub method: String,
    /// Without the name of the API's stage, and without the query.
    pub path: String,
    /// Names are lower case; values of a repeated header are joined by commas.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into(), ..Self::default() }
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), value.into());
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// A header's value by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// The event; unused fields are left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    raw_path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    request_context: Context,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
struct Context {
    #[serde(default)]
    stage: String,
    http: Http,
}

#[derive(Debug, Deserialize)]
struct Http {
    method: String,
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Event::deserialize(deserializer)?;
        let body = event.body.unwrap_or_default();
        let body = match event.is_base64_encoded {
            true => BASE64_STANDARD.decode(body).map_err(serde::de::Error::custom)?,
            false => body.into_bytes(),
        };
        let prefix = format!("/{}", event.request_context.stage);
        let path = match event.raw_path.strip_prefix(&prefix) {
            Some(rest) if rest.starts_with('/') => rest.to_owned(),
            _ => event.raw_path,
        };
        let headers = event.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        Ok(Self { method: event.request_context.http.method.to_ascii_uppercase(), path, headers, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(stage: &str, path: &str, body: &str, is_base64: bool) -> Request {
        let event = json!({
            "version": "2.0", "routeKey": "POST /things", "rawPath": path, "rawQueryString": "",
            "headers": {"Content-Type": "application/json", "x-many": "a,b"},
            "requestContext": {"stage": stage, "http": {"method": "POST", "path": path, "sourceIp": "192.0.2.1"}, "requestId": "r"},
            "body": body, "isBase64Encoded": is_base64,
        });
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn a_body_is_bytes_whether_it_came_as_text_or_as_base64() {
        let text = event("$default", "/things", "{\"é\":1}", false);
        assert_eq!(text.body, "{\"é\":1}".as_bytes());
        assert_eq!(text.header("content-type"), Some("application/json"));
        assert_eq!(event("$default", "/things", &BASE64_STANDARD.encode([0xFF, 0]), true).body, [0xFF, 0]);
    }

    #[test]
    fn the_stages_name_is_no_part_of_the_path() {
        assert_eq!(event("dev", "/dev/things", "", false).path, "/things");
        assert_eq!(event("dev", "/developers", "", false).path, "/developers");
        assert_eq!(event("$default", "/things/", "", false).path, "/things/");
    }

    #[test]
    fn a_request_without_body_and_headers_is_one() {
        let event = json!({"rawPath": "/a", "requestContext": {"http": {"method": "get"}}});
        assert_eq!(serde_json::from_value::<Request>(event).unwrap(), Request::new("GET", "/a"));
    }
}
