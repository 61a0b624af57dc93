//! Items: names and values of attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

/// An item as DynamoDB returns it.
pub type Item = HashMap<String, AttributeValue>;

/// An attribute that is not there, or of another type.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the item has no {kind} {name}")]
pub struct Missing {
    kind: &'static str,
    name: String,
}

pub fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.map(|(name, value)| (name.to_owned(), value)).into()
}

pub fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

pub fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Whole seconds since 1970, as a time to live is.
pub fn seconds(at: Timestamp) -> AttributeValue {
    number(at.as_second())
}

/// # Errors
/// The item has no text of this name.
pub fn read_text<'i>(item: &'i Item, name: &str) -> Result<&'i str, Missing> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| Missing { kind: "text", name: name.to_owned() })
}

/// The digits of a number, which may have more of them than a machine's.
///
/// # Errors
/// The item has no number of this name.
pub fn read_number<'i>(item: &'i Item, name: &str) -> Result<&'i str, Missing> {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    value.map(String::as_str).ok_or_else(|| Missing { kind: "number", name: name.to_owned() })
}

/// Whether the item's last second is over. One without a time to live does not expire.
#[must_use]
pub fn has_expired(item: &Item, time_to_live: &str, now: Timestamp) -> bool {
    let expiration = read_number(item, time_to_live).ok().and_then(|text| text.parse::<i64>().ok());
    expiration.is_some_and(|expiration| expiration < now.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_expires_after_its_last_second() {
        let at: Timestamp = "2026-08-01T10:20:30Z".parse().unwrap();
        let item = item([("expiration", seconds(at))]);
        assert!(!has_expired(&item, "expiration", at));
        assert!(has_expired(&item, "expiration", at + jiff::SignedDuration::from_secs(1)));
        assert!(!has_expired(&item, "until", at + jiff::SignedDuration::from_secs(1)));
    }

    #[test]
    fn an_attribute_of_another_type_is_missing() {
        let item = item([("price", text("1")), ("name", number(1))]);
        assert_eq!(read_text(&item, "name").unwrap_err().to_string(), "the item has no text name");
        assert_eq!(read_number(&item, "price").unwrap_err().to_string(), "the item has no number price");
    }
}
