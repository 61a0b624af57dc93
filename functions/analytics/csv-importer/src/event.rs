//! What invokes the function: a batch from the queue, or a request of the CLI. Anything else is an error.

use analytics_contract::Request;
use function_runtime::{BatchResponse, SqsEvent};
use serde::{Deserialize, Serialize};

/// One invocation's event.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// `{"Records": [..]}` of the event source mapping.
    Batch(SqsEvent),
    /// `{"operator": "status"}` and the others of [`Request`].
    Operator(Request),
}

/// The response, as JSON without a tag.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Batch(BatchResponse),
    Operator(serde_json::Value),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_and_a_question_are_told_apart() {
        let batch = r#"{"Records":[{"messageId":"m","body":"{}","attributes":{"ApproximateReceiveCount":"1"}}]}"#;
        assert!(
            matches!(serde_json::from_str(batch).expect("a batch"), Event::Batch(event) if event.records.len() == 1)
        );
        let revert = r#"{"operator":"revert","id":"x"}"#;
        assert!(matches!(serde_json::from_str(revert), Ok(Event::Operator(Request::Revert { id })) if id == "x"));
        assert!(matches!(serde_json::from_str(r#"{"operator":"status"}"#), Ok(Event::Operator(Request::Status))));
        for wrong in ["{}", "null", r#"{"operator":"delete"}"#, r#"{"Records":{}}"#] {
            assert!(serde_json::from_str::<Event>(wrong).is_err(), "{wrong}");
        }
    }
}
