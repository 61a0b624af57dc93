//! Items of the table: products by their id, claims by `idempotency-key#<hash of the principal and the key>`. An item that is neither is an error.

use catalog_contract::table::{KEY, TIME_TO_LIVE};
use catalog_core::{BoxError, Claim, Draft, Price, Product, Record, Status};
use function_dynamodb::{Item, item, number, read_number, read_text, seconds, text};
use jiff::Timestamp;

/// The item of a product; `at` is when it expires while accepted, and when it was saved once it is.
pub(crate) fn product_item(product: &Product, status: Status, at: Timestamp) -> Item {
    let Product { id, draft, accepted_at } = product;
    let (name, value) = match status {
        Status::Accepted => (TIME_TO_LIVE, seconds(at)),
        Status::Saved => ("saved_at", text(format!("{at:.3}"))),
    };
    item([
        (KEY, text(id)),
        ("status", text(status.name())),
        ("name", text(&draft.name)),
        ("description", text(&draft.description)),
        ("price", number(draft.price)),
        ("accepted_at", text(accepted_at)),
        (name, value),
    ])
}

/// # Errors
/// Names the first attribute that is missing or malformed.
pub(crate) fn read_record(item: &Item) -> Result<Record, BoxError> {
    let status = match read_text(item, "status")? {
        "ACCEPTED" => Status::Accepted,
        "SAVED" => Status::Saved,
        other => return Err(format!("status {other:?} of the item is none").into()),
    };
    let draft = Draft {
        name: read_text(item, "name")?.to_owned(),
        description: read_text(item, "description")?.to_owned(),
        price: Price::from_number(read_number(item, "price")?)?,
    };
    let product =
        Product { id: read_text(item, KEY)?.parse()?, draft, accepted_at: read_text(item, "accepted_at")?.parse()? };
    Ok(Record { product, status })
}

pub(crate) fn claim_item(id: &str, claim: &Claim, expires: Timestamp) -> Item {
    item([
        (KEY, text(id)),
        ("product_id", text(claim.product_id)),
        ("fingerprint", text(&claim.fingerprint)),
        (TIME_TO_LIVE, seconds(expires)),
    ])
}

/// # Errors
/// Names the first attribute that is missing or malformed.
pub(crate) fn read_claim(item: &Item) -> Result<Claim, BoxError> {
    Ok(Claim {
        product_id: read_text(item, "product_id")?.parse()?,
        fingerprint: read_text(item, "fingerprint")?.to_owned(),
    })
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
    fn a_claim_comes_back_as_it_was_written() {
        let at: Timestamp = "2026-08-01T10:20:30Z".parse().unwrap();
        let claim =
            Claim { product_id: "00000000-0000-0000-0000-000000000001".parse().unwrap(), fingerprint: "f".to_owned() };
        let item = claim_item("k", &claim, at);
        assert_eq!(read_claim(&item).unwrap(), claim);
        assert_eq!(item[TIME_TO_LIVE], seconds(at));
    }

    #[test]
    fn an_item_of_another_kind_is_named_for_what_it_lacks() {
        let error = read_record(&Item::new()).unwrap_err();
        assert_eq!(error.to_string(), "the item has no text status");
    }
}
