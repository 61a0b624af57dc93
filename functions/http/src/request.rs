//! A request as an HTTP API passes it on: payload format 2.0. Accepts every request; what is wrong with one, the response says.
//!
//! Format: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

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
    /// As it came, without the question mark; [`Request::parameters`] are its decoded pairs.
    pub query: String,
    /// Names are lower case; values of a repeated header are joined by commas.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// Who sent it, or the last proxy before the API.
    pub source_address: Option<IpAddr>,
    /// The API's name for it, which is in its access log; empty when unknown.
    pub request_id: String,
    /// The user or role whose signature API Gateway has checked against IAM. Only the API can say so, no header.
    pub iam_caller: Option<String>,
}

impl Request {
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into(), ..Self::default() }
    }

    /// The same with a query, without the question mark.
    #[must_use]
    pub fn with_query(self, query: impl Into<String>) -> Self {
        Self { query: query.into(), ..self }
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

    /// Whether the response is to have no body.
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// A header's value by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The names and values of the query in their order, decoded; what is repeated is there as often. Bytes that are not UTF-8 become U+FFFD.
    pub fn parameters(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.query.as_bytes())
    }

    /// The last value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        self.parameters().filter(|(given, _)| given == name).map(|(_, value)| value).last()
    }
}

/// The event; unused fields are left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    request_context: Context,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    #[serde(default)]
    stage: String,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    authorizer: Option<Authorizer>,
    http: Http,
}

#[derive(Debug, Deserialize)]
struct Authorizer {
    #[serde(default)]
    iam: Option<Iam>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Iam {
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    cognito_identity: Option<CognitoIdentity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CognitoIdentity {
    #[serde(default)]
    identity_id: Option<String>,
}

impl Iam {
    /// Ids of IAM are never given out again, as names are. A role's is followed by the name of the session, which is another one when the same
    /// program starts again. Users of an identity pool share a role.
    fn caller(self) -> Option<String> {
        let of_pool = self.cognito_identity.and_then(|identity| identity.identity_id);
        let of_iam = || Some(self.user_id?.split(':').next()?.to_owned());
        of_pool.or_else(of_iam).filter(|id| !id.is_empty())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    #[serde(default)]
    source_ip: String,
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Event::deserialize(deserializer)?;
        let body = event.body.unwrap_or_default();
        let body = match event.is_base64_encoded {
            true => BASE64_STANDARD.decode(body).map_err(serde::de::Error::custom)?,
            false => body.into_bytes(),
        };
        let context = event.request_context;
        let prefix = format!("/{}", context.stage);
        let path = match event.raw_path.strip_prefix(&prefix) {
            Some(rest) if rest.starts_with('/') => rest.to_owned(),
            _ => event.raw_path,
        };
        let headers = event.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        Ok(Self {
            method: context.http.method.to_ascii_uppercase(),
            path,
            query: event.raw_query_string,
            headers,
            body,
            source_address: context.http.source_ip.parse().ok(),
            request_id: context.request_id,
            iam_caller: context.authorizer.and_then(|authorizer| authorizer.iam?.caller()),
        })
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

    #[test]
    fn a_query_is_its_decoded_pairs_in_their_order() {
        let pairs = |query: &str| {
            let request = Request::new("GET", "/").with_query(query);
            request.parameters().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>()
        };
        assert_eq!(pairs("a=1&b=%C3%A1+%2B&a=2"), ["a:1", "b:á +", "a:2"]);
        assert_eq!(pairs("a&b=&=c&d=e=f&&%61%3D=%26"), ["a:", "b:", ":c", "d:e=f", "a=:&"]);
        assert_eq!(pairs("a=%FF%zz"), ["a:\u{FFFD}%zz"]);
        assert!(pairs("").is_empty());
        let request = Request::new("GET", "/").with_query("a=1&b=2&a=3");
        assert_eq!((request.parameter("a").as_deref(), request.parameter("c")), (Some("3"), None));
    }

    #[test]
    fn what_the_api_says_of_a_request_is_known() {
        let event = |authorizer: serde_json::Value| {
            let event = json!({
                "rawPath": "/a", "rawQueryString": "a=%20b", "headers": {"X-Amzn-Iam": "yes"},
                "requestContext": {
                    "authorizer": authorizer, "requestId": "JKJaXmPLvHcESHA=",
                    "http": {"method": "GET", "path": "/a", "sourceIp": "2001:db8::1"},
                },
            });
            serde_json::from_value::<Request>(event).unwrap()
        };
        let request =
            event(json!({"iam": {"accountId": "111122223333", "userId": "AIDAEXAMPLE", "cognitoIdentity": null}}));
        assert_eq!((request.query.as_str(), request.request_id.as_str()), ("a=%20b", "JKJaXmPLvHcESHA="));
        assert_eq!(request.source_address, Some("2001:db8::1".parse().unwrap()));
        assert_eq!(request.iam_caller.as_deref(), Some("AIDAEXAMPLE"));
        for other in [
            json!(null),
            json!({}),
            json!({"iam": null}),
            json!({"iam": {}}),
            json!({"iam": {"userId": ""}}),
            json!({"iam": {"userId": ":session"}}),
            json!({"jwt": {"claims": {}}}),
            json!({"lambda": {"iam": true}}),
        ] {
            assert_eq!(event(other.clone()).iam_caller, None, "{other}");
        }
    }

    #[test]
    fn a_caller_is_the_same_in_each_session_of_its_role_and_another_for_each_user_of_a_pool() {
        let caller = |iam: serde_json::Value| {
            let event = json!({"requestContext": {"authorizer": {"iam": iam}, "http": {"method": "GET"}}});
            serde_json::from_value::<Request>(event).unwrap().iam_caller.unwrap()
        };
        let role = |session: &str| caller(json!({"userId": format!("AROAEXAMPLE:{session}")}));
        assert_eq!((role("a"), role("b")), ("AROAEXAMPLE".to_owned(), "AROAEXAMPLE".to_owned()));
        let user = |id: &str| {
            let identity = json!({"amr": ["authenticated"], "identityId": id, "identityPoolId": "eu-west-1:p"});
            caller(json!({"userId": "AROAEXAMPLE:CognitoIdentityCredentials", "cognitoIdentity": identity}))
        };
        assert_eq!(
            (user("eu-west-1:u1"), user("eu-west-1:u2")),
            ("eu-west-1:u1".to_owned(), "eu-west-1:u2".to_owned())
        );
    }
}
