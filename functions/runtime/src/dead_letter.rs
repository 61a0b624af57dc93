//! Messages that the function itself puts into the dead-letter queue, with the reason as attributes. Never loses a message:
//! what the queue does not accept is reported back.

use contract::dead_letter as attribute;

use crate::fifo_id::fifo_id;
use crate::queue::{Outgoing, Queue, SendBatch, send_all};
use crate::send_fault::SendError;

/// SQS counts attributes into the message's size, so a reason is truncated; the full one is in the log.
const REASON_LENGTH: usize = 1_024;

/// A message that is given up: it can never be done, or was received as often as its queue allows; and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// SQS's message id.
    pub message_id: String,
    /// Its message group; `None` on a standard queue.
    pub group: Option<String>,
    /// How often the message was received, including this time.
    pub receive_count: u32,
    /// As it was received.
    pub body: String,
    /// A short stable identifier, such as `malformed`.
    pub error_kind: &'static str,
    /// The error and all its sources.
    pub reason: String,
    /// `None` for a message that could not be decoded.
    pub trace_id: Option<String>,
}

/// Where dead letters go: a [`Queue`], or what a function puts before it, such as a record of each letter.
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
    /// The message with the attributes of [`contract::dead_letter`]. On a FIFO queue it keeps its group, and its deduplication id follows from SQS's
    /// message id alone. A message whose letter was sent but which was not acknowledged is redelivered, with a higher receive count and the same id, so
    /// SQS drops the second letter if it comes within five minutes. With the receive count in the deduplication id, each redelivery would leave one
    /// more copy. A message that is sent again from the dead-letter queue has another id: if it fails once more, its letter arrives at once.
    pub fn to_outgoing(&self, function: &'static str) -> Outgoing {
        let mut attributes = vec![
            (attribute::REASON.into(), attribute_text(&self.reason)),
            (attribute::ERROR_KIND.into(), attribute_text(self.error_kind)),
            (attribute::FUNCTION.into(), function.to_owned()),
            (attribute::ORIGINAL_MESSAGE_ID.into(), attribute_text(&self.message_id)),
        ];
        if let Some(trace_id) = &self.trace_id {
            attributes.push((attribute::TRACE_ID.into(), attribute_text(trace_id)));
        }
        let deduplication_id = self.group.as_ref().map(|_| fifo_id(&format!("{}#dead", self.message_id)));
        let (body, group) = (self.body.clone(), self.group.clone());
        Outgoing { body, attributes, group, deduplication_id, ..Outgoing::default() }
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

    fn letter() -> DeadLetter {
        DeadLetter {
            message_id: "m-1".to_owned(),
            group: None,
            receive_count: 1,
            body: "{}".to_owned(),
            error_kind: "malformed",
            reason: "no crawl".to_owned(),
            trace_id: Some("t-1".to_owned()),
        }
    }

    #[test]
    fn on_a_fifo_queue_a_redelivery_repeats_the_letter_and_a_replay_is_another() {
        let sent = |message_id: &str, receive_count| {
            let letter = DeadLetter {
                message_id: message_id.to_owned(),
                group: Some("payer-1".to_owned()),
                receive_count,
                ..letter()
            };
            letter.to_outgoing("WorkerConsumerSqs")
        };
        let first = sent("m-1", 1);
        assert_eq!((first.group.as_deref(), first.deduplication_id.as_deref()), (Some("payer-1"), Some("m-1#dead")));
        assert_eq!(sent("m-1", 2), first);
        assert_ne!(sent("m-2", 1).deduplication_id, first.deduplication_id);
    }

    #[test]
    fn a_dead_letter_keeps_its_body_and_names_its_reason() {
        let outgoing = letter().to_outgoing("FipePriceLoader");
        assert_eq!(outgoing.body, "{}");
        assert_eq!((&outgoing.group, &outgoing.deduplication_id), (&None, &None), "a standard queue refuses them");
        let names: Vec<(&str, &str)> =
            outgoing.attributes.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
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
