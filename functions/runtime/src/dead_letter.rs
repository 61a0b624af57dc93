//! Messages that the function itself puts into the dead-letter queue, with the reason as attributes. Never loses a message:
//! what the queue does not accept is reported back.

use contract::dead_letter as attribute;

use crate::queue::{Outgoing, Queue, SendBatch, send_all};
use crate::send_fault::SendError;

/// SQS counts attributes into the message's size, so a reason is truncated; the full one is in the log.
const REASON_LENGTH: usize = 1_024;

/// A message that can never be done, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub message_id: String,
    pub body: String,
    pub error_kind: &'static str,
    pub reason: String,
    pub trace_id: Option<String>,
}

/// Where dead letters go.
pub trait DeadLetters {
    /// # Errors
    /// [`SendError::failed`] contains the indexes of the letters that were not accepted.
    fn send(&self, function: &'static str, letters: &[DeadLetter]) -> impl Future<Output = Result<(), SendError>>;
}

impl<P: SendBatch> DeadLetters for Queue<P> {
    async fn send(&self, function: &'static str, letters: &[DeadLetter]) -> Result<(), SendError> {
        send_all(self.port(), letters.iter().map(|letter| letter.to_outgoing(function)).collect()).await
    }
}

impl DeadLetter {
    /// The message with the attributes of [`contract::dead_letter`].
    pub fn to_outgoing(&self, function: &'static str) -> Outgoing {
        let mut attributes = vec![
            (attribute::REASON, attribute_text(&self.reason)),
            (attribute::ERROR_KIND, attribute_text(self.error_kind)),
            (attribute::FUNCTION, function.to_owned()),
            (attribute::ORIGINAL_MESSAGE_ID, attribute_text(&self.message_id)),
        ];
        if let Some(trace_id) = &self.trace_id {
            attributes.push((attribute::TRACE_ID, attribute_text(trace_id)));
        }
        Outgoing { body: self.body.clone(), attributes }
    }
}

/// SQS rejects empty attribute values and characters that XML 1.0 forbids.
fn attribute_text(text: &str) -> String {
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    let mut clean = String::new();
    for c in text.chars().map(|c| if allowed(c) { c } else { '\u{FFFD}' }) {
        if clean.len() + c.len_utf8() > REASON_LENGTH {
            break;
        }
        clean.push(c);
    }
    if clean.is_empty() { "none".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_an_sqs_attribute() {
        assert_eq!(attribute_text("a\u{0}b\nc"), "a\u{FFFD}b\nc");
        assert_eq!(attribute_text(""), "none");
        let long = "é".repeat(2_000);
        assert_eq!(attribute_text(&long).len(), REASON_LENGTH);
    }

    #[test]
    fn a_dead_letter_keeps_its_body_and_names_its_reason() {
        let letter = DeadLetter {
            message_id: "m-1".to_owned(),
            body: "{}".to_owned(),
            error_kind: "malformed",
            reason: "no crawl".to_owned(),
            trace_id: Some("t-1".to_owned()),
        };
        let outgoing = letter.to_outgoing("FipePriceLoader");
        assert_eq!(outgoing.body, "{}");
        let names: Vec<(&str, &str)> =
            outgoing.attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(
            names,
            [
                ("reason", "no crawl"),
                ("error_kind", "malformed"),
                ("function", "FipePriceLoader"),
                ("original_message_id", "m-1"),
                ("trace_id", "t-1"),
            ]
        );
    }
}
