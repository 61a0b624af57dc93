//! What travels on the queue: a transaction in its envelope. A body beyond the limits is no envelope, wherever it comes from.

use std::fmt::Write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::payload::Payload;

/// Where messages come from, as the envelope says.
const SOURCE: &str = "transactions_api";
/// What they are.
const KIND: &str = "transaction_created";

/// A message: the body on the queue and the answer to whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Envelope {
    /// Its trace id in all functions.
    #[schema(value_type = String, format = "uuid")]
    pub message_id: Uuid,
    /// When it was accepted, in UTC with up to six digits of a second.
    #[schema(value_type = String, format = DateTime, example = "2026-11-02T13:43:38.862912Z")]
    pub timestamp: Timestamp,
    #[schema(example = "transactions_api")]
    pub source: String,
    #[serde(rename = "type")]
    #[schema(example = "transaction_created")]
    pub kind: String,
    /// How often it was taken from the dead-letter queue and sent again.
    #[schema(minimum = 0)]
    pub dlq_retry: u32,
    pub payload: Payload,
}

impl Envelope {
    /// A new message; the time is cut to microseconds.
    pub fn new(message_id: Uuid, now: Timestamp, payload: Payload) -> Self {
        let timestamp = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        Self { message_id, timestamp, source: SOURCE.to_owned(), kind: KIND.to_owned(), dlq_retry: 0, payload }
    }

    /// Reads a body.
    ///
    /// # Errors
    /// Says where it is no envelope.
    pub fn read(body: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(body)
    }

    /// The body. SQS refuses characters that XML 1.0 forbids; in JSON they can be escaped.
    pub fn to_body(&self) -> String {
        let body = serde_json::to_string(self).unwrap_or_default();
        body.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff")
    }

    /// The same as the next replay.
    #[must_use]
    pub fn replayed(&self) -> Self {
        Self { dlq_retry: self.dlq_retry + 1, ..self.clone() }
    }

    /// SQS's deduplication id: the message's id, and of a replay its number too. Whatever sends the same again sends it under the same id.
    pub fn deduplication_id(&self) -> String {
        match self.dlq_retry {
            0 => self.message_id.to_string(),
            replay => format!("{}#r{replay}", self.message_id),
        }
    }
}

/// SHA-256 of texts in hexadecimal digits; their lengths tell `a` + `bc` from `ab` + `c`.
pub(crate) fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"message_id":"742652f8-0b46-400c-ae8e-c9ecaecc9bc7","timestamp":"2026-11-02T13:43:38.862912Z","source":"transactions_api","type":"transaction_created","dlq_retry":0,"payload":{"transaction_id":"txn-7","payer_id":"p1","receiver_id":"r1","amount":12.50,"currency":"BRL","description":null}}"#;

    #[test]
    fn a_body_is_what_the_worker_of_old_knew() {
        let envelope = Envelope::read(BODY).unwrap();
        assert_eq!(envelope.to_body(), BODY);
        assert_eq!(envelope.deduplication_id(), "742652f8-0b46-400c-ae8e-c9ecaecc9bc7");
        let again = envelope.replayed();
        assert_eq!(
            (again.dlq_retry, again.deduplication_id().as_str()),
            (1, "742652f8-0b46-400c-ae8e-c9ecaecc9bc7#r1")
        );
        assert!(again.to_body().contains(r#""dlq_retry":1"#));
    }

    #[test]
    fn a_time_has_at_most_six_digits() {
        let payload = Envelope::read(BODY).unwrap().payload;
        let now: Timestamp = "2026-11-02T13:43:38.862912999Z".parse().unwrap();
        assert!(Envelope::new(Uuid::nil(), now, payload).to_body().contains(r#""2026-11-02T13:43:38.862912Z""#));
    }

    #[test]
    fn what_sqs_refuses_is_escaped() {
        let mut envelope = Envelope::read(BODY).unwrap();
        envelope.payload.description = Some("a\u{0}\u{FFFE}\u{FFFF}\u{B}".to_owned());
        let body = envelope.to_body();
        assert!(body.chars().all(|c| c >= ' ' && c != '\u{FFFE}' && c != '\u{FFFF}'), "{body}");
        assert_eq!(Envelope::read(&body).unwrap(), envelope);
    }

    #[test]
    fn a_body_that_lacks_something_or_is_beyond_the_limits_is_no_envelope() {
        for (from, to) in [
            (r#""amount":12.50"#, r#""amount":-1"#),
            (r#""amount":12.50"#, r#""amount":"12.50""#),
            (r#""currency":"BRL""#, r#""currency":"brl""#),
            (r#""payer_id":"p1""#, r#""payer_id":"""#),
            (r#""payer_id":"p1","#, ""),
            (r#""dlq_retry":0"#, r#""dlq_retry":-1"#),
            (r#""message_id":"742652f8-0b46-400c-ae8e-c9ecaecc9bc7""#, r#""message_id":"1""#),
            (r#""description":null"#, r#""description":7"#),
        ] {
            let body = BODY.replace(from, to);
            assert_ne!(body, BODY);
            assert!(Envelope::read(&body).is_err(), "{body}");
        }
        for body in ["", "null", "[]", "{}", "x"] {
            assert!(Envelope::read(body).is_err(), "{body}");
        }
    }
}
