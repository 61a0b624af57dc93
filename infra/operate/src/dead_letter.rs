//! What a dead letter says about itself, and which of them are meant by a filter. Pure.
//!
//! A function that gives a message up puts the reason into its attributes ([`contract::dead_letter`]). A message that SQS moved itself,
//! because it was received too often, carries none of them.

use std::collections::BTreeMap;

use contract::dead_letter as attribute;
use jiff::Timestamp;
use serde::Serialize;

use crate::{AttributeValue, Message};

/// The kind of a dead letter that no function has given one: SQS moved it.
pub const NO_KIND: &str = "none";

/// A message of a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Its id in the dead-letter queue.
    pub message_id: String,
    /// Its id in the queue that it was received from.
    pub original_message_id: Option<String>,
    /// [`NO_KIND`] when SQS moved it.
    pub kind: String,
    pub reason: Option<String>,
    /// The function that gave it up.
    pub function: Option<String>,
    pub trace_id: Option<String>,
    /// When it was sent to the dead-letter queue; when SQS moved it from a standard queue, to that one.
    pub sent_at: Option<Timestamp>,
    /// How often it was received, this look included.
    pub receives: u32,
    /// Of a FIFO queue.
    pub group_id: Option<String>,
    pub body: String,
}

impl DeadLetter {
    pub fn of(message: &Message) -> Self {
        let text = |name: &str| {
            let found = message.attributes.iter().find(|(known, _)| known == name);
            found.and_then(|(_, attribute)| match &attribute.value {
                AttributeValue::Text(text) => Some(text.clone()),
                AttributeValue::Bytes(_) => None,
            })
        };
        Self {
            message_id: message.message_id.clone(),
            original_message_id: text(attribute::ORIGINAL_MESSAGE_ID),
            kind: text(attribute::ERROR_KIND).unwrap_or_else(|| NO_KIND.to_owned()),
            reason: text(attribute::REASON),
            function: text(attribute::FUNCTION),
            trace_id: text(attribute::TRACE_ID),
            sent_at: message.sent_at,
            receives: message.receives,
            group_id: message.group_id.clone(),
            body: message.body.clone(),
        }
    }
}

/// Which dead letters are meant: those for which all that is given holds. Nothing given means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// All of the kind.
    pub kind: Option<String>,
    /// A part of the reason, in any case.
    pub reason: Option<String>,
    /// The name of the function, in any case, with or without its stage.
    pub function: Option<String>,
    /// All of the trace id.
    pub trace_id: Option<String>,
    /// Sent before.
    pub before: Option<Timestamp>,
    /// Sent at this moment or later.
    pub from: Option<Timestamp>,
}

impl Filter {
    /// Whether every dead letter is meant.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn matches(&self, letter: &DeadLetter) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>, same: fn(&str, &str) -> bool| {
            wanted.as_deref().is_none_or(|wanted| found.is_some_and(|found| same(wanted, found)))
        };
        let sent = |wanted: Option<Timestamp>, holds: fn(Timestamp, Timestamp) -> bool| {
            wanted.is_none_or(|wanted| letter.sent_at.is_some_and(|sent_at| holds(sent_at, wanted)))
        };
        is(&self.kind, Some(&letter.kind), |wanted, found| wanted == found)
            && is(&self.reason, letter.reason.as_deref(), |wanted, found| {
                found.to_lowercase().contains(&wanted.to_lowercase())
            })
            && is(&self.function, letter.function.as_deref(), is_function)
            && is(&self.trace_id, letter.trace_id.as_deref(), |wanted, found| wanted == found)
            && sent(self.before, |sent_at, before| sent_at < before)
            && sent(self.from, |sent_at, from| sent_at >= from)
    }
}

/// `OrderSaver` means `OrderSaver` and `OrderSaver-dev`.
fn is_function(wanted: &str, found: &str) -> bool {
    let (wanted, found) = (wanted.to_lowercase(), found.to_lowercase());
    found.strip_prefix(&wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        || wanted.strip_prefix(&found).is_some_and(|rest| rest.starts_with('-'))
}

/// How many dead letters there are of a kind and with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    pub kind: String,
    pub reason: Option<String>,
    pub count: u64,
    /// When the oldest was sent.
    pub oldest: Option<Timestamp>,
}

