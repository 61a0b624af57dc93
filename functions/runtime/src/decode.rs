//! The event that an SQS event source mapping sends, with its records decoded one by one, so that a malformed
//! record does not spoil the others.

use serde::Deserialize;
use serde::de::DeserializeOwned;

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
    pub message_id: String,
    #[serde(default)]
    pub body: String,
    #[serde(default)]
    pub attributes: Attributes,
}

/// The system attributes used here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    #[serde(default)]
    approximate_receive_count: String,
}

impl Record {
    /// How often the message was received, including this time; 1 when the queue does not say.
    pub fn receive_count(&self) -> u32 {
        self.attributes.approximate_receive_count.parse().unwrap_or(1)
    }

    /// # Errors
    /// A permanent failure of kind `malformed`: the same bytes will not decode next time either.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<Message<T>, Failure> {
        match serde_json::from_str(&self.body) {
            Ok(body) => Ok(Message { id: self.message_id.clone(), receive_count: self.receive_count(), body }),
            Err(error) => Err(Failure::permanent("malformed", error)),
        }
    }
}

/// A decoded record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<T> {
    /// SQS's message id, by which the response names it.
    pub id: String,
    /// How often the message was received, including this time.
    pub receive_count: u32,
    pub body: T,
}
