//! What invokes the function: a batch from the queue, or a status request of the CLI. Anything else is an error.

use fipe_contract::StatusQuestion;
use fipe_store::CrawlStatus;
use function_runtime::{BatchResponse, SqsEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One invocation's event.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// `{"Records": [..]}` of the event source mapping.
    Batch(SqsEvent),
    /// `{"status": {"crawl_id": null}}`: the progress of the newest crawl, of the one with an id, or of the newest of a `month`.
    Status { status: StatusQuestion<Uuid> },
}

/// The response, as JSON without a tag.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Batch(BatchResponse),
    /// `null` when there is no such crawl.
    Status(Option<CrawlStatus>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_and_a_question_are_told_apart() {
        let batch = r#"{"Records":[{"messageId":"m","body":"{}","attributes":{"ApproximateReceiveCount":"1"}}]}"#;
        assert!(matches!(serde_json::from_str(batch).unwrap(), Event::Batch(event) if event.records.len() == 1));
        let id = Uuid::from_u128(7);
        for (text, expected) in [
            (r#"{"status":{"crawl_id":null}}"#.to_owned(), None),
            (r#"{"status":{}}"#.to_owned(), None),
            (format!(r#"{{"status":{{"crawl_id":"{id}"}}}}"#), Some(id)),
        ] {
            let Event::Status { status } = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
            assert_eq!(status.crawl_id, expected);
        }
        for wrong in ["{}", "null", r#"{"status":{"crawl":1}}"#, r#"{"Records":{}}"#] {
            assert!(serde_json::from_str::<Event>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_crawl_answers_null() {
        assert_eq!(serde_json::to_string(&Answer::Status(None)).unwrap(), "null");
    }
}