/// Dead letters counted by kind and reason, the most frequent first.
pub fn shares<'a>(letters: impl IntoIterator<Item = &'a DeadLetter>) -> Vec<Share> {
    let mut counted: BTreeMap<(&str, Option<&str>), Share> = BTreeMap::new();
    for letter in letters {
        let share = counted.entry((&letter.kind, letter.reason.as_deref())).or_insert_with(|| Share {
            kind: letter.kind.clone(),
            reason: letter.reason.clone(),
            count: 0,
            oldest: None,
        });
        share.count += 1;
        share.oldest = [share.oldest, letter.sent_at].into_iter().flatten().min();
    }
    let mut shares: Vec<Share> = counted.into_values().collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.count));
    shares
}

#[cfg(test)]
mod tests {
    use crate::Attribute;

    use super::*;

    fn letter(attributes: &[(&str, &str)], sent_at: &str) -> DeadLetter {
        let attribute =
            |value: &str| Attribute { data_type: "String".to_owned(), value: AttributeValue::Text(value.to_owned()) };
        DeadLetter::of(&Message {
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), attribute(value))).collect(),
            sent_at: Some(sent_at.parse().unwrap()),
            ..Message::default()
        })
    }

    fn malformed() -> DeadLetter {
        let attributes = [
            ("reason", "no field Price at line 1"),
            ("error_kind", "malformed"),
            ("function", "OrderSaver"),
            ("trace_id", "t-1"),
            ("original_message_id", "m-1"),
        ];
        letter(&attributes, "2026-11-02T10:00:00Z")
    }

    #[test]
    fn a_letter_is_meant_when_all_that_is_given_holds() {
        let filter = |set: fn(&mut Filter)| {
            let mut filter = Filter::default();
            set(&mut filter);
            filter
        };
        let (malformed, moved) = (malformed(), letter(&[], "2026-11-02T12:00:00Z"));
        for (set, expected) in [
            ((|_| {}) as fn(&mut Filter), (true, true)),
            (|filter| filter.kind = Some("malformed".to_owned()), (true, false)),
            (|filter| filter.kind = Some("mal".to_owned()), (false, false)),
            (|filter| filter.kind = Some(NO_KIND.to_owned()), (false, true)),
            (|filter| filter.reason = Some("FIELD price".to_owned()), (true, false)),
            (|filter| filter.function = Some("ordersaver".to_owned()), (true, false)),
            (|filter| filter.function = Some("OrderSaver-dev".to_owned()), (true, false)),
            (|filter| filter.function = Some("Order".to_owned()), (false, false)),
            (|filter| filter.trace_id = Some("t-1".to_owned()), (true, false)),
            (|filter| filter.before = Some("2026-11-02T11:00:00Z".parse().unwrap()), (true, false)),
            (|filter| filter.from = Some("2026-11-02T12:00:00Z".parse().unwrap()), (false, true)),
        ] {
            let filter = filter(set);
            assert_eq!((filter.matches(&malformed), filter.matches(&moved)), expected, "{filter:?}");
        }
        let both = Filter { kind: Some("malformed".to_owned()), trace_id: Some("t-2".to_owned()), ..Filter::default() };
        assert!(!both.matches(&malformed));
    }

    #[test]
    fn a_message_that_sqs_moved_itself_says_nothing() {
        let moved = letter(&[], "2026-11-02T12:00:00Z");
        assert_eq!((moved.kind.as_str(), moved.reason, moved.function), (NO_KIND, None, None));
    }

    #[test]
    fn shares_are_counted_by_kind_and_reason_with_the_oldest() {
        let (first, mut second) = (malformed(), malformed());
        second.sent_at = Some("2026-11-01T10:00:00Z".parse().unwrap());
        let shares = shares([&letter(&[], "2026-11-02T12:00:00Z"), &first, &second]);
        let told = shares.iter().map(|share| (share.kind.as_str(), share.count, share.oldest.unwrap().to_string()));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [("malformed", 2, "2026-11-01T10:00:00Z".to_owned()), ("none", 1, "2026-11-02T12:00:00Z".to_owned())]
        );
    }
}
