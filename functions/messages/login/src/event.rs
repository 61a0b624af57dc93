//! What invokes the function: a request of the API, or one of the operator. Anything else is an error.

use function_http::{Answer, Request};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// One invocation's event.
pub enum Event {
    /// `{"requestContext": {..}, ..}` of an HTTP API.
    Http(Box<Request>),
    /// `{"operator": "list_users"}` and the others.
    Operator(messages_contract::Request),
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer)?;
        // Only the API can say so; whatever a client sends is inside of it.
        if event.get("requestContext").is_some() {
            return serde_json::from_value(event).map(Self::Http).map_err(D::Error::custom);
        }
        // The parser's message could quote a password.
        serde_json::from_value(event).map(Self::Operator).map_err(|_| D::Error::custom("the event is no request"))
    }
}

/// The response, as JSON without a tag.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Response {
    Http(Answer),
    Operator(Value),
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_and_the_operator_are_told_apart() {
        let operator = json!({"operator": "disable_user", "email": "a@b.example"});
        let http = json!({
            "rawPath": "/users/login", "body": operator.to_string(),
            "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
        });
        let event = serde_json::from_value(http.clone()).expect("an event");
        assert!(matches!(event, Event::Http(request) if request.path == "/users/login"));
        let event = serde_json::from_value(operator.clone()).expect("an event");
        assert!(matches!(event, Event::Operator(messages_contract::Request::DisableUser { .. })));
        let mut both = http;
        both["operator"] = json!("list_users");
        assert!(matches!(serde_json::from_value(both).expect("an event"), Event::Http(_)));
        let damaged = json!({"operator": "list_users", "requestContext": {}});
        for wrong in [json!({}), json!(null), json!({"operator": "drop"}), damaged] {
            assert!(serde_json::from_value::<Event>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
