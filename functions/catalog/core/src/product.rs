//! What a product is, before and after it has an id. A draft beyond the limits is an error, wherever it comes from.

use function_http::FieldFault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::price::Price;

/// The most characters (Unicode scalar values) that a name may have; it needs at least one.
pub const NAME_CHARACTERS: usize = 255;

/// The most characters that a description may have: a page of text, far below the 400 KB of a DynamoDB item.
pub const DESCRIPTION_CHARACTERS: usize = 4_000;

/// Days for which an accepted product that is not saved is stored: 4 in the queue and 14 in the dead-letter queue.
pub const ACCEPTED_DAYS: i64 = 18;

/// A product as a client offers it, within its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "Unchecked")]
#[schema(as = NewProduct)]
pub struct Draft {
    /// 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255, example = "Cup")]
    pub name: String,
    /// At most 4,000 characters; may have several lines.
    #[schema(max_length = 4000, example = "White, 0.3 l")]
    pub description: String,
    /// A decimal string or a number with at most two places; it is never rounded.
    #[schema(schema_with = crate::price::schema)]
    pub price: Price,
}

#[derive(Deserialize)]
struct Unchecked {
    name: String,
    description: String,
    price: Price,
}

impl TryFrom<Unchecked> for Draft {
    type Error = String;

    fn try_from(Unchecked { name, description, price }: Unchecked) -> Result<Self, String> {
        match [name_fault(&name), description_fault(&description)].into_iter().flatten().next() {
            Some(FieldFault { pointer, detail }) => Err(format!("{pointer} {detail}")),
            None => Ok(Self { name, description, price }),
        }
    }
}

pub(crate) fn name_fault(name: &str) -> Option<FieldFault> {
    let length = name.chars().count();
    let fault = || format!("must have 1 to {NAME_CHARACTERS} characters, has {length}");
    (length == 0 || length > NAME_CHARACTERS).then(|| FieldFault::of("name", fault()))
}

pub(crate) fn description_fault(description: &str) -> Option<FieldFault> {
    let length = description.chars().count();
    let fault = || format!("must have at most {DESCRIPTION_CHARACTERS} characters, has {length}");
    (length > DESCRIPTION_CHARACTERS).then(|| FieldFault::of("description", fault()))
}

/// A product that was accepted: the message on the queue, and what the table stores. Its id is its trace id in all functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub id: Uuid,
    #[serde(flatten)]
    pub draft: Draft,
    pub accepted_at: Timestamp,
}

impl Product {
    /// The message's body. SQS rejects characters that XML 1.0 forbids; in JSON they can be escaped.
    ///
    /// # Errors
    /// None that a product can trigger.
    pub fn to_message(&self) -> Result<String, serde_json::Error> {
        let body = serde_json::to_string(self)?;
        Ok(body.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff"))
    }
}

/// How far a product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It has an id and is on its way.
    Accepted,
    /// It is in the table and its report in the bucket.
    Saved,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Saved => "SAVED",
        }
    }
}

/// What the table stores about a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub product: Product,
    pub status: Status,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_the_product_and_comes_back_as_it_was() {
        let draft = Draft {
            name: "Cup \u{FFFF}\u{0}\u{FFFE}".to_owned(),
            description: "a\nb".to_owned(),
            price: Price::from_text("19.9").unwrap(),
        };
        let accepted_at = "2026-08-01T10:20:30.5Z".parse().unwrap();
        let product = Product { id: Uuid::from_u128(7), draft, accepted_at };
        let body = product.to_message().unwrap();
        assert_eq!(
            body,
            r#"{"id":"00000000-0000-0000-0000-000000000007","name":"Cup \uffff\u0000\ufffe","description":"a\nb","price":"19.90","accepted_at":"2026-08-01T10:20:30.5Z"}"#
        );
        assert_eq!(serde_json::from_str::<Product>(&body).unwrap(), product);
    }

    #[test]
    fn a_message_beyond_the_limits_is_not_a_product() {
        let message = |name: &str, price: &str| {
            let body = serde_json::json!({
                "id": Uuid::nil(), "name": name, "description": "", "price": price, "accepted_at": "2026-08-01T00:00:00Z",
            });
            serde_json::from_value::<Product>(body).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(message("a", "1.00"), Ok(()));
        assert_eq!(message("", "1.00"), Err("/name must have 1 to 255 characters, has 0".to_owned()));
        assert_eq!(message(&"é".repeat(255), "1"), Ok(()));
        assert!(message(&"é".repeat(256), "1").is_err());
        assert!(message("a", "-1").is_err());
    }
}
