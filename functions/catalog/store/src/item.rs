//! Items of the table: products by their id, claims by `idempotency-key#<key>`. An item that is neither is an error.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use catalog_contract::table::{KEY, TIME_TO_LIVE};
use catalog_core::{BoxError, Claim, Draft, Price, Product, Record, Status};
use jiff::Timestamp;

/// An item as DynamoDB returns it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The item of a product; `at` is when it expires while accepted, and when it was saved once it is.
pub(crate) fn product_item(product: &Product, status: Status, at: Timestamp) -> Item {
    let Product { id, draft, accepted_at } = product;
    let (name, value) = match status {
        Status::Accepted => (TIME_TO_LIVE, seconds(at)),
        Status::Saved => ("saved_at", text(format!("{at:.3}"))),
    };
    [
        (KEY, text(id)),
        ("status", text(status.name())),
        ("name", text(&draft.name)),
        ("description", text(&draft.description)),
        ("price", AttributeValue::N(draft.price.to_string())),
        ("accepted_at", text(accepted_at)),
        (name, value),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// # Errors
/// Names the first attribute that is missing or malformed.
pub(crate) fn read_record(item: &Item) -> Result<Record, BoxError> {
    let status = match read(item, "status")? {
        "ACCEPTED" => Status::Accepted,
        "SAVED" => Status::Saved,
        other => return Err(format!("status {other:?} of the item is none").into()),
    };
    let price = item.get("price").and_then(|value| value.as_n().ok()).ok_or("the item has no number price")?;
    let draft = Draft {
        name: read(item, "name")?.to_owned(),
        description: read(item, "description")?.to_owned(),
        price: Price::from_number(price)?,
    };
    let product = Product { id: read(item, KEY)?.parse()?, draft, accepted_at: read(item, "accepted_at")?.parse()? };
    Ok(Record { product, status })
}

pub(crate) fn claim_item(id: String, claim: &Claim, expires: Timestamp) -> Item {
    [
        (KEY, AttributeValue::S(id)),
        ("product_id", text(claim.product_id)),
        ("fingerprint", text(&claim.fingerprint)),
        (TIME_TO_LIVE, seconds(expires)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// # Errors
/// Names the first attribute that is missing or malformed.
pub(crate) fn read_claim(item: &Item) -> Result<Claim, BoxError> {
    Ok(Claim { product_id: read(item, "product_id")?.parse()?, fingerprint: read(item, "fingerprint")?.to_owned() })
}

/// DynamoDB deletes expired items within days, not immediately.
pub(crate) fn has_expired(item: &Item, now: Timestamp) -> bool {
    let expiration =
        item.get(TIME_TO_LIVE).and_then(|value| value.as_n().ok()).and_then(|text| text.parse::<i64>().ok());
    expiration.is_some_and(|expiration| expiration < now.as_second())
}

pub(crate) fn seconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_second().to_string())
}

pub(crate) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

fn read<'i>(item: &'i Item, name: &str) -> Result<&'i str, BoxError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    Ok(value.ok_or_else(|| format!("the item has no text {name}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_comes_back_as_it_was_written() {
        let at: Timestamp = "2026-08-01T10:20:30.5Z".parse().unwrap();
        let draft =
            Draft { name: "a\u{0}".to_owned(), description: String::new(), price: Price::from_text("0.1").unwrap() };
        let product = Product { id: "00000000-0000-0000-0000-000000000001".parse().unwrap(), draft, accepted_at: at };
        for status in [Status::Accepted, Status::Saved] {
            let item = product_item(&product, status, at);
            assert_eq!(read_record(&item).unwrap(), Record { product: product.clone(), status });
            assert_eq!(item.contains_key(TIME_TO_LIVE), status == Status::Accepted, "what is saved stays");
        }
    }

    #[test]
    fn an_item_expires_after_its_last_second() {
        let at: Timestamp = "2026-08-01T10:20:30Z".parse().unwrap();
        let claim =
            Claim { product_id: "00000000-0000-0000-0000-000000000001".parse().unwrap(), fingerprint: "f".to_owned() };
        let item = claim_item("k".to_owned(), &claim, at);
        assert_eq!(read_claim(&item).unwrap(), claim);
        assert!(!has_expired(&item, at));
        assert!(has_expired(&item, at + jiff::SignedDuration::from_secs(1)));
    }

    #[test]
    fn an_item_of_another_kind_is_named_for_what_it_lacks() {
        let error = read_record(&Item::new()).unwrap_err();
        assert_eq!(error.to_string(), "the item has no text status");
    }
}
