//! What invokes the function: a request of the API, or one of the operator. Anything else is an error.

use function_http::{Answer, Request};
use serde::{Deserialize, Serialize};

/// One invocation's event.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// `{"requestContext": {..}, ..}` of an HTTP API.
    Http(Box<Request>),
    /// `{"operator": "list_users"}` and the others.
    Operator(messages_contract::Request),
}

/// The response, as JSON without a tag.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Response {
    Http(Answer),
    Operator(serde_json::Value),
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
        // Whatever a client sends, it arrives inside of an event of the API.
        let mut both = http;
        both["operator"] = json!("list_users");
        assert!(matches!(serde_json::from_value(both).expect("an event"), Event::Http(_)));
        let damaged = json!({"operator": "list_users", "requestContext": {}});
        for wrong in [json!({}), json!(null), json!({"operator": "drop"}), damaged] {
            assert!(serde_json::from_value::<Event>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
