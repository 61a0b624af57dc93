//! The event that an SQS event source mapping sends, with its records decoded one by one, so that a malformed
//! record does not spoil the others.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use crate::hand_on::{self, HAND_ONS};
use crate::outcome::Failure;

/// The event as Lambda sends it; unused fields are left out.
#[derive(Debug, Clone, Deserialize)]
pub struct SqsEvent {
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One record of an [`SqsEvent`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Never blank: a response could not name the record, so such an event fails as a whole.
    #[serde(deserialize_with = "not_blank")]
    pub message_id: String,
    /// Names this receive of the message in a call; empty if the event has none.
    #[serde(default)]
    pub receipt_handle: String,
    #[serde(default)]
    pub body: String,
    #[serde(default)]
    pub attributes: Attributes,
    #[serde(default)]
    message_attributes: BTreeMap<String, MessageAttribute>,
}

/// The system attributes used here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    #[serde(default)]
    approximate_receive_count: String,
    message_group_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageAttribute {
    data_type: String,
    string_value: Option<String>,
}

impl Record {
    /// How often the message was received, including this time; 1 when the queue does not say.
    pub fn receive_count(&self) -> u32 {
        self.attributes.approximate_receive_count.parse().unwrap_or(1)
    }

    /// The message group; `None` on a standard queue, where our senders never set one.
    pub fn group(&self) -> Option<&str> {
        self.attributes.message_group_id.as_deref()
    }

    /// # Errors
    /// A permanent failure of kind `malformed`: the same bytes will not decode next time either. Or of kind `handed_on_too_often`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<Message<T>, Failure> {
        let body = serde_json::from_str(&self.body).map_err(|error| Failure::permanent("malformed", error))?;
        let attributes = self.string_attributes();
        let hand_ons = attributes.get(hand_on::ATTRIBUTE).and_then(|count| count.parse().ok()).unwrap_or(0);
        if hand_ons > HAND_ONS {
            return Err(Failure::permanent("handed_on_too_often", hand_on::TooOften));
        }
        Ok(Message {
            id: self.message_id.clone(),
            group: self.group().map(str::to_owned),
            receive_count: self.receive_count(),
            hand_ons,
            attributes,
            body,
        })
    }

    /// Its message attributes of the type String.
    pub(crate) fn string_attributes(&self) -> BTreeMap<String, String> {
        let strings = self.message_attributes.iter().filter(|(_, attribute)| {
            // A label may follow the type, as in `String.currency`.
            attribute.data_type.split('.').next() == Some("String")
        });
        strings.filter_map(|(name, attribute)| Some((name.clone(), attribute.string_value.clone()?))).collect()
    }
}

fn not_blank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    if id.trim().is_empty() { Err(D::Error::custom("a record has a blank messageId")) } else { Ok(id) }
}

/// A decoded record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<T> {
    /// SQS's message id, by which the response names it.
    pub id: String,
    /// Its message group; `None` on a standard queue.
    pub group: Option<String>,
    /// How often the message was received, including this time.
    pub receive_count: u32,
    /// How often it was handed on: [`Queue::hand_on`](crate::Queue::hand_on).
    pub hand_ons: u32,
    /// Its message attributes of the type String.
    pub attributes: BTreeMap<String, String>,
    pub body: T,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_message_carries_its_group_its_receive_count_and_its_string_attributes() {
        let record = json!({
            "messageId": "m-1", "body": "7",
            "attributes": {"ApproximateReceiveCount": "3", "MessageGroupId": "payer-1", "SequenceNumber": "18849496460467696128"},
            "messageAttributes": {
                "reason": {"stringValue": "no payer", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
                "currency": {"stringValue": "BRL", "dataType": "String.code"},
                "count": {"stringValue": "7", "dataType": "Number"},
                "image": {"binaryValue": "AAEC", "dataType": "Binary"},
            },
        });
        let record: Record = serde_json::from_value(record).unwrap();
        let message = record.decode::<u32>().unwrap();
        assert_eq!((message.id.as_str(), message.group.as_deref(), message.receive_count), ("m-1", Some("payer-1"), 3));
        let attributes: Vec<(&str, &str)> =
            message.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(attributes, [("currency", "BRL"), ("reason", "no payer")]);
        assert_eq!(message.body, 7);
    }

    #[test]
    fn what_was_handed_on_too_often_is_a_permanent_failure() {
        let record = |hand_ons: u32| {
            let count = json!({"stringValue": hand_ons.to_string(), "dataType": "String"});
            let record = json!({"messageId": "m-1", "body": "7", "messageAttributes": {(hand_on::ATTRIBUTE): count}});
            serde_json::from_value::<Record>(record).unwrap().decode::<u32>()
        };
        assert_eq!(record(HAND_ONS).unwrap().hand_ons, HAND_ONS);
        assert_eq!(record(HAND_ONS + 1).unwrap_err().kind(), "handed_on_too_often");
    }

    #[test]
    fn a_record_that_no_response_could_name_fails_the_whole_event() {
        let event =
            |id: Value| serde_json::from_value::<SqsEvent>(json!({"Records": [{"messageId": id, "body": "1"}]}));
        assert_eq!(event(json!("m-1")).unwrap().records[0].group(), None);
        for id in [json!(""), json!(" "), Value::Null] {
            assert!(event(id.clone()).is_err(), "{id}");
        }
    }
}
