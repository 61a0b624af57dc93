//! What the table stores about an idempotency key. No leases, no owner tokens: a claim fixes which id the product gets, and everything after
//! it is safe to repeat. So no key is ever "in progress", which other APIs answer with 409: a repeated request finishes the first one's work.

use function_http::{IdempotencyKey, Principal};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::product::Draft;

/// Hours for which a key is stored.
pub(crate) const KEY_HOURS: i64 = 24;

/// The id of a key's item in the table, for each principal another one; no product id has this form.
pub fn claim_id(principal: &Principal, key: &IdempotencyKey) -> String {
    format!("idempotency-key#{}", key.of_principal(&principal.name()))
}

/// What a key is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The id that the product gets.
    pub product_id: Uuid,
    /// SHA-256 of the draft in hexadecimal digits: equal products have equal fingerprints, however their JSON was written.
    pub fingerprint: String,
}

impl Claim {
    pub(crate) fn new(product_id: Uuid, draft: &Draft) -> Self {
        let mut hash = Sha256::new();
        // Lengths distinguish "a" + "bc" from "ab" + "c".
        for field in [&draft.name, &draft.description, &draft.price.to_string()] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        let fingerprint = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { product_id, fingerprint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Price;

    #[test]
    fn the_fingerprint_is_the_products_and_not_its_jsons() {
        let claim = |name: &str, description: &str, price: &str| {
            let price = Price::from_text(price).unwrap();
            let draft = Draft { name: name.to_owned(), description: description.to_owned(), price };
            Claim::new(Uuid::nil(), &draft).fingerprint
        };
        assert_eq!(claim("a", "bc", "1.5").len(), 64);
        assert_eq!(claim("a", "bc", "1.5"), claim("a", "bc", "1.50"));
        assert_ne!(claim("a", "bc", "1.5"), claim("ab", "c", "1.5"));
        assert_ne!(claim("a", "bc", "1.5"), claim("a", "bc", "1.51"));
    }
}
